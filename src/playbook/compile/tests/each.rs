//! Steps that go through items, waits for a condition, and steps that can't be undone.

use super::*;
use crate::language::codes as language;
use crate::playbook::codes;

fn each(of: &str, step: &str) -> String {
    with_steps(&format!("      - {{ step: a, for_each: {of}, {step} }}\n"))
}

const LABEL: &str = "action: ticket.label, with: { labels: [\"{{item}}\"] }";

const PLAIN: &str = "action: ticket.label, with: { labels: [x] }";

#[test]
fn an_item_has_the_type_of_the_list() {
    playbook(&each("{ in: alert.resources }", LABEL));
    let freeze = "action: process.freeze, with: { pid: «\"{{pid}}\"» }";
    assert_fault(&each("{ in: agent.systems, as: pid }", freeze), codes::PARAMETER_TYPE, "a whole number", "");
    let revoke = "action: oauth.revoke_token, with: { connection: idp, token: \"{{credential.value}}\" }";
    let compiled = playbook(&each("{ in: agent.credentials, as: credential, at_most: 5, parallel: 2 }", revoke));
    let each = compiled.stages[0].steps[0].for_each.clone().unwrap();
    assert_eq!((each.name.as_str(), each.at_most, each.parallel), ("credential", 5, 2));
}

#[test]
fn faults_of_items_are_found_at_their_place() {
    let cases = [
        ("{ in: «alert.title» }", LABEL, codes::FOR_EACH, "this is text", "alert.resources"),
        (
            "{ in: «\"agent.credentials.map(name, agent.credentials[name])\"» }",
            LABEL,
            codes::SECRET_MISPLACED,
            "never computed",
            "in: agent.credentials",
        ),
        ("{ in: alert.resources, as: «agent» }", PLAIN, codes::NAME, "something else", ""),
        ("{ in: alert.resources, as: «Token» }", PLAIN, codes::NAME, "", "small letters"),
        ("{ in: alert.resources, at_most: «101» }", LABEL, codes::LIMIT, "between 1 and 100", ""),
        ("«{ as: item }", LABEL, language::YAML_MISSING_FIELD, "`in`", ""),
    ];
    for (of, step, code, message, hint) in cases {
        assert_fault(&each(of, step), code, message, hint);
    }
    let cases = [
        ("{ step: a, «for_each»: { in: alert.resources }, wait: 1s }", codes::MISPLACED, "without an action", ""),
        (
            "{ step: a, «for_each»: { in: alert.resources }, action: agent.pause }",
            codes::MISPLACED,
            "the one agent",
            "",
        ),
        (
            "{ step: a, for_each: { in: alert.resources, «parallel»: 2 }, action: ticket.label, with: { labels: [x] }, approval: { ask: Sure?, timeout: 1h } }",
            codes::FOR_EACH,
            "together",
            "",
        ),
        (
            "{ step: a, action: ticket.label, with: { labels: [\"{{«item»}}\"] } }",
            language::TEMPLATE_UNKNOWN_VARIABLE,
            "item",
            "",
        ),
    ];
    for (step, code, message, hint) in cases {
        assert_fault(&with_steps(&format!("      - {step}\n")), code, message, hint);
    }
    let stage = "  - { stage: one, «for_each»: { in: alert.resources }, steps: [{ step: a, wait: 1s }] }\n";
    assert_fault(&with_stages(stage), codes::MISPLACED, "on a stage", "on the steps");
}

#[test]
fn a_step_that_another_steps_approval_releases_goes_through_nothing() {
    let text = with_stages(
        "  - stage: one
    mode: sequential
    steps:
      - { step: ask, approval: { ask: Sure?, releases: [wipe], timeout: 1h, identity: api } }
      - { step: wipe, «for_each»: { in: alert.resources }, action: vault.destroy_entity, with: { entity: \"{{item}}\" } }
",
    );
    assert_fault(&text, codes::MISPLACED, "another step's approval", "");
}

#[test]
fn a_wait_may_be_for_a_condition_and_nothing_else_may() {
    let until = "      - { step: b, wait: 10m, until: steps.a.state == 'succeeded' }\n";
    let text = with_stages(&format!(
        "  - stage: one\n    mode: sequential\n    steps:\n      - {{ step: a, action: evidence.capture, background: true }}\n{until}"
    ));
    playbook(&text);
    let cases = [
        ("{ step: a, action: evidence.capture, «until»: \"true\" }", codes::MISPLACED, "does not wait", "wait"),
        ("{ step: a, wait: 1m, until: «alert.severity» }", language::EXPRESSION_NOT_BOOL, "", ""),
    ];
    for (step, code, message, hint) in cases {
        assert_fault(&with_steps(&format!("      - {step}\n")), code, message, hint);
    }
}

#[test]
fn the_reason_for_destroying_without_a_question_is_kept() {
    let compiled = playbook(&with_steps(
        "      - { step: a, action: vault.destroy_entity, with: { entity: x }, irreversible: { because: \"it is a test entity\" } }\n",
    ));
    assert_eq!(action(&compiled, "a").irreversible.as_deref(), Some("it is a test entity"));
}

#[test]
fn more_items_than_a_run_keeps_are_refused_before_an_alert_comes() {
    let step =
        |name: &str, more: &str| format!("      - {{ step: {name}, {more}: {{ in: alert.resources }}, {LABEL} }}\n");
    let four: String = ["a", "b", "c", "d"].map(|name| step(name, "for_each")).concat();
    playbook(&with_steps(&four));
    let five = with_steps(&format!("{four}{}", step("e", "«for_each»")));
    assert_fault(&five, codes::LIMIT, "up to 500 items; a run keeps at most 400", "at_most");
    let bounded = five.replace("«for_each»: { in: alert.resources", "for_each: { in: alert.resources, at_most: 0");
    let small = bounded
        .replace("in: alert.resources }", "in: alert.resources, at_most: 20 }")
        .replace("at_most: 0", "at_most: 20");
    playbook(&small);
}

#[test]
fn the_keys_of_a_stage_are_those_of_a_stage() {
    let text = "  - { stage: one, «stepz»: [], for_each: { in: alert.resources }, steps: [{ step: a, wait: 1s }] }\n";
    let found = refused(&with_stages(&text.replace(['«', '»'], "")));
    let hints: Vec<&str> = found.iter().filter_map(|one| one.hint.as_deref()).collect();
    assert_eq!(hints, ["did you mean `steps`?", "put it on the steps that go through the items"]);
    let text = with_stages("  - { stage: one, «bananas»: 1, steps: [{ step: a, wait: 1s }] }\n");
    let (found, _) = marked(&text);
    let hint = found.unwrap().hint.unwrap();
    assert!(hint.contains("steps") && !hint.contains("for_each"), "{hint}");
}
