//! `process.freeze` and `process.thaw`: stops a process of this machine by signal, and lets it go on.
//!
//! A process number is reused, so a signal goes through a handle of the process (pidfd) after its start time has been
//! compared with the one that was seen or demanded. The effect is read from `/proc`: stopped, and using no more time.

mod facts;
mod signal;
mod stat;
mod target;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

pub use facts::facts;

use super::parameters::checked;
use super::port::{Action, Pending, Prepared, Rhythm, Sight, Task, not_sent, refused};
use crate::domain::event::CallOutcome;
use crate::domain::step::Baseline;
use crate::domain::{ActionName, Digest, Impact, NameError, Protection};
use crate::playbook::{ActionKind, ActionSpec, ParameterSpec, ParameterType};
use signal::Signal;
use stat::Stat;
use target::Target;

/// Between the two readings that show whether a stopped process still uses time.
const STILLNESS: Duration = Duration::from_millis(60);

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Stop it.
    Freeze,
    /// Let it go on.
    Thaw,
}

impl Verb {
    /// The verb of a specification.
    pub fn of(spec: &ActionSpec) -> Option<Self> {
        match spec.name.as_str() {
            "process.freeze" => Some(Self::Freeze),
            "process.thaw" => Some(Self::Thaw),
            _ => None,
        }
    }
}

/// The action.
pub struct ProcessSignal {
    spec: ActionSpec,
    verb: Verb,
}

/// What `process.freeze` is.
pub fn freeze_spec() -> Result<ActionSpec, NameError> {
    let help = "stop a process of this machine (SIGSTOP); it keeps its memory and can go on";
    spec("process.freeze", Impact::Contain, true, help)
}

/// What `process.thaw` is.
pub fn thaw_spec() -> Result<ActionSpec, NameError> {
    spec("process.thaw", Impact::Release, false, "let a stopped process of this machine go on (SIGCONT)")
}

fn spec(name: &str, impact: Impact, undoable: bool, help: &str) -> Result<ActionSpec, NameError> {
    let parameters = [
        ("pid", ParameterType::Integer, "the process number; or give `pidfile`"),
        ("pidfile", ParameterType::String, "a file that holds the process number"),
        (
            "start_time",
            ParameterType::Integer,
            "its start time (field 22 of /proc/PID/stat), against reuse of the number",
        ),
    ];
    let parameters = parameters.into_iter().map(|(name, kind, help)| {
        (name.to_owned(), ParameterSpec { kind, required: false, values: Vec::new(), help: help.to_owned() })
    });
    Ok(ActionSpec {
        name: ActionName::parse(name)?,
        kind: ActionKind::External,
        parameters: parameters.collect::<BTreeMap<_, _>>(),
        connector: None,
        impact: Some(impact),
        protection: Protection::Idempotent,
        prepares: true,
        proves: true,
        prove_within: Duration::from_secs(10),
        undoable,
        timeout: Duration::from_secs(5),
        digest: Digest::of(format!("{name} 1").as_bytes()),
        help: help.to_owned(),
    })
}

impl ProcessSignal {
    /// The action.
    pub fn new(spec: ActionSpec, verb: Verb) -> Self {
        Self { spec, verb }
    }

    fn target(&self, task: &Task<'_>) -> Result<Target, String> {
        Target::of(checked(&self.spec, &task.call.parameters)?, task.call.snapshot.as_ref())
    }

    /// Which way this call goes: undoing a freeze thaws.
    fn direction(&self, task: &Task<'_>) -> Verb {
        match (self.verb, task.is_do()) {
            (Verb::Freeze, true) => Verb::Freeze,
            (Verb::Thaw, _) | (Verb::Freeze, false) => Verb::Thaw,
        }
    }

    fn prepared(&self, task: &Task<'_>) -> Result<Prepared, String> {
        let target = self.target(task)?;
        let stat = target.read()?;
        let live = match self.verb {
            Verb::Freeze => stat.is_alive() && !stat.is_stopped(),
            Verb::Thaw => stat.is_stopped(),
        };
        let baseline = Baseline { live, detail: stat.words(), at: task.now() };
        Ok(Prepared { baseline: Some(baseline), snapshot: Some(stat.snapshot()) })
    }

    fn signalled(&self, task: &Task<'_>) -> CallOutcome {
        if !task.is_do() && self.verb == Verb::Thaw {
            return refused("`process.thaw` can't be undone; freeze the process by a step of its own");
        }
        let target = match self.target(task) {
            Ok(target) => target,
            Err(reason) => return not_sent(reason),
        };
        if !task.is_do() && target.was_stopped() {
            let output = json!({ "pid": target.pid(), "left": "stopped, as it was before" });
            return CallOutcome::AlreadyDone { output };
        }
        let (verb, done) = match self.direction(task) {
            Verb::Freeze => (Signal::Stop, Stat::is_stopped as fn(&Stat) -> bool),
            Verb::Thaw => (Signal::Continue, (|stat: &Stat| !stat.is_stopped()) as fn(&Stat) -> bool),
        };
        match signal::send(&target, verb, done) {
            Ok(signal::Sent { before, needed: true }) => CallOutcome::Applied { output: before.output() },
            Ok(signal::Sent { before, needed: false }) => CallOutcome::AlreadyDone { output: before.output() },
            Err(reason) => refused(reason),
        }
    }

    async fn seen(&self, task: &Task<'_>) -> Sight {
        let first = self.target(task).and_then(|target| target.read().map(|stat| (target, stat)));
        let (target, first) = match first {
            Ok(found) => found,
            Err(reason) => return Sight::blind(reason),
        };
        if self.direction(task) == Verb::Thaw {
            return Sight { effect: Some(first.is_alive() && !first.is_stopped()), detail: first.words() };
        }
        tokio::time::sleep(STILLNESS).await;
        match target.read() {
            Ok(second) => {
                let still = first.is_stopped() && second.is_stopped() && first.ticks == second.ticks;
                Sight { effect: Some(still), detail: second.words() }
            }
            Err(reason) => Sight::blind(reason),
        }
    }
}

impl Action for ProcessSignal {
    fn spec(&self) -> &ActionSpec {
        &self.spec
    }

    fn prepare<'a>(&'a self, task: Task<'a>) -> Pending<'a, Result<Prepared, String>> {
        Box::pin(async move { self.prepared(&task) })
    }

    fn send<'a>(&'a self, task: Task<'a>) -> Pending<'a, CallOutcome> {
        Box::pin(async move { self.signalled(&task) })
    }

    fn look<'a>(&'a self, task: Task<'a>) -> Pending<'a, Sight> {
        Box::pin(async move { self.seen(&task).await })
    }

    fn rhythm(&self) -> Rhythm {
        Rhythm { every: Duration::from_millis(200), consecutive: 2 }
    }
}

/// A value of a snapshot.
fn number(snapshot: &Value, name: &str) -> Option<u64> {
    snapshot.get(name).and_then(Value::as_u64)
}

#[cfg(test)]
mod tests;
