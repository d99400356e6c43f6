//! The client's book and the target's book compared with what the daemon shows in the end.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use reqwest::Method;
use serde_json::{Value, json};

use super::LIMIT;
use crate::harness::daemon::Daemon;
use crate::harness::load::{Acknowledged, Book};
use crate::harness::target::Target;
use crate::harness::world::{step, timeline};
use crate::operations::fsck::fsck;

/// How many questions are asked of the daemon at the same time.
const AT_ONCE: usize = 16;
/// How long is waited between two looks at all runs that are not over.
const PAUSE: Duration = Duration::from_millis(500);
/// What a timeline says of a call that was under way when its daemon died.
const DIED: &str = "the process died during this attempt";

/// What the comparison found, for the test to say that it was about something.
#[derive(Debug, Default)]
pub struct Findings {
    /// Calls that were made more than once, each with one key.
    pub repeated: usize,
    /// Calls without protection that a person had to judge.
    pub judged: usize,
    /// Runs that a person had to let go on, because so many kills met a call of theirs in a row.
    pub released: usize,
}

/// Waits for the end of every run, judging by the target's book where a person is asked; then compares.
pub async fn compare(daemon: &Daemon, book: &Book, target: &Target) -> Findings {
    let (ended, released) = ends_of(daemon, book, target).await;
    let mut findings = Findings { released, ..Findings::default() };
    let calls = target.calls();
    for (taken, run) in &ended {
        assert_eq!(run["consistent"], true, "{run:#}");
        assert!(run["quarantined"].is_null(), "{run:#}");
        for path in steps_of(taken.number) {
            let keys = calls.get(&format!("/{path}/{}", taken.number)).map_or(&[][..], Vec::as_slice);
            findings.repeated += usize::from(keys.len() > 1);
            assert_call(run, path, keys);
        }
        findings.judged += usize::from(is_judged(run));
    }
    compare_with_store(daemon, book).await;
    findings
}

const fn steps_of(number: u64) -> [&'static str; 2] {
    if number.is_multiple_of(2) { ["first", "second"] } else { ["once", "after"] }
}

/// Whether a person said what became of a call: nobody did anything else in these runs.
fn is_judged(run: &Value) -> bool {
    run["timeline"].as_array().unwrap().iter().any(|entry| entry["actor"].to_string().contains("ana"))
}

/// Every run once it is over. Rounds with pauses: a daemon that is busy answering would do nothing else. The time allowed is
/// counted from the last run that ended: after a thousand kills one round alone takes minutes.
async fn ends_of<'a>(daemon: &Daemon, book: &'a Book, target: &Target) -> (Vec<(&'a Acknowledged, Value)>, usize) {
    let (mut open, mut ended): (Vec<_>, Vec<_>) = (book.acknowledged.iter().collect(), Vec::new());
    let mut released = 0;
    let mut got_on = Instant::now();
    loop {
        let count = open.len();
        let mut still = Vec::new();
        let mut last = Value::Null;
        for taken in open {
            let view = daemon.read(&format!("/runs/{}", taken.run)).await;
            if view["ended_at"].is_null() {
                released += usize::from(release(daemon, taken, &view).await);
                judge(daemon, taken, &view, target).await;
                still.push(taken);
                last = view;
            } else {
                ended.push((taken, view));
            }
        }
        if still.is_empty() {
            return (ended, released);
        }
        if still.len() < count {
            got_on = Instant::now();
        }
        let log = || daemon.log();
        assert!(got_on.elapsed() < LIMIT, "{} runs never ended; one of them: {last:#}\n{}", still.len(), log());
        open = still;
        tokio::time::sleep(PAUSE).await;
    }
}

/// Lets a run go on that is quarantined; whether it was. Nobody but kills may have brought that about.
async fn release(daemon: &Daemon, taken: &Acknowledged, run: &Value) -> bool {
    let Some(why) = run["quarantined"].as_str() else { return false };
    assert!(why.starts_with("its owner died "), "{run:#}");
    let order = json!({ "reason": "it was us who killed them" });
    let answer = daemon.api(Method::POST, &format!("/runs/{}/release", taken.run), Some(&order)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    true
}

/// Says what became of a call that only a person can judge, if the run asks for that.
async fn judge(daemon: &Daemon, taken: &Acknowledged, run: &Value, target: &Target) {
    let asks = |step: &&Value| !step["needs_operator"].is_null();
    if !run["quarantined"].is_null() {
        return; // It goes on by now, and is looked at again.
    }
    let Some(asking) = run["steps"].as_array().unwrap().iter().find(asks) else { return };
    assert_eq!(asking["path"], "once", "only what may not be sent again needs a person: {run:#}");
    assert!(timeline(run).contains(&format!("once: {DIED}")), "the doubt must be told: {run:#}");
    let made = !target.calls_of(&format!("/once/{}", taken.number)).is_empty();
    let resolution = if made { "applied" } else { "not_applied" };
    let order = json!({ "step": "once", "resolution": resolution, "reason": "the target's own book says so" });
    let answer = daemon.api(Method::POST, &format!("/runs/{}/resolve", taken.run), Some(&order)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(step(&answer.json(), "once")["state"], if made { "succeeded" } else { "failed" }, "{answer:?}");
}

/// What the target saw of one call, against what the run's history says of it.
fn assert_call(run: &Value, path: &str, keys: &[String]) {
    let said = timeline(run);
    let seen: BTreeSet<_> = keys.iter().collect();
    assert!(seen.len() <= 1 && keys.iter().all(|key| !key.is_empty()), "one call has one key: {keys:?}\n{said}");
    match step(run, path)["state"].as_str().unwrap() {
        "succeeded" => assert!(!keys.is_empty(), "{path} succeeded and was never called:\n{said}"),
        "failed" => {
            assert!(path == "once" && is_judged(run) && keys.is_empty(), "{path} failed: {keys:?}\n{run:#}");
        }
        other => panic!("{path} is {other} in a run that is over: {run:#}"),
    }
    if path == "once" {
        assert!(keys.len() <= 1, "a call without protection was made {} times:\n{said}", keys.len());
    }
    if keys.len() > 1 {
        assert!(said.contains(&format!("{path}: {DIED}")), "nothing is repeated silently: {keys:?}\n{said}");
    }
}

/// Every acknowledged alert is there, exactly once, with exactly one run; and nothing else is.
async fn compare_with_store(daemon: &Daemon, book: &Book) {
    let shown = futures_util::stream::iter(&book.acknowledged)
        .map(|taken| async move { (taken, daemon.read(&format!("/incidents/{}", taken.incident)).await) })
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>()
        .await;
    for (taken, incident) in &shown {
        let (alerts, runs) = (incident["alerts"].as_array().unwrap(), incident["runs"].as_array().unwrap());
        assert!(alerts.len() == 1 && runs.len() == 1, "{incident:#}");
        assert_eq!(alerts[0]["alert"]["event_id"], format!("load-{}", taken.number), "{incident:#}");
        assert_eq!(alerts[0]["count"], 1, "what was sent again is no repeat: {incident:#}");
        assert_eq!(runs[0]["id"], taken.run.as_str(), "{incident:#}");
    }
    let runs: BTreeSet<_> = book.acknowledged.iter().map(|taken| &taken.run).collect();
    assert_eq!(runs.len(), book.acknowledged.len(), "every alert has a run of its own");
    let (sound, report) = fsck(daemon).await;
    assert!(sound && report["fault_count"] == 0, "{report:#}");
    for kind in ["alerts", "runs"] {
        assert_eq!(report["counts"][kind], runs.len(), "{kind}: {report:#}");
    }
}
