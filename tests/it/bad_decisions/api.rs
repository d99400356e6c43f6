//! Decisions through the API: who calls, about which plan, and when.

use reqwest::Method;
use serde_json::{Value, json};

use super::plan_of;
use crate::harness::daemon::{Answer, Setup};
use crate::harness::scene::{Scene, assert_problem};

async fn decide(scene: &Scene, token: &str, path: &str, tag: Option<&str>, body: &Value) -> Answer {
    let bearer = format!("Bearer {token}");
    let mut headers = vec![("authorization", bearer.as_str()), ("content-type", "application/json")];
    headers.extend(tag.map(|tag| ("if-match", tag)));
    scene.daemon.send(Method::POST, path, &headers, Some(body.to_string().into_bytes())).await
}

fn because() -> Value {
    json!({ "reason": "I looked at the logs" })
}

#[tokio::test]
async fn a_decision_needs_a_known_caller_the_plan_that_was_shown_and_a_reason() {
    let scene = Scene::start(|setup| setup).await;
    let run = scene.misuse_run().await;
    let asked = scene.until_asked(&run).await;
    let before = scene.run(&run).await;
    let approve = format!("/api/v1/approvals/{}/approve", asked["id"].as_str().unwrap());
    let (right, other) = (format!("\"{}\"", plan_of(&asked)), format!("\"{}\"", "0".repeat(64)));
    let ana = Setup::ANA_TOKEN;

    for token in ["", "wrong", &ana[..ana.len() - 1], &format!("{ana}x"), Setup::GATE_TOKEN] {
        assert_problem(&decide(&scene, token, &approve, Some(&right), &because()).await, 401, "SD5003");
    }
    let basic = [("authorization", "Basic YW5hOmFuYQ==")];
    assert_problem(&scene.daemon.send(Method::POST, &approve, &basic, None).await, 401, "SD5003");
    assert_problem(&scene.daemon.send(Method::POST, &approve, &[], None).await, 401, "SD5003");
    assert_problem(&decide(&scene, Setup::BEN_TOKEN, &approve, Some(&right), &because()).await, 403, "SD4003");
    assert_problem(&decide(&scene, ana, &approve, None, &because()).await, 428, "SD5008");
    assert_problem(&decide(&scene, ana, &approve, Some(&other), &because()).await, 412, "SD4004");
    for tag in ["*", "\"\"", "W/\"abc\"", "plan"] {
        assert_problem(&decide(&scene, ana, &approve, Some(tag), &because()).await, 400, "SD5009");
    }
    for body in [json!({}), json!({ "reason": "" }), json!({ "reason": " \n\t " })] {
        assert_problem(&decide(&scene, ana, &approve, Some(&right), &body).await, 422, "SD3008");
    }
    for body in [json!([]), json!({ "reason": 1 }), json!({ "reason": "a", "force": true })] {
        assert_problem(&decide(&scene, ana, &approve, Some(&right), &body).await, 400, "SD5005");
    }
    let nowhere = "/api/v1/approvals/apv_00000000000000000000000000/approve";
    assert_problem(&decide(&scene, ana, nowhere, Some(&right), &because()).await, 404, "SD4001");
    let after = scene.run(&run).await;
    assert_eq!((&after["steps"], &after["approvals"]), (&before["steps"], &before["approvals"]));
    assert!(!scene.gate_allows(Scene::AGENT).await);
    scene.assert_serves().await;
}

#[tokio::test]
async fn the_first_decision_counts_and_the_same_again_is_answered_as_before() {
    let scene = Scene::start(|setup| setup).await;
    let run = scene.misuse_run().await;
    let asked = scene.until_asked(&run).await;
    let id = asked["id"].as_str().unwrap();
    let tag = format!("\"{}\"", plan_of(&asked));
    let (approve, reject) = (format!("/api/v1/approvals/{id}/approve"), format!("/api/v1/approvals/{id}/reject"));
    let both = [&approve, &reject, &approve, &reject].map(|path| {
        let (scene, tag) = (&scene, &tag);
        async move { (path.clone(), decide(scene, Setup::ANA_TOKEN, path, Some(tag), &because()).await) }
    });
    let answers = futures_util::future::join_all(both).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|(_, answer)| answer.status == 200);
    assert!(!won.is_empty() && won.iter().all(|(path, _)| *path == won[0].0), "{answers:#?}");
    assert!(lost.iter().all(|(_, answer)| answer.status == 409), "{answers:#?}");
    let winner = won[0].0.clone();
    let again = decide(&scene, Setup::ANA_TOKEN, &winner, Some(&tag), &because()).await;
    assert_eq!(again.status, 200, "a repeat is no second vote and no error: {again:?}");
    assert_eq!(again.json()["approval"]["votes"].as_array().unwrap().len(), 1);
    let loser = if winner == approve { &reject } else { &approve };
    assert_problem(&decide(&scene, Setup::ANA_TOKEN, loser, Some(&tag), &because()).await, 409, "SD4002");
    scene.until_finished(&run).await;
    scene.assert_serves().await;
}

#[tokio::test]
async fn the_command_line_is_no_way_around_the_people_who_are_asked() {
    let scene = Scene::start(|setup| setup).await;
    let run = scene.misuse_run().await;
    let asked = scene.until_asked(&run).await;
    let id = asked["id"].as_str().unwrap();
    let resume = |token: &'static str| {
        let order = ["agents", "resume", Scene::AGENT, "--reason", "I need it now", "--url"];
        scene.daemon.cli_as(token, order.iter().map(|word| (*word).to_owned()).chain([scene.daemon.url()]).collect())
    };
    let refused = resume(Setup::BEN_TOKEN).await;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("SD4003") && said.contains(&run) && said.contains(id), "{said}");
    assert!(said.contains("vote there (asked: ana)"), "{said}");
    assert!(!scene.gate_allows(Scene::AGENT).await);
    assert_eq!(scene.until_asked(&run).await["status"], "pending");

    let lifted = resume(Setup::ANA_TOKEN).await;
    assert!(lifted.status.success(), "{lifted:?}");
    assert!(scene.gate_allows(Scene::AGENT).await);
    scene.until_finished(&run).await;
    let shown = scene.daemon.cli_text(&["runs", "show", &run]).await;
    assert!(shown.contains("ana lifted the hold by hand: \"I need it now\""), "{shown}");
    assert!(shown.contains("withdrawn: lifted by hand by ana"), "{shown}");
    scene.assert_serves().await;
}

#[tokio::test]
async fn the_plan_of_another_request_does_not_count() {
    let scene = Scene::start(|setup| setup.agent_with_token("other-bot", "opaque-token-of-other-bot")).await;
    let first = scene.misuse_run().await;
    let first = scene.until_asked(&first).await;
    assert!(scene.gate_allows("other-bot").await);
    let run = scene.take(&Scene::misuse("other", "other-bot")).await["run"].as_str().unwrap().to_owned();
    let second = scene.until_asked(&run).await;
    assert_ne!(plan_of(&first), plan_of(&second));
    let path = format!("/api/v1/approvals/{}/approve", second["id"].as_str().unwrap());
    let tag = format!("\"{}\"", plan_of(&first));
    assert_problem(&decide(&scene, Setup::ANA_TOKEN, &path, Some(&tag), &because()).await, 412, "SD4004");
    let output = scene
        .daemon
        .cli(&[
            "approvals",
            "decide",
            second["id"].as_str().unwrap(),
            "--approve",
            "--reason",
            "a stale terminal",
            "--plan-hash",
            &plan_of(&first),
        ])
        .await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("SD4004"), "{output:?}");
    assert!(!scene.gate_allows("other-bot").await);
    scene.assert_serves().await;
}

#[tokio::test]
async fn whoever_started_a_run_by_hand_does_not_vote_in_it() {
    let scene = Scene::start(|setup| setup).await;
    assert!(scene.gate_allows(Scene::AGENT).await);
    let order = json!({ "playbook": "token-misuse", "agent": Scene::AGENT, "reason": "it behaves oddly" });
    let started = scene.daemon.api(Method::POST, "/runs", Some(&order)).await;
    assert_eq!(started.status / 100, 2, "{started:?}");
    let run = started.json()["run"].as_str().unwrap().to_owned();
    let asked = scene.until_asked(&run).await;
    let path = format!("/api/v1/approvals/{}/approve", asked["id"].as_str().unwrap());
    let tag = format!("\"{}\"", plan_of(&asked));
    assert_problem(&decide(&scene, Setup::ANA_TOKEN, &path, Some(&tag), &because()).await, 403, "SD4003");
    assert!(!scene.gate_allows(Scene::AGENT).await);
    let ben = decide(&scene, Setup::BEN_TOKEN, &path, Some(&tag), &because()).await;
    assert_eq!(ben.status, 200, "the fallback owner decides in place of the owner who started it: {ben:?}");
    scene.until_finished(&run).await;
    scene.assert_serves().await;
}
