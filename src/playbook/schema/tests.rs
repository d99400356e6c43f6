//! The schema against a validator: it takes what the compiler takes, and sees what is wrong in shape.

use jsonschema::Validator;

use super::*;
use crate::language::{Level, Source, parse};
use crate::playbook::compile;
use crate::playbook::fixture::catalogue;

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema(&catalogue())).unwrap()
}

fn value(text: &str) -> Value {
    parse::<Value>(&source(text)).unwrap_or_else(|found| panic!("{found:#?}\n{text}")).0
}

fn source(text: &str) -> Source {
    Source { name: "p.yaml".to_owned(), text: text.to_owned() }
}

/// A playbook with these keys in its head and these steps.
fn with(head: &str, step: &str) -> String {
    format!("playbook: p\nmatch: {{ when: 'true' }}\n{head}stages:\n  - {{ stage: one, steps: [{step}] }}\n")
}

#[test]
fn the_schema_is_one_of_its_dialect() {
    let schema = schema(&catalogue());
    jsonschema::meta::validate(&schema).unwrap();
    assert_eq!(schema["$schema"], DIALECT);
}

#[test]
fn every_key_action_and_parameter_stands_in_it_with_words() {
    let schema = schema(&catalogue());
    for section in keys::SECTIONS {
        for key in section.keys {
            let words = &schema["$defs"][section.name]["properties"][key.name]["description"];
            assert!(words.as_str().is_some_and(|words| words.contains(key.help)), "{}.{}", section.name, key.name);
        }
    }
    for spec in catalogue().all() {
        let definition = &schema["$defs"][format!("with.{}", spec.name)];
        assert_eq!(definition["description"], spec.help, "{}", spec.name);
        for (name, parameter) in &spec.parameters {
            assert_eq!(definition["properties"][name]["description"], parameter.help, "{}.{name}", spec.name);
        }
    }
}

#[test]
fn what_the_compiler_takes_the_schema_takes() {
    let validator = validator();
    let steps = [
        "{ step: a, action: agent.pause }",
        "{ step: a, action: agent.pause, with: { reason: '{{alert.title}}' }, hold: 1h30m, on_hold_end: keep, when: agent.known }",
        "{ step: a, wait: 500ms }",
        "{ step: a, approval: { ask: Sure?, timeout: 1h, approvers: owner, exclude: ['user:ben'], thresholds: [{ approve: 2 }] } }",
        "{ step: a, action: agent.retire, approval: { ask: Sure?, timeout: 1h, reason: { mode: optional }, identity: api } }",
        "{ step: a, action: process.freeze, with: { pid: '{{alert.fields.pid}}', tree: true }, verify: { within: 5s, recheck: 10m } }",
        "{ step: a, action: oauth.revoke_token, with: { connection: idp, token: '{{agent.credentials.idp}}' }, retry: { max_attempts: 5 } }",
        "{ step: a, action: oauth.revoke_token, with: { connection: idp, token: { secret: 'env:T' }, token_type_hint: access_token } }",
        "{ step: a, action: http.call, with: { method: GET, url: 'https://x', json: [1, { b: null }], headers: { A: { secret: 'env:T' } } } }",
        "{ step: a, action: http.call, impact: destroy, irreversible: { because: x }, protection: keyed, with: { method: POST, url: 'https://x' } }",
        "{ step: a, action: notify, with: { to: ['group:soc', owner], subject: x, text: y }, background: true, on_failure: stop }",
        "{ step: a, action: ticket.label, with: { labels: [a, b] }, timeout: 2d }",
        "{ step: a, wait: 1h, until: agent.known }",
        "{ step: a, for_each: { in: alert.resources, as: x, at_most: 5, parallel: 2 }, action: ticket.label, with: { labels: ['{{x}}'] } }",
        "{ step: a, action: run_playbook, with: { playbook: other, agent: '{{alert.title}}' } }",
    ];
    for step in steps {
        let text = with("budget: { contain: 5, per: 1h }\nincident: { on_new_alert: ignore }\nmode: enforce\n", step);
        let errors = compile(&source(&text), &catalogue()).err().unwrap_or_default();
        assert!(errors.iter().all(|fault| fault.level == Level::Warning), "{errors:#?}\n{text}");
        let faults: Vec<String> = validator
            .iter_errors(&value(&text))
            .map(|fault| format!("{} at {}", fault, fault.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{faults:#?}\n{text}");
    }
}

#[test]
fn what_a_head_may_hold_the_schema_takes() {
    let validator = validator();
    let schedule = "schedule: { cron: '0 6 * * MON-FRI', timezone: Europe/Zurich }\nfor_each_agent: agent.known\n";
    let stages = "stages:\n  - { stage: one, steps: [{ step: a, wait: 1s }] }\n";
    let heads = [
        schedule.to_owned(),
        format!("{schedule}match: {{ when: 'true' }}\n"),
        format!("{schedule}vars: {{ a: 1, b: '{{{{agent.name}}}}', c: [x, {{ d: null }}] }}\n"),
        "match: { when: 'true', corroborate: { sources: 2, within: 10m, until_then: contain } }\n".to_owned(),
        "match: { when: 'true' }\nincident: { key: agent.id, on_new_alert: join }\n".to_owned(),
        "match: { when: 'true' }\nsilence: { cron: '0 22 * * SAT', timezone: UTC, for: 4h, because: x }\n".to_owned(),
        "match: { when: 'true' }\nsilence: [{ from: 2026-12-24T18:00:00Z, to: 2026-12-25T18:00:00.5+01:00, because: x, when: agent.known }]\n"
            .to_owned(),
    ];
    for head in heads {
        let text = format!("playbook: p\n{head}{stages}");
        let errors = compile(&source(&text), &catalogue()).err().unwrap_or_default();
        assert!(errors.iter().all(|fault| fault.level == Level::Warning), "{errors:#?}\n{text}");
        let faults: Vec<String> = validator.iter_errors(&value(&text)).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{faults:#?}\n{text}");
    }
}

#[test]
fn what_is_wrong_in_shape_is_seen_at_its_place() {
    let validator = validator();
    let cases = [
        (with("stagse: 1\n", "{ step: a, wait: 1s }"), ""),
        (with("mode: enforced\n", "{ step: a, wait: 1s }"), "/mode"),
        (with("timeout: 10\n", "{ step: a, wait: 1s }"), "/timeout"),
        (with("timeout: 10sec\n", "{ step: a, wait: 1s }"), "/timeout"),
        (with("owner: security\n", "{ step: a, wait: 1s }"), "/owner"),
        (with("budget: { contain: 0, per: 1h }\n", "{ step: a, wait: 1s }"), "/budget/contain"),
        (with("budget: { contain: 5 }\n", "{ step: a, wait: 1s }"), "/budget"),
        (with("", "{ step: tell-owner, wait: 1s }"), "/stages/0/steps/0/step"),
        (with("", "{ step: a, action: agent.puase }"), "/stages/0/steps/0/action"),
        (with("", "{ step: a, action: agent.pause, with: { because: x } }"), "/stages/0/steps/0/with"),
        (with("", "{ step: a, action: http.call, with: { method: GET } }"), "/stages/0/steps/0/with"),
        (with("", "{ step: a, action: http.call }"), "/stages/0/steps/0"),
        (with("", "{ step: a, action: oauth.revoke_token, with: { token: '{{x}}' } }"), "/stages/0/steps/0/with"),
        (with("", "{ step: a, action: process.freeze, with: { pid: '7' } }"), "/stages/0/steps/0/with/pid"),
        (
            with("", "{ step: a, action: notify, with: { to: owner, template: contaned } }"),
            "/stages/0/steps/0/with/template",
        ),
        (with("", "{ step: a, action: agent.pause, on_failure: abort }"), "/stages/0/steps/0/on_failure"),
        (with("", "{ step: a, approval: { ask: Sure?, timeout: soon } }"), "/stages/0/steps/0/approval/timeout"),
        (with("", "{ step: a, approval: owner release }"), "/stages/0/steps/0/approval"),
        (with("", "{ step: a, approval: { use: 7 } }"), "/stages/0/steps/0/approval/use"),
        (with("", "{ step: a, approval: 7 }"), "/stages/0/steps/0/approval"),
        (
            with("", "{ step: a, approval: { ask: Sure?, timeout: 1h, on_timeout: release } }"),
            "/stages/0/steps/0/approval/on_timeout",
        ),
        ("playbook: p\nstages: []\n".to_owned(), ""),
        (with("for_each_agent: agent.known\n", "{ step: a, wait: 1s }"), ""),
        (with("silence: { from: tomorrow, because: x }\n", "{ step: a, wait: 1s }"), "/silence"),
        (
            "playbook: p\nmatch: { when: 'true', corroborate: { sources: 2, within: 1m } }\nincident: { on_new_alert: ignore }\n\
             stages: [{ stage: one, steps: [{ step: a, wait: 1s }] }]\n"
                .to_owned(),
            "/incident/on_new_alert",
        ),
        (with("silence: { because: x }\n", "{ step: a, wait: 1s }"), "/silence"),
        (with("silence: { from: 2026-12-24T18:00:00Z, because: x }\n", "{ step: a, wait: 1s }"), "/silence"),
        (with("silence: { cron: '0 22 * * SAT', for: 4h, because: x }\n", "{ step: a, wait: 1s }"), "/silence"),
        (
            with(
                "silence: { from: 2026-12-24T18:00:00Z, to: 2026-12-25T18:00:00Z, for: 4h, because: x }\n",
                "{ step: a, wait: 1s }",
            ),
            "/silence",
        ),
        (
            with(
                "silence: { from: 2026-12-24T18:00:00Z, to: 2026-12-25T18:00:00Z, cron: '0 22 * * SAT', timezone: UTC, for: 4h, because: x }\n",
                "{ step: a, wait: 1s }",
            ),
            "/silence",
        ),
        (with("", "{ step: a }"), "/stages/0/steps/0"),
        (with("", "{ step: a, wait: 1s, action: agent.pause }"), "/stages/0/steps/0"),
        (with("", "{ step: a, wait: 1s, approval: { ask: Sure?, timeout: 1h } }"), "/stages/0/steps/0"),
        (with("", "{ step: a, wait: 1s, with: { reason: x } }"), "/stages/0/steps/0"),
        (with("", "{ step: a, wait: 1s, timeout: 5s }"), "/stages/0/steps/0"),
        (with("", "{ step: a, approval: { ask: Sure?, timeout: 1h }, background: true }"), "/stages/0/steps/0"),
        (with("", "{ step: a, action: agent.pause, until: agent.known }"), "/stages/0/steps/0"),
        (with("", "{ step: a, wait: 1s, for_each: { in: alert.resources } }"), "/stages/0/steps/0"),
        (with("", "{ step: a, action: agent.pause, on_hold_end: keep }"), "/stages/0/steps/0"),
        (with("", "{ step: a, action: agent.pause, impact: notify }"), "/stages/0/steps/0"),
        (with("", "{ step: a, action: agent.pause, verify: { within: 5s } }"), "/stages/0/steps/0"),
        (with("", "{ step: a, action: evidence.capture, hold: 1h }"), "/stages/0/steps/0"),
        (with("", "{ step: a, action: notify, with: { to: owner } }"), "/stages/0/steps/0/with"),
        (with("", "{ step: a, action: notify, with: { to: owner, subject: x } }"), "/stages/0/steps/0/with"),
        (
            with("", "{ step: a, action: notify, with: { to: owner, template: contained, text: x } }"),
            "/stages/0/steps/0/with",
        ),
        (with("vars: { a-b: 1 }\n", "{ step: a, wait: 1s }"), "/vars"),
        (with("", "{ step: a, for_each: { as: x }, action: agent.pause }"), "/stages/0/steps/0/for_each"),
    ];
    for (text, place) in cases {
        assert!(compile(&source(&text), &catalogue()).is_err(), "the compiler takes it:\n{text}");
        let found: Vec<String> =
            validator.iter_errors(&value(&text)).map(|fault| fault.instance_path().to_string()).collect();
        assert!(found.iter().any(|found| found == place), "{found:?} instead of `{place}`\n{text}");
    }
}

#[test]
fn an_approval_by_name_is_taken_in_either_form() {
    let validator = validator();
    for step in [
        "{ step: a, approval: owner-release }",
        "{ step: a, approval: { use: owner-release, ask: Sure? } }",
        "{ step: a, approval: { ask: Sure? } }",
        "{ step: a, action: agent.pause, approval: owner-release }",
    ] {
        let text = with("", step);
        let faults: Vec<String> = validator.iter_errors(&value(&text)).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{faults:#?}\n{text}");
    }
}
