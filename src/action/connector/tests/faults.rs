//! A broken file is refused whole, with every fault at its place.

use super::super::compile::compile;
use crate::language::Source;

const GOOD: &str = include_str!("../../connectors/oauth.yaml");

/// The faults of the shipped file after one replacement: code, line text, message.
fn faults(from: &str, to: &str) -> Vec<(String, String, String)> {
    assert!(GOOD.contains(from), "{from}");
    let text = GOOD.replacen(from, to, 1);
    let source = Source { name: "oauth.yaml".to_owned(), text: text.clone() };
    let found = compile(&source).map(|_| ()).unwrap_err();
    let line = |number: u32| text.lines().nth(number as usize - 1).unwrap_or_default().trim().to_owned();
    found
        .into_iter()
        .map(|fault| {
            let place = fault.span.map(|span| line(span.line)).unwrap_or_default();
            (fault.code.to_owned(), place, fault.message)
        })
        .collect()
}

#[test]
fn each_kind_of_fault_is_found_at_its_line() {
    let cases = [
        ("success: status == 200", "success: statos == 200", "SD0103", "success: statos"),
        ("post: \"{{connection.revocation_path}}\"", "post: \"{{connection.revocation}}\"", "SD02", "post:"),
        ("post: \"{{connection.revocation_path}}\"", "post: revoke", "SD0401", "post: revoke"),
        ("token: \"{{token}}\", token_type_hint", "token: \"x{{token}}\", token_type_hint", "SD02", "form:"),
        ("type: secret", "type: secrets", "SD0401", "token:"),
        ("type: secret, help", "type: secret, halp", "SD0401", "token:"),
        ("every: 500ms", "every: 500", "SD0401", "every: 500"),
        ("consecutive: 2", "consecutive: 0", "SD0401", "consecutive: 0"),
        ("as: introspection", "as: victim", "SD0401", ""),
        ("protection: idempotent", "protection: read", "SD0401", ""),
        ("reversible: false", "reversible: perhaps", "SD00", "effect:"),
        ("phase: send", "phase: prepare", "SD0401", ""),
        ("revocation_path: { default: /token", "revocation_path: { default: token", "SD0401", "revocation_path:"),
        ("- phase: prepare", "- phse: prepare", "SD0006", "- phse: prepare"),
    ];
    for (from, to, code, place) in cases {
        let found = faults(from, to);
        let hit = found.iter().any(|(found, line, _)| found.starts_with(code) && line.contains(place));
        assert!(hit, "{from} -> {to}: {found:#?}");
    }
}

#[test]
fn several_faults_are_reported_at_once() {
    let found = faults("post: \"{{connection.revocation_path}}\"\n", "post: revoke\n      bearer: \"{{tokn}}\"\n");
    assert!(found.len() >= 2, "{found:#?}");
}

#[test]
fn an_action_that_contains_must_be_able_to_see_it() {
    let from = GOOD.find("    verify:").unwrap();
    let to = GOOD.find("    example:").unwrap();
    let found = faults(&GOOD[from..to], "");
    assert!(found.iter().any(|(_, _, message)| message.contains("needs `verify`")), "{found:#?}");
}
