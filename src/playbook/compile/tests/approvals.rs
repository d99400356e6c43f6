//! Faults of approvals: what would let silence, a forwarded link or an empty room decide.

use super::*;
use crate::language::codes as language;
use crate::playbook::codes;

#[test]
fn approvals_that_can_not_be_decided_well_are_refused() {
    let cases = [
        ("timeout: 1h, identity: «login»", codes::NOT_AVAILABLE, "not available yet", "`link` or `api`"),
        ("timeout: 1h, identity: «step_up»", codes::NOT_AVAILABLE, "not available yet", "`link` or `api`"),
        ("timeout: 1h, releases: [destroy], identity: «link»", codes::IDENTITY, "forwarded", "identity: api"),
        ("timeout: 1h, releases: [destroy], on_timeout: «act»", codes::SILENCE, "destroy", "escalate"),
        ("timeout: 1h, releases: [resume], on_timeout: «act»", codes::SILENCE, "give the agent back", "only contain"),
        ("timeout: 1h, on_timeout: «act»", codes::SILENCE, "no step", ""),
        ("timeout: 1h, on_timeout: «approve»", language::YAML_UNKNOWN_WORD, "`approve`", "reject"),
        ("timeout: 1h, releases: [«resum»]", codes::UNKNOWN_STEP, "`resum`", "`resume`"),
        ("timeout: 1h, releases: [«pause»]", codes::RELEASES, "does not wait", "later stage"),
        ("timeout: 1h, releases: [«override»]", codes::RELEASES, "does not wait", ""),
        ("timeout: 1h, approvers: «[]", codes::QUORUM, "nobody may vote", "owner"),
        ("timeout: 1h, approvers: [owner], exclude: «[owner]", codes::QUORUM, "excluded", ""),
        ("timeout: 1h, approvers: [«schedule:oncall»]", codes::PRINCIPAL, "names nobody", ""),
        ("timeout: 1h, approvers: [user:ana], thresholds: [{ approve: «2» }]", codes::QUORUM, "only 1 person", "lower"),
        (
            "timeout: 1h, approvers: [user:ana, user:bo], exclude: [user:bo], thresholds: [{ approve: 1, reject: «2» }]",
            codes::QUORUM,
            "only 1 person",
            "",
        ),
        (
            "timeout: 1h, approvers: [user:ana, user:bo], thresholds: [{ approve: 1, reject: 1, from: «[user:cy] }]",
            codes::QUORUM,
            "nobody of these may vote",
            "`approvers`",
        ),
        ("timeout: 1h, thresholds: [{ approve: «0» }]", codes::LIMIT, "between 1 and", ""),
        ("timeout: 1h, thresholds: «[]", codes::LIMIT, "1 to 10", ""),
        ("timeout: 1h, thresholds: [{ «all_of»: [] }]", codes::NOT_AVAILABLE, "all_of", ""),
        ("timeout: 1h, «form»: {}", codes::NOT_AVAILABLE, "`form`", ""),
        ("timeout: 1h, reason: { mode: «maybe» }", language::YAML_UNKNOWN_WORD, "`maybe`", "required"),
        ("timeout: 1h, valid_for: «forever»", codes::DURATION, "`forever`", ""),
        ("timeout: 1h, «escalate_to»: [group:leads]", codes::APPROVAL_IDLE, "does not escalate", "on_timeout"),
    ];
    for (keys, code, message, hint) in cases {
        assert_fault(&with_question(keys), code, message, hint);
    }
}

#[test]
fn an_approval_without_a_deadline_or_a_question_is_refused() {
    let text = with_steps("      - { step: a, «approval»: { ask: Sure? } }\n");
    assert_fault(&text, codes::APPROVAL_TIMEOUT, "no deadline", "4h");
    assert_fault(&text, codes::APPROVAL_TIMEOUT, "no deadline", "--config FILE");
    let text = with_steps("      - { step: a, approval: «{ timeout: 1h } }\n");
    assert_fault(&text, language::YAML_MISSING_FIELD, "`ask`", "");
    let text = with_steps("      - { step: a, approval: { ask: «\"{{agent.credentials.idp}}\"», timeout: 1h } }\n");
    assert_fault(&text, codes::SECRET_MISPLACED, "people read", "");
    let text = with_steps("      - { step: a, approval: { ask: Sure?, timeout: 1h }, «timeout»: 1h }\n");
    assert_fault(&text, codes::MISPLACED, "`timeout`", "inside");
    let text = with_steps("      - { step: a, approval: { ask: Sure?, timeout: 1h }, «background»: true }\n");
    assert_fault(&text, codes::MISPLACED, "`background`", "");
}

#[test]
fn a_question_shows_nothing_that_the_sender_of_an_alert_writes() {
    let asking =
        |ask: &str| with_steps(&format!("      - {{ step: a, approval: {{ ask: «{ask:?}», timeout: 1h }} }}\n"));
    for ask in [
        "{{alert.title}}?",
        "{{alert.fields.action}}",
        "Let {{default alert.labels.who \"it\"}} go?",
        "{{#each alert.resources as |one|}}{{one}}{{/each}}",
        "{{#if agent.known}}{{alert.rule}}{{/if}}",
        "{{json alert}}",
    ] {
        assert_fault(&asking(ask), codes::APPROVAL_WORDS, "whoever sends the alert", "words of your own");
    }
    let fine = "{{agent.name}}: {{alert.severity}} from {{alert.source}}{{#if alert.labels.env}} in it{{/if}}. Go on?";
    playbook(&asking(fine).replace(['«', '»'], ""));
}

#[test]
fn the_guard_of_a_step_that_destroys_does_not_take_silence_or_a_link() {
    let guard = |keys: &str| {
        with_steps(&format!(
            "      - {{ step: a, action: vault.destroy_entity, with: {{ entity: x }}, approval: {{ ask: Sure?, timeout: 1h, {keys} }} }}\n"
        ))
    };
    assert_fault(&guard("on_timeout: «act»"), codes::SILENCE, "destroy", "");
    assert_fault(&guard("identity: «link»"), codes::IDENTITY, "forwarded", "");
    assert_fault(&guard("«releases»: [a]"), codes::MISPLACED, "`releases`", "its own action");
}

#[test]
fn nothing_is_released_without_people() {
    let text = with_stages(
        "  - { stage: one, steps: [{ step: pause, action: agent.pause }] }
  - { stage: two, steps: [{ step: resume, «action»: undo, with: { steps: [pause] } }] }\n",
    );
    assert_fault(&text, codes::RELEASE_UNGUARDED, "nobody is asked", "`resume`");
}

#[test]
fn what_an_approval_releases_is_rendered_when_it_is_asked() {
    let stages = |reason: &str| {
        with_stages(&format!(
            "  - {{ stage: one, steps: [{{ step: look, action: evidence.capture }}] }}
  - {{ stage: two, steps: [{{ step: ask, approval: {{ ask: Sure?, timeout: 1h, releases: [pause] }} }}] }}
  - {{ stage: three, steps: [{{ step: late, action: evidence.capture }}] }}
  - {{ stage: four, steps: [{{ step: pause, action: agent.pause, with: {{ reason: \"{{{{{reason}.state}}}}\" }} }}] }}
"
        ))
    };
    playbook(&stages("steps.look"));
    assert_eq!(refused(&stages("steps.late"))[0].code, codes::STEP_ORDER);
    assert_eq!(refused(&stages("steps.ask"))[0].code, codes::STEP_ORDER);
}
