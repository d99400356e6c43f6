//! Bodies at the edge of JSON: read in one way, or refused with a reason.

use super::{map, payload, preset};
use standdown::domain::{AlertStatus, Severity};
use standdown::source::RefusalKind;

#[test]
fn what_is_almost_json_is_refused_with_its_own_code() {
    for (name, code) in [
        ("duplicate-keys.json", "SD2204"),
        ("empty-body.txt", "SD2201"),
        ("invalid-utf8.txt", "SD2202"),
        ("lone-surrogate-escape.json", "SD2203"),
        ("top-level-null.json", "SD2207"),
        ("top-level-string.json", "SD2207"),
        ("utf16le-body.txt", "SD2202"),
    ] {
        let refusal = map(&preset("alertmanager"), &payload(&format!("edge/{name}"))).unwrap_err();
        assert_eq!((refusal.kind, refusal.code), (RefusalKind::NotDecodable, code), "{name}: {refusal}");
        assert!(refusal.to_string().starts_with("failed to take the delivery: "), "{refusal}");
    }
}

#[test]
fn numbers_that_no_number_type_holds_keep_their_digits() {
    let mapped = map(&preset("alertmanager"), &payload("edge/big-numbers.json")).unwrap();
    let [one] = &mapped[..] else { panic!("one alert is expected") };
    assert_eq!(one.raw["fingerprint"], "18446744073709551616");
    assert_eq!(one.raw["value"], "1e400");
    assert_eq!(one.raw["id"], 9_007_199_254_740_993_i64);
    assert_eq!((one.alert.status, one.alert.severity), (AlertStatus::Unknown, Severity::High));
    assert!(one.alert.occurred_at_assumed);
    let near = br#"{"alerts":[{"fingerprint":18446744073709551615,"labels":{"alertname":"x"}}]}"#;
    assert_ne!(map(&preset("alertmanager"), near).unwrap()[0].alert.dedup_key, one.alert.dedup_key);
}

#[test]
fn control_characters_are_data_and_nul_is_replaced() {
    let mapped = map(&preset("alertmanager"), &payload("edge/nul-and-controls-escaped.json")).unwrap();
    let [one] = &mapped[..] else { panic!("one alert is expected") };
    assert_eq!(one.alert.title, "a\u{fffd}b\u{1b}[31m");
    assert_eq!(one.alert.labels["alertname"], "a\u{fffd}b\u{1b}[31m");
    assert_eq!(one.alert.agent.id.as_deref(), Some("../../etc/passwd"));
}

#[test]
fn a_body_of_another_sender_is_refused_as_such() {
    for body in [&b"{}"[..], b"[]", br#"{"alerts":{}}"#, br#"{"alerts":null}"#, br#"{"alerts":[1]}"#] {
        let refusal = map(&preset("alertmanager"), body).unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::NotMappable, "{refusal}");
    }
}

#[test]
fn a_batch_is_as_large_as_the_limits_and_no_larger() {
    let batch = |count: usize| format!(r#"{{"alerts":[{}]}}"#, vec![r#"{"fingerprint":"1"}"#; count].join(","));
    assert_eq!(map(&preset("alertmanager"), batch(2_000).as_bytes()).unwrap().len(), 2_000);
    assert_eq!(map(&preset("alertmanager"), batch(2_001).as_bytes()).unwrap_err().code, "SD2304");
    let large = format!(r#"{{"alerts":[],"x":"{}"}}"#, "x".repeat(1024 * 1024));
    assert_eq!(map(&preset("alertmanager"), large.as_bytes()).unwrap_err().code, "SD2206");
}

#[test]
fn a_strange_item_does_not_hide_its_neighbours() {
    let source = preset("alertmanager");
    let body = br#"{"alerts":[{"fingerprint":"1","status":"firing"},{"labels":{}},7,
        {"fingerprint":"2","labels":["x"],"annotations":"y","startsAt":{},"endsAt":"soon","status":["firing"]}]}"#;
    let headers = super::authorization(&format!("Bearer {}", super::TOKEN));
    let authenticated = source.authenticate(&headers, body, super::received()).unwrap();
    let items = source.map_each(&source.decode(body).unwrap(), &headers, &authenticated, super::received()).unwrap();
    let codes: Vec<Option<&str>> = items.iter().map(|item| item.as_ref().err().map(|bad| bad.refusal.code)).collect();
    assert_eq!(codes, [None, Some("SD2303"), Some("SD2302"), None]);
    let strange = items[3].as_ref().unwrap();
    assert_eq!(strange.alert.status, AlertStatus::Unknown);
    assert!(strange.notes.iter().any(|note| note.starts_with("/map/labels: ")), "{:?}", strange.notes);
}
