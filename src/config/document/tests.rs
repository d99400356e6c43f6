use serde_json::json;

use super::*;
use crate::config::codes;

fn file(text: &str) -> Source {
    Source { name: "standdown.yaml".to_owned(), text: text.to_owned() }
}

fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn the_defaults_are_a_document_that_comments_every_setting() {
    let document = Document::read(None).unwrap();
    for (at, _) in pointer::leaves(&document.value) {
        let key = pointer::segments(&at).last().unwrap();
        let lines: Vec<_> = DEFAULTS.lines().collect();
        let line = lines.iter().position(|line| line.trim_start().starts_with(&format!("{key}:")));
        assert!(line.is_some_and(|line| line > 0), "{at} is not on a line of its own");
    }
}

#[test]
fn the_file_wins_over_the_defaults_key_by_key() {
    let document = Document::read(Some(&file("log:\n  level: debug\npeople:\n  ana: {name: Ana}\ngroups:\n"))).unwrap();
    assert_eq!(document.value["log"], json!({"format": "human", "level": "debug"}));
    assert_eq!(document.value["people"], json!({"ana": {"name": "Ana"}}));
    assert_eq!(document.value["groups"], json!({}));
    assert!(document.is_set("/log/level") && !document.is_set("/log/format"));
}

#[test]
fn the_environment_wins_over_both_in_the_type_of_the_setting() {
    let text = "channels:\n  webhooks:\n    on-call: {url: x}\n";
    let mut document = Document::read(Some(&file(text))).unwrap();
    let faults = document.apply(&variables(&[
        ("STANDDOWN_LISTEN", "127.0.0.1:9"),
        ("STANDDOWN_LIMITS__WORKERS", "4"),
        ("STANDDOWN_GATE__ALLOW_UNKNOWN", "true"),
        ("STANDDOWN_SOCKET", ""),
        ("STANDDOWN_CHANNELS__WEBHOOKS__ON_CALL__URL", "y"),
        ("STANDDOWN_CONFIG", "elsewhere"),
        ("PATH", "/bin"),
    ]));
    assert_eq!(faults, []);
    assert_eq!(document.value["listen"], "127.0.0.1:9");
    assert_eq!(document.value["limits"]["workers"], 4);
    assert_eq!(document.value["gate"]["allow_unknown"], true);
    assert_eq!(document.value["socket"], Value::Null);
    assert_eq!(document.value["channels"]["webhooks"]["on-call"]["url"], "y");
    let fault = document.error("/listen", codes::WRONG_VALUE, "wrong");
    assert_eq!((fault.file.as_str(), fault.span), ("$STANDDOWN_LISTEN", None));
}

#[test]
fn a_variable_that_sets_nothing_is_a_fault_with_what_was_meant() {
    let mut document = Document::read(None).unwrap();
    let faults = document.apply(&variables(&[
        ("STANDDOWN_LOG__LEVLE", "debug"),
        ("STANDDOWN_PROTECTED", "x"),
        ("STANDDOWN_QUITE_ELSE", "x"),
    ]));
    let hints: Vec<_> = faults.iter().map(|fault| fault.hint.clone().unwrap()).collect();
    assert!(faults.iter().all(|fault| fault.code == codes::UNKNOWN_VARIABLE && fault.span.is_none()));
    assert_eq!(hints.len(), 3, "{faults:?}");
    assert_eq!(hints[0], "did you mean STANDDOWN_LOG__LEVEL?");
}

#[test]
fn a_variable_that_a_secret_is_read_from_is_no_setting() {
    let mut document = Document::read(Some(&file("gate:\n  token: ${STANDDOWN_GATE_SECRET}\n"))).unwrap();
    assert_eq!(document.apply(&variables(&[("STANDDOWN_GATE_SECRET", "s3cret")])), []);
}

#[test]
fn a_variable_that_could_set_two_settings_is_a_fault() {
    let text = "people:\n  ana.b: {name: A}\n  ana-b: {name: B}\n";
    let mut document = Document::read(Some(&file(text))).unwrap();
    let faults = document.apply(&variables(&[("STANDDOWN_PEOPLE__ANA_B__NAME", "C")]));
    assert_eq!(faults.len(), 1);
    assert!(faults[0].message.contains("people.ana-b.name or people.ana.b.name"), "{}", faults[0].message);
}

#[test]
fn a_file_that_is_no_mapping_is_refused() {
    let fault = Document::read(Some(&file("- listen\n"))).unwrap_err().remove(0);
    assert_eq!((fault.code, fault.span.unwrap().line), (codes::WRONG_VALUE, 1));
}
