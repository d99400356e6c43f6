//! A history read back: the run that it leads to, and what happened in words, for timelines and for the check.

use jiff::Timestamp;

use crate::domain::approval::ApprovalStatus;
use crate::domain::{Actor, Attempt, Event, EventKind, Joint, Run, StepPath, StepRecord, StepState, Verdict, Waiting};
use crate::playbook::Playbook;

use super::error::IllegalTransition;
use super::transition::{begin, transition};

/// How an entry is to be read at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// It worked.
    Good,
    /// It did not.
    Bad,
    /// Somebody or something is waited for.
    Waiting,
    /// Neither.
    Neutral,
}

/// One line of a timeline.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Who or what caused it.
    pub actor: Actor,
    /// The step, or nothing for the run itself.
    pub step: Option<StepPath>,
    /// What happened, in words; no secret.
    pub text: String,
    /// How it is to be read.
    pub tone: Tone,
}

/// A history that does not lead to a state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// There is no event.
    #[error("failed to replay: the history is empty")]
    Empty,
    /// An event does not fit the state that those before it lead to.
    #[error("failed to replay event {number}: {cause}")]
    Event {
        /// Which one, from 1.
        number: usize,
        /// Why not.
        cause: IllegalTransition,
    },
}

/// The run that a history leads to, and its timeline.
pub fn replay(playbook: &Playbook, events: &[Event]) -> Result<(Run, Vec<Entry>), ReplayError> {
    let (first, rest) = events.split_first().ok_or(ReplayError::Empty)?;
    let (mut run, _) = begin(playbook, first).map_err(|cause| ReplayError::Event { number: 1, cause })?;
    let mut entries = vec![entry(first, None, started(&run), Tone::Neutral)];
    for (name, reason) in &run.vars.unset {
        entries.push(entry(first, None, format!("vars.{name} has no value: {reason}"), Tone::Bad));
    }
    changes(playbook, None, &run, first, &mut entries);
    for (index, event) in rest.iter().enumerate() {
        let before = run.clone();
        let moved = transition(playbook, run, event);
        run = moved.map_err(|cause| ReplayError::Event { number: index + 2, cause })?.0;
        said(event, &mut entries);
        changes(playbook, Some(&before), &run, event, &mut entries);
    }
    Ok((run, entries))
}

fn entry(event: &Event, step: Option<StepPath>, text: impl Into<String>, tone: Tone) -> Entry {
    Entry { at: event.at, actor: event.actor.clone(), step, text: text.into(), tone }
}

fn started(run: &Run) -> String {
    let parent =
        run.lineage.as_ref().map(|lineage| format!(", started by step {} of {}", lineage.path, lineage.parent));
    let missed = run.alert.labels.get("missed_ticks").filter(|_| matches!(run.started_by, Actor::Schedule { .. }));
    let missed = missed.map(|count| format!(", catching up {count} missed ticks")).unwrap_or_default();
    let (agent, parent) = (&run.agent.id, parent.unwrap_or_default());
    format!("run started: {} ({}) for {agent}{parent}{missed}", run.playbook, run.mode.as_str())
}

/// What an event itself says, where the change of state would not show it.
fn said(event: &Event, entries: &mut Vec<Entry>) {
    let (step, text, tone) = match &event.kind {
        EventKind::AttemptLost { path } => {
            (Some(path), "the process died during this attempt; picked up again".to_owned(), Tone::Bad)
        }
        EventKind::Voted { person, choice, reason, together, .. } => {
            let word = match choice {
                crate::domain::approval::Choice::Approve => "approved",
                crate::domain::approval::Choice::Reject => "rejected",
            };
            let with = match together {
                None => String::new(),
                Some(Joint::With(others)) if others.is_empty() => String::new(),
                Some(Joint::With(others)) => format!(", and with it {} requests of other runs", others.len()),
                Some(Joint::By { approval, .. }) => format!(", together with {approval}"),
            };
            (None, format!("{person} {word}{with}: \"{}\"", super::notice::one_line(reason)), Tone::Neutral)
        }
        EventKind::Escalated { person, .. } => (None, format!("{person} asked for more people"), Tone::Waiting),
        EventKind::AlertJoined { alert, source } => {
            let from = source.as_ref().map(|source| format!(" from source {source}")).unwrap_or_default();
            (None, format!("{alert}{from} joined"), Tone::Neutral)
        }
        EventKind::HoldsLifted { holds, reason } => {
            let by = event.actor.person().map_or_else(|| event.actor.to_string(), ToString::to_string);
            let what = if holds.len() == 1 { "the hold".to_owned() } else { format!("{} holds", holds.len()) };
            (None, format!("{by} lifted {what} by hand: \"{}\"", super::notice::one_line(reason)), Tone::Neutral)
        }
        EventKind::RunCancelled { reason } => (None, format!("cancelled: {reason}"), Tone::Bad),
        EventKind::RunSuperseded { by } => (None, format!("superseded by {by}"), Tone::Neutral),
        EventKind::RunStarted { .. }
        | EventKind::StepAuthorized { .. }
        | EventKind::ApprovalAsked { .. }
        | EventKind::ApprovalPromoted { .. }
        | EventKind::Notified { .. }
        | EventKind::AttemptBegan { .. }
        | EventKind::AttemptPrepared { .. }
        | EventKind::AttemptEnded { .. }
        | EventKind::AttemptChecked { .. }
        | EventKind::AttemptProved { .. }
        | EventKind::Rechecked { .. }
        | EventKind::Ticked
        | EventKind::ChildStarted { .. }
        | EventKind::ChildRefused { .. }
        | EventKind::ChildEnded { .. }
        | EventKind::Resolved { .. } => return,
    };
    entries.push(entry(event, step.cloned(), text, tone));
}

/// What an event changed, step by step in the order of the playbook.
fn changes(playbook: &Playbook, before: Option<&Run>, after: &Run, event: &Event, entries: &mut Vec<Entry>) {
    let paths = playbook.steps().flat_map(|step| {
        let items = after.items(&step.name).map(|(path, _)| path.clone());
        std::iter::once(StepPath::from(step.name.clone())).chain(items)
    });
    for (record, path) in paths.filter_map(|path| Some((after.steps.get(&path)?, path))) {
        let path = &path;
        let old = before.and_then(|run| run.steps.get(path));
        let same = old.is_some_and(|old| old.state == record.state && old.verdict == record.verdict);
        if same || (old.is_none() && record.state == StepState::Pending) {
            continue;
        }
        if let Some((text, tone)) = describe(record, after) {
            entries.push(entry(event, Some(path.clone()), text, tone));
        }
    }
    if after.status.is_finished() && before.is_none_or(|run| run.status != after.status) {
        let proven = after.containment().is_none_or(|(verdict, _)| is_good(verdict));
        let tone = if after.status.as_str() == "completed" && proven { Tone::Good } else { Tone::Bad };
        let verdict = after.containment().map(|(verdict, _)| format!(", containment: {verdict}")).unwrap_or_default();
        entries.push(entry(event, None, format!("run {}{verdict}", after.status), tone));
    }
}

/// Whether a verdict says that the agent is contained.
const fn is_good(verdict: Verdict) -> bool {
    match verdict {
        Verdict::Contained | Verdict::AlreadyDone => true,
        Verdict::Unproven | Verdict::Failed | Verdict::Regressed => false,
    }
}

fn describe(record: &StepRecord, run: &Run) -> Option<(String, Tone)> {
    let detail = record.detail.as_deref().map(|detail| format!(": {detail}")).unwrap_or_default();
    Some(match &record.state {
        StepState::Pending => return None,
        StepState::Waiting(Waiting::Approval { id }) => {
            let people = run.approvals.get(id).filter(|approval| approval.status == ApprovalStatus::Pending);
            let names = people.map(|approval| approval.people.iter().map(ToString::to_string).collect::<Vec<_>>());
            let deadline = people.map(|approval| format!(" until {}", approval.deadline)).unwrap_or_default();
            (format!("waiting for {}{deadline}", names.unwrap_or_default().join(", ")), Tone::Waiting)
        }
        StepState::Waiting(Waiting::Timer { until }) => (format!("waiting until {until}"), Tone::Waiting),
        StepState::Waiting(Waiting::Child { .. }) => ("undoing".to_owned(), Tone::Waiting),
        StepState::Waiting(Waiting::Corroboration { until }) => {
            (format!("waiting for an alert of another source until {until}"), Tone::Waiting)
        }
        StepState::Waiting(Waiting::Run { run, until }) => {
            let until = until.map(|until| format!(" until {until}")).unwrap_or_default();
            (format!("waiting for {run}{until}"), Tone::Waiting)
        }
        StepState::Waiting(Waiting::Items { .. }) => (format!("going through its items{detail}"), Tone::Neutral),
        StepState::Doing(attempt) => return describe_attempt(attempt, ""),
        StepState::Undoing(attempt) => return describe_attempt(attempt, "undo: "),
        StepState::Succeeded => {
            let verdict = record.verdict.map_or("done", crate::domain::Verdict::as_str);
            let tone = if record.verdict == Some(crate::domain::Verdict::Regressed) { Tone::Bad } else { Tone::Good };
            (format!("{verdict}{detail}"), tone)
        }
        StepState::Unproven => (format!("unproven{detail}"), Tone::Bad),
        StepState::Failed { reason } => (format!("failed: {reason}"), Tone::Bad),
        StepState::Rejected => (format!("rejected{detail}"), Tone::Neutral),
        StepState::Skipped { reason } => (format!("skipped: {reason}"), Tone::Neutral),
        StepState::Cancelled => (format!("cancelled{detail}"), Tone::Neutral),
        StepState::Undone => ("undone".to_owned(), Tone::Good),
        StepState::UndoFailed { reason } => (format!("could not be undone: {reason}"), Tone::Bad),
    })
}

fn describe_attempt(attempt: &Attempt, what: &str) -> Option<(String, Tone)> {
    Some(match attempt {
        Attempt::Ready { .. } | Attempt::InDoubt { .. } => return None,
        Attempt::Preparing { .. } => (format!("{what}reading the state before"), Tone::Neutral),
        Attempt::Running { number, .. } => (format!("{what}calling (try {number})"), Tone::Neutral),
        Attempt::Backoff { number, until, reason } => {
            (format!("{what}try {number} failed: {reason}; again at {until}"), Tone::Bad)
        }
        Attempt::Checking { .. } => (format!("{what}asking the target whether it was applied"), Tone::Waiting),
        Attempt::Proving { .. } => (format!("{what}accepted; looking for the effect"), Tone::Neutral),
        Attempt::NeedsOperator { reason, .. } => (format!("{what}A PERSON MUST LOOK: {reason}"), Tone::Bad),
    })
}
