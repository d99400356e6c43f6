//! What Alertmanager really sends, as alerts.

use std::sync::Arc;

use super::{
    Headers, at, authorization, headers, map, map_with, notes, parse_headers, payload, preset, received, source,
};
use standdown::domain::alert::{Alert, Claimed};
use standdown::domain::{AlertStatus, Severity, Trust};

fn alerts(name: &str) -> Vec<Alert> {
    let mapped = map(&preset("alertmanager"), &payload(&format!("alertmanager/{name}.json"))).unwrap();
    mapped.into_iter().map(|mapped| Arc::unwrap_or_clone(mapped.alert)).collect()
}

fn claimed(id: &str) -> Claimed {
    Claimed { id: Some(id.to_owned()), ..Claimed::default() }
}

/// A request as it was captured: headers, an empty line, the body.
fn request(name: &str) -> (Headers, Vec<u8>) {
    let bytes = payload(&format!("alertmanager-real/{name}.http"));
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    (parse_headers(head), bytes[end + 4..].to_vec())
}

#[test]
fn each_alert_of_a_group_has_its_own_status() {
    let alerts = alerts("partial-resolve-group-still-firing");
    assert_eq!(
        alerts.iter().map(|alert| alert.status).collect::<Vec<_>>(),
        [AlertStatus::Firing, AlertStatus::Resolved]
    );
    let [firing, resolved] = &alerts[..] else { panic!("two alerts are expected") };
    assert_ne!(firing.dedup_key, resolved.dedup_key);
    assert_eq!(firing.group_key, resolved.group_key);
    assert_eq!(firing.title, "Agent agt-7f3c is calling tools at 180/min (limit 50)");
    assert_eq!(firing.rule.as_deref(), Some("AgentToolCallRateHigh"));
    assert_eq!(firing.severity, Severity::Critical);
    assert_eq!(firing.agent, claimed("agt-7f3c"));
    assert_eq!(firing.owner.as_deref(), Some("team-payments"));
    assert_eq!(
        firing.principal,
        Some(serde_json::json!({"kind": "service_account", "id": "sa-billing-bot@prod.example.internal"}))
    );
    assert_eq!(firing.occurred_at, at("2026-11-23T03:58:01.410775Z"));
    assert!(!firing.occurred_at_assumed);
    assert_eq!(firing.ended_at, None);
    assert_eq!(resolved.ended_at, Some(at("2026-11-23T03:58:07.91297Z")));
    assert_eq!(firing.labels["namespace"], "agents");
    assert!(firing.fields["description"].as_str().unwrap().contains("<possible runaway loop>"));
    assert_eq!((firing.trust, firing.received_at), (Trust::Contain, received()));
    assert_eq!(firing.auth.scheme, "bearer");
    assert_eq!(firing.delivery_id, None);
}

#[test]
fn an_alert_without_severity_or_annotations_is_high_and_named_by_its_rule() {
    let [alert] = &alerts("minimal-no-severity-no-annotations")[..] else { panic!("one alert is expected") };
    assert_eq!((alert.severity, alert.severity_raw.as_deref()), (Severity::High, None));
    assert_eq!(alert.title, "Watchdog");
    assert_eq!(alert.agent, Claimed::default());
    assert_eq!(alert.ended_at, None);
}

#[test]
fn a_truncated_group_says_so() {
    let alerts = alerts("truncated-max_alerts-2-of-5");
    assert_eq!(alerts.len(), 2);
    assert!(alerts.iter().all(|alert| alert.truncated && alert.severity == Severity::High));
    assert!(!self::alerts("minimal-no-severity-no-annotations")[0].truncated);
}

#[test]
fn control_characters_and_every_script_stay_as_they_were_sent() {
    let [alert] = &alerts("unicode-controls-html-escapes")[..] else { panic!("one alert is expected") };
    assert_eq!(alert.agent, claimed("агент-ünïcode-🤖"));
    assert_eq!(alert.rule.as_deref(), Some("エージェント暴走"));
    assert_eq!(alert.severity, Severity::Medium);
    assert!(alert.title.contains('\u{202e}') && alert.title.contains("o'Brien"), "{:?}", alert.title);
}

#[test]
fn extra_fields_of_other_senders_of_the_shape_do_no_harm() {
    let alerts = alerts("oncall-demo-two-alerts");
    let titles: Vec<&str> = alerts.iter().map(|alert| alert.title.as_str()).collect();
    assert_eq!(titles, ["Instance localhost:8081 down", "Instance localhost:8082 down"]);
    assert_eq!(alerts[0].agent.instance.as_deref(), Some("localhost:8081"));
}

#[test]
fn a_password_with_letters_beyond_ascii_and_a_colon_is_taken() {
    let name = "alertmanager/basic-auth-nonascii-password";
    let options = "{preset: alertmanager, auth: {basic: {user: alertmanager, passwords: env:PASSWORD}}}";
    let (source, body) = (source(options), payload(&format!("{name}.json")));
    let mapped = map_with(&source, &body, &headers(&format!("{name}.headers"))).unwrap();
    assert_eq!(mapped[0].alert.auth.scheme, "basic");
    assert_eq!(mapped[0].alert.agent, claimed("agt-9"));
    assert_eq!(map_with(&source, &body, &authorization("Basic YWxlcnRtYW5hZ2VyOndyb25n")).unwrap_err().code, "SD2102");
}

#[test]
fn captured_requests_resolve_what_they_fired() {
    for (name, agent, statuses) in [
        ("firing-group-of-two", "agent-8", vec![AlertStatus::Firing, AlertStatus::Firing]),
        ("resolved", "agent-7", vec![AlertStatus::Resolved]),
        ("retry-503", "agent-9", vec![AlertStatus::Firing]),
    ] {
        let (headers, body) = request(name);
        let source = preset("alertmanager");
        assert_eq!(map_with(&source, &body, &headers).unwrap_err().code, "SD2102", "another token was sent");
        let mapped = map(&source, &body).unwrap();
        assert_eq!(mapped.iter().map(|one| one.alert.status).collect::<Vec<_>>(), statuses, "{name}");
        assert!(mapped.iter().all(|one| one.alert.agent == claimed(agent)), "{name}");
        assert!(notes(&source, &body).is_empty(), "{name}: {:?}", notes(&source, &body));
    }
}

#[test]
fn the_key_of_an_alert_is_the_same_when_it_fires_again_or_resolves() {
    let body = |status: &str, start: &str| {
        format!(
            r#"{{"alerts":[{{"status":"{status}","labels":{{"alertname":"A"}},"startsAt":"{start}","fingerprint":"f1"}}]}}"#
        )
    };
    let key = |status: &str, start: &str| {
        map(&preset("alertmanager"), body(status, start).as_bytes()).unwrap()[0].alert.dedup_key
    };
    assert_eq!(key("firing", "2026-11-23T01:00:00Z"), key("resolved", "2026-11-23T02:00:00Z"));
}

#[test]
fn without_a_fingerprint_the_labels_are_the_identity() {
    let key = |labels: &str| {
        let body = format!(r#"{{"status":"firing","alerts":[{{"status":"firing","labels":{labels}}}]}}"#);
        map(&preset("alertmanager"), body.as_bytes()).map(|mapped| mapped[0].alert.dedup_key)
    };
    assert_eq!(key(r#"{"a":"1","b":"2"}"#), key(r#"{"b":"2","a":"1"}"#));
    assert_ne!(key(r#"{"a":"1"}"#).unwrap(), key(r#"{"a":"2"}"#).unwrap());
    assert_eq!(key("{}").unwrap_err().code, "SD2303");
}

#[test]
fn a_resolved_group_resolves_nothing_that_does_not_say_so_itself() {
    let body = br#"{"status":"resolved","alerts":[{"labels":{"alertname":"A"},"fingerprint":"1"},
        {"status":"firing","labels":{"alertname":"A"},"fingerprint":"2"}]}"#;
    let mapped = map(&preset("alertmanager"), body).unwrap();
    let statuses: Vec<_> = mapped.iter().map(|one| one.alert.status).collect();
    assert_eq!(statuses, [AlertStatus::Unknown, AlertStatus::Firing]);
}
