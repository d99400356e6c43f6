//! `standdown plan`, `replay` and `test` with playbooks that start others, and with steps that go through items.

use serde_json::json;

use super::{Desk, message};

const PARENT: &str = r#"
playbook: parent
mode: enforce
match: { when: "alert.rule == 'token_anomalous_use'" }
stages:
  - stage: contain
    steps:
      - { step: other, action: run_playbook, with: { playbook: child, agent: mail-bot } }
  - stage: tell
    steps:
      - step: each_system
        for_each: { in: agent.systems, as: system, at_most: 2 }
        action: notify
        with: { to: owner, subject: "{{system}}", text: "Look at it." }
      - step: each_resource
        for_each: { in: alert.resources, as: resource }
        action: notify
        with: { to: owner, subject: "{{resource}}", text: "Look at it." }
"#;
const CHILD: &str = r#"
playbook: child
mode: observe
match: { when: "false" }
stages:
  - stage: hold
    steps:
      - { step: pause, action: agent.pause, hold: 8h }
"#;

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("playbooks/parent.yaml", PARENT);
    desk.write("playbooks/child.yaml", CHILD);
    let agents = std::fs::read_to_string(desk.path().join("agents.yaml")).unwrap();
    desk.write(
        "agents.yaml",
        &agents.replace("    tier: autonomous\n", "    tier: autonomous\n    systems: [crm, erp, hr]\n"),
    );
    desk
}

#[test]
fn a_plan_shows_the_steps_of_the_playbook_that_a_step_starts_below_it() {
    let text = desk().text(&["plan", "parent", "--agent", "billing-bot"]);
    for line in [
        "  other: run_playbook [",
        "    starts child for mail-bot (it only observes until it says `mode: enforce`)\n      version ",
        "      hold\n        pause: agent.pause [contain]",
        "approved        the run is completed, the agent active, mail-bot paused; containment: contained",
    ] {
        assert!(text.contains(line), "no `{line}` in:\n{text}");
    }
}

#[test]
fn a_plan_shows_what_a_step_goes_through_and_what_would_be_too_much() {
    let desk = desk();
    let text = desk.text(&["plan", "parent", "--agent", "billing-bot"]);
    for line in [
        "once for each of agent.systems, at most 2, ",
        "    items now: 3\n      system: crm\n      system: erp\n      system: hr\n",
        "WOULD FAIL: 1 items were left out",
        "the items can't be told now: they come of the alert; name one with --alert FILE",
    ] {
        assert!(text.contains(line), "no `{line}` in:\n{text}");
    }
    let mut alert = message("a", "billing-bot", "high", "2026-11-23T03:00:00Z");
    alert["resources"] = json!(["db-1"]);
    desk.write("alert.json", &alert.to_string());
    let text = desk.text(&["plan", "parent", "--agent", "billing-bot", "--alert", "alert.json"]);
    assert!(text.contains("resource: db-1"), "{text}");
}

#[test]
fn a_playbook_that_is_not_there_is_said_at_its_place_by_every_rehearsal() {
    let desk = desk();
    desk.write("playbooks/parent.yaml", &PARENT.replace("playbook: child,", "playbook: chidl,"));
    desk.write(
        "playbooks/parent.test.yaml",
        "cases:\n  - { case: a, alert: { rule: x }, expect: { matched: false } }\n",
    );
    desk.write("alert.json", &message("a", "billing-bot", "high", "2026-11-23T03:00:00Z").to_string());
    for arguments in [
        &["plan", "playbooks/parent.yaml", "--agent", "billing-bot"][..],
        &["replay", "--file", "alert.json", "--playbook", "playbooks/parent.yaml"],
        &["test", "playbooks/parent.test.yaml"],
    ] {
        let (code, fault) = desk.fault(arguments);
        assert_eq!(code, 1, "{arguments:?}: {fault}");
        for words in ["parent.yaml:8:64", "did you mean `child`?"] {
            assert!(fault.contains(words), "{arguments:?}: no `{words}` in:\n{fault}");
        }
    }
}

#[test]
fn a_replay_counts_the_runs_that_steps_start_for_their_own_playbook() {
    let desk = desk();
    desk.write("alert.json", &message("a", "billing-bot", "high", "2026-11-23T03:00:00Z").to_string());
    let found = desk.json(&["replay", "--file", "alert.json", "--playbook", "playbooks/parent.yaml"]);
    let report = &found["report"];
    assert_eq!((&report["playbooks"][0]["name"], &report["playbooks"][0]["runs"]), (&json!("child"), &json!(1)));
    assert_eq!(report["playbooks"][0]["started_by_runs"], 1);
    assert_eq!((&report["contained"][0]["agent"], &report["contained"][0]["runs"]), (&json!("mail-bot"), &json!(1)));
}
