//! Variables: what they may be, and what they may not hide.

use super::*;
use crate::language::codes as language;
use crate::playbook::codes;

fn with_vars(vars: &str, step: &str) -> String {
    format!(
        "playbook: p\nmatch: {{ when: \"true\" }}\nvars: {vars}\nstages:\n  - stage: one\n    steps:\n      - {step}\n"
    )
}

const PAUSE: &str = "{ step: a, action: agent.pause, with: { reason: \"{{vars.words}}\" } }";

#[test]
fn variables_keep_the_order_of_the_file_and_see_those_above() {
    let text = with_vars(
        "{ words: \"{{alert.title}}\", at: 3, list: [a, b], all: { token: \"{{agent.credentials.idp}}\" }, again: \"{{vars.words}}!\" }",
        PAUSE,
    );
    let names: Vec<String> = playbook(&text).vars.iter().map(|variable| variable.name.to_string()).collect();
    assert_eq!(names, ["words", "at", "list", "all", "again"]);
}

#[test]
fn a_variable_keeps_its_type_for_conditions_and_parameters() {
    let vars = "{ words: x, count: 3, token: \"{{agent.credentials.idp}}\", high: \"{{alert.severity}}\" }";
    playbook(&with_vars(vars, "{ step: a, when: vars.high >= HIGH && vars.count > 2, action: evidence.capture }"));
    playbook(&with_vars(
        vars,
        "{ step: a, action: oauth.revoke_token, with: { connection: idp, token: \"{{vars.token}}\" } }",
    ));
    let cases = [
        ("{ step: a, when: vars.count «==» 'three', action: evidence.capture }", language::EXPRESSION_TYPE, "", ""),
        (
            "{ step: a, when: vars.«cuont» == 3, action: evidence.capture }",
            language::EXPRESSION_UNKNOWN_FIELD,
            "cuont",
            "`count`",
        ),
        (
            "{ step: a, action: process.freeze, with: { pid: «\"{{vars.words}}\"» } }",
            codes::PARAMETER_TYPE,
            "a whole number",
            "",
        ),
        (
            "{ step: a, action: agent.pause, with: { reason: «\"{{vars.token}}\"» } }",
            codes::SECRET_MISPLACED,
            "a secret",
            "",
        ),
    ];
    for (step, code, message, hint) in cases {
        assert_fault(&with_vars(vars, step), code, message, hint);
    }
}

#[test]
fn faults_of_variables_are_found_at_their_place() {
    let cases = [
        ("{ words: \"{{«vars.later»}}\", later: x }", language::TEMPLATE_UNKNOWN_FIELD, "later", ""),
        ("{ words: \"{{«steps.a.state»}}\" }", language::TEMPLATE_UNKNOWN_VARIABLE, "steps", ""),
        ("{ words: x, «a-b»: y }", codes::NAME, "`a-b`", ""),
        ("{ words: x, list: «[\"{{agent.credentials.idp}}\"] }", codes::SECRET_MISPLACED, "in a list", "of its own"),
        ("{ words: \"x {{«agent.credentials.idp»}}\" }", language::TEMPLATE_SECRET, "", ""),
    ];
    for (vars, code, message, hint) in cases {
        assert_fault(&with_vars(vars, PAUSE), code, message, hint);
    }
    assert_fault(&with_vars("«[a]", "{ step: a, wait: 1s }"), language::YAML_WRONG_TYPE, "a mapping of names", "");
}

#[test]
fn what_a_sender_wrote_can_not_reach_a_question_through_a_variable() {
    let ask = "{ step: a, approval: { ask: «\"Because {{vars.words}}?\"», timeout: 1h } }";
    let of = |vars: &str| with_vars(vars, ask);
    assert_fault(&of("{ words: \"{{alert.title}}\" }"), codes::APPROVAL_WORDS, "vars.words", "words of your own");
    assert_fault(&of("{ title: \"{{alert.title}}\", words: \"{{vars.title}}\" }"), codes::APPROVAL_WORDS, "", "");
    playbook(&of("{ words: \"{{agent.name}}\" }").replace(['«', '»'], ""));
}
