//! Silence never destroys: not where nobody is asked either, and not by way of other steps.

use super::*;

/// A question, a step between, and one that destroys under a condition.
fn destroys(between: &str, of_stage: &str, when: &str) -> String {
    with_stages(&format!(
        "  - stage: ask
    steps:
      - {{ step: q, approval: {{ ask: Destroy?, timeout: 1h }} }}
      - {{ step: note, action: evidence.capture, approval: {{ ask: Keep?, timeout: 1h }} }}
  - stage: between
    steps:
      - {between}
  - stage: last
    when: {of_stage}
    steps:
      - {{ step: kill, action: vault.destroy_entity, with: {{ entity: x }}, irreversible: {{ because: a test }}, when: {when} }}
"
    ))
}

const NOTHING: &str = "{ step: mark, action: evidence.capture }";

#[track_caller]
fn silent(between: &str, of_stage: &str, when: &str) {
    let text = destroys(between, of_stage, when);
    assert_fault(&text, codes::SILENCE, "where nobody answers", "'approved'");
}

#[test]
fn what_an_expired_request_lets_go_does_not_destroy() {
    for when in [
        "«\"steps.q.decision == 'expired'\"»",
        "«\"steps.q.decision != 'approved'\"»",
        "«\"steps.q.decision in ['rejected', 'expired']\"»",
        "«\"!(steps.q.decision == 'approved') && agent.known\"»",
        "«\"steps['q'].decision == 'expired'\"»",
        "«\"steps.note.state == 'rejected'\"»",
        "«\"steps.q.decision.startsWith('ex')\"»",
    ] {
        silent(NOTHING, "\"true\"", when);
    }
    silent(NOTHING, "«\"steps.q.decision == 'expired'\"»", "\"agent.known\"");
}

#[test]
fn nor_by_way_of_other_steps() {
    let marked = "{ step: mark, action: evidence.capture, when: \"steps.q.decision == 'expired'\" }";
    silent(marked, "\"true\"", "«\"steps.mark.state == 'succeeded'\"»");
    let waits = "{ step: mark, wait: 1h, until: \"steps.q.decision == 'expired'\" }";
    silent(waits, "\"true\"", "«\"steps.mark.state == 'succeeded'\"»");
}

#[test]
fn what_people_approve_may_destroy_and_so_may_what_asks_no_request() {
    let fine = |between: &str, of_stage: &str, when: &str| {
        playbook(&destroys(between, of_stage, when));
    };
    fine(NOTHING, "\"true\"", "\"steps.q.decision == 'approved'\"");
    fine(NOTHING, "\"steps.q.decision == 'approved'\"", "\"steps.note.state != 'rejected' || agent.known\"");
    fine(NOTHING, "\"true\"", "\"alert.severity == CRITICAL\"");
    fine(NOTHING, "\"true\"", "\"steps.mark.state == 'failed'\"");
    fine(NOTHING, "\"true\"", "\"steps.q.decision == 'rejected'\"");
    let again = "{ step: mark, approval: { ask: Really?, timeout: 1h }, when: \"steps.q.decision == 'expired'\" }";
    fine(again, "\"steps.q.decision != 'rejected'\"", "\"steps.mark.decision == 'approved'\"");
}

#[test]
fn silence_runs_no_other_playbook() {
    let guard = |keys: &str| {
        with_steps(&format!(
            "      - {{ step: a, action: run_playbook, with: {{ playbook: other }}, approval: {{ ask: Sure?, timeout: 1h, {keys} }} }}\n"
        ))
    };
    assert_fault(&guard("on_timeout: «act»"), codes::SILENCE, "may destroy", "");
    assert_fault(&guard("identity: «link»"), codes::IDENTITY, "may destroy", "identity: api");
    assert_eq!(approval(&playbook(&guard("on_timeout: reject")), "a").identity, crate::domain::Assurance::Api);
}
