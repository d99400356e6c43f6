//! A replica frozen past its lease with calls under way, which wakes up when others have finished its runs.

use reqwest::Method;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::{KEYED, LIMIT, ONCE, calling};
use crate::harness::daemon::{Daemon, Setup};
use crate::harness::load::delivery;
use crate::harness::patience::poll;
use crate::harness::servers::Postgres;
use crate::harness::target::Target;
use crate::harness::world::{step, timeline};

async fn run_of(daemon: &Daemon, number: u64, rule: &str) -> String {
    let answer = daemon.deliver(Setup::DETECTOR, &delivery(number, rule)).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    answer.json()["alerts"][0]["run"].as_str().unwrap().to_owned()
}

async fn until_completed(daemon: &Daemon, run: &str) -> Value {
    let completed = |view: &Value| (view["status"] == "completed").then(|| view.clone());
    daemon.read_until(&format!("/runs/{run}"), LIMIT, completed).await
}

/// The run without what came too late.
fn without_late(view: &Value) -> Value {
    let mut view = view.clone();
    view.as_object_mut().unwrap().remove("late_replies");
    view["timeline"]
        .as_array_mut()
        .unwrap()
        .retain(|entry| !entry["text"].as_str().unwrap().contains("heard too late"));
    view
}

/// Waits until the run shows what was heard too late, and nothing else that is new; gives the replica that heard it.
async fn assert_late(daemon: &Daemon, before: &Value) -> String {
    let path = format!("/runs/{}", before["id"].as_str().unwrap());
    let late = |view: &Value| view["late_replies"].as_array().filter(|late| !late.is_empty()).map(|_| view.clone());
    let after = daemon.read_until(&path, LIMIT, late).await;
    assert_eq!(&without_late(&after), before, "a zombie changes nothing");
    let late = after["late_replies"].as_array().unwrap();
    assert!(late.len() == 1 && late[0]["kind"] == "attempt_ended" && late[0]["epoch"] == 1, "{late:#?}");
    assert!(timeline(&after).contains("it changed nothing: it was applied"), "{}", timeline(&after));
    late[0]["replica"].as_str().unwrap().to_owned()
}

/// The ids in the daemon's own words about its death and its return.
async fn ids_of_return(daemon: &Daemon) -> (String, String) {
    let told = poll(LIMIT, || async {
        let log = daemon.log();
        let id = |words: &str| {
            let line = log.lines().find(|line| line.contains(words))?;
            let id = line.split("replica.id").nth(1)?.trim_start_matches(|char: char| !char.is_alphanumeric());
            Some(id.split(|char: char| !char.is_alphanumeric() && char != '_' && char != '-').next()?.to_owned())
        };
        Some((id("this replica was declared dead")?, id("this replica is back")?))
    });
    told.await.unwrap_or_else(|| panic!("it never came back:\n{}", daemon.log()))
}

#[tokio::test]
async fn a_replica_frozen_past_its_lease_changes_nothing_when_it_wakes_and_serves_again_under_a_new_id() {
    let (target, server) = (Target::start().await, Postgres::start().await);
    let setup = || calling(&target).postgres(&[server.port()]);
    let mut zombie = Daemon::start(&setup()).await;
    let mut other = Daemon::start(&setup()).await;
    target.hold(true);
    let keyed = run_of(&zombie, 0, KEYED).await;
    let once = run_of(&zombie, 1, ONCE).await;
    target.until_called("/first/0", 1, LIMIT).await;
    target.until_called("/once/1", 1, LIMIT).await;
    zombie.signal(Signal::STOP);
    target.hold(false);

    let finished = until_completed(&other, &keyed).await;
    let keys = target.calls_of("/first/0");
    assert!(keys.len() == 2 && keys[0] == keys[1] && !keys[0].is_empty(), "sent again with the same key: {keys:?}");
    let asks = |view: &Value| (!step(view, "once")["needs_operator"].is_null()).then(|| view.clone());
    let asking = other.read_until(&format!("/runs/{once}"), LIMIT, asks).await;
    let calls = target.calls();
    assert_eq!(calls["/once/1"].len(), 1, "what is not protected is not sent again: {calls:?}");

    // The answers to its calls are there before it wakes.
    target.release();
    zombie.signal(Signal::CONT);
    let was = assert_late(&other, &finished).await;
    assert_eq!(assert_late(&other, &asking).await, was, "both were heard by one replica");
    assert_eq!(target.calls(), calls, "a zombie calls nobody");
    let (dead, back) = ids_of_return(&zombie).await;
    assert_eq!(dead, was, "{}", zombie.log());
    assert_ne!(back, was, "{}", zombie.log());

    zombie.wait_ready().await;
    let next = run_of(&zombie, 2, KEYED).await;
    until_completed(&zombie, &next).await;
    let order = json!({ "step": "once", "resolution": "applied", "reason": "the late reply says so" });
    let resolved = zombie.api(Method::POST, &format!("/runs/{once}/resolve"), Some(&order)).await;
    assert_eq!(resolved.status, 200, "{resolved:?}");
    until_completed(&zombie, &once).await;
    assert_eq!(target.calls_of("/once/1").len(), 1);
    other.stop().await;
    zombie.stop().await;
}
