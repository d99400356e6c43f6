//! What editors, other systems and old habits do to a file: each is either taken or answered clearly.

use super::*;
use crate::language::codes as language;

const GOOD: &str = "playbook: p\nmatch: { when: alert.severity >= HIGH }\nstages:\n  - stage: one\n    steps:\n      - { step: a, action: agent.pause, background: true }\n";

#[test]
fn a_byte_order_mark_is_taken_and_moves_no_place() {
    playbook(&format!("\u{feff}{GOOD}"));
    let text = format!("\u{feff}{}", GOOD.replace("alert.severity", "alert.severty"));
    let [fault] = refused(&text).try_into().unwrap();
    assert_eq!(fault.span, Some(Span { line: 2, column: 22, length: 7 }), "{fault:?}");
    let text = format!("\u{feff}{}", GOOD.replace("playbook: p", "playbook: a b"));
    let [fault] = refused(&text).try_into().unwrap();
    let flow = format!(
        "\u{feff}{}",
        "{ playbook: p, match: { when: alert.severty >= HIGH }, stages: [{ stage: a, steps: [{ step: b, wait: 1s }] }] }"
    );
    let [inside] = refused(&flow).try_into().unwrap();
    assert_eq!(inside.span, Some(Span { line: 1, column: 37, length: 7 }), "{inside:?}");
    let shown = crate::language::render_human(&[fault], &[source(&text)], false);
    assert!(shown.contains("p.yaml:1:11"), "{shown}");
    let line = |part: &str| shown.lines().find(|line| line.contains(part)).unwrap().to_owned();
    assert!(!shown.contains('\u{feff}'), "{shown}");
    assert_eq!(
        line("playbook: a b").find("a b"),
        line("^^^").find("^^^"),
        "the caret stands below the fault:\n{shown}"
    );
}

#[test]
fn lines_that_end_as_on_windows_are_taken_and_move_no_place() {
    let windows = |text: &str| text.replace('\n', "\r\n");
    playbook(&windows(GOOD));
    let text = windows(&GOOD.replace("agent.pause", "agent.puase"));
    let [fault] = refused(&text).try_into().unwrap();
    assert_eq!(fault.span, Some(Span { line: 6, column: 28, length: 11 }), "{fault:?}");
    let folded = windows(
        "playbook: p\nmatch:\n  when: >-\n    alert.rule == 'x' &&\n    alert.severty >= HIGH\nstages:\n  - { stage: one, steps: [{ step: a, wait: 1s }] }\n",
    );
    let [fault] = refused(&folded).try_into().unwrap();
    assert_eq!(fault.span, Some(Span { line: 5, column: 11, length: 7 }), "{fault:?}");
}

/// One fault of each kind of reader: the scanner of YAML, its structure, its values, an expression inside a folded and one
/// inside a quoted value, and a template inside a block.
fn one_fault_of_each_reader() -> Vec<String> {
    let folded = "match:\n  when: >-\n    alert.rule == 'x' &&\n    alert.severty >= HIGH";
    let quoted = "match:\n  when: \"alert.rule == 'x'\n\n    && alert.severty >= HIGH\"";
    let open = "match:\n  when: |\n    alert.rule == 'x' &&\n    alert.severity >>= HIGH";
    let template = GOOD.replace(
        "{ step: a, action: agent.pause, background: true }",
        "step: a\n        action: agent.pause\n        with:\n          reason: |\n            first\n            then {{alert.titel}}",
    );
    let when = |written: &str| GOOD.replace("match: { when: alert.severity >= HIGH }", written);
    vec![
        format!("{GOOD}?"),
        format!("{GOOD}  %"),
        GOOD.replace("stages:", "stages: \"never closed"),
        GOOD.replace("    steps:", "\tsteps:"),
        GOOD.replace("stages:", "title: { a: b }\nstages:"),
        GOOD.replace("    steps:", "    stage: one\n    steps:"),
        GOOD.replace("agent.pause", "agent.puase"),
        GOOD.replace("    steps:", "    stepps: 1\n    steps:"),
        when(folded),
        when(quoted),
        when(open),
        template,
    ]
}

#[test]
fn whatever_ends_the_lines_each_fault_stands_in_the_same_line_and_that_line_is_shown() {
    for text in one_fault_of_each_reader() {
        let expected = refused(&text);
        let places = |faults: &[Diagnostic]| faults.iter().map(|fault| (fault.code, fault.span)).collect::<Vec<_>>();
        let excerpt = |faults: &[Diagnostic], text: &str| {
            assert!(faults.iter().all(|fault| fault.span.is_some_and(|span| span.line > 1)), "{faults:#?}");
            let shown = crate::language::render_human(faults, &[source(text)], false);
            assert!(shown.contains('^'), "{shown}");
            shown
        };
        let machine =
            |faults: &[Diagnostic]| (crate::language::render_json(faults), crate::language::render_github(faults));
        let shown = excerpt(&expected, &text);
        for end in ["\r", "\r\n"] {
            let text = text.replace('\n', end);
            let found = refused(&text);
            assert_eq!(places(&found), places(&expected), "{text:?}\n{found:#?}");
            assert_eq!(machine(&found), machine(&expected), "{text:?}");
            assert_eq!(excerpt(&found, &text), shown, "{text:?}");
        }
    }
}

#[test]
fn a_tab_is_refused_where_it_stands_with_what_to_write() {
    for text in [GOOD.replace("    steps:", "\tsteps:"), GOOD.replace("      - {", "\t\t- {")] {
        let [fault] = refused(&text).try_into().unwrap();
        assert_eq!(fault.code, language::YAML_SYNTAX, "{fault:?}");
        assert!(
            fault.message.contains("tab") || fault.hint.as_deref().is_some_and(|hint| hint.contains("tab")),
            "{fault:?}"
        );
        assert!(fault.span.is_some_and(|span| span.line == 5 || span.line == 6), "{fault:?}");
    }
}

#[test]
fn yes_and_no_are_words_and_a_flag_says_what_to_write() {
    for (word, hint) in
        [("yes", "`true`"), ("on", "`true`"), ("No", "`false`"), ("off", "`false`"), ("'true'", "without quotes")]
    {
        let [fault] = refused(&GOOD.replace("background: true", &format!("background: {word}"))).try_into().unwrap();
        assert_eq!(fault.code, language::YAML_WRONG_TYPE);
        assert!(fault.hint.as_deref().is_some_and(|text| text.contains(hint)), "{fault:?}");
    }
    // A name may be one of those words.
    playbook(&GOOD.replace("step: a", "step: no"));
    playbook(&GOOD.replace("playbook: p", "playbook: on"));
}

#[test]
fn numbers_and_dates_that_stand_for_text_are_answered_with_quotes() {
    for value in ["title: 2026", "title: 1.5", "title: true"] {
        let [fault] = refused(&GOOD.replace("playbook: p", &format!("playbook: p\n{value}"))).try_into().unwrap();
        assert!(fault.hint.as_deref().is_some_and(|text| text.contains("quotes")), "{fault:?}");
    }
    playbook(&GOOD.replace("playbook: p", "playbook: p\ntitle: 2026-11-23"));
}

#[test]
fn a_key_that_stands_twice_is_shown_with_its_name() {
    let [fault] = refused(&GOOD.replace("playbook: p\n", "playbook: p\nplaybook: q\n")).try_into().unwrap();
    assert_eq!((fault.code, fault.span.unwrap().line), (language::YAML_DUPLICATE_KEY, 2));
    assert!(fault.message.contains("`playbook`"), "{fault:?}");
}

#[test]
fn every_closed_set_of_names_answers_a_slip_with_the_name_that_was_meant() {
    let cases = [
        ("agent.pause", "agent.puase", "`agent.pause`"),
        ("background", "backgruond", "`background`"),
        ("severity", "severty", "`severity`"),
        ("alert.severity >= HIGH", "alrt.severity >= HIGH", "`alert`"),
        ("alert.severity >= HIGH", "alert.severity >= HGIH", "`HIGH`"),
        ("alert.severity >= HIGH", "alert.title.startWith('x')", "`startsWith`"),
        ("alert.severity >= HIGH", "lowr(alert.title) == 'x'", "`lower`"),
        ("background: true", "with: { reson: x }", "`reason`"),
        ("background: true", "with: { reason: '{{alert.titel}}' }", "`title`"),
        ("background: true", "with: { reason: '{{uper alert.title}}' }", "`upper`"),
        ("background: true", "on_failure: contiune", "`continue`"),
        ("background: true", "when: steps.aa.state == 'x'", ""),
    ];
    for (from, to, meant) in cases {
        let text = GOOD.replacen(from, to, 1);
        let [fault] = refused(&text).try_into().unwrap_or_else(|found| panic!("{found:#?}\n{text}"));
        assert!(fault.hint.as_deref().unwrap_or_default().contains(meant), "{to}: {fault:?}");
    }
}

#[test]
fn a_condition_where_its_mapping_is_expected_and_a_misspelt_key_are_answered_once_with_what_to_write() {
    let [fault] = refused(&GOOD.replace("{ when: alert.severity >= HIGH }", "alert.rule == 'x'")).try_into().unwrap();
    assert_eq!(fault.hint.as_deref(), Some("write `match: { when: \"alert.rule == 'x'\" }`"), "{fault:?}");
    let [fault] = refused(&GOOD.replace("playbook: p", "playbok: p")).try_into().unwrap();
    assert_eq!((fault.code, fault.span.unwrap().line), (language::YAML_UNKNOWN_FIELD, 1), "{fault:?}");
    assert_eq!(fault.hint.as_deref(), Some("did you mean `playbook`?"));
    // What is near to nothing that is known hides nothing that is missing.
    let codes: Vec<_> =
        refused(&GOOD.replace("playbook: p", "flavour: p")).into_iter().map(|fault| fault.code).collect();
    assert_eq!(codes, [language::YAML_MISSING_FIELD, language::YAML_UNKNOWN_FIELD]);
}

#[test]
fn an_empty_file_is_called_empty_with_what_to_write_first() {
    for text in ["", "\n", "# only a word\n", "\u{feff}", "---\n"] {
        let [fault] = refused(text).try_into().unwrap();
        assert_eq!(fault.message, "the file is empty", "{text:?}");
        assert!(fault.span.is_some() && fault.hint.is_some_and(|hint| hint.contains("`playbook: NAME`")), "{text:?}");
    }
}
