//! A run in words: what it is, what it did and when, and what is wanted of a person.

use jiff::Timestamp;

use crate::domain::approval::ApprovalStatus;
use crate::machine::{Entry, Tone};
use crate::web::api::view::RunView;

use super::time::{offset, relative, stamp};
use super::tone::{bold, faint, icon, of_run};
use super::{add, paint, quoted};

/// The width of the step's column.
const STEP_WIDTH_MAX: usize = 24;

/// The whole run.
pub fn show(run: &RunView, now: Timestamp) -> String {
    let mut text = head(run, now);
    text.push('\n');
    for entry in &run.timeline {
        text.push_str(&line(run, entry));
    }
    text.push_str(&wanted(run, now));
    text
}

/// What the run is and how it stands.
pub fn head(run: &RunView, now: Timestamp) -> String {
    let tone = of_run(&run.status, run.verdict);
    let title = format!("{} {} ({}) for {}", run.id, run.playbook, run.mode.as_str(), run.agent);
    let mut text = format!("{}  {} {}\n", bold(&title), icon(tone), paint(tone, &run.status));
    let mut field =
        |name: &str, value: &str| add(&mut text, format_args!("  {} {value}\n", faint(&format!("{name:<12}"))));
    field("incident", &format!("{}  \"{}\"", run.incident, quoted(&run.title)));
    field("started", &format!("{} by {}", stamp(run.started_at, now), run.started_by));
    if let Some(ended) = run.ended_at {
        field(
            "ended",
            &format!("{}, after {}", stamp(ended, now), offset(ended, run.started_at).trim_start_matches('+')),
        );
    }
    if let Some(verdict) = run.verdict {
        let seen = run.contained_at.map(|at| format!(", seen {} after the alert", offset(at, run.alert_received_at)));
        field("containment", &format!("{verdict}{}", seen.unwrap_or_default()));
    }
    field("version", &run.digest.prefix());
    if let Some(reason) = &run.quarantined {
        field("QUARANTINED", &paint(Tone::Bad, &quoted(reason)));
    }
    if !run.consistent {
        field("history", &paint(Tone::Bad, "DOES NOT LEAD TO THE STORED STATE: keep a copy of the database file"));
    }
    text
}

/// One line of the timeline: time since the start, step, icon, words.
pub fn line(run: &RunView, entry: &Entry) -> String {
    let longest = run.steps.iter().map(|step| step.path.to_string().chars().count()).max().unwrap_or(0);
    let width = longest.clamp(3, STEP_WIDTH_MAX);
    let step = entry.step.as_ref().map_or_else(|| "run".to_owned(), ToString::to_string);
    let at = faint(&format!("{:>14}", offset(entry.at, run.started_at)));
    let kept = run.steps.iter().find(|view| Some(&view.path) == entry.step.as_ref() && view.ended_at == Some(entry.at));
    let kept = kept.and_then(|view| view.evidence.as_ref()).filter(|_| entry.text.starts_with("done"));
    let kept = kept.map(|mark| format!(" ({} bytes, SHA-256 {})", mark.bytes, mark.sha256)).unwrap_or_default();
    let words = paint(entry.tone, &format!("{} {}{kept}", icon(entry.tone), quoted(&entry.text)));
    format!("{at}  {step:<width$}  {words}\n")
}

/// What people should do next.
fn wanted(run: &RunView, now: Timestamp) -> String {
    let mut text = String::new();
    for approval in run.approvals.iter().filter(|approval| approval.status == ApprovalStatus::Pending) {
        let question = quoted(&approval.ask);
        text.push_str(&paint(Tone::Waiting, &format!("\n{question} (until {})", stamp(approval.deadline, now))));
        add(&mut text, format_args!("\n  standdown approvals show {}\n", approval.id));
    }
    for step in &run.steps {
        let Some(reason) = &step.needs_operator else { continue };
        let line = format!("\nA person must look at `{}`: {}", step.path, quoted(reason));
        text.push_str(&paint(Tone::Bad, &line));
        let order = format!("standdown runs resolve {} {}", run.id, step.path);
        add(&mut text, format_args!("\n  {order} --applied | --not-applied | --retry --reason \"...\"\n"));
    }
    if run.quarantined.is_some() {
        text.push_str(&paint(Tone::Bad, "\nNothing of this run is done until a person releases it"));
        add(&mut text, format_args!("\n  standdown runs release {} --reason \"...\"\n", run.id));
    }
    let failed = run.messages.iter().filter(|message| message.status == "undelivered");
    for message in failed {
        let when = message.ended_at.map(|at| relative(at, now)).unwrap_or_default();
        let why = message.error.as_deref().map(quoted).unwrap_or_default();
        text.push_str(&paint(Tone::Bad, &format!("\n{} was not reached ({when}): {why}\n", message.to)));
    }
    text
}

#[cfg(test)]
mod tests;
