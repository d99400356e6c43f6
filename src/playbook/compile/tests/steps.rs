//! Faults of steps, their actions and their parameters.

use std::time::Duration;

use super::*;
use crate::language::codes as language;
use crate::playbook::codes;

#[test]
fn faults_of_a_step_are_found_at_their_place() {
    let cases = [
        ("{ step: «tell-owner», wait: 1s }", codes::NAME, "`tell-owner`", "`_`"),
        ("«{ step: a }", codes::STEP_BODY, "does nothing", "`action:`"),
        ("{ step: a, action: agent.pause, «wait»: 1s }", codes::STEP_BODY, "nothing else", "step of its own"),
        ("{ step: a, wait: «0s» }", codes::DURATION, "zero", ""),
        ("{ step: a, wait: 1s, «retry»: {} }", codes::MISPLACED, "`retry` means nothing", "remove"),
        ("{ step: a, action: «agent.puase» }", codes::UNKNOWN_ACTION, "`agent.puase`", "did you mean `agent.pause`?"),
        ("{ step: a, action: «kubernetes» }", codes::UNKNOWN_ACTION, "`kubernetes`", "oauth.revoke_token"),
        ("{ step: a, action: agent.pause, «actoin»: x }", language::YAML_UNKNOWN_FIELD, "`actoin`", "`action`"),
        (
            "{ step: a, action: agent.pause, «rerun_when»: x }",
            language::YAML_UNKNOWN_FIELD,
            "`rerun_when`",
            "head of the playbook",
        ),
        ("{ step: a, action: agent.pause, hold: «8» }", codes::DURATION, "no unit", "`8s`"),
        ("{ step: a, action: agent.pause, «on_hold_end»: ask }", codes::MISPLACED, "without an end", "`hold:`"),
        ("{ step: a, action: agent.retire, «hold»: 8h }", codes::MISPLACED, "`agent.retire`", "until a person"),
        ("{ step: a, action: evidence.capture, «hold»: 8h }", codes::MISPLACED, "`hold`", "agent.pause"),
        ("{ step: a, action: evidence.capture, «verify»: {} }", codes::MISPLACED, "no probe", ""),
        ("{ step: a, action: evidence.capture, «impact»: notify }", codes::MISPLACED, "`impact`", "itself"),
        ("{ step: a, action: evidence.capture, on_failure: «abort» }", language::YAML_UNKNOWN_WORD, "`abort`", "stop"),
        ("{ step: a, action: evidence.capture, retry: { max_attempts: «21» } }", codes::LIMIT, "1 and 20", ""),
        (
            "{ step: a, action: evidence.capture, retry: { «initial»: 1m, max: 1s } }",
            codes::DURATION,
            "longer",
            "`max`",
        ),
        ("{ step: a, action: evidence.capture, background: «yes» }", language::YAML_WRONG_TYPE, "text", ""),
        (
            "{ step: a, action: process.freeze, with: { pid: 1 }, verify: { recheck: «[1h, 10m] } }",
            codes::DURATION,
            "ascend",
            "",
        ),
        (
            "{ step: a, «action»: http.call, with: { method: POST, url: 'https://x' } }",
            codes::IMPACT,
            "how strong",
            "`impact:",
        ),
        (
            "{ step: a, «action»: vault.destroy_entity, with: { entity: x } }",
            codes::DESTROY_UNGUARDED,
            "nobody",
            "because",
        ),
        ("{ step: a, action: agent.pause, «irreversible»: { because: x } }", codes::MISPLACED, "not destroy", ""),
        ("{ step: a, action: evidence.capture, when: \"steps.«a».state == ''\" }", codes::STEP_ORDER, "`a`", ""),
    ];
    for (step, code, message, hint) in cases {
        assert_fault(&with_steps(&format!("      - {step}\n")), code, message, hint);
    }
}

#[test]
fn faults_of_parameters_are_found_at_their_place() {
    let revoke = |with: &str| format!("{{ step: a, action: oauth.revoke_token, {with} }}");
    let call =
        |with: &str| format!("{{ step: a, action: http.call, with: {{ method: GET, url: 'https://x', {with} }} }}");
    let token = "token: \"{{agent.credentials.idp}}\"";
    let cases = [
        (revoke(&format!("«with»: {{ {token} }}")), codes::MISSING_CONNECTION, "which connection", "of `oauth`"),
        (revoke("«with»: { connection: idp }"), codes::MISSING_PARAMETER, "`token`", "the token"),
        (revoke(&format!("with: {{ connection: «my idp», {token} }}")), codes::NAME, "`my idp`", ""),
        (
            revoke(&format!("with: {{ connection: idp, {token}, «tokn»: x }}")),
            codes::UNKNOWN_PARAMETER,
            "`tokn`",
            "`token`",
        ),
        (
            revoke("with: { connection: idp, token: «hunter2» }"),
            codes::SECRET_LITERAL,
            "never written out",
            "agent.credentials",
        ),
        (revoke("with: { connection: idp, token: «\"{{alert.title}}\"» }"), codes::SECRET_LITERAL, "named", ""),
        (
            revoke("with: { connection: idp, token: «{ secret: hunter2 } }"),
            codes::SECRET_LITERAL,
            "neither",
            "env:NAME",
        ),
        (
            revoke("with: { connection: idp, token: \"x {{«agent.credentials.idp»}}\" }"),
            language::TEMPLATE_SECRET,
            "secret",
            "whole",
        ),
        (
            revoke(&format!("with: {{ connection: idp, {token}, token_type_hint: «acces_token» }}")),
            codes::PARAMETER_TYPE,
            "`acces_token`",
            "did you mean `access_token`?",
        ),
        (call("headers: «x"), codes::PARAMETER_TYPE, "mapping of names", ""),
        (call("json: { a: [\"{{«alert.titel»}}\"] }"), language::TEMPLATE_UNKNOWN_FIELD, "titel", "`title`"),
        (call("json: { a: «\"{{agent.credentials}}\"» }"), codes::SECRET_MISPLACED, "holds secrets", "one by one"),
        (call("headers: { a: «\"{{agent}}\"» }"), codes::SECRET_MISPLACED, "holds secrets", "one by one"),
        (call("success: «\"{{agent.credentials.idp}}\"»"), codes::SECRET_MISPLACED, "takes one", ""),
        (
            call("success: «\"{{default agent.credentials.idp ''}}\"»"),
            codes::SECRET_MISPLACED,
            "may be or hold",
            "one path",
        ),
        (call("success: «\"{{~agent.credentials.idp~}}\"»"), codes::SECRET_MISPLACED, "may be or hold", "one path"),
        (call("json: { a: [«\"{{! x }}{{agent}}\"»] }"), codes::SECRET_MISPLACED, "may be or hold", "one path"),
        (
            revoke("with: { connection: idp, token: «\"my credentials {{alert.title}}\"» }"),
            codes::SECRET_LITERAL,
            "never written out",
            "",
        ),
        (
            revoke("with: { connection: idp, token: «{ secret: \"file:/{{alert.title}}\" } }"),
            codes::SECRET_LITERAL,
            "neither",
            "",
        ),
        (call("json: { a: { «$secret»: \"{{alert.title}}\" } }"), codes::SECRET_LITERAL, "by hand", "env:NAME"),
        (call("success: «5»"), codes::PARAMETER_TYPE, "takes text", "quotes"),
        (
            "{ step: a, action: process.freeze, with: { pid: «'7'» } }".to_owned(),
            codes::PARAMETER_TYPE,
            "whole number",
            "without quotes",
        ),
        (
            "{ step: a, action: process.freeze, with: { pid: «1.5» } }".to_owned(),
            codes::PARAMETER_TYPE,
            "whole number",
            "",
        ),
        (
            "{ step: a, action: process.freeze, with: { pid: 7, tree: «\"{{alert.title}}\"» } }".to_owned(),
            codes::PARAMETER_TYPE,
            "not text",
            "",
        ),
        (
            "{ step: a, action: ticket.label, with: { labels: «one» } }".to_owned(),
            codes::PARAMETER_TYPE,
            "list",
            "brackets",
        ),
        (
            "{ step: a, action: ticket.label, with: { labels: [one, «2»] } }".to_owned(),
            language::YAML_WRONG_TYPE,
            "a number",
            "quotes",
        ),
        ("{ step: a, action: agent.pause, with: «reason }".to_owned(), language::YAML_WRONG_TYPE, "a mapping", ""),
        (
            "{ step: a, action: agent.pause, with: { reason: \"{{«steps.later.state»}}\" } }".to_owned(),
            language::TEMPLATE_UNKNOWN_FIELD,
            "later",
            "",
        ),
    ];
    for (step, code, message, hint) in cases {
        assert_fault(&with_steps(&format!("      - {step}\n")), code, message, hint);
    }
}

#[test]
fn faults_of_messages_are_found_at_their_place() {
    let cases = [
        ("{ to: «everybody», template: contained }", codes::PRINCIPAL, "names nobody", "fallback"),
        ("{ to: «[], template: contained }", codes::NOTICE, "nobody is told", ""),
        ("{ to: owner, template: «contaned» }", codes::NOTICE, "`contaned`", "`contained`"),
        ("{ to: owner, subject: «\"{{agent.credentials.idp}}\"», text: x }", codes::SECRET_MISPLACED, "", ""),
        (
            "{ to: owner, subject: x, text: \"{{«alert.titel»}}\" }",
            language::TEMPLATE_UNKNOWN_FIELD,
            "titel",
            "`title`",
        ),
        ("{ to: owner, subject: x, text: «\"{{alert.resources}}\"» }", codes::PARAMETER_TYPE, "", ""),
    ];
    for (with, code, message, hint) in cases {
        assert_fault(
            &with_steps(&format!("      - {{ step: a, action: notify, with: {with} }}\n")),
            code,
            message,
            hint,
        );
    }
    let none = with_steps("      - { step: a, action: notify, «with»: { to: owner } }\n");
    assert_fault(&none, codes::NOTICE, "no words", "template");
    let both = with_steps("      - { step: a, action: notify, «with»: { to: owner, template: alert, text: x } }\n");
    assert_fault(&both, codes::NOTICE, "its own", "remove");
}

#[test]
fn only_what_has_happened_and_can_be_restored_is_undone() {
    let undo = |steps: &str| {
        with_stages(&format!(
            "  - stage: one
    mode: sequential
    steps:
      - {{ step: pause, action: agent.pause }}
      - {{ step: evidence, action: evidence.capture }}
      - {{ step: retire, action: agent.retire }}
      - {{ step: rest, wait: 1s }}
      - {{ step: resume, action: undo, with: {{ steps: {steps} }}, approval: {{ ask: Sure?, timeout: 1h }} }}
      - {{ step: freeze, action: process.freeze, with: {{ pid: 7 }} }}
"
        ))
    };
    let cases = [
        ("[«puase»]", codes::UNKNOWN_STEP, "`puase`", "`pause`"),
        ("[«freeze»]", codes::STEP_ORDER, "not happened yet", ""),
        ("[«resume»]", codes::STEP_ORDER, "not happened yet", ""),
        ("[«evidence»]", codes::UNDO, "records nothing", ""),
        ("[«retire»]", codes::UNDO, "retires the agent", "a person"),
        ("[«rest»]", codes::UNDO, "changes nothing", ""),
        ("[pause, «pause»]", codes::UNDO, "twice", ""),
        ("«[]", codes::UNDO, "no step", ""),
    ];
    for (steps, code, message, hint) in cases {
        assert_fault(&undo(steps), code, message, hint);
    }
    assert_eq!(action(&playbook(&undo("[pause]")), "resume").undoes.len(), 1);
}

#[test]
fn which_playbook_is_run_is_written_out() {
    let run = |with: &str, more: &str| {
        with_steps(&format!("      - {{ step: a, action: run_playbook, with: {with}{more} }}\n"))
    };
    let compiled = playbook(&run("{ playbook: other, agent: \"{{agent.id}}\" }", ""));
    assert_eq!(action(&compiled, "a").runs.as_ref().map(crate::domain::PlaybookName::as_str), Some("other"));
    assert_eq!(action(&compiled, "a").timeout, Duration::from_hours(7 * 24), "nothing is waited for without end");
    let stated = playbook(&run("{ playbook: other }", ", timeout: 2h"));
    assert_eq!(action(&stated, "a").timeout, Duration::from_hours(2));
    let cases = [
        (run("{ playbook: «\"{{alert.rule}}\"» }", ""), codes::RUN_PLAYBOOK, "written out", "`when`"),
        (run("{ playbook: «p» }", ""), codes::RUN_PLAYBOOK, "not run itself", ""),
        (run("{ playbook: «a b» }", ""), codes::NAME, "", ""),
        (run("{ playbook: other }", ", «retry»: { max_attempts: 2 }"), codes::MISPLACED, "on `run_playbook`", ""),
        (run("{ playbook: other }", ", «verify»: { within: 1m }"), codes::MISPLACED, "no probe", ""),
    ];
    for (text, code, message, hint) in cases {
        assert_fault(&text, code, message, hint);
    }
}
