//! Faults of the head, of stages and of the form of values.

use super::*;
use crate::language::codes as language;
use crate::playbook::codes;

const STAGES: &str = "stages:\n  - { stage: one, steps: [{ step: a, wait: 1s }] }\n";
const MATCH: &str = "match: { when: \"true\" }\n";

#[test]
fn faults_of_the_head_are_found_at_their_place() {
    let cases = [
        (
            format!("«match: {{ when: 'true' }}\n{STAGES}"),
            language::YAML_MISSING_FIELD,
            "`playbook`",
            "add `playbook:`",
        ),
        (format!("playbook: «a b»\n{MATCH}{STAGES}"), codes::NAME, "`a b`", "letters, digits"),
        (format!("playbook: p\nowner: «owner»\n{MATCH}{STAGES}"), codes::PRINCIPAL, "many agents", "group:NAME"),
        (format!("playbook: p\nowner: «security»\n{MATCH}{STAGES}"), codes::PRINCIPAL, "names nobody", "group:NAME"),
        (
            format!("playbook: p\nmode: «enforced»\n{MATCH}{STAGES}"),
            language::YAML_UNKNOWN_WORD,
            "`enforced`",
            "`enforce`",
        ),
        (format!("playbook: p\ntitle: «42»\n{MATCH}{STAGES}"), language::YAML_WRONG_TYPE, "a number", "quotes"),
        (format!("playbook: p\n«stagse»: 1\n{MATCH}{STAGES}"), language::YAML_UNKNOWN_FIELD, "`stagse`", "`stages`"),
        (
            format!("playbook: p\nrerun_when: alert.severity > last.«sevrity»\n{MATCH}{STAGES}"),
            language::EXPRESSION_UNKNOWN_FIELD,
            "sevrity",
            "severity",
        ),
        (
            format!("playbook: p\nrerun_when: «steps».a.state == 'x'\n{MATCH}{STAGES}"),
            language::EXPRESSION_UNKNOWN_VARIABLE,
            "steps",
            "",
        ),
        (
            format!("playbook: p\nrerun_when: «last.ended_at»\n{MATCH}{STAGES}"),
            language::EXPRESSION_NOT_BOOL,
            "true or false",
            "",
        ),
        (
            format!("playbook: p\nmatch: {{ when: \"true\", corroborate: {{ sources: «1», within: 10m }} }}\n{STAGES}"),
            codes::LIMIT,
            "between 2 and",
            "",
        ),
        (
            format!("playbook: p\nmatch: {{ when: \"true\", corroborate: «{{ sources: 2 }} }}\n{STAGES}"),
            language::YAML_MISSING_FIELD,
            "`within`",
            "",
        ),
        (
            format!(
                "playbook: p\nincident: {{ on_new_alert: restart }}\nmatch: {{ when: \"true\", «corroborate»: {{ sources: 2, within: 10m }} }}\n{STAGES}"
            ),
            codes::CORROBORATE,
            "would ever join",
            "on_new_alert: join",
        ),
        (
            format!("playbook: p\nincident: {{ key: «size(alert.resources)» }}\n{MATCH}{STAGES}"),
            codes::INCIDENT_KEY,
            "a key is text",
            "alert.fields.session",
        ),
        (
            format!("playbook: p\nincident: {{ key: «\"'one'\"» }}\n{MATCH}{STAGES}"),
            codes::INCIDENT_KEY,
            "reads nothing of it",
            "alert.fields.session",
        ),
        (
            format!("playbook: p\nincident: {{ key: «\"'alert-storm'\"» }}\n{MATCH}{STAGES}"),
            codes::INCIDENT_KEY,
            "reads nothing of it",
            "alert.fields.session",
        ),
        (format!("playbook: p\ntimeout: «10»\n{MATCH}{STAGES}"), codes::DURATION, "no unit", "`10s`"),
        (format!("playbook: p\ntimeout: «31d»\n{MATCH}{STAGES}"), codes::DURATION, "30 days", "1h30m"),
        (
            format!("playbook: p\nbudget: {{ contain: «0», per: 1h }}\n{MATCH}{STAGES}"),
            codes::LIMIT,
            "between 1 and",
            "",
        ),
        (
            format!("playbook: p\nbudget: «{{ contain: 5 }}\n{MATCH}{STAGES}"),
            language::YAML_MISSING_FIELD,
            "`per`",
            "add `per:`",
        ),
        (
            format!("playbook: p\nincident: {{ on_new_alert: «joins» }}\n{MATCH}{STAGES}"),
            language::YAML_UNKNOWN_WORD,
            "`joins`",
            "`join`",
        ),
        (
            format!("playbook: p\nmatch: {{ when: alert.«severty» >= HIGH }}\n{STAGES}"),
            language::EXPRESSION_UNKNOWN_FIELD,
            "severty",
            "`severity`",
        ),
        (
            format!("playbook: p\nmatch:\n  when: >-\n    alert.rule == 'x'\n    && «agnt».known\n{STAGES}"),
            language::EXPRESSION_UNKNOWN_VARIABLE,
            "agnt",
            "`agent`",
        ),
        (
            format!("playbook: p\nmatch: {{ when: «steps».a.state == 'x' }}\n{STAGES}"),
            language::EXPRESSION_UNKNOWN_VARIABLE,
            "steps",
            "",
        ),
        (format!("playbook: p\n{MATCH}stages: «[]\n"), codes::LIMIT, "at least one stage", "add"),
        (format!("playbook: p\n{MATCH}stages: «{{ a: 1 }}\n"), language::YAML_WRONG_TYPE, "a list of stages", ""),
    ];
    for (text, code, message, hint) in cases {
        assert_fault(&text, code, message, hint);
    }
}

#[test]
fn faults_of_stages_are_found_at_their_place() {
    let wait = "steps: [{ step: a, wait: 1s }]";
    let cases = [
        (with_stages("  - «steps: [{ step: a, wait: 1s }]\n"), language::YAML_MISSING_FIELD, "`stage`", "add `stage:`"),
        (with_stages("  - { stage: one, steps: «[] }\n"), codes::LIMIT, "at least one step", "remove the stage"),
        (
            with_stages(&format!(
                "  - {{ stage: one, {wait} }}\n  - {{ stage: «one», steps: [{{ step: b, wait: 1s }}] }}\n"
            )),
            codes::DUPLICATE_NAME,
            "another stage `one`",
            "rename",
        ),
        (
            with_stages(&format!(
                "  - {{ stage: one, {wait} }}\n  - {{ stage: two, steps: [{{ step: «a», wait: 1s }}] }}\n"
            )),
            codes::DUPLICATE_NAME,
            "another step `a`",
            "rename",
        ),
        (
            with_stages(&format!("  - {{ stage: one, mode: «sequental», {wait} }}\n")),
            language::YAML_UNKNOWN_WORD,
            "",
            "`sequential`",
        ),
        (
            with_stages(&format!("  - {{ stage: one, when: \"steps.«a».state == 'x'\", {wait} }}\n")),
            codes::STEP_ORDER,
            "step `a` has not happened yet",
            "earlier stages",
        ),
        (with_stages(&format!("  - {{ stage: one, when: «1 + 1», {wait} }}\n")), language::EXPRESSION_NOT_BOOL, "", ""),
    ];
    for (text, code, message, hint) in cases {
        assert_fault(&text, code, message, hint);
    }
}

#[test]
fn every_fault_of_a_file_is_found_at_once_and_shown_for_people() {
    let text = "playbook: p
match: { when: alert.severty >= HIGH }
stages:
  - stage: contain
    steps:
      - { step: pause, action: agent.puase, timeout: 10 }
      - step: revoke
        action: oauth.revoke_token
        with: { token: hunter2 }
        retyr: { max_attempts: 5 }
  - stage: decide
    steps:
      - { step: ask, approval: { ask: Sure?, releases: [resume] } }
      - { step: resume, action: undo, with: { steps: [pause] } }
";
    let found = refused(text);
    let places: Vec<(u32, &str)> =
        found.iter().map(|fault| (fault.span.map_or(0, |span| span.line), fault.code)).collect();
    assert_eq!(
        places,
        [
            (2, language::EXPRESSION_UNKNOWN_FIELD),
            (6, codes::UNKNOWN_ACTION),
            (6, codes::DURATION),
            (9, codes::MISSING_CONNECTION),
            (9, codes::SECRET_LITERAL),
            (10, language::YAML_UNKNOWN_FIELD),
            (13, codes::APPROVAL_TIMEOUT),
            (13, codes::RELEASES),
        ]
    );
    let shown = crate::language::render_human(&found, &[source(text)], false);
    assert_eq!(shown, include_str!("many_faults.txt"), "if the new wording is better, it replaces many_faults.txt");
    let said: String = found.iter().map(|fault| format!("{} {:?}", fault.message, fault.hint)).collect();
    assert!(!said.contains("hunter2"), "what may be a secret is not repeated: {said}");
}
