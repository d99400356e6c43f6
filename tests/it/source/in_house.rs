//! A mapping that an engineer writes: the one of the documentation, and each part of the language.

use super::{TOKEN, at, authorization, map, map_with, notes, received, source};
use serde_json::json;
use standdown::domain::{AlertStatus, Severity};

const DOCUMENTED: &str = r"
auth: {bearer: env:TOKEN}
map:
  each: body.alerts                   # CEL; each element is `item`
  dedup: [item.id]
  title: item.summary
  severity: { from: item.sev, table: { P1: CRITICAL, P2: HIGH }, missing: MEDIUM }
  status: { from: item.state, resolved: [ok, closed] }
  agent: item.labels.agent_id
  secrets: [/token]
";

#[test]
fn the_documented_mapping_works() {
    let body = json!({"token": "t", "alerts": [
        {"id": 1, "summary": "a", "sev": "p1", "state": "Closed", "labels": {"agent_id": "bot"}, "token": "t"},
        {"id": 2, "summary": "b", "sev": "P9", "state": "broken"}
    ]});
    let mapped = map(&source(DOCUMENTED), body.to_string().as_bytes()).unwrap();
    let [first, second] = &mapped[..] else { panic!("two alerts are expected") };
    assert_eq!((first.alert.severity, first.alert.severity_raw.as_deref()), (Severity::Critical, Some("p1")));
    assert_eq!(first.alert.status, AlertStatus::Resolved);
    assert_eq!(first.alert.agent.id.as_deref(), Some("bot"));
    assert_eq!(first.raw["token"], "[redacted]");
    assert_eq!((second.alert.severity, second.alert.severity_raw.as_deref()), (Severity::Medium, Some("P9")));
    assert_eq!(second.alert.status, AlertStatus::Unknown);
    assert_eq!(second.alert.agent.id, None);
    let unknown = json!({"alerts": [{"id": 2, "sev": "P9"}]}).to_string();
    let notes = notes(&source(DOCUMENTED), unknown.as_bytes());
    assert!(notes.iter().any(|note| note.starts_with("/map/severity/from: ")), "{notes:?}");
}

#[test]
fn a_secret_reaches_nothing_that_is_kept_and_still_tells_alerts_apart() {
    let source = source(
        r#"
auth: {bearer: env:TOKEN}
map:
  dedup: [item.key]
  title: "'leaked: ' + item.key"
  severity: {missing: HIGH}
  labels: item
  credential: {kind: "'api_key'", value: item.key}
  secrets: [/key]
"#,
    );
    let read = |key: &str| map(&source, json!({"key": key}).to_string().as_bytes()).unwrap().remove(0);
    let (one, two) = (read("sk-one"), read("sk-two"));
    assert!(!format!("{one:?}").contains("sk-one"), "{one:?}");
    assert_eq!(one.alert.title, "leaked: [redacted]");
    assert_ne!(one.alert.dedup_key, two.alert.dedup_key);
    let hash = one.alert.credential.as_ref().unwrap()["hash"].as_str().unwrap().to_owned();
    assert!(hash.starts_with("sha256:") && hash.len() == 71, "{hash}");
    assert_eq!(source.redact(&json!({"x": [{"key": "sk-one"}]})), json!({"x": [{"key": "[redacted]"}]}));
}

#[test]
fn a_hash_of_a_credential_is_kept_and_what_is_none_is_hashed() {
    let source = source(
        "{auth: {bearer: env:TOKEN}, map: {dedup: [item.id], title: \"'x'\", severity: {missing: LOW}, \
         credential: {hash: item.hash}}}",
    );
    let hash = |text: &str| {
        let body = json!({"id": 1, "hash": text}).to_string();
        let alert = map(&source, body.as_bytes()).unwrap().remove(0).alert;
        alert.credential.as_ref().unwrap()["hash"].as_str().unwrap().to_owned()
    };
    let given = "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8";
    assert_eq!(hash(given), given);
    assert!(hash("sk-live-1234").starts_with("sha256:"));
}

#[test]
fn identity_parts_that_are_missing_count_as_null() {
    let source =
        source("{auth: {bearer: env:TOKEN}, map: {dedup: [item.a, item.b], title: \"'x'\", severity: {missing: LOW}}}");
    let key = |body: &str| map(&source, body.as_bytes()).map(|mapped| mapped[0].alert.dedup_key);
    assert_eq!(key(r#"{"a":1}"#), key(r#"{"a":1,"b":null}"#));
    assert_ne!(key(r#"{"a":1}"#).unwrap(), key(r#"{"b":1}"#).unwrap());
    assert_eq!(key(r#"{"c":1}"#).unwrap_err().code, "SD2303");
    assert_eq!(key(r#"{"a":"","b":{}}"#).unwrap_err().code, "SD2303");
}

#[test]
fn headers_can_be_read_except_those_that_prove_the_sender() {
    let source = source(
        r#"
auth: {bearer: env:TOKEN}
require_delivery_id: true
map:
  dedup: [item.id]
  title: "has(headers.authorization) ? 'seen' : 'hidden'"
  severity: {missing: LOW}
  delivery_id: headers["x-github-delivery"]
"#,
    );
    let mut headers = authorization(&format!("Bearer {TOKEN}"));
    let body = br#"{"id":1}"#;
    assert_eq!(map_with(&source, body, &headers).unwrap_err().code, "SD2305");
    headers.push(("x-github-delivery".to_owned(), "d-1".to_owned()));
    let mapped = map_with(&source, body, &headers).unwrap();
    assert_eq!(mapped[0].alert.delivery_id.as_deref(), Some("d-1"));
    assert_eq!(mapped[0].alert.title, "hidden");
}

#[test]
fn a_map_beside_a_preset_replaces_its_fields_one_by_one() {
    let source = source(
        "{preset: alertmanager, auth: {bearer: env:TOKEN}, map: {agent: item.labels.bot, occurred_at: item.at}}",
    );
    let body = br#"{"alerts":[{"fingerprint":"1","at":1795406295123,"labels":{"bot":"b","alertname":"A"}}]}"#;
    let mapped = map(&source, body).unwrap();
    let alert = &mapped[0].alert;
    assert_eq!((alert.agent.id.as_deref(), alert.rule.as_deref()), (Some("b"), Some("A")));
    assert_eq!(alert.occurred_at, at("2026-11-23T03:58:15.123Z"));
    assert_eq!(alert.received_at, received());
}

#[test]
fn a_source_without_status_sends_events() {
    let source =
        source("{auth: {bearer: env:TOKEN}, map: {dedup: [item.id], title: item.t, severity: {missing: LOW}}}");
    assert_eq!(map(&source, br#"{"id":1}"#).unwrap()[0].alert.status, AlertStatus::Event);
}
