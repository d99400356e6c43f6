//! Files made to hurt: they are refused with a diagnostic, and quickly.

use super::*;
use crate::language::codes as language;
use crate::playbook::codes;

fn codes_of(text: &str) -> Vec<&'static str> {
    refused(text).iter().map(|fault| fault.code).collect()
}

#[test]
fn huge_expressions_and_deep_values_are_refused() {
    let sum = vec!["1"; 1400].join(" + ");
    let text = with_stages(&format!("  - {{ stage: one, when: \"{sum} > 0\", steps: [{{ step: a, wait: 1s }}] }}\n"));
    assert_eq!(codes_of(&text), [language::EXPRESSION_TOO_COMPLEX]);
    let brackets = format!("{}true{}", "(".repeat(500), ")".repeat(500));
    let text = with_stages(&format!("  - {{ stage: one, when: \"{brackets}\", steps: [{{ step: a, wait: 1s }}] }}\n"));
    assert_eq!(codes_of(&text), [language::EXPRESSION_TOO_COMPLEX]);
    let ifs = "{{#if alert.title}}".repeat(5000);
    let text = with_steps(&format!("      - {{ step: a, action: agent.pause, with: {{ reason: \"{ifs}\" }} }}\n"));
    assert_eq!(codes_of(&text).len(), 1);
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let text = with_steps(&format!("      - {{ step: a, action: http.call, with: {{ json: {deep} }} }}\n"));
    assert_eq!(codes_of(&text), [language::YAML_TOO_DEEP]);
}

#[test]
fn more_stages_or_steps_than_people_read_are_refused() {
    let stages: String =
        (0..65).map(|n| format!("  - {{ stage: s{n}, steps: [{{ step: a{n}, wait: 1s }}] }}\n")).collect();
    assert_eq!(codes_of(&with_stages(&stages)), [codes::LIMIT]);
    let steps: String = (0..201).map(|n| format!("      - {{ step: a{n}, wait: 1s }}\n")).collect();
    assert_eq!(codes_of(&with_steps(&steps)), [codes::LIMIT]);
    let steps: String = (0..200).map(|n| format!("      - {{ step: a{n}, wait: 1s }}\n")).collect();
    playbook(&with_steps(&steps));
}

#[test]
fn a_file_of_the_wrong_shape_is_refused_and_never_panics() {
    for text in
        ["", "null", "[]", "42", "x", "{}", "stages: [1, null, x, [], {}]", "playbook: {}\nmatch: []\nstages: {}"]
    {
        assert!(!refused(text).is_empty(), "{text:?}");
    }
    let shapes =
        ["null", "true", "-1", "1e400", "x", "[]", "[[]]", "{}", "{ a: { b: c } }", "\"\"", "\"{{\"", "'{{a}}'"];
    let keys = [
        "step",
        "when",
        "action",
        "with",
        "approval",
        "wait",
        "retry",
        "timeout",
        "verify",
        "on_failure",
        "background",
        "hold",
        "on_hold_end",
        "impact",
        "protection",
        "irreversible",
    ];
    for shape in shapes {
        for key in keys {
            for action in ["agent.pause", "undo", "notify", "oauth.revoke_token"] {
                let other = if key == "action" { String::new() } else { format!("action: {action}, ") };
                let _found =
                    compile(&source(&with_steps(&format!("      - {{ {other}{key}: {shape} }}\n"))), &catalogue());
            }
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 128, ..Default::default() })]
    #[test]
    fn no_damage_to_a_good_file_makes_the_compiler_panic(at in 0_usize..3500, cut in 0_usize..40, insert in "[{}\\[\\]:\"'>|a-z\n -]{0,6}") {
        let good = include_str!("../../../../playbooks/token-misuse.yaml");
        let before: String = good.chars().take(at).collect();
        let after: String = good.chars().skip(at + cut).collect();
        let _found = compile(&source(&format!("{before}{insert}{after}")), &catalogue());
    }
}
