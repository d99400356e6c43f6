//! Faults of a source's options: all at once, each with its place, code and hint.

use super::{options, secrets};
use standdown::domain::SourceId;
use standdown::language;
use standdown::source::{Source, SourceOptions};

/// Each fault as `code line:column`.
fn faults(yaml: &str) -> Vec<String> {
    let (options, places) = options(yaml);
    let faults = Source::compile(&SourceId::parse("x").unwrap(), &options, &secrets()).unwrap_err();
    faults
        .iter()
        .map(|placed| {
            assert!(placed.fault.hint.is_some() || placed.fault.code.starts_with("SD01"), "{placed:?}");
            let span = placed.diagnostic("", &places).span;
            let span = span.unwrap_or_else(|| panic!("no place for {placed:?}"));
            format!("{} {}:{}", placed.fault.code, span.line, span.column)
        })
        .collect()
}

#[test]
fn each_fault_has_its_code_and_place() {
    for (yaml, expected) in [
        ("{preset: generic}", &["SD2405 1:1"][..]),
        ("{auth: {bearer: env:TOKEN}}", &["SD2401 1:1"]),
        ("{preset: generik, auth: {bearer: env:TOKEN}}", &["SD2402 1:10"]),
        ("{preset: generic, auth: {bearer: env:NOT_SET}}", &["SD2406 1:34"]),
        ("{preset: generic, auth: {bearer: []}}", &["SD2405 1:34"]),
        ("{preset: generic, auth: {bearer: env:TOKEN, basic: {user: a, passwords: env:TOKEN}}}", &["SD2405 1:25"]),
        ("{preset: generic, auth: {basic: {user: 'a:b', passwords: env:TOKEN}}}", &["SD2409 1:40"]),
        ("{preset: generic, auth: {hmac: {preset: githup, secrets: env:TOKEN}}}", &["SD2408 1:41"]),
        ("{preset: generic, auth: {hmac: {preset: standard-webhooks, secrets: env:TOKEN}}}", &["SD2407 1:69"]),
        ("{preset: generic, auth: {hmac: {preset: github, secrets: env:TOKEN, tolerance: 2d}}}", &["SD2409 1:80"]),
        ("{preset: generic, auth: {bearer: env:TOKEN}, answer: 302}", &["SD2409 1:54"]),
        ("{preset: generic, auth: {bearer: env:TOKEN}, body_bytes_max: 0}", &["SD2409 1:62"]),
    ] {
        assert_eq!(faults(yaml), expected, "{yaml}");
    }
}

#[test]
fn all_faults_of_a_mapping_are_told_at_once_with_the_place_inside_the_expression() {
    let yaml = r#"
auth: {bearer: env:TOKEN}
map:
  each: bdy.alerts
  dedup: [item.id, "item."]
  severity:
    from: item.sev
    table: {P1: HIGH, p1: LOW}
  status: {from: item.state, firing: [open], resolved: [ok, OPEN]}
  fields: {"a-b": item.x}
  secrets: [token]
"#;
    let mut found = faults(yaml);
    found.sort();
    assert_eq!(
        found,
        [
            "SD0101 5:25",
            "SD0103 4:9",
            "SD2403 4:3",
            "SD2404 7:5",
            "SD2409 10:19",
            "SD2409 11:13",
            "SD2410 8:27",
            "SD2410 9:61",
        ]
    );
}

#[test]
fn a_source_without_a_missing_severity_is_refused() {
    let yaml = "{auth: {bearer: env:TOKEN}, map: {dedup: [item.id], title: item.t}}";
    assert_eq!(faults(yaml), ["SD2404 1:34"]);
}

#[test]
fn a_check_without_secrets_finds_everything_but_the_secrets() {
    let (options, _) = options("{preset: generic, auth: {bearer: env:NOT_SET}, answer: 302}");
    let codes: Vec<_> = Source::check(&options).iter().map(|placed| placed.fault.code).collect();
    assert_eq!(codes, ["SD2409"]);
}

#[test]
fn a_literal_secret_is_refused_at_its_place_and_not_repeated() {
    for yaml in [
        "preset: generic\nauth: {bearer: hunter2}\n",
        "preset: generic\nauth: {hmac: {preset: github, secrets: [hunter2]}}\n",
        "preset: generic\nauth: {bearer: 7777777}\n",
    ] {
        let file = language::Source { name: "standdown.yaml".to_owned(), text: yaml.to_owned() };
        let faults = language::parse::<SourceOptions>(&file).unwrap_err();
        let text = format!("{faults:?}");
        assert!(!text.contains("hunter2") && !text.contains("7777777"), "{text}");
        assert_eq!(faults[0].span.map(|span| span.line), Some(2), "{text}");
    }
}

#[test]
fn an_unknown_field_of_a_mapping_has_its_place() {
    let yaml = "preset: generic\nauth: {bearer: env:TOKEN}\nmap:\n  agent: {id: item.a, nam: item.b}\n";
    let file = language::Source { name: "standdown.yaml".to_owned(), text: yaml.to_owned() };
    let faults = language::parse::<SourceOptions>(&file).unwrap_err();
    assert_eq!(faults[0].span.map(|span| (span.line, span.column)), Some((4, 23)), "{faults:?}");
    assert!(faults[0].hint.as_deref().is_some_and(|hint| hint.contains("name")), "{faults:?}");
}
