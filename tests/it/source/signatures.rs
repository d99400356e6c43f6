//! Signatures: the published vectors of every scheme, and everything that must not pass for one.

use super::{Headers, at, headers, map_with, options, payload, source};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use standdown::client::StaticSecrets;
use standdown::domain::SourceId;
use standdown::source::{RefusalKind, Source};

const STANDARD: &str = "{preset: generic, auth: {hmac: {preset: standard-webhooks, secrets: [env:FIRST, env:SECOND]}}}";

/// Which scheme of ours a vector belongs to.
const SCHEMES: [(&str, &str); 18] = [
    ("standard-webhooks-1", "standard-webhooks"),
    ("standard-webhooks-2", "standard-webhooks"),
    ("github-x-hub-signature-256", "github"),
    ("hub-signature-2", "github"),
    ("pagerduty-v3", "pagerduty"),
    ("slack-v0", "slack"),
    ("slack-v0-docs", "slack"),
    ("stripe-t-v1", "stripe"),
    ("langfuse-t-v1", "langfuse"),
    ("rootly-t-v1-NO-DOT", "rootly"),
    ("grafana-hmac-ts", "grafana-timestamp"),
    ("grafana-hmac-no-ts", "grafana"),
    ("gitguardian-key-is-ts+token", "gitguardian"),
    ("sentry", "sentry"),
    ("cursor", "cursor"),
    ("vault-radar-sha512", "hcp-vault-radar"),
    ("splunk-o11y-sfx", "splunk-observability"),
    ("none", "none"),
];

fn vectors() -> Vec<Value> {
    serde_json::from_slice(&payload("signatures/hmac-vectors.json")).unwrap()
}

fn vector_headers(vector: &Value) -> Headers {
    let pairs = vector["headers"].as_object().unwrap().iter();
    pairs.map(|(name, value)| (name.to_ascii_lowercase(), value.as_str().unwrap().to_owned())).collect()
}

/// The time that a vector was signed at, wherever it stands; any other time if the scheme signs none.
fn signed_at(headers: &Headers) -> Timestamp {
    let values = headers.iter().map(|(_, value)| value.split(',').next().unwrap_or_default());
    let mut seconds = values.filter_map(|value| value.trim_start_matches("t=").parse().ok());
    seconds.next().map_or_else(super::received, |seconds| Timestamp::from_second(seconds).unwrap())
}

fn vector_source(scheme: &str, secret: &str) -> Source {
    let yaml = format!("{{preset: generic, auth: {{hmac: {{preset: {scheme}, secrets: env:KEY}}}}}}");
    let secrets = StaticSecrets::parse([("env:KEY", secret)]).unwrap();
    Source::compile(&SourceId::parse("x").unwrap(), &options(&yaml).0, &secrets).unwrap()
}

#[test]
fn every_vector_of_every_scheme_is_taken_and_any_change_is_refused() {
    let vectors = vectors();
    assert!(vectors.len() >= 17);
    for vector in &vectors {
        let name = vector["name"].as_str().unwrap();
        let (_, scheme) = SCHEMES.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("{name} is new"));
        let (headers, body) = (vector_headers(vector), vector["body"].as_str().unwrap());
        let now = signed_at(&headers);
        let source = vector_source(scheme, vector["secret"].as_str().unwrap());
        let known =
            source.authenticate(&headers, body.as_bytes(), now).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(known.authentication.scheme, *scheme);
        let refused = |headers: &Headers, body: &str, source: &Source| {
            source.authenticate(headers, body.as_bytes(), now).map_err(|refusal| refusal.kind).unwrap_err()
        };
        assert_eq!(refused(&headers, &format!("{body} "), &source), RefusalKind::Unauthenticated, "{name}");
        assert_eq!(refused(&Vec::new(), body, &source), RefusalKind::Unauthenticated, "{name}");
        let other = vector_source(scheme, "d2hzZWNfb3RoZXJvdGhlcm90aGVyb3RoZXI=");
        assert_eq!(refused(&headers, body, &other), RefusalKind::Unauthenticated, "{name}");
    }
}

#[test]
fn a_published_delivery_is_taken_with_its_id_and_the_key_that_signed_it() {
    let source = source(STANDARD);
    let mut keys = Vec::new();
    for (name, time, id) in [
        ("vector-1-rust", "2022-04-07T21:39:13Z", "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk"),
        ("vector-2-python-js", "2021-02-25T15:02:10Z", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
    ] {
        let headers = headers(&format!("standard-webhooks/{name}.headers"));
        let body = payload(&format!("standard-webhooks/{name}.json"));
        let known = source.authenticate(&headers, &body, at(time)).unwrap();
        assert_eq!(known.delivery_id.as_deref(), Some(id));
        keys.push(known.authentication.key_id.clone());
        let mapped = source.map(&source.decode(&body).unwrap(), &headers, &known, at(time));
        assert_eq!(mapped.unwrap_err().code, "SD2303", "the published bodies are no alerts");
    }
    assert_ne!(keys[0], keys[1]);
}

#[test]
fn an_asymmetric_signature_among_unknown_versions_is_taken() {
    let headers = headers("standard-webhooks/ed25519-v1a-mixed.headers");
    let body = payload("standard-webhooks/ed25519-v1a-mixed.json");
    let public = "{preset: generic, auth: {hmac: {preset: standard-webhooks, secrets: [env:SECOND, env:PUBLIC]}}}";
    let now = at("2022-04-07T21:39:13Z");
    assert!(source(public).authenticate(&headers, &body, now).is_ok());
    assert_eq!(source(STANDARD).authenticate(&headers, &body, now).unwrap_err().code, "SD2102");
    assert_eq!(source(public).authenticate(&headers, b"{}", now).unwrap_err().code, "SD2102");
}

fn first_vector() -> (Headers, Vec<u8>) {
    (headers("standard-webhooks/vector-1-rust.headers"), payload("standard-webhooks/vector-1-rust.json"))
}

fn with(mut headers: Headers, name: &str, value: &str) -> Headers {
    headers.retain(|(known, _)| known != name);
    headers.push((name.to_owned(), value.to_owned()));
    headers
}

#[test]
fn a_signed_time_is_taken_within_five_minutes_both_ways_and_stale_beyond() {
    let (headers, body) = first_vector();
    let signed = at("2022-04-07T21:39:13Z");
    for (seconds, code) in [
        (-301, Some("SD2103")),
        (-300, None),
        (0, None),
        (300, None),
        (301, Some("SD2103")),
        (1_000_000, Some("SD2103")),
    ] {
        let now = signed + SignedDuration::from_secs(seconds);
        let outcome = source(STANDARD).authenticate(&headers, &body, now);
        assert_eq!(outcome.err().map(|refusal| refusal.code), code, "{seconds}");
    }
    let narrow = STANDARD.replace("secrets:", "tolerance: 10s, secrets:");
    let refusal = source(&narrow).authenticate(&headers, &body, signed + SignedDuration::from_secs(11)).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Stale);
}

#[test]
fn a_stale_forgery_learns_nothing_of_the_clock() {
    let (headers, _) = first_vector();
    let refusal = source(STANDARD).authenticate(&headers, b"{}", super::received()).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Unauthenticated);
}

#[test]
fn a_right_signature_is_found_among_others_and_no_change_passes() {
    let (headers, body) = first_vector();
    let now = at("2022-04-07T21:39:13Z");
    let source = source(STANDARD);
    let right = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";
    let outcome =
        |headers: &Headers| source.authenticate(headers, &body, now).map_err(|refusal| refusal.code).map(|_| ());
    let signature = |value: &str| outcome(&with(headers.clone(), "webhook-signature", value));
    assert_eq!(signature(&format!("v2,abc v1,AAAA v1,!!! {right}")), Ok(()));
    for wrong in ["", "v1,", "v1", &right[3..], &right.replace("v1,", "v2,"), &right.replace("tZ", "TZ"), "v1,tZ1I"] {
        assert_eq!(signature(wrong), Err("SD2102"), "{wrong:?}");
    }
    assert_eq!(signature(&format!("{}{right}", "v1,AAAA ".repeat(16))), Err("SD2102"), "sixteen are looked at");
    assert_eq!(outcome(&with(headers.clone(), "webhook-id", "msg_other")), Err("SD2102"));
    assert_eq!(outcome(&with(headers.clone(), "webhook-id", "")), Err("SD2101"));
    for time in ["1649367554", "+1649367553", "01649367553", "", "x"] {
        assert_eq!(outcome(&with(headers.clone(), "webhook-timestamp", time)), Err("SD2102"), "{time:?}");
    }
    let mut twice = headers.clone();
    twice.push(("webhook-id".to_owned(), "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk".to_owned()));
    assert_eq!(outcome(&twice), Err("SD2101"));
}

#[test]
fn the_header_of_a_signature_is_hidden_from_the_mapping() {
    let yaml = r#"
auth: {hmac: {preset: github, secrets: env:TOKEN}}
map: {dedup: ["'x'"], title: "string(size(headers))", severity: {missing: LOW}}
"#;
    let source = source(yaml);
    let body = br#"{"a":1}"#;
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, super::TOKEN.as_bytes());
    let tag = aws_lc_rs::hmac::sign(&key, body);
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let headers = vec![("x-hub-signature-256".to_owned(), format!("sha256={hex}"))];
    assert_eq!(map_with(&source, body, &headers).unwrap()[0].alert.title, "0");
}
