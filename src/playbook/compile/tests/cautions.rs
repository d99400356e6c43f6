//! Warnings: each is raised where it should be, and a good playbook raises none.

use super::*;

/// A playbook of which there is nothing to warn.
const GOOD: &str = "playbook: p
match: { when: alert.rule == 'x' && alert.severity >= HIGH }
budget: { contain: 5, per: 1h }
stages:
  - stage: contain
    steps:
      - { step: pause, action: agent.pause, hold: 8h }
      - { step: freeze, action: process.freeze, with: { pid: 7 } }
  - stage: inform
    when: steps.pause.state == 'succeeded' || steps.freeze.verdict == 'contained'
    steps:
      - { step: tell, action: notify, with: { to: owner, template: contained } }
  - stage: decide
    steps:
      - { step: override, approval: { ask: Sure?, releases: [resume], timeout: 4h } }
  - stage: restore
    when: steps.override.decision == 'approved'
    steps:
      - { step: resume, action: undo, with: { steps: [pause] } }
  - stage: keep
    when: steps.override.decision in ['rejected', 'expired']
    steps:
      - { step: keep, action: agent.pause }
";

fn warnings(text: &str) -> Vec<(&'static str, u32, String)> {
    match compile(&source(text), &catalogue()) {
        Ok((_, found)) => {
            assert!(found.iter().all(|fault| fault.level == Level::Warning && fault.hint.is_some()), "{found:#?}");
            let line = |fault: &Diagnostic| fault.span.map(|span| span.line).unwrap_or_default();
            found.iter().map(|fault| (fault.code, line(fault), fault.message.clone())).collect()
        }
        Err(found) => panic!("{found:#?}\n{text}"),
    }
}

/// The one warning of the good playbook with a change.
#[track_caller]
fn warned(from: &str, to: &str, code: &str, line: u32) {
    assert!(GOOD.contains(from), "{from}");
    let text = GOOD.replacen(from, to, 1);
    let found = warnings(&text);
    assert_eq!(
        found.iter().map(|(code, line, _)| (*code, *line)).collect::<Vec<_>>(),
        [(code, line)],
        "{found:?}\n{text}"
    );
}

#[test]
fn a_good_playbook_raises_no_warning() {
    assert_eq!(warnings(GOOD), []);
}

#[test]
fn a_playbook_that_stops_agents_has_a_budget() {
    warned("budget: { contain: 5, per: 1h }\n", "", codes::NO_BUDGET, 6);
}

#[test]
fn whoever_is_stopped_has_people_who_hear_of_it() {
    let silent = with_steps("      - { step: pause, action: agent.pause, hold: 8h }\n");
    let codes: Vec<_> = warnings(&silent).into_iter().map(|(code, ..)| code).collect();
    assert_eq!(codes, [codes::UNTOLD, codes::NO_BUDGET]);
    let asks =
        with_steps("      - { step: pause, action: agent.pause, hold: 8h, approval: { ask: Sure?, timeout: 1h } }\n");
    assert!(warnings(&asks).iter().all(|(code, ..)| *code != codes::UNTOLD));
    let harmless = with_steps("      - { step: evidence, action: evidence.capture }\n");
    assert_eq!(warnings(&harmless), []);
}

#[test]
fn a_hold_without_an_end_is_warned_of_unless_people_decided_it_or_it_is_undone() {
    let endless = |more: &str| {
        let text = with_steps(&format!("      - {{ step: a, action: agent.pause{more} }}\n"));
        warnings(&text).iter().any(|(code, ..)| *code == codes::OPEN_END)
    };
    assert!(endless(""));
    assert!(!endless(", hold: 8h"));
    assert!(!endless(", approval: { ask: Sure?, timeout: 1h }"));
    // `keep` of the good playbook follows an approval, and `pause` without `hold` is undone.
    assert_eq!(warnings(&GOOD.replace(", hold: 8h", "")), []);
}

#[test]
fn a_call_that_contains_is_looked_at_afterwards() {
    let call = "{ step: block, action: http.call, impact: contain, with: { method: POST, url: 'https://x.example' } }";
    let with_call = |after: &str| {
        GOOD.replacen("      - { step: tell,", &format!("      - {call}\n{after}      - {{ step: tell,"), 1)
    };
    let found = warnings(&with_call(""));
    assert_eq!(
        found.iter().map(|(code, line, _)| (*code, *line)).collect::<Vec<_>>(),
        [(codes::UNSEEN, 12)],
        "{found:?}"
    );
    let looked = GOOD
        .replacen("      - { step: tell,", &format!("      - {call}\n      - {{ step: tell,"), 1)
        .replacen("  - stage: decide\n    steps:\n", "  - stage: decide\n    steps:\n      - { step: look, action: http.call, with: { method: GET, url: 'https://x.example' } }\n", 1);
    assert_eq!(warnings(&looked), []);
}

#[test]
fn a_condition_that_can_never_be_true_is_warned_of_where_it_stands() {
    warned("alert.rule == 'x' && alert.severity >= HIGH", "alert.severity > CRITICAL", codes::NEVER_MATCHES, 2);
    warned("alert.severity >= HIGH }", "alert.rule == 'y' }", codes::NEVER_MATCHES, 2);
    warned("    when: steps.override.decision == 'approved'", "    when: 'false'", codes::UNREACHABLE, 17);
    warned(
        ", with: { pid: 7 } }",
        ", with: { pid: 7 }, when: \"agent.known && !agent.known\" }",
        codes::UNREACHABLE,
        8,
    );
}

#[test]
fn a_word_that_a_field_never_is_is_warned_of_with_the_one_that_was_meant() {
    let cases = [
        ("steps.override.decision == 'approved'", "steps.override.decision == 'aproved'", 17, "aproved"),
        ("['rejected', 'expired']", "['rejected', 'timeout']", 21, "timeout"),
        ("steps.pause.state == 'succeeded'", "steps.pause.state == 'success'", 10, "success"),
        ("steps.freeze.verdict == 'contained'", "steps.freeze.verdict != 'containd'", 10, "containd"),
        ("alert.severity >= HIGH", "agent.tier == 'autonomus'", 2, "autonomus"),
        ("alert.severity >= HIGH", "alert.status == 'fired'", 2, "fired"),
        ("steps.override.decision == 'approved'", "steps.tell.decision == 'approved'", 17, "asks nobody"),
    ];
    for (from, to, line, word) in cases {
        warned(from, to, codes::NEVER_THIS_WORD, line);
        let found = warnings(&GOOD.replacen(from, to, 1));
        assert!(found[0].2.contains(word), "{found:?}");
    }
    assert_eq!(
        warnings(&GOOD.replacen("steps.override.decision == 'approved'", "steps.override.decision != ''", 1)),
        []
    );
}

#[test]
fn a_step_that_destroys_for_a_reason_is_shown() {
    let destroy =
        "      - { step: wipe, action: vault.destroy_entity, with: { entity: x }, irreversible: { because: b } }\n";
    let text = GOOD.replacen("      - { step: tell,", &format!("{destroy}      - {{ step: tell,"), 1);
    let codes: Vec<_> = warnings(&text).into_iter().map(|(code, line, _)| (code, line)).collect();
    assert_eq!(codes, [(codes::UNSEEN, 12), (codes::IRREVERSIBLE, 12)]);
}

#[test]
fn what_has_more_time_than_what_is_around_it_is_warned_of() {
    let limited = |limit: &str| GOOD.replacen("stages:\n", &format!("timeout: {limit}\nstages:\n"), 1);
    let found = warnings(&limited("1h"));
    assert_eq!(found.iter().map(|(code, line, _)| (*code, *line)).collect::<Vec<_>>(), [(codes::CUT_SHORT, 16)]);
    assert!(found[0].2.contains("14400 s") && found[0].2.contains("playbook is over after 3600 s"), "{found:?}");
    assert_eq!(warnings(&limited("4h")), []);
    warned("  - stage: decide\n", "  - stage: decide\n    timeout: 30m\n", codes::CUT_SHORT, 16);
    let wait =
        limited("8h").replacen("      - { step: tell,", "      - { step: rest, wait: 9h }\n      - { step: tell,", 1);
    assert_eq!(
        warnings(&wait).iter().map(|(code, line, _)| (*code, *line)).collect::<Vec<_>>(),
        [(codes::CUT_SHORT, 13)]
    );
}

#[test]
fn a_playbook_that_starts_again_always_or_never_is_warned_of() {
    let again =
        |condition: &str| warnings(&GOOD.replacen("stages:\n", &format!("rerun_when: {condition}\nstages:\n"), 1));
    for condition in ["'true'", "last.severity > CRITICAL"] {
        let found = again(condition);
        assert_eq!(found.iter().map(|(code, ..)| *code).collect::<Vec<_>>(), [codes::RERUN], "{condition}: {found:?}");
    }
    let found = again("last.outcome == 'finished'");
    assert_eq!(found[0].0, codes::NEVER_THIS_WORD, "{found:?}");
    assert_eq!(again("alert.severity > last.severity || now - last.ended_at > duration('1h')"), []);
    assert_eq!(again("last.outcome == 'failed' || last.verdict == 'regressed'"), []);
}

#[test]
fn containment_that_waits_for_evidence_is_warned_of_unless_something_contains_already_or_people_are_asked_first() {
    let before = |evidence: &str| {
        GOOD.replacen(
            "  - stage: contain\n",
            &format!("  - stage: look\n    steps:\n      - {evidence}\n  - stage: contain\n"),
            1,
        )
    };
    let evidence = "{ step: evidence, action: evidence.capture, timeout: 7s }";
    let found = warnings(&before(evidence));
    let places: Vec<_> = found.iter().map(|(code, line, _)| (*code, *line)).collect();
    assert_eq!(places, [(codes::CONTAINED_LATE, 10), (codes::CONTAINED_LATE, 11)], "{found:?}");
    assert!(found[0].2.contains("`pause` waits for the evidence of `evidence` (up to 7 s)"), "{found:?}");
    // In one sequence as well.
    let sequence = GOOD.replacen(
        "    steps:\n      - { step: pause,",
        &format!("    mode: sequential\n    steps:\n      - {evidence}\n      - {{ step: pause,"),
        1,
    );
    assert!(warnings(&sequence).iter().any(|(code, line, _)| (*code, *line) == (codes::CONTAINED_LATE, 9)));
    // `keep`, at the end, contains again what `pause` contained beside the evidence.
    let beside = GOOD.replacen("      - { step: pause,", &format!("      - {evidence}\n      - {{ step: pause,"), 1);
    assert_eq!(warnings(&beside), []);
    assert_eq!(warnings(&before("{ step: evidence, action: evidence.capture, background: true }")), []);
    let asked = before(evidence).replacen("hold: 8h }", "hold: 8h, approval: { ask: Sure?, timeout: 1h } }", 1);
    assert!(warnings(&asked).iter().all(|(code, line, _)| (*code, *line) != (codes::CONTAINED_LATE, 10)));
}

#[test]
fn containment_in_the_background_is_warned_of_where_a_failure_beside_it_or_later_ends_the_run() {
    let background = GOOD.replacen("with: { pid: 7 } }", "with: { pid: 7 }, background: true }", 1);
    assert_eq!(warnings(&background), []);
    for (from, to) in [
        ("hold: 8h }", "hold: 8h, on_failure: stop }"),
        ("template: contained } }", "template: contained }, on_failure: undo }"),
    ] {
        let found = warnings(&background.replacen(from, to, 1));
        assert_eq!(
            found.iter().map(|(code, line, _)| (*code, *line)).collect::<Vec<_>>(),
            [(codes::CUT_OFF, 8)],
            "{found:?}"
        );
        // A stage waits for each step that is not in the background, whatever becomes of the others.
        assert_eq!(warnings(&GOOD.replacen(from, to, 1)), []);
    }
}
