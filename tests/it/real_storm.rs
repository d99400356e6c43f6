//! A storm of alerts on the real daemon: more agents than the budget allows, and one message to each person about them.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use thirtyfour::By;

use crate::harness::daemon::{Daemon, Delivery, Setup};
use crate::harness::request::Request;
use crate::harness::servers::{Chromium, Mail, Smtp};

const LIMIT: Duration = Duration::from_secs(40);

const STORM: &str = r#"
playbook: storm
mode: enforce
match: { when: "alert.rule == 'storm'" }
incident: { key: agent.id, on_new_alert: ignore }
budget: { contain: 5, per: 1h, over: approve }
stages:
  - stage: contain
    steps:
      - { step: pause, action: agent.pause, with: { reason: "{{alert.title}}" } }
"#;

async fn storm_of(agents: usize) -> (Daemon, Smtp, Vec<String>) {
    let smtp = Smtp::start().await;
    let mut setup = Setup::new().without_playbooks().playbook("storm", STORM).email(&smtp);
    for number in 0..agents {
        let entry = json!({
            "id": format!("bot-{number}"), "name": format!("bot-{number}"), "owner": "user:ana", "tier": "autonomous",
        });
        setup = setup.agent(entry);
    }
    let daemon = Daemon::start(&setup).await;
    let mut runs = Vec::new();
    for number in 0..agents {
        runs.push(alert(&daemon, number).await);
    }
    (daemon, smtp, runs)
}

async fn alert(daemon: &Daemon, number: usize) -> String {
    let body = json!({
        "id": format!("storm/{number}"), "rule": "storm", "severity": "high", "agent": format!("bot-{number}"),
        "title": format!("bot-{number} reads <b>everything</b>"),
    });
    let answer = daemon.deliver(Setup::DETECTOR, &Delivery::new(&format!("msg_{number}"), &body)).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    answer.json()["alerts"][0]["run"].as_str().unwrap().to_owned()
}

fn requests(smtp: &Smtp) -> Vec<Mail> {
    smtp.mails().into_iter().filter(|mail| mail.text.contains(Request::MARK)).collect()
}

async fn decide(daemon: &Daemon, request: &Request, page: &str) -> crate::harness::daemon::Answer {
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let form = Request::form(page, "approve", "it is a storm", &request.code);
    daemon.send(Method::POST, &request.path(), &kind, Some(form)).await
}

/// Waits until a run is over, and gives the verdict on its containment.
async fn ended(daemon: &Daemon, run: &str) -> Value {
    let over = |view: &Value| (view["status"] == "completed").then(|| view.clone());
    daemon.read_until(&format!("/runs/{run}"), LIMIT, over).await
}

#[tokio::test]
async fn eight_agents_over_a_budget_of_five_are_one_mail_and_one_decision_on_a_phone() {
    let (mut daemon, smtp, runs) = storm_of(8).await;
    let mail = smtp.wait_for_mail_with(Setup::ANA, Request::MARK, LIMIT).await;
    let request = Request::of(&mail);
    smtp.wait_for_mail_with(Setup::BEN, Request::MARK, LIMIT).await;
    let held = daemon.read("/approvals?pending=true").await;
    assert_eq!(held["approvals"].as_array().unwrap().len(), 3, "{held:#}");
    for run in &runs[..5] {
        assert_eq!(ended(&daemon, run).await["steps"][0]["state"], "unproven", "contained within the budget");
    }
    let id = held["approvals"][2]["approval"]["id"].as_str().unwrap();
    let shown = daemon.cli_text(&["approvals", "show", id]).await;
    assert!(shown.contains("3 requests wait together, over the budget of the playbook storm"), "{shown}");
    assert!(shown.contains("bot-5") && shown.contains("bot-7") && shown.contains("--together 3:"), "{shown}");

    let chromium = Chromium::start().await;
    chromium.page().goto(&request.link).await.unwrap();
    let text = chromium.page().find(By::Tag("body")).await.unwrap().text().await.unwrap();
    assert!(text.contains("3 agents: Do `pause` all the same?") && text.contains("These 3 agents wait"), "{text}");
    assert!(text.contains("bot-7 reads <b>everything</b>"), "an alert's words are no markup: {text}");
    let overflow = "return document.documentElement.scrollWidth - window.innerWidth";
    let overflow = chromium.page().execute(overflow, Vec::new()).await.unwrap().json().as_i64().unwrap();
    assert!(overflow <= 0, "the page is {overflow} px wider than the phone");
    if let Ok(folder) = std::env::var("TEST_PAGES") {
        chromium.screenshot(&std::path::Path::new(&folder).join("storm.png")).await;
    }
    chromium.quit().await;

    let page = daemon.send(Method::GET, &request.path(), &[], None).await;
    let answer = decide(&daemon, &request, &page.text).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    for run in &runs[5..] {
        let view = ended(&daemon, run).await;
        assert_eq!(view["consistent"], true, "{view:#}");
        let done = (&view["approvals"][0]["status"], &view["steps"][0]["state"]);
        assert_eq!(done, (&json!("approved"), &json!("unproven")), "{view:#}");
    }
    let receipt = daemon.send(Method::GET, &answer.location(), &[], None).await;
    assert!(receipt.text.contains("For these 3 agents"), "{}", receipt.text);
    let people: Vec<String> = requests(&smtp).into_iter().flat_map(|mail| mail.to).collect();
    assert_eq!(people.len(), 2, "one mail a person: {people:?}");
    daemon.stop().await;
}

#[tokio::test]
async fn a_decision_about_a_storm_outlives_a_kill_before_everybody_was_told() {
    let (mut daemon, smtp, runs) = storm_of(30).await;
    let request = Request::of(&smtp.wait_for_mail_with(Setup::ANA, Request::MARK, LIMIT).await);
    let page = daemon.send(Method::GET, &request.path(), &[], None).await;
    // The kill meets the daemon while it tells one run after the other.
    let sent = decide(&daemon, &request, &page.text);
    let killed = async {
        daemon
            .read_until(&format!("/runs/{}", runs[5]), LIMIT, |view| (view["status"] == "completed").then_some(()))
            .await;
    };
    tokio::select! {
        _ = sent => {}
        () = killed => {}
    }
    daemon.kill9();
    daemon.restart().await;
    for run in &runs[5..] {
        let view = ended(&daemon, run).await;
        assert_eq!(
            (&view["consistent"], &view["approvals"][0]["status"]),
            (&json!(true), &json!("approved")),
            "{view:#}"
        );
    }
    let pending = daemon.read("/approvals?pending=true").await;
    assert_eq!(pending["approvals"], json!([]), "{pending:#}");
    daemon.stop().await;
}
