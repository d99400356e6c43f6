//! A target with books: it counts, by idempotency key, which calls it got and which it applied, and may fail before or
//! after it applies one.
//!
//! The books are a file, so that they outlive every process that calls the target, also one that aborts.

use std::collections::{BTreeMap, VecDeque};
use std::fs::OpenOptions;
use std::future::Future;
use std::io::Write as _;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Notify;

use super::fate::{CrashPoint, Fate};
use crate::clock::Clock;
use crate::domain::RunId;
use crate::domain::event::{CallOutcome, Proof};
use crate::domain::step::Baseline;
use crate::engine::Performer;
use crate::machine::{Call, CallResult, Direction, Phase};

/// What the target did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// It got a call that changes something.
    Got,
    /// It made the change.
    Applied,
    /// It was asked whether it had.
    Asked,
}

/// One line of the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub deed: Deed,
    pub run: RunId,
    pub step: String,
    pub direction: String,
    pub action: String,
    pub key: String,
}

/// How the target answers a call that changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Applied, and said so.
    Done,
    /// Not applied; the caller can't know.
    LostBefore,
    /// Applied; the caller can't know.
    LostAfter,
    /// Not applied, and said so.
    Refused,
    /// The call never left.
    NotSent,
}

/// When a call gets no answer until it is let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Before the change is made; it is made when the call is let go.
    Before,
    /// After the change was made.
    After,
}

#[derive(Debug, Default)]
struct Plans {
    replies: BTreeMap<String, VecDeque<Reply>>,
    silent: BTreeMap<String, Silence>,
    /// How often callers were taken for dead: whoever called before is a caller of the past.
    age: u64,
    /// Calls that get no answer now.
    waiting: Vec<Waiting>,
    /// How many calls of callers of the past were answered.
    answered_to_the_past: usize,
}

/// A call that gets no answer: how old its caller is, its run and its step.
type Waiting = (u64, RunId, String);

/// What a caller of the past is told, so that it can be found wherever it is kept.
pub const OF_THE_PAST: &str = "for a caller of the past";

/// The target.
#[derive(Debug)]
pub struct Target {
    books: PathBuf,
    plans: Mutex<Plans>,
    moved: Notify,
    fate: Arc<Fate>,
}

impl Target {
    pub fn new(books: PathBuf, fate: Arc<Fate>) -> Self {
        Self { books, plans: Mutex::default(), moved: Notify::new(), fate }
    }

    /// Plans the next reply to a call of an action that has none planned yet; after them it works.
    pub fn plan(&self, action: &str, reply: Reply) {
        self.plans.lock().unwrap().replies.entry(action.to_owned()).or_default().push_back(reply);
    }

    /// Leaves changes by an action without an answer from now on.
    pub fn hang(&self, action: &str, silence: Silence) {
        self.plans.lock().unwrap().silent.insert(action.to_owned(), silence);
    }

    /// Answers whatever waits.
    pub fn release(&self) {
        self.plans.lock().unwrap().silent.clear();
        self.moved.notify_waiters();
    }

    /// Callers until now are callers of the past.
    pub fn take_callers_for_dead(&self) {
        self.plans.lock().unwrap().age += 1;
    }

    /// How many calls of callers of the past were answered.
    pub fn answered_to_the_past(&self) -> usize {
        self.plans.lock().unwrap().answered_to_the_past
    }

    /// The steps whose change gets no answer now, of callers of the present.
    pub fn waiting(&self) -> Vec<(RunId, String)> {
        let plans = self.plans.lock().unwrap();
        let present = plans.waiting.iter().filter(|(age, ..)| *age == plans.age);
        present.map(|(_, run, step)| (*run, step.clone())).collect()
    }

    /// The books.
    pub fn books(&self) -> Vec<Line> {
        let text = std::fs::read_to_string(&self.books).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// What the books say of a step of a run in a direction.
    pub fn books_of(&self, run: RunId, step: &str, direction: Direction) -> Vec<Line> {
        let lines = self.books().into_iter();
        lines.filter(|line| line.run == run && line.step == step && line.direction == direction.as_str()).collect()
    }

    fn has_applied(&self, key: &str) -> bool {
        self.books().iter().any(|line| line.deed == Deed::Applied && line.key == key)
    }

    fn write(&self, deed: Deed, call: &Call) {
        let line = Line {
            deed,
            run: call.run,
            step: call.path.to_string(),
            direction: call.direction.as_str().to_owned(),
            action: call.action.to_string(),
            key: call.key.clone(),
        };
        let mut file = OpenOptions::new().create(true).append(true).open(&self.books).unwrap();
        file.write_all((serde_json::to_string(&line).unwrap() + "\n").as_bytes()).unwrap();
    }

    /// What protects a keyed action: the same key changes something once.
    fn apply(&self, call: &Call) {
        if call.action.as_str() != "try.keyed" || !self.has_applied(&call.key) {
            self.write(Deed::Applied, call);
        }
    }

    async fn wait(&self, call: &Call, age: u64, silence: Silence) {
        let action = call.action.as_str();
        let place = (age, call.run, call.path.to_string());
        let mut waits = None;
        loop {
            let moved = self.moved.notified();
            if self.plans.lock().unwrap().silent.get(action) != Some(&silence) {
                return;
            }
            waits.get_or_insert_with(|| Waits::begin(self, place.clone()));
            moved.await;
        }
    }

    async fn change(&self, call: &Call) -> CallResult {
        let (step, direction) = (&call.path, call.direction);
        self.fate.pass(CrashPoint::BeforeTheFirstByte, step, direction).await;
        let (reply, age) = {
            let mut plans = self.plans.lock().unwrap();
            let reply = plans.replies.get_mut(call.action.as_str()).and_then(VecDeque::pop_front);
            (reply.unwrap_or(Reply::Done), plans.age)
        };
        if reply == Reply::NotSent {
            return CallResult::Ended(CallOutcome::NotSent { reason: "connection refused".into() });
        }
        self.write(Deed::Got, call);
        self.fate.pass(CrashPoint::BeforeItIsApplied, step, direction).await;
        self.wait(call, age, Silence::Before).await;
        if matches!(reply, Reply::Done | Reply::LostAfter) {
            self.apply(call);
        }
        self.fate.pass(CrashPoint::BeforeTheAnswer, step, direction).await;
        self.wait(call, age, Silence::After).await;
        let past = {
            let mut plans = self.plans.lock().unwrap();
            let past = plans.age > age;
            plans.answered_to_the_past += usize::from(past);
            past
        };
        let word = if past { OF_THE_PAST } else { "here" };
        CallResult::Ended(match reply {
            Reply::Done => CallOutcome::Applied { output: json!({ "status": 200, "said": word }) },
            Reply::LostBefore | Reply::LostAfter => {
                CallOutcome::Ambiguous { reason: format!("503 after the call had left, {word}") }
            }
            Reply::Refused => CallOutcome::Refused { reason: format!("403, {word}"), retry: false },
            Reply::NotSent => CallOutcome::NotSent { reason: "connection refused".into() },
        })
    }

    fn look(&self, call: &Call) -> Proof {
        // Undoing is another change, under another key.
        let applied = self.books_of(call.run, &call.path.to_string(), Direction::Do);
        if applied.iter().any(|line| line.deed == Deed::Applied) {
            Proof::Seen { detail: "active: false".into() }
        } else {
            Proof::NotSeen { detail: "active: true".into() }
        }
    }
}

/// Counts a call as waiting as long as it does, also if its caller dies.
struct Waits<'a>(&'a Target, Waiting);

impl<'a> Waits<'a> {
    fn begin(target: &'a Target, place: Waiting) -> Self {
        target.plans.lock().unwrap().waiting.push(place.clone());
        Self(target, place)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        let mut plans = self.0.plans.lock().unwrap();
        let index = plans.waiting.iter().position(|place| *place == self.1).unwrap();
        plans.waiting.swap_remove(index);
    }
}

impl Performer for Target {
    fn perform<'a>(
        &'a self,
        call: &'a Call,
        clock: &'a dyn Clock,
    ) -> Pin<Box<dyn Future<Output = CallResult> + Send + 'a>> {
        Box::pin(async move {
            match call.phase {
                Phase::Prepare => {
                    let baseline = Some(Baseline { live: true, detail: "active: true".into(), at: clock.now() });
                    CallResult::Prepared { baseline, snapshot: Some(json!({ "enabled": true })) }
                }
                Phase::Send => self.change(call).await,
                Phase::Check => {
                    self.write(Deed::Asked, call);
                    let applied = Some(self.has_applied(&call.key));
                    CallResult::Checked { applied, detail: "by the books".into() }
                }
                Phase::Prove { .. } | Phase::Recheck => CallResult::Proved(self.look(call)),
            }
        })
    }
}
