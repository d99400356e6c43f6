//! `standdown fsck`: a store that is sound, whatever happened to it, and one that somebody spoilt.

use std::process::Output;

use serde_json::{Value, json};

use crate::harness::daemon::{Daemon, Delivery, Setup};
use crate::harness::database;
use crate::harness::scene::Scene;

/// What `fsck --json` says, and whether it exits with 0.
pub async fn fsck(daemon: &Daemon) -> (bool, Value) {
    let Output { status, stdout, stderr } = daemon.cli(&["fsck", "--json"]).await;
    let text = String::from_utf8(stdout).unwrap();
    let report = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{error}: {text}\n{}", String::from_utf8_lossy(&stderr)));
    assert!(matches!(status.code(), Some(0 | 1)), "{status}: {text}");
    (status.success(), report)
}

/// A daemon with a bit of everything in its store: a run that waits for people, one that is over, alerts, messages, a
/// hold by hand, a refused delivery.
pub async fn eventful() -> (Scene, String) {
    let scene = Scene::start(|setup| setup).await;
    let run = scene.misuse_run().await;
    scene.until_asked(&run).await;
    scene.request(1).await;
    for number in 0..3 {
        scene.take(&Scene::harmless(&format!("harmless-{number}"), "mail-bot")).await;
    }
    let refused = scene.daemon.deliver(Setup::DETECTOR, &Delivery::new("no-alert", &json!({}))).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    scene.daemon.cli_text(&["agents", "pause", Scene::AGENT, "--reason", "by hand, too"]).await;
    (scene, run)
}

#[tokio::test]
async fn a_store_is_sound_while_the_daemon_works_and_after_it_has_stopped_or_was_killed() {
    let (mut scene, run) = eventful().await;
    let (sound, report) = fsck(&scene.daemon).await;
    assert!(sound && report["fault_count"] == 0, "{report:#}");
    let counts = &report["counts"];
    for kind in ["alerts", "alert_bodies", "incidents", "approvals", "holds", "messages", "dead_letters", "runs"] {
        assert!(counts[kind].as_u64().is_some_and(|count| count > 0), "no {kind} were looked at: {report:#}");
    }
    assert_eq!((&counts["runs_replayed"], &counts["runs_chain_only"]), (&json!(1), &Value::Null), "{report:#}");
    scene.daemon.kill9();
    let (sound, report) = fsck(&scene.daemon).await;
    assert!(sound, "{report:#}");
    scene.daemon.restart().await;
    let request = scene.request(1).await;
    let page = scene.page(&request.token).await;
    let plan = page.text.split("name=\"plan\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let answer = scene.decide(&request, "approve", &request.code, &plan).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    scene.until_finished(&run).await;
    scene.daemon.stop().await;
    let (sound, report) = fsck(&scene.daemon).await;
    assert!(sound && report["counts"]["runs_replayed"] == 1, "{report:#}");
    let words = scene.daemon.cli_text(&["fsck"]).await;
    assert!(words.contains("no fault") && words.contains("runs replayed"), "{words}");
}

/// What somebody did to the database, and what must be said of it: the kind of the fault, and a part of it.
const SPOILT: [(&str, &str, &str); 17] = [
    ("UPDATE runs SET wake_at = wake_at + 1", "row", "column `wake_at`"),
    ("UPDATE runs SET status = 'completed'", "row", "column `status`"),
    ("UPDATE runs SET open = 0", "row", "column `open`"),
    ("UPDATE runs SET state = json_set(state, '$.joined', 7)", "replay", "leads to another state"),
    ("UPDATE runs SET state = '{'", "row", "column `state`"),
    ("UPDATE runs SET state = json_set(state, '$.version', 99), version = 99", "history", "ends with event"),
    ("UPDATE alerts SET body = json_set(body, '$.title', 'nothing happened')", "replay", "began with"),
    ("DELETE FROM events WHERE substr(subject, 1, 1) = x'72' AND seq = 2", "history", "event 2 should be here"),
    (
        "DROP TRIGGER events_do_not_change; \
         UPDATE events SET actor = '\"system\"' WHERE substr(subject, 1, 1) = x'69' AND seq = 1",
        "history",
        "is not what was written",
    ),
    ("DELETE FROM events WHERE substr(subject, 1, 1) = x'61' AND seq = 1", "history", "event 1 should be here"),
    ("DELETE FROM runs", "belonging", "its run is missing"),
    ("DELETE FROM incidents", "belonging", "its incident is missing"),
    (
        "INSERT INTO incidents SELECT zeroblob(16), era + 1, version, key, open, body FROM incidents WHERE open = 1 LIMIT 1",
        "belonging",
        "a key that no other open incident has is missing",
    ),
    ("DELETE FROM alerts", "belonging", "its alert is missing"),
    ("UPDATE approvals SET body = json_set(body, '$.ask', 'May I?')", "row", "it is not what the state of"),
    ("DELETE FROM approvals", "belonging", "is missing"),
    ("DELETE FROM playbooks", "playbook", "the store does not have it"),
];

#[tokio::test]
async fn whatever_somebody_spoils_is_found_and_named_and_the_exit_code_says_so() {
    let (mut scene, run) = eventful().await;
    scene.daemon.stop().await;
    let file = database::file(scene.daemon.folder());
    let good = std::fs::read(&file).unwrap();
    for (statements, kind, what) in SPOILT {
        std::fs::write(&file, &good).unwrap();
        database::change(&file, statements).await;
        let (sound, report) = fsck(&scene.daemon).await;
        assert!(!sound, "{statements}: {report:#}");
        let faults = report["faults"].as_array().unwrap();
        let told = faults.iter().any(|fault| fault["kind"] == kind && fault["what"].as_str().unwrap().contains(what));
        assert!(told, "{statements}: {report:#}");
        assert!(faults.iter().all(|fault| !fault["hint"].as_str().unwrap().is_empty()), "{report:#}");
    }
    std::fs::write(&file, &good).unwrap();
    database::change(&file, "UPDATE runs SET wake_at = wake_at + 1").await;
    let output = scene.daemon.cli(&["fsck"]).await;
    let words = String::from_utf8(output.stdout).unwrap();
    assert!(words.contains(&run) && words.contains("column `wake_at`") && words.contains("1 fault"), "{words}");
    std::fs::write(&file, &good).unwrap();
    assert!(fsck(&scene.daemon).await.0, "what was put back is sound again");
}

#[tokio::test]
async fn a_page_of_noise_in_the_file_is_a_fault_and_the_rest_is_still_looked_at() {
    let (mut scene, _) = eventful().await;
    scene.daemon.stop().await;
    let file = database::file(scene.daemon.folder());
    let root = database::number(&file, "SELECT rootpage FROM sqlite_master WHERE name = 'messages'").await;
    let mut bytes = std::fs::read(&file).unwrap();
    let start = (usize::try_from(root).unwrap() - 1) * 4096;
    bytes[start..start + 4096].fill(0xa5);
    std::fs::write(&file, bytes).unwrap();
    let (sound, report) = fsck(&scene.daemon).await;
    assert!(!sound, "{report:#}");
    let faults = report["faults"].as_array().unwrap();
    assert!(faults.iter().any(|fault| fault["kind"] == "file" || fault["kind"] == "unreadable"), "{report:#}");
    assert_eq!(report["counts"]["runs_replayed"], 1, "{report:#}");
}
