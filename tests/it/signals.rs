//! What the daemon does when the system tells it to stop or to look again.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::daemon::{Daemon, Setup};
use crate::harness::patience::poll;

const PATIENCE: Duration = Duration::from_secs(30);

fn tell(daemon: &Daemon, signal: Signal) {
    kill_process(Pid::from_raw(i32::try_from(daemon.id()).unwrap()).unwrap(), signal).unwrap();
}

async fn until_logged(daemon: &Daemon, words: &str) {
    let found = poll(PATIENCE, || async { daemon.log().contains(words).then_some(()) }).await;
    assert!(found.is_some(), "`{words}` is not in the log:\n{}", daemon.log());
}

#[tokio::test]
async fn a_request_under_way_is_answered_and_recorded_though_a_stop_was_asked_for() {
    let mut daemon = Daemon::start(&Setup::new().agent_with_token("billing-bot", "a-token-4c1d")).await;
    let body = r#"{"reason":"odd things at night"}"#;
    let head = format!(
        "POST /api/v1/agents/billing-bot/pause HTTP/1.1\r\nhost: standdown\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n",
        Setup::ANA_TOKEN,
        body.len()
    );
    let mut stream = TcpStream::connect(daemon.url().trim_start_matches("http://")).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut wanted = [0; 12];
    stream.read_exact(&mut wanted).await.unwrap();
    assert_eq!(&wanted, b"HTTP/1.1 100", "the body is waited for: the request is under way");
    let (first, rest) = body.split_at(10);
    stream.write_all(first.as_bytes()).await.unwrap();
    tell(&daemon, Signal::TERM);
    until_logged(&daemon, "stopping: finishing what is under way").await;
    stream.write_all(rest.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("HTTP/1.1 200"), "{answer}\n{}", daemon.log());
    daemon.stop().await;
    daemon.restart().await;
    assert_eq!(daemon.read("/agents/billing-bot").await["standing"], "paused");
}

#[tokio::test]
async fn a_hangup_has_the_playbooks_loaded_again_and_ends_nothing() {
    let daemon = Daemon::start(&Setup::new()).await;
    assert!(!daemon.log().contains("playbooks were loaded again"), "{}", daemon.log());
    tell(&daemon, Signal::HUP);
    until_logged(&daemon, "playbooks were loaded again").await;
    assert_eq!(daemon.read("/status").await["playbooks"]["serving"], 2);
}

const NAMED: &str = "
playbook: named
mode: enforce
match: { when: alert.rule == 'none' }
stages:
  - stage: ask
    steps:
      - { step: ask, approval: on-call }
";

#[tokio::test]
async fn a_hangup_reads_the_approvals_of_the_configuration_again_and_a_broken_one_takes_nothing_away() {
    let daemon = Daemon::start(&Setup::new()).await;
    let file = daemon.configuration();
    let before: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let with = |timeout: &str| {
        let mut after = before.clone();
        after["approvals"] = json!({ "on-call": { "ask": "Go on?", "timeout": timeout } });
        std::fs::write(&file, after.to_string()).unwrap();
    };
    with("1h");
    std::fs::write(daemon.folder().join("playbooks/named.yaml"), NAMED).unwrap();
    tell(&daemon, Signal::HUP);
    let serving = || async { (daemon.read("/status").await["playbooks"]["serving"] == 3).then_some(()) };
    assert!(poll(PATIENCE, serving).await.is_some(), "{}", daemon.log());
    with("2h");
    tell(&daemon, Signal::HUP);
    let changed = || async {
        let history = daemon.read("/playbooks/history").await;
        let changed = history["facts"][0]["changed"]["changed"].as_array().cloned().unwrap_or_default();
        changed.iter().any(|one| one["playbook"] == "named").then_some(())
    };
    assert!(poll(PATIENCE, changed).await.is_some(), "the longer time was not taken:\n{}", daemon.log());
    with("soon");
    tell(&daemon, Signal::HUP);
    until_logged(&daemon, "its approvals stay as they were").await;
    assert_eq!(daemon.read("/status").await["playbooks"]["serving"], 3);
}

#[tokio::test]
async fn a_person_who_has_the_playbooks_loaded_again_has_the_approvals_read_again_too() {
    let daemon = Daemon::start(&Setup::new().playbook("named", NAMED)).await;
    let serving = || async { daemon.read("/status").await["playbooks"]["serving"].clone() };
    assert_eq!(serving().await, 2, "the approval that it names is not there");
    let file = daemon.configuration();
    let mut configuration: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    configuration["approvals"] = json!({ "on-call": { "ask": "Go on?", "timeout": "1h" } });
    std::fs::write(&file, configuration.to_string()).unwrap();
    let reloaded = daemon.cli_text(&["playbooks", "reload"]).await;
    assert_eq!(serving().await, 3, "{reloaded}");
}

#[tokio::test]
async fn what_a_hangup_changed_stands_in_the_log_in_the_history_and_on_the_command_line() {
    let mut daemon = Daemon::start(&Setup::new()).await;
    let file = daemon.folder().join("playbooks/token-misuse.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("mode: enforce"), "{text}");
    std::fs::write(&file, text.replace("mode: enforce", "mode: observe")).unwrap();
    until_logged(&daemon, "this playbook no longer acts").await;
    daemon.stop().await;
    std::fs::write(&file, &text).unwrap();
    daemon.restart().await;
    until_logged(&daemon, "this playbook ACTS from now on").await;
    assert!(daemon.log().contains("+mode: enforce"), "{}", daemon.log());
    std::fs::write(&file, text.replace("agent.pause", "agent.puase")).unwrap();
    tell(&daemon, Signal::HUP);
    until_logged(&daemon, "agent.puase").await;

    let history = daemon.read("/playbooks/history").await;
    let facts = history["facts"].as_array().unwrap();
    let causes: Vec<_> = facts
        .iter()
        .map(|fact| fact.get("changed").or_else(|| fact.get("refused")).unwrap()["cause"].as_str().unwrap())
        .collect();
    assert!(matches!(causes[0], "signal" | "file_change"), "whichever came first is the cause: {causes:?}");
    assert_eq!(causes[1..], ["start", "file_change", "start"], "{history:#}");
    assert_eq!(facts[0]["refused"]["faults"][0]["code"], "SD0320", "{history:#}");
    assert_eq!(facts[1]["changed"]["now_acting"], serde_json::json!(["token-misuse"]), "{history:#}");
    let shown = daemon.cli_text(&["playbooks", "history", "--diff"]).await;
    for words in
        ["token-misuse ACTS from then on", "-mode: observe", "+mode: enforce", "SD0320", "because the daemon started"]
    {
        assert!(shown.contains(words), "no `{words}` in\n{shown}");
    }
    std::fs::write(&file, text.replace("title:", "title: Newly")).unwrap();
    let reloaded = daemon.cli_text(&["playbooks", "reload"]).await;
    assert!(reloaded.contains("playbooks serve"), "{reloaded}");
    // The watcher of the folder may have been first; then there was nothing left for the command to do.
    if reloaded.contains("nothing changed") {
        let told = || async {
            daemon.cli_text(&["playbooks", "history", "--diff"]).await.contains("+title: Newly").then_some(())
        };
        assert!(poll(PATIENCE, told).await.is_some(), "the change is nowhere:\n{}", daemon.log());
    } else {
        assert!(reloaded.contains("~ token-misuse") && reloaded.contains("+title: Newly"), "{reloaded}");
    }
}

#[tokio::test]
async fn a_folder_that_is_gone_for_a_while_leaves_what_was_loaded_serving() {
    let daemon = Daemon::start(&Setup::new()).await;
    let (folder, away) = (daemon.folder().join("playbooks"), daemon.folder().join("away"));
    std::fs::rename(&folder, &away).unwrap();
    tell(&daemon, Signal::HUP);
    until_logged(&daemon, "those that were loaded serve").await;
    assert_eq!(daemon.read("/status").await["playbooks"]["serving"], 2);
    std::fs::rename(&away, &folder).unwrap();
    tell(&daemon, Signal::HUP);
    until_logged(&daemon, "playbooks were loaded again").await;
    assert_eq!(daemon.read("/status").await["playbooks"]["serving"], 2);
}
