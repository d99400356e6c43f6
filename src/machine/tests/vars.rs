//! Variables: evaluated once, frozen, and no reason to leave an agent alone.

use serde_json::json;

use super::simulator::{Sim, agent};
use crate::domain::{Mode, Outcome, RunStatus};
use crate::machine::replay;

const VARS: &str = r#"
playbook: vars
title: Vars
owner: group:security
mode: enforce
match: { when: "true" }
vars:
  words: "{{alert.title}} by {{agent.name}}"
  token: "{{agent.credentials.idp}}"
  again: "again {{vars.words}}"
stages:
  - stage: contain
    steps:
      - { step: pause, action: agent.pause }
      - { step: act, action: try.idempotent, with: { value: "{{vars.again}}" } }
  - stage: inform
    when: vars.words.contains('Billing')
    steps:
      - { step: tell, action: notify, with: { to: owner, subject: "{{vars.words}}", text: x } }
"#;

#[test]
fn variables_are_frozen_in_the_order_written_with_secrets_as_references() {
    let mut sim = Sim::start(VARS);
    let words = "token used from an unexpected place by Billing bot";
    assert_eq!(sim.run.vars.values["words"], json!(words));
    assert_eq!(sim.run.vars.values["token"], json!({ "$secret": "env:IDP_TOKEN" }));
    assert_eq!(sim.calls[0].parameters, json!({ "value": format!("again {words}") }));
    sim.applied();
    assert!(sim.notices[0].starts_with(words), "{}", sim.notices[0]);
}

#[test]
fn a_variable_without_a_value_fails_what_uses_it_and_nothing_else() {
    let mut bare = agent();
    bare.credentials.clear();
    let text = VARS.replace("{{vars.again}}", "{{vars.words}}").replace(
        "action: try.idempotent, with",
        "action: oauth.revoke_token, with: { connection: idp, token: \"{{vars.token}}\" } }\n      - { step: other, action: try.idempotent, with",
    );
    let mut sim = Sim::start_with(&text, bare, Mode::Enforce, None);
    assert_eq!((sim.state("pause"), sim.state("act"), sim.placed.len()), ("succeeded", "failed", 1));
    assert_eq!(sim.alarms, ["Playbook fault: vars"], "the playbook's owner is told");
    assert!(sim.run.vars.unset["token"].contains("agent.credentials.idp"), "{:?}", sim.run.vars);
    let (_, entries) = replay(&sim.playbook, &sim.events).unwrap();
    assert!(entries.iter().any(|entry| entry.text.starts_with("vars.token has no value")), "{entries:#?}");
    sim.applied();
    assert_eq!(sim.run.status, RunStatus::Finished(Outcome::Completed));
}

#[test]
fn variables_that_are_too_large_together_are_left_out() {
    let text = VARS.replace("  again:", "  huge: LONG\n  again:").replace("LONG", &"x".repeat(17_000));
    let sim = Sim::start(&text);
    assert!(sim.run.vars.unset["huge"].contains("larger than 16 KiB"));
    assert!(sim.run.vars.values.contains_key("again"), "those after it are evaluated all the same");
}
