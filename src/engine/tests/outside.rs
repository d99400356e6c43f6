//! The world outside the daemon: it answers calls as a test tells it to, and remembers every one.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::json;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::domain::event::{CallOutcome, Proof};
use crate::domain::step::Baseline;
use crate::domain::{ActionName, Digest, Impact, Protection};
use crate::engine::Performer;
use crate::machine::{Call, CallResult, Phase};
use crate::playbook::{ActionKind, ActionSpec, ParameterSpec, ParameterType};

/// What a call was for, as a word.
pub fn word(phase: Phase) -> &'static str {
    match phase {
        Phase::Prepare => "prepare",
        Phase::Send => "send",
        Phase::Check => "check",
        Phase::Prove { .. } => "prove",
        Phase::Recheck => "recheck",
    }
}

type Place = (String, &'static str);

#[derive(Default)]
struct State {
    calls: Vec<Call>,
    /// The next answers by action and phase; after them the usual one.
    answers: BTreeMap<Place, VecDeque<CallResult>>,
    /// Where calls are not answered.
    silent: Vec<Place>,
    under_way: usize,
    most_under_way: usize,
}

/// The world outside.
#[derive(Default)]
pub struct Outside {
    state: Mutex<State>,
    moved: Notify,
}

impl Outside {
    /// Lets calls of an action and phase hang until they are let go.
    pub fn hang(&self, action: &str, phase: &'static str) {
        self.state.lock().unwrap().silent.push((action.to_owned(), phase));
    }

    /// Answers what hangs.
    pub fn release(&self) {
        self.state.lock().unwrap().silent.clear();
        self.moved.notify_waiters();
    }

    /// The answer of the next call of an action and phase that has none yet.
    pub fn answer(&self, action: &str, phase: &'static str, result: CallResult) {
        self.state.lock().unwrap().answers.entry((action.to_owned(), phase)).or_default().push_back(result);
    }

    /// The calls so far.
    pub fn calls(&self) -> Vec<Call> {
        self.state.lock().unwrap().calls.clone()
    }

    /// The calls of an action and phase so far.
    pub fn calls_of(&self, action: &str, phase: &str) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.action.as_str() == action && word(call.phase) == phase).collect()
    }

    /// How many calls of an action and phase there were.
    pub fn count(&self, action: &str, phase: &str) -> usize {
        self.calls_of(action, phase).len()
    }

    /// How many calls were under way at the same time, at most.
    pub fn most_under_way(&self) -> usize {
        self.state.lock().unwrap().most_under_way
    }

    fn is_silent(&self, place: &Place) -> bool {
        self.state.lock().unwrap().silent.contains(place)
    }
}

/// Counts a call as under way as long as it is, also if its caller dies.
struct UnderWay<'a>(&'a Outside);

impl<'a> UnderWay<'a> {
    fn begin(outside: &'a Outside, call: &Call) -> Self {
        let mut state = outside.state.lock().unwrap();
        state.calls.push(call.clone());
        state.under_way += 1;
        state.most_under_way = state.most_under_way.max(state.under_way);
        Self(outside)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.state.lock().unwrap().under_way -= 1;
    }
}

impl Performer for Outside {
    fn perform<'a>(
        &'a self,
        call: &'a Call,
        clock: &'a dyn Clock,
    ) -> Pin<Box<dyn Future<Output = CallResult> + Send + 'a>> {
        Box::pin(async move {
            let place = (call.action.to_string(), word(call.phase));
            let _under_way = UnderWay::begin(self, call);
            loop {
                let moved = self.moved.notified();
                if !self.is_silent(&place) {
                    break;
                }
                moved.await;
            }
            let told = self.state.lock().unwrap().answers.get_mut(&place).and_then(VecDeque::pop_front);
            told.unwrap_or_else(|| usual(call, clock))
        })
    }
}

/// Everything works.
fn usual(call: &Call, clock: &dyn Clock) -> CallResult {
    let detail = "active: true".to_owned();
    match call.phase {
        Phase::Prepare => {
            let baseline = Some(Baseline { live: true, detail, at: clock.now() });
            CallResult::Prepared { baseline, snapshot: Some(json!({ "enabled": true })) }
        }
        Phase::Send => applied(),
        Phase::Check => CallResult::Checked { applied: Some(true), detail },
        Phase::Prove { .. } | Phase::Recheck => seen(),
    }
}

pub fn applied() -> CallResult {
    CallResult::Ended(CallOutcome::Applied {
        output: json!({ "status": 200, "ratio": 0.1, "big": 123_456_789.123_456_78 }),
    })
}

pub fn not_sent() -> CallResult {
    CallResult::Ended(CallOutcome::NotSent { reason: "connection refused".into() })
}

pub fn refused() -> CallResult {
    CallResult::Ended(CallOutcome::Refused { reason: "403".into(), retry: false })
}

pub fn ambiguous() -> CallResult {
    CallResult::Ended(CallOutcome::Ambiguous { reason: "no answer within 10 s".into() })
}

pub fn seen() -> CallResult {
    CallResult::Proved(Proof::Seen { detail: "active: false".into() })
}

pub fn not_seen() -> CallResult {
    CallResult::Proved(Proof::NotSeen { detail: "active: true".into() })
}

/// One action of every protection; those that contain bring a probe.
pub fn catalogue() -> Vec<ActionSpec> {
    vec![
        action("try.read", Protection::Read, false, Impact::Notify),
        action("try.idempotent", Protection::Idempotent, false, Impact::Notify),
        action("try.keyed", Protection::Keyed, false, Impact::Notify),
        action("try.none", Protection::None, false, Impact::Notify),
        action("try.verifiable", Protection::Verifiable, true, Impact::Contain),
        action("try.contain", Protection::Idempotent, true, Impact::Contain),
        action("try.contain_once", Protection::None, true, Impact::Contain),
        action("try.unprobed", Protection::Idempotent, false, Impact::Contain),
    ]
}

fn action(name: &str, protection: Protection, probe: bool, impact: Impact) -> ActionSpec {
    let parameter =
        ParameterSpec { kind: ParameterType::String, required: false, values: Vec::new(), help: String::new() };
    ActionSpec {
        name: ActionName::parse(name).unwrap(),
        kind: ActionKind::External,
        parameters: BTreeMap::from([("value".to_owned(), parameter)]),
        connector: None,
        impact: Some(impact),
        protection,
        prepares: probe,
        proves: probe,
        prove_within: Duration::from_secs(30),
        undoable: true,
        timeout: Duration::from_secs(10),
        digest: Digest::of(name.as_bytes()),
        help: String::new(),
    }
}
