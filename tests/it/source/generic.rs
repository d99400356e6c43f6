//! The simple shape that senders of one's own can choose.

use super::{at, map, notes, payload, preset, received, source};
use serde_json::json;
use standdown::domain::{AlertStatus, Severity};

#[test]
fn a_whole_alert_is_read() {
    let body = json!({
        "id": "billing-bot/tool-burst", "rule": "tool-burst", "title": "billing-bot calls a tool", "severity": "critical",
        "status": "firing", "agent": "billing-bot", "occurred_at": "2026-11-23T03:59:00Z", "owner": "team-payments",
        "group": "payments", "event_id": 7, "resources": ["db-1", 5], "labels": {"region": "eu", "n": 1.5, "deep": {"a": 1}},
        "fields": {"calls_per_minute": 180, "nothing": null}, "test": true
    });
    let mapped = map(&preset("generic"), body.to_string().as_bytes()).unwrap();
    let [one] = &mapped[..] else { panic!("one alert is expected") };
    let alert = &one.alert;
    assert_eq!((alert.status, alert.severity), (AlertStatus::Firing, Severity::Critical));
    assert_eq!(alert.agent.id.as_deref(), Some("billing-bot"));
    assert_eq!(alert.occurred_at, at("2026-11-23T03:59:00Z"));
    assert_eq!(alert.event_id.as_deref(), Some("7"));
    assert_eq!(alert.resources, ["db-1", "5"]);
    assert_eq!(json!(alert.labels), json!({"region": "eu", "n": "1.5", "deep": "{\"a\":1}"}));
    assert_eq!(json!(alert.fields), json!({"calls_per_minute": 180}));
    assert!(alert.is_test);
    assert_eq!(notes(&preset("generic"), body.to_string().as_bytes()), [""; 0]);
}

#[test]
fn what_is_missing_is_assumed_and_said() {
    let mapped = map(&preset("generic"), br#"{"id":"a"}"#).unwrap();
    let alert = &mapped[0].alert;
    assert_eq!((alert.status, alert.severity), (AlertStatus::Firing, Severity::High));
    assert_eq!(alert.title, "Alert from in-house");
    assert_eq!((alert.occurred_at, alert.occurred_at_assumed), (received(), true));
    assert!(!alert.is_test);
}

#[test]
fn an_agent_is_named_by_a_text_or_by_its_parts() {
    let body = br#"{"id":"a","agent":{"id":"bot","instance":"i-1","name":"Bot"}}"#;
    let mapped = map(&preset("generic"), body).unwrap();
    let agent = &mapped[0].alert.agent;
    assert_eq!(
        (agent.id.as_deref(), agent.instance.as_deref(), agent.name.as_deref()),
        (Some("bot"), Some("i-1"), Some("Bot"))
    );
    assert_eq!(notes(&preset("generic"), body), [""; 0]);
}

#[test]
fn several_alerts_come_in_a_list() {
    let mapped = map(&preset("generic"), br#"{"alerts":[{"id":"a"},{"id":"b","status":"OK"}]}"#).unwrap();
    assert_eq!(mapped.len(), 2);
    assert_eq!(mapped[1].alert.status, AlertStatus::Resolved);
    assert_eq!(*mapped[1].raw, json!({"id": "b", "status": "OK"}));
}

#[test]
fn a_time_that_has_not_come_is_not_believed() {
    let body = br#"{"id":"a","occurred_at":"2100-01-01T00:00:00Z"}"#;
    let mapped = map(&preset("generic"), body).unwrap();
    assert_eq!((mapped[0].alert.occurred_at, mapped[0].alert.occurred_at_assumed), (received(), true));
    assert!(notes(&preset("generic"), body)[0].contains("not come yet"));
}

#[test]
fn other_shapes_need_a_mapping_of_their_own() {
    for (name, options) in [
        (
            "zabbix-oncall-template",
            "{from: body.state, firing: [alerting]}, dedup: [body.alert_uid], title: body.title",
        ),
        ("elastalert-message-only", "{missing: event}, dedup: [body.message], title: body.message"),
    ] {
        let body = payload(&format!("generic/{name}.json"));
        assert_eq!(map(&preset("generic"), &body).unwrap_err().code, "SD2303", "{name}");
        let own = source(&format!(
            "{{auth: {{bearer: env:TOKEN}}, map: {{severity: {{missing: HIGH}}, status: {options}}}}}"
        ));
        let mapped = map(&own, &body).unwrap();
        assert!(mapped[0].alert.title.starts_with('T'), "{name}: {}", mapped[0].alert.title);
    }
}

#[test]
fn texts_beyond_their_caps_are_cut_and_keys_stay_apart() {
    let long = "é".repeat(2_000);
    let labels: serde_json::Map<String, _> = (0..100).map(|n| (format!("l{n:03}"), json!(long))).collect();
    let body = |agent: &str| json!({"id": "a", "title": long, "agent": agent, "owner": long, "labels": labels, "fields": {"big": vec![1; 5_000]}});
    let read = |agent: &str| map(&preset("generic"), body(agent).to_string().as_bytes()).unwrap().remove(0).alert;
    let one = std::sync::Arc::unwrap_or_clone(read(&long));
    assert_eq!(one.title.chars().count(), 300);
    assert_eq!(one.labels.len(), 64);
    assert!(one.labels.values().all(|value| value.len() <= 1024));
    assert!(one.owner.unwrap().len() <= 1024);
    assert!(one.fields.is_empty());
    let id = one.agent.id.unwrap();
    assert!(id.len() <= 512);
    assert_ne!(Some(id), read(&format!("{long}x")).agent.id.clone());
}

#[test]
fn what_is_not_taken_as_it_stands_is_said_to_the_sender() {
    let said = |body: &[u8]| map(&preset("generic"), body).unwrap()[0].alert.notes.clone();
    assert_eq!(
        said(br#"{"id":"a","severity":"hihg","agnet":"billing-bot"}"#),
        ["severity hihg is no severity: taken as HIGH", "no field agent: the alert names no agent"]
    );
    assert_eq!(said(br#"{"id":"a","severity":"low","agent":{"name":"Bot"}}"#), [""; 0]);
    assert_eq!(said(br#"{"id":"a","agent":"b","labels":[1]}"#), ["labels: an object is expected"]);
    let refusal = map(&preset("generic"), br#"{"title":"x"}"#).unwrap_err();
    assert_eq!(refusal.reason, "item 0: the alert has no `id`, a text by which repeats are known");
}
