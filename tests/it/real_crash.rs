//! What must hold when something dies, refuses or lies on the way: the daemon itself, the provider, the mail server.
//!
//! The servers are real. Where the daemon has to die at one exact moment, a proxy holds the call; where the provider has
//! to lie, the proxy asks it as its public client, and the lie is the provider's own.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use crate::harness::daemon::Setup;
use crate::harness::interposer::Rule;
use crate::harness::request::Request;
use crate::harness::servers::Policy;
use crate::harness::world::{AGENT, LIMIT, World, step, timeline};

#[tokio::test]
async fn the_old_mails_link_works_after_a_kill_while_the_request_is_pending() {
    let mut world = World::start(Policy::Permissive, Rule::Pass, |setup| setup).await;
    let run = world.alert().await;
    let request = world.request().await;
    world.daemon.kill9();
    assert_eq!(world.nginx.call_as(AGENT).await, 500, "without the gate nginx lets nobody through");
    world.daemon.restart().await;
    assert_eq!(world.nginx.call_as(AGENT).await, 403, "the pause must have outlived the daemon");
    let ended = world.approve_and_see_the_end(&run, &request).await;
    assert_eq!(world.interposer.revocations().len(), 1, "nothing is sent twice: {}", timeline(&ended));
    let mails = world.smtp.mails();
    let requests = mails.iter().filter(|mail| mail.text.contains(Request::MARK)).count();
    assert_eq!(requests, 1, "a restart must not ask again: {mails:#?}");
    world.daemon.stop().await;
}

#[tokio::test]
async fn a_kill_before_the_revocation_reaches_the_provider_ends_the_same_way() {
    killed_while_revoking(Rule::HoldBefore).await;
}

#[tokio::test]
async fn a_kill_after_the_revocation_is_done_and_before_its_answer_ends_the_same_way() {
    killed_while_revoking(Rule::HoldAfter).await;
}

#[tokio::test]
async fn an_alert_that_was_answered_is_worked_off_although_the_daemon_dies_at_once() {
    let mut world = World::start(Policy::Permissive, Rule::Pass, |setup| setup).await;
    let delivery = World::delivery();
    let first = world.daemon.deliver(Setup::DETECTOR, &delivery).await;
    world.daemon.kill9();
    assert_eq!(first.status, 202, "{first:?}");
    world.daemon.restart().await;
    let run = first.json()["alerts"][0]["run"].as_str().unwrap().to_owned();
    let request = world.request().await;
    assert_eq!(world.nginx.call_as(AGENT).await, 403);
    let again = world.daemon.deliver(Setup::DETECTOR, &delivery).await;
    assert_eq!((again.status, again.json()), (first.status, first.json()), "the same delivery has the same answer");
    world.approve_and_see_the_end(&run, &request).await;
    let runs = world.daemon.read("/runs").await;
    assert_eq!(runs["runs"].as_array().unwrap().len(), 1, "{runs:#}");
}

#[tokio::test]
async fn a_decision_that_was_answered_is_carried_out_although_the_daemon_dies_at_once() {
    let mut world = World::start(Policy::Permissive, Rule::Pass, |setup| setup).await;
    let run = world.alert().await;
    let request = world.request().await;
    let page = world.daemon.send(Method::GET, &request.path(), &[], None).await;
    let form = Request::form(&page.text, "approve", "false alarm", &request.code);
    let answer = world.post_form(&request, form).await;
    world.daemon.kill9();
    assert_eq!(answer.status, 303, "{answer:?}");
    world.daemon.restart().await;
    world.agent_sees(200).await;
    let ended = world.run_in(&run, "completed").await;
    assert_eq!(ended["consistent"], true, "{ended:#}");
    let receipt = world.daemon.send(Method::GET, &answer.location(), &[], None).await;
    assert!(receipt.status == 200 && receipt.text.contains("false alarm"), "{receipt:?}");
}

#[tokio::test]
async fn an_owner_who_says_no_retires_the_agent_and_it_stays_so_after_a_kill() {
    let mut world = World::start(Policy::Permissive, Rule::Pass, |setup| setup).await;
    let run = world.alert().await;
    let request = world.request().await;
    let receipt = world.decide(&request, "reject", "nobody knows this address").await;
    assert!(receipt.contains("Keep it stopped"), "{receipt}");
    world.run_in(&run, "completed").await;
    world.daemon.kill9();
    world.daemon.restart().await;
    let refused = world.nginx.response_to(AGENT).await;
    assert_eq!(refused.status().as_u16(), 403);
    let reason = refused.headers()["x-standdown-reason"].to_str().unwrap();
    assert!(reason.starts_with("retired: "), "{reason}");
}

#[tokio::test]
async fn a_daemon_that_dies_at_every_call_in_turn_still_contains_once() {
    let mut world = World::start(Policy::Permissive, Rule::Pass, |setup| setup).await;
    // It dies while it reads the state before, twice while it revokes, and at each of the two looks for the effect.
    let calls_between_deaths = [0, 1, 0, 1, 1];
    let mut run = None;
    for calls in calls_between_deaths {
        world.interposer.hold_after(calls);
        match &run {
            None => run = Some(world.alert().await),
            Some(_) => world.daemon.restart().await,
        }
        world.interposer.wait_until_held(LIMIT).await;
        world.daemon.kill9();
    }
    world.interposer.set(Rule::Pass);
    world.daemon.restart().await;
    let request = world.request().await;
    let keys: Vec<_> =
        world.interposer.revocations().iter().map(|headers| headers["idempotency-key"].clone()).collect();
    assert_eq!(keys.len(), 3, "twice without an answer, and never again after it was answered: {keys:?}");
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    world.approve_and_see_the_end(&run.unwrap(), &request).await;
}

#[tokio::test]
async fn a_stop_while_the_revocation_is_under_way_is_orderly_and_it_is_taken_up_again() {
    let hasty = |setup: Setup| setup.set("/limits/drain", "500ms".into());
    let mut world = World::start(Policy::Permissive, Rule::HoldBefore, hasty).await;
    let run = world.alert().await;
    world.interposer.wait_until_held(LIMIT).await;
    world.daemon.stop().await;
    world.interposer.set(Rule::Pass);
    world.daemon.restart().await;
    let request = world.request().await;
    world.approve_and_see_the_end(&run, &request).await;
}

async fn killed_while_revoking(rule: Rule) {
    let mut world = World::start(Policy::Permissive, rule, |setup| setup).await;
    let run = world.alert().await;
    world.interposer.wait_until_held(LIMIT).await;
    world.daemon.kill9();
    assert_eq!(world.token_is_active().await, rule == Rule::HoldBefore);
    world.interposer.set(Rule::Pass);
    world.daemon.restart().await;

    let request = world.request().await;
    let asked = world.daemon.read(&format!("/runs/{run}")).await;
    assert_eq!(step(&asked, "revoke")["verdict"], "contained", "{asked:#}");
    assert_eq!(world.nginx.call_as(AGENT).await, 403);
    let said = timeline(&asked);
    assert!(said.contains("revoke: the process died during this attempt"), "the doubt must be told:\n{said}");
    let sends = world.interposer.revocations();
    let keys: Vec<_> = sends.iter().map(|headers| headers.get("idempotency-key").cloned()).collect();
    assert_eq!(keys.len(), 2, "sent once more, and no more: {keys:?}\n{said}");
    assert!(keys[0].is_some() && keys[0] == keys[1], "both sends carry the same key: {keys:?}");

    world.approve_and_see_the_end(&run, &request).await;
    let runs = world.daemon.read("/runs").await;
    assert_eq!(runs["runs"].as_array().unwrap().len(), 1, "{runs:#}");
    world.daemon.stop().await;
}

#[tokio::test]
async fn a_refused_revocation_is_a_failure_and_the_owner_is_told_so() {
    let world = World::start(Policy::Default, Rule::Pass, |setup| setup).await;
    let run = world.alert().await;
    // The request for a decision says that it failed, too; this is what the owner is told of the steps.
    let mail = world.smtp.wait_for_mail_with(Setup::ANA, "revoke: failed [failed]", LIMIT).await;
    assert!(mail.text.contains("FAILED"), "{}", mail.text);
    let asked = world.run_when(&run, has_request).await;
    assert_eq!(step(&asked, "revoke")["state"], "failed", "{asked:#}");
    assert_eq!(step(&asked, "revoke")["verdict"], "failed", "{asked:#}");
    assert_eq!(asked["verdict"], "failed", "{asked:#}");
    assert!(asked["contained_at"].is_null(), "{asked:#}");
    assert!(world.token_is_active().await);
    assert_eq!(world.nginx.call_as(AGENT).await, 403, "what could be stopped is stopped all the same");
    assert_eq!(world.interposer.revocations().len(), 1, "a refusal is not asked again");
    the_page_warns(&world).await;
}

#[tokio::test]
async fn a_revocation_answered_200_without_effect_is_unproven_and_never_contained() {
    let text = Setup::shipped_text("token-misuse");
    let hasty = text.replace("within: 30s", "within: 3s");
    assert_ne!(text, hasty);
    let world =
        World::start(Policy::Default, Rule::AsPublicClient, |setup| setup.playbook("token-misuse", &hasty)).await;
    let run = world.alert().await;
    let mail = world.smtp.wait_for_mail_with(Setup::ANA, "NOT proven", LIMIT).await;
    assert!(mail.subject.contains("NOT proven"), "{}", mail.subject);
    let asked = world.run_when(&run, has_request).await;
    assert_eq!(step(&asked, "revoke")["verdict"], "unproven", "{asked:#}");
    assert_eq!(asked["verdict"], "unproven", "{asked:#}");
    assert!(asked["contained_at"].is_null(), "{asked:#}");
    assert!(world.token_is_active().await, "the provider answered 200 and did nothing");
    the_page_warns(&world).await;
}

/// The page of a release says in so many words what was not contained.
async fn the_page_warns(world: &World) {
    let request = world.request().await;
    let page = world.daemon.send(Method::GET, &request.path(), &[], None).await;
    assert!(page.text.contains("NOT contained"), "{}", page.text);
}

#[tokio::test]
async fn a_message_that_the_mail_server_puts_off_is_shown_as_waiting_and_delivered_later() {
    let world = World::start(Policy::Permissive, Rule::Pass, |setup| setup).await;
    world.smtp.refuse("421 4.3.2 come back later");
    let run = world.alert().await;
    let path = format!("/runs/{run}");
    let delayed = |view: &Value| {
        let messages = view["messages"].as_array().unwrap();
        let waits = |message: &&Value| message["status"] == "queued" && message["failures"].as_u64().unwrap() > 0;
        messages.iter().find(|message| message["kind"] == "approval_request").filter(waits).cloned()
    };
    let waiting = world.daemon.read_until(&path, LIMIT, delayed).await;
    assert!(waiting["error"].as_str().unwrap().contains("come back later"), "{waiting:#}");
    assert!(world.smtp.mails().is_empty());
    assert_eq!(world.nginx.call_as(AGENT).await, 403, "containment waits for no mail");
    world.smtp.accept();
    let sent = |view: &Value| {
        view["messages"].as_array().unwrap().iter().all(|message| message["status"] == "sent").then_some(())
    };
    world.daemon.read_until(&path, Duration::from_secs(90), sent).await;
    let request = world.request().await;
    world.approve_and_see_the_end(&run, &request).await;
}

#[tokio::test]
async fn a_message_that_the_mail_server_refuses_for_good_is_shown_as_undelivered() {
    let world = World::start(Policy::Permissive, Rule::Pass, |setup| setup).await;
    world.smtp.refuse("550 5.1.1 no such mailbox");
    let run = world.alert().await;
    let lost = |view: &Value| {
        let messages = view["messages"].as_array().unwrap().iter();
        messages
            .clone()
            .find(|message| message["kind"] == "approval_request" && message["status"] == "undelivered")
            .cloned()
    };
    let message = world.daemon.read_until(&format!("/runs/{run}"), LIMIT, lost).await;
    assert!(message["error"].as_str().unwrap().contains("no such mailbox"), "{message:#}");
    let shown = world.daemon.cli_text(&["runs", "show", &run]).await;
    assert!(shown.contains("was not reached"), "{shown}");
    assert_eq!(world.nginx.call_as(AGENT).await, 403);
}

fn has_request(run: &Value) -> bool {
    !run["approvals"].as_array().unwrap().is_empty()
}
