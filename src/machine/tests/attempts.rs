//! One attempt: verdicts, retries, doubt, crashes.

use jiff::SignedDuration;
use serde_json::json;

use super::simulator::{CONTAIN, Sim};
use crate::domain::event::{CallOutcome, Proof, Resolution};
use crate::domain::{EventKind, StepPath, Verdict};
use crate::machine::{Effect, IllegalTransition, Phase, due};

fn path(name: &str) -> StepPath {
    name.parse().unwrap()
}

fn one(action: &str) -> Sim {
    Sim::start(&format!(
        "playbook: one\ntitle: One\nowner: user:ana\nmode: enforce\nmatch: {{ when: 'true' }}\nstages:\n  - stage: only\n    \
         steps:\n      - {{ step: act, action: {action}, retry: {{ max_attempts: 3, backoff: exponential, initial: 1s, max: 30s }} }}\n"
    ))
}

#[test]
fn without_a_baseline_that_was_alive_nothing_is_called_contained() {
    let mut sim = Sim::start(CONTAIN);
    sim.prepared(false);
    sim.applied();
    assert_eq!((sim.state("revoke"), sim.step("revoke").verdict), ("unproven", Some(Verdict::Unproven)));
    assert!(sim.calls.is_empty(), "there is nothing to look for");
}

#[test]
fn an_answer_of_200_without_effect_is_unproven() {
    let mut sim = Sim::start(CONTAIN);
    sim.prepared(true);
    sim.applied();
    sim.proved(false);
    assert_eq!((sim.state("revoke"), sim.step("revoke").verdict), ("unproven", Some(Verdict::Unproven)));
    assert_eq!(sim.run.containment().unwrap().0, Verdict::Unproven);
}

#[test]
fn a_refusal_is_a_failure_and_is_not_tried_again() {
    let mut sim = Sim::start(CONTAIN);
    sim.prepared(true);
    sim.ended(CallOutcome::Refused { reason: "400 unsupported_token_type".into(), retry: false });
    assert_eq!((sim.state("revoke"), sim.step("revoke").verdict), ("failed", Some(Verdict::Failed)));
}

#[test]
fn what_was_never_sent_is_tried_again_with_growing_pauses_then_fails() {
    let mut sim = one("try.none");
    let mut keys = Vec::new();
    for pause in [1, 2] {
        keys.push(sim.calls[0].key.clone());
        sim.ended(CallOutcome::NotSent { reason: "refused".into() });
        assert_eq!(sim.run.wake_at(), Some(sim.at + SignedDuration::from_secs(pause)));
        sim.wait(SignedDuration::from_secs(pause));
    }
    keys.push(sim.calls[0].key.clone());
    sim.ended(CallOutcome::NotSent { reason: "refused".into() });
    assert_eq!(sim.state("act"), "failed");
    assert!(keys.windows(2).all(|pair| pair[0] == pair[1]), "the key does not change with the attempt");
}

#[test]
fn a_doubtful_call_without_protection_is_never_sent_again_by_itself() {
    let mut sim = one("try.none");
    sim.ended(CallOutcome::Ambiguous { reason: "timeout".into() });
    sim.wait(SignedDuration::from_hours(24));
    assert!(sim.calls.is_empty());
    assert_eq!(sim.alarms.len(), 1, "a person is told");
    assert_eq!(sim.state("act"), "doing");
    let first_key = crate::machine::key::idempotency_key(sim.run.id, &path("act"), crate::machine::Direction::Do, 1);
    sim.submit(EventKind::Resolved { path: path("act"), resolution: Resolution::Retry, reason: "not there".into() })
        .unwrap();
    assert_ne!(sim.calls[0].key, first_key, "a person's retry is a new generation with a new key");
    sim.applied();
    assert_eq!(sim.state("act"), "succeeded");
}

#[test]
fn a_doubtful_idempotent_call_is_sent_again_with_the_same_key() {
    let mut sim = one("try.idempotent");
    let key = sim.calls[0].key.clone();
    sim.ended(CallOutcome::Ambiguous { reason: "500".into() });
    sim.wait(SignedDuration::from_secs(1));
    assert_eq!(sim.calls[0].key, key);
    sim.applied();
    assert_eq!(sim.state("act"), "succeeded");
}

#[test]
fn a_refusal_after_a_doubtful_try_does_not_prove_that_nothing_was_applied() {
    let mut sim = one("try.idempotent");
    sim.ended(CallOutcome::Ambiguous { reason: "timeout".into() });
    sim.wait(SignedDuration::from_secs(1));
    sim.ended(CallOutcome::Refused { reason: "409 it is gone already".into(), retry: false });
    assert_eq!((sim.alarms.len(), sim.state("act") == "failed"), (1, false), "a person is asked");
    let known = EventKind::Resolved {
        path: path("act"),
        resolution: Resolution::NotApplied,
        reason: "the target's log".to_owned(),
    };
    sim.submit(known).unwrap();
    assert_eq!(sim.state("act"), "failed");
}

#[test]
fn a_doubtful_verifiable_call_asks_the_target_first() {
    let mut sim = one("try.verifiable");
    sim.prepared(true);
    sim.ended(CallOutcome::Ambiguous { reason: "timeout".into() });
    assert_eq!(sim.call(|_| true).phase, Phase::Check);
    let checked = EventKind::AttemptChecked { path: path("act"), applied: Some(true), detail: "gone".into() };
    sim.submit(checked).unwrap();
    sim.proved(true);
    assert_eq!(sim.step("act").verdict, Some(Verdict::Contained));
}

#[test]
fn a_crash_while_sending_keeps_the_baseline_so_that_the_flip_is_still_seen() {
    let mut sim = Sim::start(CONTAIN);
    sim.prepared(true);
    let lost = sim.call(|phase| *phase == Phase::Send);
    sim.submit(EventKind::AttemptLost { path: path("revoke") }).unwrap();
    let again = sim.call(|phase| *phase == Phase::Send);
    assert_eq!((again.key == lost.key, again.attempt), (true, 2));
    sim.submit(EventKind::AttemptEnded { path: path("revoke"), outcome: CallOutcome::Applied { output: json!({}) } })
        .unwrap();
    sim.proved(true);
    assert_eq!(sim.step("revoke").verdict, Some(Verdict::Contained));
}

#[test]
fn a_crash_while_sending_something_unprotected_leaves_it_to_a_person() {
    let mut sim = one("try.none");
    sim.calls.clear();
    sim.submit(EventKind::AttemptLost { path: path("act") }).unwrap();
    assert!(sim.calls.is_empty());
    assert_eq!(sim.alarms.len(), 1);
}

#[test]
fn a_crash_while_looking_only_looks_again() {
    let mut sim = Sim::start(CONTAIN);
    sim.prepared(true);
    sim.applied();
    let until = sim.calls[0].phase;
    sim.calls.clear();
    sim.submit(EventKind::AttemptLost { path: path("revoke") }).unwrap();
    assert_eq!(sim.calls[0].phase, until);
}

#[test]
fn recovery_finds_what_is_ready_and_nothing_that_is_in_doubt() {
    let mut sim = Sim::start(CONTAIN);
    sim.free_workers = false;
    assert_eq!(due(&sim.playbook, &sim.run, sim.at).unwrap().len(), 1, "the preparation may simply be asked for again");
    sim.prepared(true);
    assert_eq!(due(&sim.playbook, &sim.run, sim.at).unwrap(), [], "a call under way is in doubt, not due");
    sim.submit(EventKind::AttemptLost { path: path("revoke") }).unwrap();
    assert_eq!(due(&sim.playbook, &sim.run, sim.at).unwrap(), [Effect::Begin { path: path("revoke") }]);
}

#[test]
fn a_late_answer_to_an_attempt_that_is_over_is_refused() {
    let mut sim = Sim::start(CONTAIN);
    sim.contain();
    let late = EventKind::AttemptEnded { path: path("revoke"), outcome: CallOutcome::Applied { output: json!({}) } };
    assert!(matches!(sim.submit(late), Err(IllegalTransition::WrongState { .. })));
}

#[test]
fn something_found_undone_later_is_regressed() {
    let mut sim = Sim::start(CONTAIN);
    sim.contain();
    assert_eq!(sim.run.rechecks.len(), 1);
    sim.wait(SignedDuration::from_mins(10));
    assert_eq!(sim.call(|_| true).phase, Phase::Recheck);
    let proof = Proof::NotSeen { detail: "active: true".into() };
    sim.submit(EventKind::Rechecked { path: path("revoke"), proof }).unwrap();
    assert_eq!(sim.step("revoke").verdict, Some(Verdict::Regressed));
    assert_eq!(sim.run.containment().unwrap().0, Verdict::Regressed);
    assert!(sim.run.rechecks.is_empty());
}
