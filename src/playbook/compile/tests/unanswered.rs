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
fn nor_where_any_other_end_of_the_request_ends_the_run_before() {
    let gate = |failing: &str| format!("{{ step: mark, wait: 1m, until: \"steps.q.decision == 'expired'\"{failing} }}");
    for failing in [", on_failure: stop", ", on_failure: undo"] {
        let text = destroys(&gate(failing), "\"true\"", "\"true\"").replace("- { step: kill", "- «{ step: kill");
        assert_fault(&text, codes::SILENCE, "by way of `mark`", "'approved'");
    }
    playbook(&destroys(&gate(""), "\"true\"", "\"true\""));
    let approved = gate(", on_failure: stop").replace("expired", "approved");
    playbook(&destroys(&approved, "\"true\"", "\"true\""));
}

/// As [`destroys`], with what comes after the names of the step that destroys.
fn ends_with(between: &str, kill: &str) -> String {
    destroys(between, "\"true\"", "MARK").replace(
        "kill, action: vault.destroy_entity, with: { entity: x }, irreversible: { because: a test }, when: MARK }",
        kill,
    )
}

const KILL: &str = "kill, action: vault.destroy_entity, with: { entity: x }, irreversible: { because: a test }";

#[test]
fn silence_runs_no_other_playbook_by_a_condition_either() {
    let runs = "kill, action: run_playbook, with: { playbook: other }, when: «\"steps.q.decision == 'expired'\"» }";
    assert_fault(&ends_with(NOTHING, runs), codes::SILENCE, "runs another playbook", "'approved'");
    playbook(&ends_with(NOTHING, &runs.replace(['«', '»'], "").replace("expired", "approved")));
}

#[test]
fn a_list_is_a_condition_as_well() {
    for list in [
        "alert.resources.filter(r, steps.q.decision == 'expired')",
        "alert.resources.filter(r, steps.note.state == 'rejected' && r != '')",
        "steps.q.decision == 'expired' ? alert.resources : []",
    ] {
        let kill = format!("{KILL}, for_each: {{ in: «\"{list}\"», as: one }} }}");
        assert_fault(&ends_with(NOTHING, &kill), codes::SILENCE, "where nobody answers", "'approved'");
    }
    for list in ["alert.resources", "steps.q.decision == 'approved' ? alert.resources : []", "steps.mark.output.ids"] {
        playbook(&ends_with(NOTHING, &format!("{KILL}, for_each: {{ in: \"{list}\", as: one }} }}")));
    }
}

#[test]
fn however_a_condition_spells_the_step() {
    for when in [
        "steps[ 'q' ].decision == 'expired'",
        "steps [ 'q' ] . decision == 'expired'",
        "steps .q.decision == 'expired'",
        ".steps.q.decision == 'expired'",
        "'expired' == (steps.q).decision",
        "steps.?q.decision.orValue('') == 'expired'",
        "steps.exists(name, steps[name].decision == 'expired')",
        "['expired'].exists(word, word == steps.q.decision)",
        "steps.q.decision.size() == 7",
        "has(steps.note) && steps.q.decision == 'expired'",
        "has(steps.q.output) ? steps.q.decision != 'rejected' : false",
        "steps.q.state == 'succeeded'",
        "steps.q.state != 'skipped'",
    ] {
        silent(NOTHING, "\"true\"", &format!("«\"{when}\"»"));
    }
}

#[test]
fn where_silence_acts_what_it_did_is_its_doing() {
    let act = "approval: { ask: Keep?, timeout: 1h, on_timeout: act }";
    let guarded = format!("{{ step: mark, action: agent.pause, {act} }}");
    for when in
        ["steps.mark.state == 'succeeded'", "steps.mark.verdict == 'contained'", "steps.mark.state != 'rejected'"]
    {
        silent(&guarded, "\"true\"", &format!("«\"{when}\"»"));
    }
    playbook(&destroys(&guarded, "\"true\"", "\"steps.mark.decision == 'approved'\""));
    playbook(&destroys(
        &guarded,
        "\"true\"",
        "\"steps.mark.state == 'rejected' && steps.mark.decision == 'rejected'\"",
    ));
    let reject = guarded.replace("act }", "reject }");
    playbook(&destroys(&reject, "\"true\"", "\"steps.mark.state == 'succeeded'\""));
    silent(&reject, "\"true\"", "«\"steps.mark.state == 'rejected'\"»");
}

#[test]
fn what_a_request_releases_stands_as_the_request_ends() {
    let released = |on_timeout: &str, when: &str| {
        with_stages(&format!(
            "  - stage: ask
    steps:
      - {{ step: q, approval: {{ ask: Freeze?, releases: [freeze], timeout: 1h, on_timeout: {on_timeout} }} }}
  - stage: last
    mode: sequential
    steps:
      - {{ step: freeze, action: process.freeze, with: {{ pid: 7 }} }}
      - {{ step: {KILL}, when: {when} }}
"
        ))
    };
    for (on_timeout, state) in
        [("act", "succeeded"), ("reject", "rejected"), ("reject", "unproven' || steps.q.decision == 'expired")]
    {
        let text = released(on_timeout, &format!("«\"steps.freeze.state == '{state}'\"»"));
        assert_fault(&text, codes::SILENCE, "where nobody answers", "'approved'");
    }
    playbook(&released("reject", "\"steps.freeze.state == 'succeeded'\""));
}

#[test]
fn what_was_left_out_by_its_own_condition_may_be_followed_by_what_destroys() {
    let mark = |when: &str| format!("{{ step: mark, action: evidence.capture, when: \"{when}\" }}");
    let skipped = "steps.mark.state == 'skipped'";
    for (between, when) in [
        ("alert.severity >= HIGH", skipped),
        ("steps.q.decision == 'expired'", skipped),
        ("steps.q.decision == 'expired' && agent.known", skipped),
        ("steps.q.decision != 'approved' && agent.known", skipped),
        ("steps.q.decision != 'approved' && agent.known", "steps.mark.state in ['skipped'] && alert.severity > LOW"),
        ("steps.q.decision in ['expired', 'rejected']", "!(steps.mark.state != 'skipped')"),
        ("agent.known", "steps.mark.state == 'skipped' || steps.q.decision == 'approved'"),
        ("agent.known ? steps.q.decision == 'expired' : false", skipped),
    ] {
        playbook(&destroys(&mark(between), "\"true\"", &format!("\"{when}\"")));
    }
    let asks = "{ step: mark, approval: { ask: Really?, timeout: 1h }, when: agent.known }";
    for when in [
        "steps.mark.state == 'skipped'",
        "steps.mark.state == 'skipped' || steps.mark.decision == 'approved'",
        "!agent.known || steps.mark.decision == 'approved'",
    ] {
        playbook(&destroys(asks, "\"true\"", &format!("\"{when}\"")));
    }
}

#[test]
fn but_not_where_silence_left_it_out() {
    let mark = |when: &str| format!("{{ step: mark, action: evidence.capture, when: \"{when}\" }}");
    for (between, when) in [
        ("steps.q.decision == 'approved'", "steps.mark.state == 'skipped'"),
        ("steps.q.decision == 'approved' && agent.known", "steps.mark.state == 'skipped' && alert.severity > LOW"),
        ("steps.q.decision == 'rejected'", "steps.mark.state == 'skipped'"),
        ("steps.q.decision.startsWith('app')", "steps.mark.state in ['skipped', 'failed']"),
        ("steps.note.state != 'rejected'", "steps.mark.state == 'skipped'"),
        ("steps.q.decision == 'expired'", "steps.mark.state != 'skipped'"),
        ("(agent.known && steps.q.decision == 'approved') || !agent.known", "steps.mark.state == 'skipped'"),
    ] {
        silent(&mark(between), "\"true\"", &format!("«\"{when}\"»"));
    }
    let asks = "{ step: mark, approval: { ask: Really?, timeout: 1h }, when: steps.q.decision == 'expired' }";
    silent(asks, "\"true\"", "«\"steps.mark.state != 'skipped'\"»");
    let either = "«\"steps.q.decision == 'expired' && (steps.note.decision == 'approved' || agent.known)\"»";
    silent(NOTHING, "\"true\"", either);
}

#[test]
fn conditions_too_wide_to_try_are_taken_for_the_worst_only_where_they_read_a_request() {
    let wide = |last: &str| {
        let pairs: Vec<String> =
            (0..14).map(|n| format!("(alert.labels.a{n} == 'x' ? agent.known : alert.labels.b{n} == 'y')")).collect();
        format!("{} && {last}", pairs.join(" && "))
    };
    let text = |last: &str| destroys(NOTHING, "\"true\"", &format!("\"{}\"", wide(last)));
    playbook(&text("agent.gated"));
    playbook(&text("steps.q.decision == 'approved'"));
    silent(NOTHING, "\"true\"", &format!("«\"{}\"»", wide("steps.q.decision != 'approved'")));
}

/// So many requests, and as many steps that destroy under a condition which reads all of them.
fn crowded(count: u32) -> String {
    let each = |line: &dyn Fn(u32) -> String| (0..count).map(line).collect::<Vec<String>>();
    let requests = each(&|n| format!("      - {{ step: q{n}, approval: {{ ask: Sure?, timeout: 1h }} }}\n"));
    let read = each(&|n| format!("(agent.known || alert.labels.a{n} == 'x' || steps.q{n}.decision == 'approved')"));
    let kills = each(&|n| format!("      - {{ step: k{n}, {} }}\n", KILL.split_once(", ").unwrap().1));
    with_stages(&format!(
        "  - stage: ask\n    steps:\n{}  - stage: last\n    when: \"{}\"\n    steps:\n{}",
        requests.concat(),
        read.join(" && "),
        kills.concat(),
    ))
}

#[test]
fn where_too_much_would_have_to_be_tried_the_worst_is_assumed() {
    playbook(&crowded(4));
    let found = refused(&crowded(20));
    assert!(found.iter().all(|fault| fault.code == codes::SILENCE), "{found:#?}");
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
