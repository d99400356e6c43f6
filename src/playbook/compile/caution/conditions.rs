//! Conditions that can't be meant: never true, or compared with a word that the field never is.

use serde_json::json;

use crate::domain::{AlertStatus, Decision, Impact, Outcome, StepState, Tier, Verdict};
use crate::language::{Compared, Expression, Fault, suggest};
use crate::playbook::compile::outline::{Outline, StepOutline};
use crate::playbook::compile::report::Report;
use crate::playbook::{Body, Playbook, Wait, codes, context};

/// Looks at the condition of the playbook, of each stage and of each step.
pub(super) fn look(report: &mut Report, outline: &Outline, playbook: &Playbook) {
    let known = Known { outline, playbook };
    let matching = "/match/when";
    // A playbook with a schedule runs without an alert, and may say that none starts it.
    let by_alert = playbook.timetable.is_none();
    if known.words(report, matching, &playbook.when) && by_alert && !playbook.when.can_be_true(&json!({})) {
        report
            .warn_at(matching, codes::NEVER_MATCHES, "this can never be true, so the playbook never runs")
            .hint("look for two values that are demanded of one field, or for a severity above the highest");
    }
    if let Some(condition) = &playbook.rerun_when {
        again(report, &known, condition);
    }
    for (index, stage) in playbook.stages.iter().enumerate() {
        if let Some(when) = &stage.when {
            known.reached(report, &format!("/stages/{index}/when"), when, "stage", stage.name.as_str());
        }
    }
    if let Some(timetable) = &playbook.timetable {
        known.words(report, "/for_each_agent", &timetable.agents);
    }
    for (outlined, step) in outline.steps.iter().zip(playbook.steps()) {
        if let Body::Wait(Wait { until: Some(until), .. }) = &step.body {
            known.words(report, &format!("{}/until", outlined.pointer), until);
        }
        if let Some(when) = &step.when {
            known.reached(report, &format!("{}/when", outlined.pointer), when, "step", step.name.as_str());
        }
    }
}

/// A playbook that starts again at every repeat of an alert, or never.
fn again(report: &mut Report, known: &Known<'_>, condition: &Expression) {
    let pointer = "/rerun_when";
    if !known.words(report, pointer, condition) {
        return;
    }
    let otherwise = Expression::compile_bool(&format!("!({})", condition.source()), &context::rerun_environment());
    if !condition.can_be_true(&json!({})) {
        report
            .warn_at(pointer, codes::RERUN, "this can never be true, so the playbook never starts again")
            .hint("mend the condition; without `rerun_when`, a further alert starts it again and a repeat does not");
    } else if otherwise.is_ok_and(|otherwise| !otherwise.can_be_true(&json!({}))) {
        report
            .warn_at(
                pointer,
                codes::RERUN,
                "this is always true, so every repeat of an alert starts the playbook again",
            )
            .hint(
                "let time pass, or demand more: now - last.ended_at > duration('1h') || alert.severity > last.severity",
            );
    }
}

struct Known<'p> {
    outline: &'p Outline,
    playbook: &'p Playbook,
}

impl Known<'_> {
    fn reached(&self, report: &mut Report, pointer: &str, when: &Expression, what: &str, name: &str) {
        if self.words(report, pointer, when) && !when.can_be_true(&json!({})) {
            report
                .warn_at(
                    pointer,
                    codes::UNREACHABLE,
                    format!("this can never be true, so the {what} `{name}` is never reached"),
                )
                .hint(format!("mend the condition, or remove the {what}"));
        }
    }

    /// Says which words no field ever is; whether all were fine.
    fn words(&self, report: &mut Report, pointer: &str, condition: &Expression) -> bool {
        let mut fine = true;
        for compared in condition.compared() {
            if let Some(fault) = self.fault(compared) {
                report.warn_in(pointer, &fault);
                fine = false;
            }
        }
        fine
    }

    fn fault(&self, compared: &Compared) -> Option<Fault> {
        let path: Vec<&str> = compared.path.iter().map(String::as_str).collect();
        let (allowed, silent) = self.allowed(&path)?;
        if allowed.contains(&compared.text.as_str()) || (compared.text.is_empty() && silent.is_none()) {
            return None;
        }
        let message = silent.unwrap_or_else(|| format!("`{}` is never '{}'", path.join("."), compared.text));
        let fault = Fault::new(codes::NEVER_THIS_WORD, message, compared.offset, compared.length);
        Some(match suggest(&compared.text, allowed.iter().copied()) {
            Some(meant) => fault.hint(format!("did you mean '{meant}'?")),
            None if allowed.is_empty() => fault.hint("ask for `state` or `verdict`, or add an approval"),
            None => fault.hint(format!("it is one of: {}", allowed.join(", "))),
        })
    }

    /// The words that a field can be, and why it is none at all.
    fn allowed(&self, path: &[&str]) -> Option<(Vec<&'static str>, Option<String>)> {
        let words = match path {
            ["agent", "tier"] => {
                [Tier::ReadOnly, Tier::Supervised, Tier::Autonomous, Tier::Unknown].map(Tier::as_str).to_vec()
            }
            ["alert", "status"] => ALERT_STATUS.map(AlertStatus::as_str).to_vec(),
            ["steps", _, "verdict"] | ["last", "verdict"] => VERDICTS.map(Verdict::as_str).to_vec(),
            ["last", "outcome"] => OUTCOMES.map(Outcome::as_str).to_vec(),
            ["steps", _, "state"] => StepState::NAMES.to_vec(),
            ["steps", name, "decision"] if !self.asks(name) => {
                return Some((Vec::new(), Some(format!("step `{name}` asks nobody, so it has no decision"))));
            }
            ["steps", _, "decision"] => {
                [Decision::Approved, Decision::Rejected, Decision::Expired].map(Decision::as_str).to_vec()
            }
            _ => return None,
        };
        Some((words, None))
    }

    /// Whether a step asks people. One that the outline does not know is not judged.
    fn asks(&self, name: &str) -> bool {
        let named = |(outlined, _): &(&StepOutline, _)| outlined.name == name;
        let step = self.outline.steps.iter().zip(self.playbook.steps()).find(named);
        step.is_none_or(|(_, step)| match &step.body {
            Body::Approval(_) => true,
            // Over a budget, or for a protected agent, people are asked about what is strong.
            Body::Action(action) => action.guard.is_some() || action.impact != Impact::Notify,
            Body::Wait(_) => false,
        })
    }
}

const ALERT_STATUS: [AlertStatus; 5] =
    [AlertStatus::Firing, AlertStatus::Acknowledged, AlertStatus::Resolved, AlertStatus::Event, AlertStatus::Unknown];
const OUTCOMES: [Outcome; 4] = [Outcome::Completed, Outcome::Failed, Outcome::Cancelled, Outcome::Superseded];
const VERDICTS: [Verdict; 5] =
    [Verdict::Contained, Verdict::Unproven, Verdict::AlreadyDone, Verdict::Failed, Verdict::Regressed];
