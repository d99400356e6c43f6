//! What a person at a terminal reads of a run.

use serde_json::json;

use super::*;

fn run(status: &str, needs_operator: Option<&str>) -> RunView {
    let id = "run_00000000000000000000000000";
    let start = "2026-11-23T03:58:15Z";
    let system = json!("system");
    let view = json!({
        "id": id,
        "incident": "inc_00000000000000000000000000",
        "playbook": "token-misuse",
        "digest": "0".repeat(64),
        "mode": "enforce",
        "agent": "billing-bot",
        "title": "odd\u{1b}[31m\u{202e} things",
        "status": status,
        "verdict": "contained",
        "contained_at": "2026-11-23T03:58:17.250Z",
        "alert_received_at": "2026-11-23T03:58:14.750Z",
        "started_by": { "source": { "id": "detector" } },
        "started_at": start,
        "deadline": null,
        "ended_at": null,
        "joined": 0,
        "steps": [{
            "path": "revoke", "state": "doing", "detail": null, "needs_operator": needs_operator, "verdict": null,
            "params": null, "started_at": start, "ended_at": null
        }],
        "approvals": [],
        "timeline": [
            { "at": start, "actor": system, "step": null, "text": "run started", "tone": "neutral" },
            { "at": "2026-11-23T03:58:17.250Z", "actor": system, "step": "revoke", "text": "contained: \u{1b}[2Jseen", "tone": "good" }
        ],
        "consistent": true,
        "messages": []
    });
    serde_json::from_value(view).unwrap()
}

fn shown(run: &RunView) -> String {
    anstream::adapter::strip_str(&show(run, "2026-11-23T04:00:15Z".parse().unwrap())).to_string()
}

#[test]
fn a_run_is_told_from_its_start_with_what_is_known_of_the_containment() {
    let text = shown(&run("running", None));
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "run_00000000000000000000000000 token-misuse (enforce) for billing-bot  … running");
    assert!(text.contains("started      2026-11-23 03:58:15Z (2 min ago) by source detector"), "{text}");
    assert!(text.contains("containment  contained, seen +2.500 s after the alert"), "{text}");
    assert!(lines.contains(&"      +0.000 s  run     · run started"), "{text}");
    assert!(lines.contains(&"      +2.250 s  revoke  ✓ contained: [2Jseen"), "{text}");
}

#[test]
fn text_from_outside_can_not_steer_the_terminal() {
    let text = show(&run("running", Some("look\u{1b}]0;evil\u{7}")), Timestamp::UNIX_EPOCH);
    let plain = anstream::adapter::strip_str(&text).to_string();
    assert!(plain.contains("\"odd [31m things\""), "what was an escape is plain text now: {plain}");
    assert!(!plain.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{plain:?}");
}

#[test]
fn a_step_that_needs_a_person_comes_with_the_command_to_type() {
    let text = shown(&run("running", Some("the target did not answer")));
    assert!(text.contains("A person must look at `revoke`: the target did not answer"), "{text}");
    assert!(text.contains("standdown runs resolve run_00000000000000000000000000 revoke --applied"), "{text}");
}

#[test]
fn a_quarantined_run_says_why_and_how_it_goes_on() {
    let text = shown(&RunView { quarantined: Some("its owner died 6 times".to_owned()), ..run("running", None) });
    assert!(text.contains("QUARANTINED  its owner died 6 times"), "{text}");
    assert!(text.contains("\n  standdown runs release run_00000000000000000000000000 --reason"), "{text}");
}

#[test]
fn a_history_that_does_not_fit_is_said_loudly() {
    let text = shown(&RunView { consistent: false, ..run("failed", None) });
    assert!(text.contains("DOES NOT LEAD TO THE STORED STATE"), "{text}");
    assert!(
        text.starts_with("run_00000000000000000000000000 token-misuse (enforce) for billing-bot  ✗ failed"),
        "{text}"
    );
}
