//! A world outside that does not do what it should: agents nobody knows, secrets that are missing, a provider that
//! refuses or lies, a mailbox that is closed.

use serde_json::{Value, json};

use crate::harness::daemon::Setup;
use crate::harness::lab::Revocation;
use crate::harness::patience::poll;
use crate::harness::scene::{PATIENCE, Scene};

fn step<'a>(view: &'a Value, name: &str) -> &'a Value {
    view["steps"].as_array().unwrap().iter().find(|step| step["path"] == name).unwrap_or_else(|| panic!("{view:#}"))
}

#[tokio::test]
async fn an_unknown_agent_has_an_incident_that_nobody_owns_and_the_fallback_owner_is_told() {
    let scene = Scene::start(|setup| setup).await;
    let answer = scene.take(&Scene::misuse("stranger", "stranger")).await;
    assert_eq!(answer["agent"], json!({ "id": "stranger", "known": false }), "{answer}");
    assert_eq!(answer["run"], Value::Null, "its tier is unknown, so the playbook does not match: {answer}");
    let incident = answer["incident"].as_str().unwrap();
    let shown = scene.daemon.read(&format!("/incidents/{incident}")).await;
    assert_eq!(shown["incident"]["unowned"], true, "{shown:#}");
    let text = scene.mail_about("Unknown agent: stranger").await;
    assert!(text.contains(incident), "{text}");
    assert!(!scene.gate_allows("stranger").await, "whoever is not in the inventory does not act");
    scene.assert_serves().await;
}

#[tokio::test]
async fn a_step_whose_secret_is_not_in_the_inventory_fails_before_anything_is_sent() {
    let entry = json!({ "id": "poor-bot", "owner": "user:ana", "tier": "autonomous", "gated": true });
    let scene = Scene::start(|setup| setup.agent(entry)).await;
    assert!(scene.gate_allows("poor-bot").await);
    let answer = scene.take(&Scene::misuse("poor", "poor-bot")).await;
    let run = answer["run"].as_str().unwrap().to_owned();
    scene.until_asked(&run).await;
    let view = scene.run(&run).await;
    let revoke = step(&view, "revoke");
    assert_eq!((&revoke["state"], &revoke["verdict"]), (&json!("failed"), &json!("failed")), "{revoke:#}");
    let detail = revoke["detail"].as_str().unwrap();
    assert!(detail.contains("nothing was sent") && detail.contains("credentials.idp"), "{detail}");
    assert_eq!(scene.provider.calls(), Vec::<String>::new());
    assert_eq!(view["verdict"], "failed", "{view:#}");
    assert!(!scene.gate_allows("poor-bot").await, "the pause does not depend on the provider");
    scene.assert_serves().await;
}

#[tokio::test]
async fn a_secret_whose_file_is_gone_fails_the_step_before_anything_is_sent_and_the_pause_stands() {
    let scene = Scene::start(|setup| setup).await;
    std::fs::remove_file(scene.daemon.folder().join("secrets/token-billing-bot")).unwrap();
    let run = scene.misuse_run().await;
    let failing = |view: &Value| {
        let revoke = step(view, "revoke");
        (revoke["state"] == "failed").then(|| view.clone())
    };
    let view = scene.daemon.read_until(&format!("/runs/{run}"), PATIENCE, failing).await;
    assert_ne!(view["verdict"], "contained", "{view:#}");
    assert_eq!(scene.provider.calls(), Vec::<String>::new());
    assert!(!scene.gate_allows(Scene::AGENT).await);
    scene.assert_serves().await;
}

#[tokio::test]
async fn a_refused_revocation_is_failed_and_shown_so_everywhere() {
    let scene = Scene::start(|setup| setup).await;
    scene.provider.revocations(Revocation::Refused);
    let run = scene.misuse_run().await;
    scene.until_asked(&run).await;
    let view = scene.run(&run).await;
    assert_eq!(step(&view, "revoke")["verdict"], "failed", "{view:#}");
    assert_eq!((&view["verdict"], &view["contained_at"]), (&json!("failed"), &Value::Null), "{view:#}");
    scene.mail_about("billing-bot: containment FAILED").await;
    let page = scene.page(&scene.request(1).await.token).await;
    assert!(page.status == 200 && page.text.contains("NOT contained"), "{}", page.text);
    let shown = scene.daemon.cli_text(&["runs", "show", &run]).await;
    assert!(shown.contains("failed"), "{shown}");
    scene.assert_serves().await;
}

#[tokio::test]
async fn a_revocation_answered_200_without_effect_is_unproven() {
    let text = Setup::shipped_text("token-misuse").replace("verify: { within: 30s", "verify: { within: 2s");
    let scene = Scene::start(|setup| setup.playbook("token-misuse", &text)).await;
    scene.provider.revocations(Revocation::Lies);
    let run = scene.misuse_run().await;
    scene.until_asked(&run).await;
    let view = scene.run(&run).await;
    let revoke = step(&view, "revoke");
    assert_eq!((&revoke["state"], &revoke["verdict"]), (&json!("unproven"), &json!("unproven")), "{revoke:#}");
    assert_eq!((&view["verdict"], &view["contained_at"]), (&json!("unproven"), &Value::Null), "{view:#}");
    scene.mail_about("billing-bot: containment is NOT proven").await;
    scene.assert_serves().await;
}

#[tokio::test]
async fn a_mailbox_that_is_closed_is_tried_again_and_shown_as_not_delivered_until_then() {
    let scene = Scene::start(|setup| setup).await;
    scene.inbox.answer(503, &[], "later");
    let run = scene.misuse_run().await;
    scene.until_asked(&run).await;
    let waits = |view: &Value| {
        let messages = view["messages"].as_array()?;
        let failed = |message: &&Value| message["failures"].as_u64() >= Some(1) && message["error"].is_string();
        (!messages.is_empty() && messages.iter().all(|message| failed(&message))).then(|| messages.clone())
    };
    let messages = scene.daemon.read_until(&format!("/runs/{run}"), PATIENCE, waits).await;
    assert!(messages.iter().all(|message| message["status"] != "sent"), "{messages:#?}");
    let counts = scene.daemon.read("/status").await["counts"].clone();
    assert!(counts["waiting_messages"].as_u64() >= Some(1), "{counts}");
    scene.inbox.answer(200, &[], "{}");
    let sent = |view: &Value| {
        let messages = view["messages"].as_array()?;
        messages.iter().all(|message| message["status"] == "sent").then(|| messages.clone())
    };
    let messages = scene.daemon.read_until(&format!("/runs/{run}"), PATIENCE, sent).await;
    assert!(messages.iter().any(|message| message["failures"].as_u64() >= Some(1)), "{messages:#?}");
    // The links of the failed tries are void; the one that arrived is good.
    let requests = scene.requests();
    let good = scene.page(&requests.last().unwrap().token).await;
    assert_eq!(good.status, 200);
    for request in &requests[..requests.len() - 1] {
        let page = scene.page(&request.token).await;
        assert_eq!(page.status, 404, "a link that was not delivered is good for nothing");
    }
    scene.assert_serves().await;
}

#[tokio::test]
async fn a_mail_server_that_is_down_is_shown_and_holds_nothing_up() {
    let options = json!({ "host": "127.0.0.1", "port": 1, "tls": "none", "from": "standdown@example.test" });
    let scene = Scene::start(|setup| {
        setup
            .set("/channels/email", options)
            .set("/people/ana/webhook", Value::Null)
            .set("/people/ben/webhook", Value::Null)
    })
    .await;
    let run = scene.misuse_run().await;
    let asked = scene.until_asked(&run).await;
    let failed = |view: &Value| {
        let messages = view["messages"].as_array()?;
        let tried = messages.iter().any(|message| message["failures"].as_u64() >= Some(1));
        tried.then(|| messages.clone())
    };
    let messages = scene.daemon.read_until(&format!("/runs/{run}"), PATIENCE, failed).await;
    let said = messages.iter().find_map(|message| message["error"].as_str()).unwrap();
    assert!(!said.is_empty(), "{messages:#?}");
    assert!(messages.iter().all(|message| message["status"] != "sent"), "{messages:#?}");
    let hash = format!("\"{}\"", asked["plan"]["hash"].as_str().unwrap());
    let path = format!("/approvals/{}/approve", asked["id"].as_str().unwrap());
    let body = json!({ "reason": "the mail is down, so I decide here" });
    let answer = scene.daemon.api_with(reqwest::Method::POST, &path, &[("if-match", &hash)], Some(&body)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let view = scene.until_finished(&run).await;
    assert_eq!(view["status"], "completed");
    assert!(scene.gate_allows(Scene::AGENT).await);
    let shown = poll(PATIENCE, || async { Some(scene.daemon.cli_text(&["runs", "show", &run]).await) }).await.unwrap();
    assert!(shown.contains("ana"), "{shown}");
    scene.assert_serves().await;
}
