//! What is known of the containment behind a request, in words: first what was NOT contained, because nobody may let an
//! agent go, or rest, on a containment that was never seen; otherwise what was seen, and when.
//!
//! Everybody who is asked is told this first, in the message and on the page alike, whether or not the agent is theirs. So
//! the words are made here and nowhere else.

use jiff::Timestamp;

use crate::domain::{Approval, Attempt, Run, StepPath, StepRecord, StepState, Verdict};
use crate::machine::notice::one_line;
use crate::playbook::Playbook;

use super::moment::clock_time;
use super::outlook::action;
use super::wording::Wording;

/// The headline above what was seen.
pub const SEEN: &str = "Contained";

/// The headline above what had been done before.
pub const BEFORE: &str = "Held already, before this run";

/// The headline above what is missing.
pub const MISSING: &str = "NOT contained";

/// Lines that are listed of each kind.
pub(super) const LINES_MAX: usize = 8;

/// The longest word of a step or a target, in characters.
const WORDS_MAX: usize = 140;

/// What people are told of the containment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Containment {
    /// What failed or is unproven; empty where nothing is.
    pub missing: Vec<String>,
    /// What was seen to be contained, and when; empty where something is missing.
    pub seen: Vec<String>,
    /// What had been done before, so that nobody saw it happen; empty where something is missing.
    pub before: Vec<String>,
    /// What a resumed agent needs anew.
    pub lost: Vec<String>,
    /// Whether a hold of the run was never seen to stop the agent.
    pub unproven_hold: bool,
}

impl Containment {
    /// The words about a request. `gate_seen_at` is when the gate last saw the run's agent. Without the playbook, steps are
    /// named without their actions.
    #[must_use]
    pub fn of(
        run: &Run,
        approval: &Approval,
        playbook: Option<&Playbook>,
        wording: &Wording,
        gate_seen_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        let look = Look { run, playbook };
        let mut missing = look.missing(approval, gate_seen_at);
        if !missing.is_empty() && wording.lifts_hold && !wording.seen_stopped {
            missing.insert(0, format!("\"{}\" may stop nothing.", wording.reject));
        }
        let left = missing.len().saturating_sub(LINES_MAX);
        missing.truncate(LINES_MAX);
        if left > 0 {
            missing.push(format!("And {left} more: standdown runs show {}", run.id));
        }
        let good = |verdict| if missing.is_empty() { look.good(verdict, now) } else { Vec::new() };
        let (seen, before) = (good(Verdict::Contained), good(Verdict::AlreadyDone));
        Self { missing, seen, before, lost: look.lost(), unproven_hold: look.holds_unproven() }
    }
}

pub(super) struct Look<'a> {
    pub run: &'a Run,
    pub playbook: Option<&'a Playbook>,
}

impl Look<'_> {
    /// A step and its action, as people read it.
    fn what(&self, path: &StepPath) -> String {
        let action = self.action(path);
        action.map_or_else(|| path.to_string(), |action| format!("{path} ({action})"))
    }

    fn action(&self, path: &StepPath) -> Option<String> {
        self.playbook?.step(&path.step).map(|(_, step)| action(step))
    }

    fn missing(&self, approval: &Approval, gate_seen_at: Option<Timestamp>) -> Vec<String> {
        let mut lines = self.faults(gate_seen_at);
        if self.is_unseen(approval, gate_seen_at) {
            let agent = short(&self.run.agent.name);
            lines.push(format!("The gate has never seen {agent}: pausing will not stop it."));
        }
        lines
    }

    /// The steps that failed, or of which nobody saw an effect.
    pub(super) fn faults(&self, gate_seen_at: Option<Timestamp>) -> Vec<String> {
        let mut lines = Vec::new();
        for (path, record) in &self.run.steps {
            let Some(why) = fault(record) else { continue };
            // What the gate knows of a hold has a sentence of its own.
            let detail = record.detail.as_deref().filter(|_| record.hold.is_none() || gate_seen_at.is_some());
            let detail = detail.map(|detail| format!(" ({})", short(detail))).unwrap_or_default();
            lines.push(format!("{}: {why}{detail}.", self.what(path)));
        }
        lines
    }

    /// Whether a hold stands or is planned, and the gate has never seen the agent.
    pub(super) fn is_unseen(&self, approval: &Approval, gate_seen_at: Option<Timestamp>) -> bool {
        gate_seen_at.is_none() && (self.holds_unproven() || plans_a_hold(approval))
    }

    pub(super) fn holds_unproven(&self) -> bool {
        self.run.steps.values().any(holds_unproven)
    }

    /// The steps that ended well with this verdict.
    pub(super) fn good(&self, verdict: Verdict, now: Timestamp) -> Vec<String> {
        let contained = self
            .run
            .steps
            .iter()
            .filter(|(_, record)| record.verdict == Some(verdict) && record.state == StepState::Succeeded);
        let line = |(path, record): (&StepPath, &StepRecord)| {
            let at = record.contained_at.or(record.ended_at).map(|at| format!(" at {}", clock_time(at, now)));
            let how = if verdict == Verdict::AlreadyDone { "had been done before" } else { "seen" };
            let detail = record.detail.as_deref().map(|detail| format!(" ({})", short(detail))).unwrap_or_default();
            format!("{}: {how}{}{detail}.", self.what(path), at.unwrap_or_default())
        };
        contained.take(LINES_MAX).map(line).collect()
    }

    pub(super) fn lost(&self) -> Vec<String> {
        let revoked = self.run.steps.iter().filter(|(path, record)| {
            let done = matches!(record.state, StepState::Succeeded | StepState::Unproven) && record.verdict.is_some();
            done && self.action(path).is_some_and(|action| action.contains("revoke"))
        });
        let line = |(path, _)| format!("{} took away tokens: a resumed agent needs new ones.", self.what(path));
        revoked.take(LINES_MAX).map(line).collect()
    }
}

pub(super) fn short(text: &str) -> String {
    let line = one_line(text);
    if line.chars().count() <= WORDS_MAX {
        return line;
    }
    let mut cut: String = line.chars().take(WORDS_MAX - 1).collect();
    cut.push('…');
    cut
}

fn fault(record: &StepRecord) -> Option<String> {
    match (&record.state, record.verdict) {
        (StepState::Doing(Attempt::NeedsOperator { reason, .. }), _) => {
            Some(format!("nobody knows whether it was done; a person must say: {}", short(reason)))
        }
        (StepState::UndoFailed { reason }, _) => Some(format!("undoing it failed: {}", short(reason))),
        (StepState::Failed { reason }, _) => Some(format!("it FAILED: {}", short(reason))),
        // What was undone on purpose is no longer meant to be contained.
        (StepState::Undone, _) => None,
        (_, Some(Verdict::Regressed)) => Some("it was contained, and was found undone".to_owned()),
        (_, Some(Verdict::Failed)) => Some("it FAILED".to_owned()),
        (StepState::Unproven, _) | (_, Some(Verdict::Unproven)) => {
            Some("it is not proven: nobody saw an effect".to_owned())
        }
        (_, Some(Verdict::Contained | Verdict::AlreadyDone) | None) => None,
    }
}

fn holds_unproven(record: &StepRecord) -> bool {
    record.hold.is_some() && record.state == StepState::Unproven
}

fn plans_a_hold(approval: &Approval) -> bool {
    approval.plan.steps().any(|step| matches!(step.action, "agent.pause" | "agent.retire" | "agent.restrict"))
}
