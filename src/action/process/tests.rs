//! Freezing and thawing real processes.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::stat::Stat;
use crate::action::stub::{REAL, call, secrets};
use crate::action::{ActionOptions, Registry};
use crate::clock::Clock as _;
use crate::domain::event::{CallOutcome, Proof};
use crate::machine::{CallResult, Direction, Phase};

/// A child process that ends with the test.
struct Agent(Child);

impl Agent {
    fn start(program: &str, arguments: &[&str]) -> Self {
        Self(Command::new(program).args(arguments).stdout(Stdio::null()).spawn().unwrap())
    }

    /// A process that never stops using time.
    fn busy() -> Self {
        Self::start("sh", &["-c", "while :; do :; done"])
    }

    fn pid(&self) -> i32 {
        i32::try_from(self.0.id()).unwrap()
    }

    fn stat(&self) -> Stat {
        Stat::read(self.pid()).unwrap()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn registry() -> Registry {
    Registry::build(&BTreeMap::new(), &ActionOptions::default(), Arc::new(secrets())).unwrap()
}

fn soon() -> Timestamp {
    REAL.now() + Duration::from_secs(5)
}

async fn perform(action: &str, parameters: &Value, phase: Phase) -> CallResult {
    registry().perform(&call(action, parameters.clone(), phase), &REAL).await
}

async fn undo(action: &str, parameters: &Value, snapshot: &Value) -> CallResult {
    let mut call = call(action, parameters.clone(), Phase::Send);
    call.direction = Direction::Undo;
    call.snapshot = Some(snapshot.clone());
    registry().perform(&call, &REAL).await
}

async fn prepared(action: &str, parameters: &Value) -> (bool, Value) {
    match perform(action, parameters, Phase::Prepare).await {
        CallResult::Prepared { baseline, snapshot } => (baseline.unwrap().live, snapshot.unwrap()),
        other => panic!("{other:?}"),
    }
}

fn seen(result: &CallResult) -> bool {
    matches!(result, CallResult::Proved(Proof::Seen { .. }))
}

fn applied(result: &CallResult) -> bool {
    matches!(result, CallResult::Ended(CallOutcome::Applied { .. }))
}

fn already_done(result: &CallResult) -> bool {
    matches!(result, CallResult::Ended(CallOutcome::AlreadyDone { .. }))
}

fn refusal(result: CallResult) -> String {
    match result {
        CallResult::Ended(CallOutcome::Refused { reason, .. } | CallOutcome::NotSent { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_busy_process_is_frozen_seen_frozen_and_thawed_by_undo() {
    let agent = Agent::busy();
    let with = json!({"pid": agent.pid()});
    let (live, snapshot) = prepared("process.freeze", &with).await;
    assert!(live);
    assert_eq!(snapshot["start_time"], agent.stat().start_time);
    assert!(applied(&perform("process.freeze", &with, Phase::Send).await));
    assert!(seen(&perform("process.freeze", &with, Phase::Prove { until: soon() }).await));
    assert!(agent.stat().is_stopped());
    assert!(already_done(&perform("process.freeze", &with, Phase::Send).await));

    assert!(applied(&undo("process.freeze", &with, &snapshot).await));
    assert!(!agent.stat().is_stopped());
    assert!(!seen(&perform("process.freeze", &with, Phase::Recheck).await));
    assert!(already_done(&undo("process.freeze", &with, &snapshot).await));
}

#[tokio::test]
async fn a_process_that_was_stopped_before_stays_stopped_after_undo() {
    let agent = Agent::start("sleep", &["60"]);
    let with = json!({"pid": agent.pid().to_string()});
    assert!(applied(&perform("process.freeze", &with, Phase::Send).await));
    assert!(seen(&perform("process.freeze", &with, Phase::Prove { until: soon() }).await));
    let (live, snapshot) = prepared("process.freeze", &with).await;
    assert!(!live);
    assert!(already_done(&perform("process.freeze", &with, Phase::Send).await));
    assert!(already_done(&undo("process.freeze", &with, &snapshot).await));
    assert!(agent.stat().is_stopped());
}

#[tokio::test]
async fn a_stopped_process_goes_on_when_it_is_thawed() {
    let agent = Agent::start("sleep", &["60"]);
    let with = json!({"pid": agent.pid()});
    perform("process.freeze", &with, Phase::Send).await;
    assert!(seen(&perform("process.freeze", &with, Phase::Prove { until: soon() }).await));
    assert!(prepared("process.thaw", &with).await.0);
    assert!(applied(&perform("process.thaw", &with, Phase::Send).await));
    assert!(seen(&perform("process.thaw", &with, Phase::Prove { until: soon() }).await));
    assert!(already_done(&perform("process.thaw", &with, Phase::Send).await));
}

#[tokio::test]
async fn another_process_under_the_same_number_is_left_alone() {
    let agent = Agent::start("sleep", &["60"]);
    let with = json!({"pid": agent.pid(), "start_time": agent.stat().start_time + 1});
    assert!(refusal(perform("process.freeze", &with, Phase::Prepare).await).contains("another one"));
    assert!(refusal(perform("process.freeze", &with, Phase::Send).await).contains("another one"));
    let mut snapshot = agent.stat().snapshot();
    snapshot["start_time"] = json!(1);
    assert!(refusal(undo("process.freeze", &json!({"pid": agent.pid()}), &snapshot).await).contains("another one"));
    assert!(!agent.stat().is_stopped());
}

#[tokio::test]
async fn a_pidfile_names_the_process_and_the_snapshot_pins_it() {
    let (agent, other) = (Agent::start("sleep", &["60"]), Agent::start("sleep", &["60"]));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.pid");
    std::fs::write(&path, format!("{}\n", agent.pid())).unwrap();
    let with = json!({"pidfile": path});
    let (_, snapshot) = prepared("process.freeze", &with).await;
    std::fs::write(&path, format!("{}\n", other.pid())).unwrap();
    let mut send = call("process.freeze", with, Phase::Send);
    send.snapshot = Some(snapshot);
    assert!(applied(&registry().perform(&send, &REAL).await));
    let mut prove = send.clone();
    prove.phase = Phase::Prove { until: soon() };
    assert!(seen(&registry().perform(&prove, &REAL).await));
    assert!(agent.stat().is_stopped() && !other.stat().is_stopped());
}

#[tokio::test]
async fn what_must_never_be_stopped_is_refused() {
    let own = std::process::id();
    let parent = std::os::unix::process::parent_id();
    for pid in [json!(1), json!(0), json!(-1), json!(own), json!(parent), json!(i64::MAX)] {
        assert!(!refusal(perform("process.freeze", &json!({"pid": pid}), Phase::Send).await).is_empty(), "{pid}");
    }
    assert!(refusal(perform("process.freeze", &json!({}), Phase::Prepare).await).contains("exactly one"));
}

#[tokio::test]
async fn a_process_that_has_ended_is_no_success() {
    let mut agent = Agent::start("true", &[]);
    agent.0.wait().unwrap();
    let with = json!({"pid": agent.pid()});
    assert!(refusal(perform("process.freeze", &with, Phase::Prepare).await).contains("no process"));
    refusal(perform("process.freeze", &with, Phase::Send).await);
    assert!(!seen(&perform("process.freeze", &with, Phase::Recheck).await));
}
