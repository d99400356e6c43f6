use super::super::codes;
use super::*;
use crate::language::{Fault, Span};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Book {
    playbook: String,
    #[serde(default)]
    stages: Vec<Stage>,
    #[serde(default)]
    mode: Option<Mode>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stage {
    stage: String,
    #[serde(default)]
    with: Value,
    #[serde(default)]
    enabled: bool,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Observe,
    Enforce,
}

fn source(text: &str) -> Source {
    Source { name: "p.yaml".to_owned(), text: text.to_owned() }
}

fn fault(text: &str) -> Diagnostic {
    parse::<Book>(&source(text)).expect_err("the file must be refused").remove(0)
}

fn value(text: &str) -> Value {
    parse::<Value>(&source(text)).expect("the file must be read").0
}

fn span(line: u32, column: u32, length: u32) -> Option<Span> {
    Some(Span { line, column, length })
}

#[test]
fn a_file_is_read_with_the_places_of_its_values() {
    let text = "playbook: x\nmode: enforce\nstages:\n  - stage: one\n    with: { a/b: [1, two] }\n";
    let (book, places) = parse::<Book>(&source(text)).unwrap();
    assert_eq!((book.playbook.as_str(), book.mode), ("x", Some(Mode::Enforce)));
    assert_eq!(book.stages[0].with, json!({"a/b": [1, "two"]}));
    assert_eq!((book.stages[0].stage.as_str(), book.stages[0].enabled), ("one", false));
    assert_eq!(places.value("/stages/0/stage"), span(4, 12, 3));
    assert_eq!(places.key("/stages/0/with"), span(5, 5, 4));
    assert_eq!(places.value("/stages/0/with/a~1b/1"), span(5, 22, 3));
    assert_eq!(places.nearest("/stages/0/stage/missing/x"), span(4, 12, 3));
    assert_eq!(places.value("/nothing"), None);
}

#[test]
fn an_unknown_field_is_shown_at_its_key_with_what_was_meant() {
    let found = fault("playbook: x\nstages:\n  - stage: one\n    wiht: {}\n");
    assert_eq!(found.code, codes::YAML_UNKNOWN_FIELD);
    assert_eq!(found.span, span(4, 5, 4));
    assert_eq!(found.hint.as_deref(), Some("did you mean `with`?"));
}

#[test]
fn every_kind_of_wrong_value_has_its_code_and_line() {
    let cases = [
        ("playbook: x\nmode: enforec\n", codes::YAML_UNKNOWN_WORD, 2),
        ("stages: []\n", codes::YAML_MISSING_FIELD, 1),
        ("playbook: x\nplaybook: y\n", codes::YAML_DUPLICATE_KEY, 2),
        ("playbook: x\nstages: 7\n", codes::YAML_WRONG_TYPE, 2),
        ("playbook: x\nstages:\n  - stage: a\n    enabled: yes\n", codes::YAML_WRONG_TYPE, 4),
        ("playbook: x\n---\nplaybook: y\n", codes::YAML_DOCUMENTS, 2),
        ("playbook: !evil x\n", codes::YAML_FEATURE, 1),
        ("playbook: 'x\n", codes::YAML_SYNTAX, 1),
        ("playbook: x\n stages: []\n", codes::YAML_SYNTAX, 2),
        ("playbook: {{alert.title}}\n", codes::YAML_SYNTAX, 1),
    ];
    for (text, code, line) in cases {
        let found = fault(text);
        assert_eq!((found.code, found.span.map(|span| span.line)), (code, Some(line)), "{text}: {found:?}");
    }
}

#[test]
fn a_known_slip_gets_words_of_its_own() {
    let cases = [
        ("a: 1\nwhen: alert.title == \"b: c\"\nmode: x\n", "put all of it in quotes"),
        ("a: 1\nwhen: \"alert.known\nmode: x\nstages: 1\n", "the quote in line 2 is never closed"),
        ("a: 1\nwhen: 'x\nmode: 1\n", "the quote in line 2 is never closed"),
        ("a: 1\nwhen: !agent.known\n", "put the condition in quotes"),
        ("a:\n  - { step: b, when: !agent.known }\n", "put the condition in quotes"),
        ("playbook: !evil x\n", "without the `!tag`"),
    ];
    for (text, words) in cases {
        let found = fault(text);
        assert!(found.hint.as_deref().unwrap_or_default().contains(words), "{text}: {found:?}");
    }
    for text in [
        "playbook: x\n stages: []\n",
        "title: \"in two\n  lines\"\nplaybook: x\n stages: []\n",
        "title: 'in two\n  lines of it''s own'\nplaybook: x\n stages: []\n",
    ] {
        let unclear = fault(text);
        assert_eq!(unclear.hint, None, "what is not known is not guessed: {unclear:?}");
    }
}

#[test]
fn every_key_that_stands_twice_is_shown() {
    let text = "playbook: x\nplaybook: y\nstages:\n  - { stage: a, with: { b: 1, c: 2, b: 3 } }\n  - { stage: a }\n";
    let found = parse::<Value>(&source(text)).unwrap_err();
    let places: Vec<_> = found.iter().map(|one| (one.code, one.span)).collect();
    assert_eq!(places, [(codes::YAML_DUPLICATE_KEY, span(2, 1, 8)), (codes::YAML_DUPLICATE_KEY, span(4, 37, 1))]);
}

#[test]
fn an_empty_file_is_a_fault() {
    assert_eq!(fault("").file, "p.yaml");
    assert_eq!(fault("# nothing\n").level, crate::language::Level::Error);
}

#[test]
fn values_mean_what_they_seem_to_say() {
    let read = value("a: no\nb: 0755\nc: 1_000\nd: on\ne: true\nf: 12\ng: 1.5\nh: ~\ni: 22:30\n");
    assert_eq!(
        read,
        json!({"a": "no", "b": "0755", "c": "1_000", "d": "on", "e": true, "f": 12, "g": 1.5, "h": null, "i": "22:30"})
    );
}

#[test]
fn merge_keys_are_refused() {
    let text = "playbook: x\nstages:\n  - &a { stage: one }\n  - { <<: *a }\n";
    assert_eq!(fault(text).code, codes::YAML_FEATURE);
}

#[test]
fn a_modest_alias_is_read() {
    assert_eq!(value("a: &x [1, 2]\nb: *x\n"), json!({"a": [1, 2], "b": [1, 2]}));
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let items = vec![format!("*a{}", level - 1); 9].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    let found = parse::<Value>(&source(&text)).unwrap_err().remove(0);
    assert_eq!(found.code, codes::YAML_ALIASES, "{found:?}");
    let many = format!("a: &a x\nb: [{}]\n", vec!["*a"; 500].join(", "));
    assert_eq!(parse::<Value>(&source(&many)).unwrap_err()[0].code, codes::YAML_ALIASES);
}

#[test]
fn an_alias_to_itself_is_refused() {
    assert!(parse::<Value>(&source("a: &a [*a]\n")).is_err());
}

#[test]
fn deep_nesting_is_refused_and_does_not_overflow() {
    let flow = format!("a: {}{}\n", "[".repeat(20_000), "]".repeat(20_000));
    let block: String = (0..3_000).fold(String::new(), |text, depth| text + &" ".repeat(depth % 60) + "- ");
    let mappings: String = (0..300).fold(String::new(), |text, depth| text + &" ".repeat(depth) + "a:\n");
    let unclosed = "{a: ".repeat(50_000);
    for text in [flow, mappings, unclosed] {
        assert_eq!(parse::<Value>(&source(&text)).unwrap_err()[0].code, codes::YAML_TOO_DEEP);
    }
    assert!(parse::<Value>(&source(&block)).is_err());
}

#[test]
fn a_large_file_is_refused_before_it_is_read() {
    let text = format!("a: {}\n", "x".repeat(SIZE_BYTES_MAX));
    assert_eq!(parse::<Value>(&source(&text)).unwrap_err()[0].code, codes::YAML_TOO_LARGE);
}

#[test]
fn a_character_of_a_value_is_found_in_every_style() {
    let text = "plain: alert.rule == 1\nsingle: 'it''s alert'\ndouble: \"a\\tb \\u00e9 alert\"\nfolded: >-\n  one\n  \
                alert two\nliteral: |\n  one\n    alert\nfäng: x alert\nwrapped: one\n  alert\n";
    let (read, places) = parse::<Value>(&source(text)).unwrap();
    let expected = [
        ("plain", 1, 8),
        ("single", 2, 16),
        ("double", 3, 22),
        ("folded", 6, 3),
        ("literal", 9, 5),
        ("fäng", 10, 9),
        ("wrapped", 12, 3),
    ];
    for (key, line, column) in expected {
        let content = read[key].as_str().unwrap();
        let offset = content[..content.find("alert").unwrap()].chars().count();
        assert_eq!(places.content_offset(&format!("/{key}"), offset, 5), span(line, column, 5), "{key}");
    }
}

#[test]
fn the_end_of_a_value_and_beyond_is_the_end_of_the_value() {
    let (_, places) = parse::<Value>(&source("a: xyz\n")).unwrap();
    assert_eq!(places.content_offset("/a", 3, 1), span(1, 6, 1));
    assert_eq!(places.content_offset("/a", 300, 1), span(1, 6, 1));
}

#[test]
fn a_fault_in_a_value_becomes_a_diagnostic_in_the_file() {
    let (_, places) = parse::<Value>(&source("with:\n  when: \"x == alrt.rule\"\n")).unwrap();
    let fault = Fault::new("SD0103", "unknown variable `alrt`", 5, 4).did_you_mean(Some("alert"));
    let diagnostic = places.diagnostic("/with/when", &fault);
    assert_eq!(diagnostic.span, span(2, 15, 4));
    assert_eq!((diagnostic.file.as_str(), diagnostic.hint.as_deref()), ("p.yaml", Some("did you mean `alert`?")));
}
