//! Playbooks that start again, and approvals by name: what replay, explain, check and test say of them.

use serde_json::json;

use super::{Desk, message};

const AGAIN: &str = "
playbook: again
mode: enforce
owner: user:sam
match: { when: alert.rule == 'token_anomalous_use' }
rerun_when: alert.severity > last.severity || now - last.ended_at > duration('1h')
stages:
  - stage: tell
    steps:
      - { step: tell, action: notify, with: { to: owner, template: alert } }
";

const NAMED: &str = "
playbook: named
mode: enforce
owner: user:sam
match: { when: alert.rule == 'token_anomalous_use' }
budget: { contain: 5, per: 1h }
stages:
  - stage: contain
    steps:
      - { step: pause, action: agent.pause, hold: 8h, approval: on-call }
";

const CONFIGURED: &str = "
approvals: { on-call: { ask: \"Stop it?\", approvers: [user:sam], timeout: 15m } }
";

#[test]
fn a_replay_starts_a_playbook_again_where_the_daemon_would_have() {
    let desk = Desk::new();
    desk.write("playbooks/again.yaml", AGAIN);
    let times =
        [("low", "03:00"), ("low", "03:10"), ("high", "03:20"), ("high", "03:30"), ("low", "05:00"), ("low", "05:10")];
    let lines = times.map(|(severity, at)| {
        message("a", "billing-bot", severity, &format!("2026-11-23T{at}:00Z")).to_string() + "\n"
    });
    desk.write("alerts.jsonl", &lines.concat());
    let found = desk.json(&["replay", "--file", "alerts.jsonl", "--playbook", "again"]);
    assert_eq!(found["report"]["repeated"], 5, "{found}");
    assert_eq!((&found["report"]["playbooks"][0]["runs"], &found["report"]["unmatched"]), (&json!(3), &json!(0)));
    desk.write("again.yaml", &AGAIN.replace("rerun_when", "# rerun_when"));
    let without = desk.json(&["replay", "--file", "alerts.jsonl", "--playbook", "again.yaml"]);
    assert_eq!(without["report"]["playbooks"][0]["runs"], 1, "{without}");
}

#[test]
fn an_explanation_says_what_is_asked_after_a_run_and_tries_it() {
    let desk = Desk::new();
    desk.write("playbooks/again.yaml", AGAIN);
    desk.write("alert.json", &message("a", "billing-bot", "high", "2026-11-23T03:00:00Z").to_string());
    let explain = ["explain", "--playbook", "again", "--alert", "alert.json"];
    let text = desk.text(&explain);
    assert!(text.contains("again only if this holds") && text.contains("last.ended_at > duration"), "{text}");
    let text = desk.text(&[&explain[..], &["--last", "severity=LOW,ended=1m"]].concat());
    assert!(text.contains("after such a run it starts again"), "{text}");
    assert!(
        text.lines().any(|line| line.contains("true") && line.contains("alert.severity > last.severity")),
        "{text}"
    );
    let view = desk.json(&[&explain[..], &["--last", "severity=HIGH,ended=1m"]].concat());
    assert_eq!(view[0]["rerun_when"]["starts"], json!(false), "{view}");
    assert!(view[0]["rerun_when"]["why"].as_str().unwrap().contains("did not hold"), "{view}");
    let (code, fault) = desk.fault(&[&explain[..], &["--last", "severity=odd"]].concat());
    assert!(code == 2 && fault.contains("write INFO, LOW, MEDIUM, HIGH or CRITICAL"), "{code} {fault}");
}

#[test]
fn a_check_finds_approvals_in_the_configuration_and_says_how_to_give_one() {
    let desk = Desk::new();
    desk.write("named.yaml", NAMED);
    let configuration = std::fs::read_to_string(desk.path().join("standdown.yaml")).unwrap();
    desk.write("with.yaml", &format!("{configuration}{CONFIGURED}"));
    assert!(desk.text(&["check", "named.yaml", "--config", "with.yaml"]).contains("1 good; errors: 0"));
    let (_, fault) = desk.fault(&["check", "named.yaml"]);
    assert!(fault.contains("SD0347") && fault.contains("the configuration has none"), "{fault}");
    std::fs::remove_file(desk.path().join("standdown.yaml")).unwrap();
    let (_, fault) = desk.fault(&["check", "named.yaml"]);
    assert!(fault.contains("none was given") && fault.contains("--config FILE"), "{fault}");
    desk.write("with.yaml", &format!("{configuration}{}", CONFIGURED.replace("timeout: 15m", "timeuot: 15m")));
    let (_, fault) = desk.fault(&["check", "named.yaml", "--config", "with.yaml"]);
    assert!(fault.contains("with.yaml:") && fault.contains("`timeout`"), "{fault}");
}

#[test]
fn plan_and_test_use_the_approvals_of_the_configuration() {
    let desk = Desk::new();
    desk.write("playbooks/named.yaml", NAMED);
    let configuration = std::fs::read_to_string(desk.path().join("standdown.yaml")).unwrap();
    desk.write("standdown.yaml", &format!("{configuration}{CONFIGURED}"));
    let plan = desk.text(&["plan", "named", "--agent", "billing-bot"]);
    assert!(plan.contains("asks sam (user:sam): Stop it?") && plan.contains("15m"), "{plan}");
    let cases = "
inventory: { agents: [{ id: bot, owner: \"user:sam\" }], people: [sam] }
alert: { rule: token_anomalous_use }
cases:
  - case: a yes of the one who is on call
    then: [{ approve: pause, by: sam }]
    expect: { standing: paused }
";
    desk.write("playbooks/named.test.yaml", cases);
    assert!(desk.text(&["test", "playbooks/named.test.yaml"]).contains('1'));
    desk.write("playbooks/named.test.yaml", &format!("approvals: {{}}{cases}"));
    let (_, fault) = desk.fault(&["test", "playbooks/named.test.yaml"]);
    assert!(fault.contains("SD0347"), "a file's own replace those of the configuration: {fault}");
}
