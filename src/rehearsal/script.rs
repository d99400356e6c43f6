//! What the world outside answers in a rehearsal: each call of each step, try by try.
//!
//! Left out, everything works: a call is applied, its effect is seen, and it is seen again later. A run that a step starts may
//! be answered as a whole; then nobody looks into it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::domain::event::{CallOutcome, Proof};
use crate::domain::step::Baseline;
use crate::domain::{Outcome, StepName, StepPath, Verdict};
use crate::machine::{Call, CallResult, Direction, Phase};
use crate::playbook::{Body, Playbook};

use super::place::Place;

/// How one call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The target accepted it.
    Done,
    /// The target said that it had been done before.
    AlreadyDone,
    /// No byte of it left.
    NotSent,
    /// The target said no, for good.
    Refused,
    /// The target said no, and that another try may help.
    Busy,
    /// It may or may not have been applied.
    Ambiguous,
    /// No answer came in time.
    Timeout,
    /// The process died while it was under way.
    Lost,
}

/// What a probe shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// The effect.
    Seen,
    /// No effect, until looking ended.
    NotSeen,
    /// Nothing: the target did not answer.
    Blind,
}

/// What the target says of a call in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// It was applied.
    Applied,
    /// It was not.
    NotApplied,
    /// It can't say.
    Unknown,
}

/// What happens to the calls of one step. The last entry of a list counts for every later try.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calls {
    /// How each try ends.
    pub tries: Vec<Ending>,
    /// What looking for the effect shows.
    pub effect: Vec<Look>,
    /// What later looks show.
    pub rechecks: Vec<Look>,
    /// What the target says when it is asked about a doubt.
    pub checks: Vec<Check>,
    /// How each try at undoing ends.
    pub undo: Vec<Ending>,
    /// Whether the thing was not seen working before the change.
    pub dead_before: bool,
    /// What the target answers.
    pub output: Option<Value>,
}

/// What comes of a run that a step starts, said as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WholeRun {
    /// None begins.
    Refused,
    /// It ends.
    Ends {
        /// How.
        outcome: Outcome,
        /// What is known of its containment, if it tried any.
        containment: Option<Verdict>,
        /// How long after it began.
        after: SignedDuration,
    },
}

/// What comes of a call, and how long it takes.
pub(super) struct Reply {
    pub after: SignedDuration,
    /// `None`: the process died.
    pub result: Option<CallResult>,
}

/// The answers to every call of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Script {
    steps: BTreeMap<Place, Calls>,
    runs: BTreeMap<Place, WholeRun>,
    heard: BTreeMap<(Vec<StepPath>, StepPath, &'static str), usize>,
}

impl Script {
    /// A script with what differs from "everything works".
    #[must_use]
    pub const fn new(steps: BTreeMap<Place, Calls>) -> Self {
        Self { steps, runs: BTreeMap::new(), heard: BTreeMap::new() }
    }

    /// With what comes of whole runs that steps start.
    #[must_use]
    pub fn with_runs(self, runs: BTreeMap<Place, WholeRun>) -> Self {
        Self { runs, ..self }
    }

    /// The steps of a run that no run started whose runs are all answered as a whole.
    pub(super) fn whole(&self) -> impl Iterator<Item = &StepName> {
        self.runs.keys().filter(|place| place.above.is_empty() && place.path.index.is_none()).map(|it| &it.path.step)
    }

    /// What comes of the run that a step starts, if that is said as a whole.
    pub(super) fn whole_run(&self, above: &[StepPath], path: &StepPath) -> Option<WholeRun> {
        let said = self.runs.iter().filter(|(place, _)| place.covers(above, path));
        said.max_by_key(|(place, _)| place.items()).map(|(_, run)| *run)
    }

    /// What comes of a call of a run that the steps `above` started.
    pub(super) fn reply(&mut self, playbook: &Playbook, above: &[StepPath], call: &Call, at: Timestamp) -> Reply {
        let which = match (call.phase, call.direction) {
            (Phase::Prepare, _) => "prepare",
            (Phase::Send, Direction::Do) => "send",
            (Phase::Send, Direction::Undo) => "undo",
            (Phase::Check, _) => "check",
            (Phase::Prove { .. }, _) => "prove",
            (Phase::Recheck, _) => "recheck",
        };
        let heard = self.heard.entry((above.to_vec(), call.path.clone(), which)).or_default();
        let index = *heard;
        *heard += 1;
        let none = Calls::default();
        let said = self.steps.iter().filter(|(place, _)| place.covers(above, &call.path));
        // What is said of one item counts before what is said of all.
        let calls = said.max_by_key(|(place, _)| place.items()).map_or(&none, |(_, calls)| calls);
        match call.phase {
            Phase::Prepare => now(prepared(playbook, call, calls, at)),
            Phase::Send => {
                let tries = if call.direction == Direction::Do { &calls.tries } else { &calls.undo };
                ended(nth(tries, index).unwrap_or(Ending::Done), call, calls)
            }
            Phase::Check => now(checked(nth(&calls.checks, index).unwrap_or(Check::Unknown))),
            Phase::Prove { until } => looked(nth(&calls.effect, index).unwrap_or(Look::Seen), until.duration_since(at)),
            Phase::Recheck => looked(nth(&calls.rechecks, index).unwrap_or(Look::Seen), SignedDuration::ZERO),
        }
    }
}

fn nth<T: Copy>(list: &[T], index: usize) -> Option<T> {
    list.get(index).or(list.last()).copied()
}

const fn now(result: CallResult) -> Reply {
    Reply { after: SignedDuration::ZERO, result: Some(result) }
}

fn prepared(playbook: &Playbook, call: &Call, calls: &Calls, at: Timestamp) -> CallResult {
    let spec = playbook.step(&call.path.step).and_then(|(_, step)| match &step.body {
        Body::Action(action) => Some(&action.spec),
        _ => None,
    });
    let detail = if calls.dead_before { "it was not working before" } else { "it was working before" };
    let baseline = Baseline { live: !calls.dead_before, detail: detail.to_owned(), at };
    CallResult::Prepared {
        baseline: spec.is_some_and(|spec| spec.proves).then_some(baseline),
        snapshot: spec.is_some_and(|spec| spec.undoable).then(|| json!({ "rehearsed": true })),
    }
}

fn ended(ending: Ending, call: &Call, calls: &Calls) -> Reply {
    let said = |text: &str| text.to_owned();
    let output = || calls.output.clone().unwrap_or_else(|| json!({ "status": 200, "body": {} }));
    let outcome = match ending {
        Ending::Done => CallOutcome::Applied { output: output() },
        Ending::AlreadyDone => CallOutcome::AlreadyDone { output: output() },
        Ending::NotSent => CallOutcome::NotSent { reason: said("the target can't be reached") },
        Ending::Refused => CallOutcome::Refused { reason: said("the target refused"), retry: false },
        Ending::Busy => CallOutcome::Refused { reason: said("the target is busy"), retry: true },
        Ending::Ambiguous => CallOutcome::Ambiguous { reason: said("the connection broke after the call was sent") },
        Ending::Timeout => {
            let after = SignedDuration::try_from(call.timeout).unwrap_or_default();
            let reason = format!("no answer within {} s", call.timeout.as_secs());
            return Reply { after, result: Some(CallResult::Ended(CallOutcome::Ambiguous { reason })) };
        }
        Ending::Lost => return Reply { after: SignedDuration::ZERO, result: None },
    };
    now(CallResult::Ended(outcome))
}

fn checked(check: Check) -> CallResult {
    let (applied, detail) = match check {
        Check::Applied => (Some(true), "the target says that it was applied"),
        Check::NotApplied => (Some(false), "the target says that it was not applied"),
        Check::Unknown => (None, "it has no record of the call"),
    };
    CallResult::Checked { applied, detail: detail.to_owned() }
}

/// An effect that is there is seen at once; one that is not is looked for until the time is over.
fn looked(look: Look, limit: SignedDuration) -> Reply {
    let (after, proof) = match look {
        Look::Seen => (SignedDuration::ZERO, Proof::Seen { detail: "the effect was seen".to_owned() }),
        Look::NotSeen => (limit, Proof::NotSeen { detail: "it works as before".to_owned() }),
        Look::Blind => (limit, Proof::Blind { detail: "the target did not answer".to_owned() }),
    };
    Reply { after, result: Some(CallResult::Proved(proof)) }
}
