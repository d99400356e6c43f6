//! Steps that go through items.

use serde_json::json;

use super::simulator::{Sim, agent};
use crate::domain::agent::Credential;
use crate::domain::approval::Choice;
use crate::domain::event::CallOutcome;
use crate::domain::{Mode, Outcome, RunStatus, Verdict};
use crate::machine::replay;

const EACH: &str = r#"
playbook: each
title: Each
owner: user:ana
mode: enforce
match: { when: "true" }
stages:
  - stage: contain
    steps:
      - { step: act, for_each: { in: "LIST", as: one }, action: ACTION, with: { value: "{{one}}" }, retry: { max_attempts: 1 } }
  - stage: inform
    when: steps.act.state != 'skipped'
    steps:
      - { step: tell, action: notify, with: { to: owner, template: contained } }
"#;

fn each(list: &str, action: &str) -> String {
    EACH.replace("LIST", list).replace("ACTION", action)
}

fn refused() -> CallOutcome {
    CallOutcome::Refused { reason: "403".into(), retry: false }
}

#[test]
fn every_item_is_a_step_of_its_own_with_its_own_key() {
    let mut sim = Sim::start(&each("['a', 'b', 'c']", "try.idempotent"));
    let values: Vec<_> = sim.calls.iter().map(|call| call.parameters["value"].clone()).collect();
    assert_eq!(values, [json!("a"), json!("b"), json!("c")]);
    let keys: std::collections::BTreeSet<_> = sim.calls.iter().map(|call| call.key.clone()).collect();
    assert_eq!(keys.len(), 3, "every item has an idempotency key of its own");
    sim.applied();
    sim.applied();
    assert_eq!((sim.state("act"), sim.state("tell")), ("waiting", "pending"));
    sim.applied();
    assert_eq!((sim.state("act[2]"), sim.state("act"), sim.state("tell")), ("succeeded", "succeeded", "succeeded"));
    let (_, entries) = replay(&sim.playbook, &sim.events).unwrap();
    let lines: Vec<String> =
        entries.iter().filter_map(|entry| entry.step.as_ref().map(|path| format!("{path}: {}", entry.text))).collect();
    assert!(lines.contains(&"act: going through its items: 3 of 3 items".to_owned()), "{lines:#?}");
    assert!(lines.contains(&"act[1]: calling (try 1)".to_owned()), "{lines:#?}");
    assert!(lines.contains(&"act: done: 3 of 3 items done".to_owned()), "{lines:#?}");
}

#[test]
fn the_items_are_frozen_when_their_turn_comes_and_nothing_is_done_for_none() {
    let sim = Sim::start(&each("alert.resources", "try.idempotent"));
    assert_eq!((sim.state("act"), sim.state("tell")), ("skipped", "skipped"));
    assert!(format!("{:?}", sim.step("act").state).contains("gave no items"));
}

#[test]
fn one_item_that_fails_fails_the_step_and_says_which() {
    let mut sim = Sim::start(&each("['a', 'b']", "try.idempotent"));
    sim.applied();
    sim.ended(refused());
    let failed = format!("{:?}", sim.step("act").state);
    assert!(failed.contains("1 of 2 items failed: act[1]: 403"), "{failed}");
    assert_eq!(sim.state("tell"), "succeeded", "the owner is told all the same");
}

#[test]
fn only_so_many_go_at_once_and_none_after_a_failure_that_stops() {
    let text = each("['a', 'b', 'c', 'd']", "try.idempotent");
    let text = text.replace("as: one", "as: one, parallel: 2").replace("retry:", "on_failure: stop, retry:");
    let mut sim = Sim::start(&text);
    assert_eq!((sim.calls.len(), sim.state("act[2]")), (2, "pending"));
    sim.applied();
    assert_eq!((sim.calls.len(), sim.state("act[2]"), sim.state("act[3]")), (2, "doing", "pending"));
    sim.ended(refused());
    assert_eq!(sim.state("act[3]"), "cancelled");
    sim.applied();
    assert_eq!(sim.run.status, RunStatus::Finished(Outcome::Failed));
}

#[test]
fn what_is_over_the_limit_is_left_out_and_the_step_fails_for_it() {
    let text = each("['a', 'b', 'c']", "try.verifiable").replace("as: one", "as: one, at_most: 2");
    let mut sim = Sim::start(&text);
    sim.contain();
    sim.contain();
    assert_eq!(sim.step("act[0]").verdict, Some(Verdict::Contained));
    let failed = format!("{:?}", sim.step("act").state);
    assert!(failed.contains("1 items were left out"), "{failed}");
    assert_eq!(sim.run.containment().map(|(verdict, _)| verdict), Some(Verdict::Failed), "not all was contained");
}

#[test]
fn more_than_a_run_can_hold_is_left_out() {
    let long = "x".repeat(1_000);
    let mut rich = agent();
    rich.systems = (0..60).map(|index| format!("{long}{index}")).collect();
    let sim = Sim::start_with(&each("agent.systems", "try.idempotent"), rich, Mode::Enforce, None);
    let items = sim.run.steps.len() - 2;
    assert!((30..33).contains(&items), "{items}");
    assert!(serde_json::to_string(&sim.run).unwrap().len() < 200 * 1024);
}

#[test]
fn an_agents_credentials_are_gone_through_as_references() {
    let text = each("agent.credentials", "oauth.revoke_token")
        .replace("{ value: \"{{one}}\" }", "{ connection: idp, token: \"{{one.value}}\" }");
    let mut two = agent();
    two.credentials.insert("vault".into(), Credential { reference: Some("env:VAULT".into()), hash: None });
    let mut sim = Sim::start_with(&text, two, Mode::Enforce, None);
    let tokens: Vec<_> = sim.calls.iter().map(|call| call.parameters["token"].clone()).collect();
    assert_eq!(tokens, [json!({ "$secret": "env:IDP_TOKEN" }), json!({ "$secret": "env:VAULT" })]);
    sim.contain();
    sim.contain();
    assert_eq!(sim.step("act").verdict, Some(Verdict::Contained));
}

#[test]
fn one_request_asks_about_all_items_and_pins_each() {
    let text = each("['a', 'b']", "try.none").replace("retry:", "approval: { ask: Sure?, timeout: 1h }, retry:");
    let mut sim = Sim::start(&text);
    let approval = sim.approval();
    assert_eq!((sim.run.approvals.len(), approval.releases.len(), approval.ask.as_str()), (1, 2, "Sure?"));
    let plan = serde_json::to_string(&approval.plan).unwrap();
    assert!(plan.contains("\"value\":\"a\"") && plan.contains("\"value\":\"b\""), "{plan}");
    assert!(sim.calls.is_empty());
    let vote = sim.vote_of("ana", Choice::Approve);
    sim.submit(vote).unwrap();
    assert_eq!(sim.calls.len(), 2);
    sim.applied();
    sim.applied();
    assert_eq!((sim.run.approvals.len(), sim.state("act")), (1, "succeeded"));
}

#[test]
fn silence_escalates_once_for_all_items_and_then_rejects_them() {
    let text = each("['a', 'b']", "try.verifiable").replace("retry:", "approval: { ask: Sure?, timeout: 1h }, retry:");
    let mut sim = Sim::start(&text);
    sim.wait(jiff::SignedDuration::from_hours(1));
    assert_eq!((sim.run.approvals.len(), sim.approval().releases.len()), (2, 2));
    sim.wait(jiff::SignedDuration::from_hours(1));
    assert_eq!((sim.state("act[0]"), sim.state("act[1]"), sim.state("act")), ("rejected", "rejected", "rejected"));
    assert!(sim.calls.is_empty());
}

#[test]
fn a_limit_asks_once_about_all_items() {
    let cause = crate::domain::ApprovalCause::Trust;
    let sim = Sim::start_with(&each("['a', 'b', 'c']", "try.verifiable"), agent(), Mode::Enforce, Some(cause));
    assert_eq!((sim.run.approvals.len(), sim.approval().releases.len()), (1, 3));
}

#[test]
fn undoing_a_step_undoes_its_items_from_the_last_to_the_first() {
    let text = each("['a', 'b']", "try.idempotent").replace(
        "  - stage: inform",
        "  - stage: back\n    steps:\n      - { step: back, action: undo, with: { steps: [act] }, approval: { ask: Sure?, timeout: 1h } }\n  - stage: inform",
    );
    let mut sim = Sim::start(&text);
    sim.applied();
    sim.applied();
    let vote = sim.vote_of("ana", Choice::Approve);
    sim.submit(vote).unwrap();
    assert_eq!(sim.calls[0].path.to_string(), "act[1]");
    sim.applied();
    assert_eq!((sim.state("act[1]"), sim.state("act[0]"), sim.state("act")), ("undone", "undoing", "succeeded"));
    sim.applied();
    assert_eq!((sim.state("act"), sim.state("back")), ("undone", "succeeded"));
}

#[test]
fn an_observed_run_says_what_it_would_do_for_each() {
    let sim = Sim::start_with(&each("['a', 'b']", "try.idempotent"), agent(), Mode::Observe, None);
    assert_eq!(sim.step("act").detail.as_deref(), Some("observed only: would go through 2 items"));
    assert_eq!(sim.step("act[1]").params, Some(json!({ "value": "b" })));
    assert!(sim.calls.is_empty() && sim.run.status.is_finished());
}

#[test]
fn an_alert_can_not_smuggle_a_reference_through_an_item() {
    let sim =
        Sim::start(&each("[{'$secret': alert.title}]", "try.idempotent").replace("value: \"{{one}}\"", "value: x"));
    assert_eq!(sim.step("act[0]").item, Some(json!({})), "a list that an expression makes is data");
}

#[test]
fn a_step_of_whose_items_not_one_fits_fails_and_the_run_goes_on() {
    let more = "      - { step: more, for_each: { in: agent.systems, as: one }, action: try.verifiable, with: { value: \"{{one}}\" } }\n";
    let long = "x".repeat(1_000);
    let mut rich = agent();
    rich.systems = (0..60).map(|index| format!("{long}{index}")).collect();
    let text = each("agent.systems", "notify")
        .replace("with: { value: \"{{one}}\" }", "with: { to: owner, subject: hi, text: hi }")
        .replace("  - stage: inform", &format!("{more}  - stage: inform"));
    let sim = Sim::start_with(&text, rich, Mode::Enforce, None);
    let failed = format!("{:?}", sim.step("more").state);
    assert!(failed.contains("60 items were left out"), "{failed}");
    assert_eq!(sim.step("more").verdict, Some(Verdict::Failed));
    assert_eq!(sim.state("tell"), "succeeded", "the owner is told");
    assert!(sim.run.status.is_finished(), "nothing waits for ever");
}

#[test]
fn the_items_of_all_steps_together_fit_into_what_is_kept_of_a_run() {
    let step = |name: &str| {
        format!(
            "      - {{ step: {name}, for_each: {{ in: agent.systems, as: one }}, action: notify, with: {{ to: owner, subject: \"{{{{one}}}}\", text: \"{{{{one}}}} is about {{{{agent.id}}}}\" }} }}\n"
        )
    };
    let steps: String = ["a", "b", "c", "d"].map(step).concat();
    let text = EACH.lines().take(9).map(|line| format!("{line}\n")).collect::<String>() + &steps;
    let mut rich = agent();
    rich.systems = (0..100).map(|index| format!("system-{index}")).collect();
    let sim = Sim::start_with(&text, rich, Mode::Enforce, None);
    let stored = serde_json::to_string(&sim.run).unwrap().len();
    assert!(stored < 200 * 1024, "{stored}");
    assert_eq!(["a", "b", "c", "d"].map(|name| sim.state(name)), ["succeeded", "succeeded", "failed", "failed"]);
    assert!(sim.run.status.is_finished());
}
