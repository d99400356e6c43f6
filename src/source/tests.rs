use super::*;
use crate::client::StaticSecrets;
use crate::domain::SourceId;
use crate::language;
use proptest::prelude::*;
use std::sync::LazyLock;

fn compile(yaml: &str) -> Source {
    let file = language::Source { name: "standdown.yaml".to_owned(), text: yaml.to_owned() };
    let (options, _) = language::parse::<SourceOptions>(&file).unwrap();
    let secrets = StaticSecrets::parse([("env:TOKEN", "t-1234567890123456")]).unwrap();
    Source::compile(&SourceId::parse("in-house").unwrap(), &options, &secrets).unwrap()
}

static PRESETS: LazyLock<Vec<Source>> =
    LazyLock::new(|| presets().map(|name| compile(&format!("preset: {name}\nauth: {{bearer: env:TOKEN}}"))).collect());

fn authorized() -> Vec<(String, String)> {
    vec![("authorization".to_owned(), "Bearer t-1234567890123456".to_owned())]
}

/// What any body may lead to: alerts within their caps, or a refusal; never anything else.
fn deliver(source: &Source, body: &[u8]) -> Result<usize, Refusal> {
    let now = "2026-11-23T04:00:00Z".parse().unwrap();
    let authenticated = source.authenticate(&authorized(), body, now)?;
    let value = source.decode(body)?;
    let mapped = source.map(&value, &authorized(), &authenticated, now)?;
    for one in &mapped {
        assert!(one.alert.title.chars().count() <= 300);
        assert!(one.alert.labels.len() <= 64);
        assert!(one.alert.occurred_at <= now + jiff::SignedDuration::from_secs(300));
    }
    Ok(mapped.len())
}

#[test]
fn the_secret_of_a_source_appears_in_no_debug_form() {
    assert!(!format!("{:?}", *PRESETS).contains("t-1234567890123456"));
}

#[test]
fn every_preset_compiles_and_is_found_by_its_name() {
    assert_eq!(PRESETS.len(), presets().count());
    assert!(preset_text("alertmanager").is_some_and(|text| text.contains("map:")));
    assert_eq!(preset_text("none"), None);
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        "\\PC{0,12}".prop_map(serde_json::Value::from),
        Just(serde_json::Value::from("2026-11-23T03:00:00Z")),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        let key = prop_oneof![
            Just("alerts".to_owned()),
            Just("labels".to_owned()),
            Just("annotations".to_owned()),
            Just("agent".to_owned()),
            Just("id".to_owned()),
            Just("fingerprint".to_owned()),
            Just("status".to_owned()),
            Just("severity".to_owned()),
            Just("startsAt".to_owned()),
            Just("summary".to_owned()),
            Just("fields".to_owned()),
            "[a-z]{1,4}",
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
            proptest::collection::btree_map(key, inner, 0..8)
                .prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_become_alerts_or_a_refusal(body in proptest::collection::vec(any::<u8>(), 0..256)) {
        for source in PRESETS.iter() {
            let outcome = deliver(source, &body);
            prop_assert!(outcome.is_ok() || outcome.is_err_and(|refusal| !refusal.reason.is_empty()));
        }
    }

    #[test]
    fn any_json_becomes_alerts_or_a_refusal(body in json()) {
        for source in PRESETS.iter() {
            let outcome = deliver(source, body.to_string().as_bytes());
            prop_assert!(outcome.is_ok() || outcome.is_err_and(|refusal| refusal.code.starts_with("SD2")));
        }
    }
}
