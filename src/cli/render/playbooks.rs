//! What became of the playbooks that serve, in words: what acts now stands first and in red.

use jiff::Timestamp;

use crate::domain::Mode;
use crate::engine::{PlaybookChange, PlaybookRefusal};
use crate::machine::Tone;
use crate::web::api::view::{PlaybookFact, PlaybookHistory};

use super::tone::bold;
use super::{add, paint, quoted, time};

/// Everything that is known, newest first.
pub fn history(history: &PlaybookHistory, now: Timestamp, diff: bool) -> String {
    if history.facts.is_empty() {
        return "nothing has changed since this store was made\n".to_owned();
    }
    let facts: Vec<String> = history.facts.iter().map(|one| fact(one, now, diff)).collect();
    facts.join("\n")
}

fn fact(fact: &PlaybookFact, now: Timestamp, diff: bool) -> String {
    let at = bold(&time::stamp(fact.at, now));
    let cause = fact.changed.as_ref().map(|it| it.cause).or_else(|| fact.refused.as_ref().map(|it| it.cause));
    let cause = cause.map(|cause| format!(", because {}", cause.explain())).unwrap_or_default();
    let mut text = format!("{at}  {}{cause}\n", fact.by);
    text.extend(fact.changed.as_ref().map(|it| change(it, diff)));
    text.extend(fact.refused.as_ref().map(refusal));
    if let Some(reason) = &fact.unreadable {
        let line = format!("  ✗ fact {} of the daemon's history can't be read: {}", fact.seq, quoted(reason));
        add(&mut text, format_args!("{}\n", paint(Tone::Bad, &line)));
    }
    text
}

/// One change, with the comparison of the texts if that is wanted.
pub fn change(change: &PlaybookChange, diff: bool) -> String {
    let mut text = String::new();
    let mut line = |tone: Tone, words: String| add(&mut text, format_args!("{}\n", paint(tone, &words)));
    for name in &change.now_acting {
        line(Tone::Bad, format!("  ! {name} ACTS from then on (mode: enforce)"));
    }
    for name in &change.no_longer_acting {
        line(Tone::Waiting, format!("  ! {name} no longer acts"));
    }
    let mode = |mode: Mode| mode.as_str();
    for added in &change.added {
        line(Tone::Good, format!("  + {} ({}), version {}", added.playbook, mode(added.mode), added.digest.prefix()));
    }
    for removed in &change.removed {
        let version = removed.digest.prefix();
        line(Tone::Waiting, format!("  - {} ({}), version {version}", removed.playbook, mode(removed.mode)));
    }
    for changed in &change.changed {
        let (from, to) = (changed.from.prefix(), changed.to.prefix());
        let modes = match (changed.mode_from, changed.mode_to) {
            (before, now) if before == now => mode(now).to_owned(),
            (before, now) => format!("{} → {}", mode(before), mode(now)),
        };
        line(Tone::Neutral, format!("  ~ {} ({modes}), version {from} → {to}", changed.playbook));
    }
    if diff {
        for shown in change.diff.lines() {
            let tone = match shown.chars().next() {
                Some('+') => Tone::Good,
                Some('-') => Tone::Bad,
                _ => Tone::Neutral,
            };
            line(tone, format!("    {shown}"));
        }
        if change.lines_left_off > 0 {
            line(Tone::Neutral, format!("    … and {} more lines", change.lines_left_off));
        }
    }
    text
}

fn refusal(refusal: &PlaybookRefusal) -> String {
    let mut text = String::new();
    let mut line = |tone: Tone, words: String| add(&mut text, format_args!("{}\n", paint(tone, &words)));
    let what = if refusal.whole { "the folder was refused as a whole" } else { "files were refused" };
    line(Tone::Bad, format!("  ✗ {what}"));
    for fault in &refusal.faults {
        let place = fault.line.map(|line| format!(":{line}")).unwrap_or_default();
        line(Tone::Neutral, format!("    {}{place}: {}", quoted(&fault.file), quoted(&fault.code)));
    }
    if refusal.faults_left_off > 0 {
        line(Tone::Neutral, format!("    … and {} more faults", refusal.faults_left_off));
    }
    let kept: Vec<&str> = refusal.kept.iter().map(crate::domain::PlaybookName::as_str).collect();
    if !kept.is_empty() {
        line(Tone::Neutral, format!("    served on in their last good version: {}", kept.join(", ")));
    }
    text
}
