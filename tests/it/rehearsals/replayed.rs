//! `standdown replay`: files and stored alerts, compared with playbooks of before, and a verdict for a pipeline.

use serde_json::{Value, json};

use crate::harness::scene::Scene;

use super::{Desk, message};

/// Ten alerts, one a minute, in turn about two agents of which one is autonomous; the last two are mild.
fn lines(desk: &Desk) {
    let mut text = String::new();
    for minute in 0..10 {
        let agent = if minute % 2 == 0 { "billing-bot".to_owned() } else { "mail-bot".to_owned() };
        let severity = if minute < 8 { "high" } else { "medium" };
        let at = format!("2026-11-23T03:0{minute}:00Z");
        text.push_str(&message(&format!("alert {minute}"), &agent, severity, &at).to_string());
        text.push('\n');
    }
    desk.write("alerts.jsonl", &text);
}

fn of<'a>(report: &'a Value, playbook: &str) -> &'a Value {
    let all = report["playbooks"].as_array().unwrap();
    all.iter().find(|of| of["name"] == playbook).unwrap()
}

#[test]
fn a_file_is_replayed_and_the_report_names_runs_agents_and_requests() {
    let desk = Desk::new();
    lines(&desk);
    let found = desk.json(&["replay", "--file", "alerts.jsonl"]);
    let report = &found["report"];
    assert_eq!((&report["alerts"], &report["repeated"], &report["unmatched"]), (&json!(10), &json!(0), &json!(6)));
    let misuse = of(report, "token-misuse");
    assert_eq!((&misuse["matched"], &misuse["runs"], &misuse["joined"]), (&json!(4), &json!(1), &json!(3)), "{misuse}");
    assert_eq!((&misuse["approvals"], &misuse["agents_contained"]), (&json!(1), &json!(1)));
    assert_eq!(report["contained"][0]["agent"], "billing-bot");
    assert_eq!(of(report, "sensitive-action")["runs"], 0);
    let text = desk.text(&["replay", "--file", "alerts.jsonl"]);
    assert!(text.contains("would have been contained: 1 agents") && text.contains("billing-bot: 1 times"), "{text}");
}

#[test]
fn a_list_a_line_each_and_one_message_over_several_lines_are_the_same() {
    let desk = Desk::new();
    let alert = message("a", "billing-bot", "high", "2026-11-23T03:00:00Z");
    desk.write("list.json", &json!([alert]).to_string());
    desk.write("lines.jsonl", &format!("{alert}\n\n"));
    desk.write("one.json", &serde_json::to_string_pretty(&alert).unwrap());
    for file in ["list.json", "lines.jsonl", "one.json"] {
        let report = desk.json(&["replay", "--file", file]);
        assert_eq!(of(&report["report"], "token-misuse")["runs"], 1, "{file}");
    }
}

#[test]
fn alerts_that_do_not_say_when_they_happened_are_counted_because_they_all_come_in_at_once() {
    let desk = Desk::new();
    let mut timeless = message("a", "billing-bot", "high", "2026-11-23T03:00:00Z");
    let timed = timeless.to_string();
    timeless.as_object_mut().unwrap().remove("occurred_at").expect("the message says its time");
    timeless["id"] = "b".into();
    desk.write("alerts.jsonl", &format!("{timed}\n{timeless}\n"));
    assert_eq!(desk.json(&["replay", "--file", "alerts.jsonl"])["without_time"], 1);
    let text = desk.text(&["replay", "--file", "alerts.jsonl"]);
    assert!(text.contains("1 alerts say no time that their source can read"), "{text}");
    desk.write("timed.jsonl", &timed);
    assert!(!desk.text(&["replay", "--file", "timed.jsonl"]).contains("say no time"));
}

#[test]
fn a_line_that_is_no_alert_is_said_and_the_others_are_replayed() {
    let desk = Desk::new();
    lines(&desk);
    let text = std::fs::read_to_string(desk.path().join("alerts.jsonl")).unwrap();
    let lines = text.lines().count();
    desk.write("alerts.jsonl", &format!("\u{feff}{text}\r\n\r\n{{\"id\": \r\n{{\"title\": \"nobody\"}}\r\n"));
    let output = desk.run(&["replay", "--file", "alerts.jsonl", "--json"]);
    let (found, faults): (Value, _) =
        (serde_json::from_slice(&output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(found["report"]["alerts"], 10);
    let (broken, nobody) = (format!("alerts.jsonl:{}", lines + 3), format!("alerts.jsonl:{}", lines + 4));
    assert!(faults.contains(&format!("{broken}: ")) && faults.contains(&format!("{nobody}: ")), "{faults}");
    assert!(faults.contains(" of the message") && !faults.contains("line 1"), "a place in one line: {faults}");
    let unreadable = &found["unreadable"];
    assert_eq!((&unreadable["count"], &unreadable["first"][0]["line"]), (&json!(2), &json!(lines + 3)), "{unreadable}");
    let shown = desk.text(&["replay", "--file", "alerts.jsonl"]);
    assert!(shown.contains("2 messages of the file are no alert") && shown.contains(&nobody), "{shown}");
    assert_eq!(desk.run(&["replay", "--file", "alerts.jsonl", "--fail-on", "unreadable"]).status.code(), Some(1));
    desk.write("none.jsonl", "{\"id\": \n{\"title\": \"nobody\"}\n");
    assert_eq!(desk.run(&["replay", "--file", "none.jsonl"]).status.code(), Some(1), "nothing of it is an alert");
}

#[test]
fn repeats_and_ends_of_alerts_are_told_apart_as_intake_does() {
    let desk = Desk::new();
    let again = |id: &str, at: &str, status: &str| {
        let mut alert = message(id, "billing-bot", "high", at);
        alert["status"] = json!(status);
        alert.to_string()
    };
    let all = [
        again("a", "2026-11-01T03:00:00Z", "firing"),
        again("a", "2026-11-01T04:00:00Z", "firing"),
        again("a", "2026-11-01T05:00:00Z", "resolved"),
        again("a", "2026-11-03T06:00:00Z", "firing"),
        again("a", "2026-11-05T06:00:01Z", "firing"),
    ];
    desk.write("alerts.jsonl", &all.join("\n"));
    let found = desk.json(&["replay", "--file", "alerts.jsonl"]);
    let report = &found["report"];
    assert_eq!((&report["repeated"], &report["resolved"]), (&json!(1), &json!(1)), "{report}");
    assert_eq!(of(report, "token-misuse")["runs"], 3, "a day of silence ends a firing alert too");
}

/// A replay with a wider playbook, compared with the shipped one.
fn compare<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let old = "playbooks/token-misuse.yaml";
    [&["replay", "--file", "alerts.jsonl", "--playbook", "wider.yaml", "--diff", old][..], more].concat()
}

#[test]
fn a_change_is_compared_with_what_was_before_and_a_pipeline_is_stopped_by_it() {
    let desk = Desk::new();
    lines(&desk);
    desk.changed("token-misuse.yaml", " && agent.tier == 'autonomous'", "", "wider.yaml");
    let found = desk.json(&compare(&[]));
    let newly = found["difference"]["newly_contained"].as_array().unwrap();
    assert_eq!(newly.iter().map(|entry| entry["agent"].as_str().unwrap()).collect::<Vec<_>>(), ["mail-bot"]);
    let text = desk.text(&compare(&[]));
    assert!(text.contains("newly contained: 1 agents\n  mail-bot: 1 times"), "{text}");
    let (code, fault) = desk.fault(&compare(&["--fail-on", "newly-contained,faults"]));
    assert_eq!((code, fault.as_str()), (1, "failed because of --fail-on newly-contained\n"));
    let back =
        ["replay", "--file", "alerts.jsonl", "--playbook", "playbooks/token-misuse.yaml", "--diff", "wider.yaml"];
    let found = desk.json(&[&back[..], &["--fail-on", "newly-contained,approvals,budget,faults"]].concat());
    assert_eq!(found["difference"]["no_longer_contained"], json!(["mail-bot"]), "less is no fault");
    assert_eq!(desk.fault(&["replay", "--file", "alerts.jsonl", "--fail-on", "all"]).0, 2);
}

#[test]
fn a_budget_that_would_have_been_hit_is_counted() {
    let desk = Desk::new();
    lines(&desk);
    desk.changed("token-misuse.yaml", " && agent.tier == 'autonomous'", "", "wider.yaml");
    let text = std::fs::read_to_string(desk.path().join("wider.yaml")).unwrap();
    desk.write("wider.yaml", &text.replace("contain: 5,", "contain: 1,"));
    let found = desk.json(&["replay", "--file", "alerts.jsonl", "--playbook", "wider.yaml"]);
    let misuse = of(&found["report"], "token-misuse");
    assert_eq!(misuse["budget_hits"], 2, "asked once, and once more when nobody answered: {misuse}");
    assert_eq!(misuse["budget_requests"], 2, "{misuse}");
    assert_eq!(
        desk.fault(&["replay", "--file", "alerts.jsonl", "--playbook", "wider.yaml", "--fail-on", "budget"]).0,
        1
    );
}

#[tokio::test]
async fn what_a_daemon_has_kept_is_replayed_page_by_page() {
    let scene = Scene::start(|setup| setup).await;
    let run = scene.misuse_run().await;
    scene.until_asked(&run).await;
    let text = scene.daemon.cli_text(&["replay", "--since", "1d", "--json"]).await;
    let found: Value = serde_json::from_str(&text).unwrap();
    let kept = scene.daemon.read("/alerts?limit=1").await;
    assert_eq!(kept["alerts"].as_array().unwrap().len(), 1, "{kept:#}");
    let first = kept["alerts"][0]["id"].as_str().unwrap();
    let rest = scene.daemon.read(&format!("/alerts?after={first}")).await;
    let count = 1 + rest["alerts"].as_array().unwrap().len();
    assert_eq!(found["report"]["alerts"], count, "{found:#}");
    assert_eq!(of(&found["report"], "token-misuse")["runs"], 1, "{found:#}");
    let none = scene.daemon.read("/alerts?since=2100-01-01T00:00:00Z").await;
    assert_eq!(none["alerts"], json!([]));
}
