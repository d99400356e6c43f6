//! The way of a run: stages, conditions, failures, undo and observe mode.

use jiff::SignedDuration;

use super::simulator::{CONTAIN, Sim, agent};
use crate::domain::approval::Choice;
use crate::domain::event::CallOutcome;
use crate::domain::{EventKind, Mode, Outcome, RunStatus, Verdict};
use crate::machine::IllegalTransition;

#[test]
fn an_agent_is_contained_the_owner_told_and_asked_and_the_agent_released_again() {
    let mut sim = Sim::start(CONTAIN);
    assert_eq!(sim.placed.len(), 1, "the pause does not wait for the revocation");
    assert_eq!(sim.step("pause").verdict, Some(Verdict::Contained));
    sim.contain();
    assert_eq!(sim.run.containment().map(|(verdict, _)| verdict), Some(Verdict::Contained));
    assert!(sim.notices[0].starts_with("Billing bot is contained"), "{}", sim.notices[0]);
    assert_eq!(sim.state("override"), "waiting");
    let vote = sim.vote_of("ana", Choice::Approve);
    sim.submit(vote).unwrap();
    assert_eq!(sim.lifted, [sim.placed[0].id]);
    assert_eq!((sim.state("pause"), sim.state("resume")), ("undone", "succeeded"));
    assert_eq!(sim.run.status, RunStatus::Finished(Outcome::Completed));
}

#[test]
fn a_rejected_release_keeps_the_hold() {
    let mut sim = Sim::start(CONTAIN);
    sim.contain();
    let vote = sim.vote_of("sam", Choice::Reject);
    sim.submit(vote).unwrap();
    assert!(sim.lifted.is_empty());
    assert_eq!(sim.state("resume"), "skipped");
    assert_eq!(sim.run.status, RunStatus::Finished(Outcome::Completed));
}

#[test]
fn silence_never_releases() {
    let mut sim = Sim::start(CONTAIN);
    sim.contain();
    sim.wait(SignedDuration::from_hours(4));
    assert_eq!(sim.step("override").decision, Some(crate::domain::Decision::Expired));
    assert!(sim.lifted.is_empty());
    assert_eq!(sim.state("resume"), "skipped");
}

#[test]
fn observe_mode_does_nothing_and_says_what_it_would_do() {
    let sim = Sim::start_with(CONTAIN, agent(), Mode::Observe, None);
    assert!(sim.placed.is_empty() && sim.calls.is_empty() && sim.notices.is_empty());
    assert_eq!(sim.step("revoke").detail.as_deref(), Some("observed only: would do oauth.revoke_token"));
    assert!(sim.step("revoke").params.is_some(), "the parameters are rendered all the same");
    assert_eq!(sim.step("override").decision, Some(crate::domain::Decision::Expired));
    assert_eq!(sim.state("resume"), "skipped");
    assert_eq!(sim.run.status, RunStatus::Finished(Outcome::Completed));
    assert_eq!(sim.run.containment(), None);
}

#[test]
fn a_hold_on_an_agent_that_no_gate_sees_is_not_called_containment() {
    let mut ungated = agent();
    ungated.gated = false;
    let mut sim = Sim::start_with(CONTAIN, ungated, Mode::Enforce, None);
    assert_eq!((sim.state("pause"), sim.step("pause").verdict), ("unproven", Some(Verdict::Unproven)));
    sim.contain();
    assert_eq!(sim.run.containment().map(|(verdict, at)| (verdict, at.is_some())), Some((Verdict::Unproven, false)));
    assert!(sim.notices[0].contains("NOT proven"));
}

#[test]
fn a_missing_value_fails_the_step_before_anything_is_sent() {
    let mut bare = agent();
    bare.credentials.clear();
    let sim = Sim::start_with(CONTAIN, bare, Mode::Enforce, None);
    assert!(sim.calls.is_empty());
    assert_eq!((sim.state("revoke"), sim.step("revoke").verdict), ("failed", Some(Verdict::Failed)));
    assert_eq!(sim.state("tell_owner"), "succeeded", "the owner is told all the same");
}

const FAILING: &str = r#"
playbook: failing
title: Failing
owner: user:ana
mode: enforce
match: { when: "true" }
stages:
  - stage: first
    mode: sequential
    steps:
      - { step: one, action: try.idempotent }
      - { step: two, action: try.idempotent, on_failure: ON_FAILURE, retry: { max_attempts: 1 } }
      - { step: three, action: try.idempotent }
  - stage: second
    steps:
      - { step: four, action: agent.pause }
"#;

fn refused() -> CallOutcome {
    CallOutcome::Refused { reason: "403".into(), retry: false }
}

#[test]
fn on_failure_continue_goes_on_with_the_next_steps() {
    let mut sim = Sim::start(&FAILING.replace("ON_FAILURE", "continue"));
    assert_eq!((sim.calls.len(), sim.state("two")), (1, "pending"), "a sequential stage waits");
    sim.applied();
    sim.ended(refused());
    sim.applied();
    assert_eq!((sim.state("two"), sim.state("three"), sim.state("four")), ("failed", "succeeded", "succeeded"));
    assert_eq!(sim.run.status, RunStatus::Finished(Outcome::Completed));
}

#[test]
fn on_failure_stop_ends_the_run_and_cancels_what_had_no_turn() {
    let mut sim = Sim::start(&FAILING.replace("ON_FAILURE", "stop"));
    sim.applied();
    sim.ended(refused());
    assert_eq!((sim.state("three"), sim.state("four"), sim.calls.len()), ("cancelled", "cancelled", 0));
    assert_eq!(sim.run.status, RunStatus::Finished(Outcome::Failed));
}

#[test]
fn a_run_that_is_over_takes_no_more_events_and_says_so() {
    let mut sim = Sim::start(CONTAIN);
    sim.submit(EventKind::RunCancelled { reason: "wrong agent".into() }).unwrap();
    let late = sim.submit(EventKind::AttemptBegan { path: "revoke".parse().unwrap() });
    assert_eq!(late, Err(IllegalTransition::Finished { event: "attempt_began", status: "cancelled" }));
}

#[test]
fn an_event_for_another_version_of_the_playbook_is_refused() {
    let mut sim = Sim::start(CONTAIN);
    sim.playbook = super::simulator::playbook(&CONTAIN.replace("8h", "9h")).into();
    let event = crate::domain::Event::by_system(sim.at, EventKind::Ticked);
    let moved = crate::machine::transition(&sim.playbook, sim.run.clone(), &event);
    assert!(matches!(moved, Err(IllegalTransition::OtherPlaybook { .. })));
}

#[test]
fn a_stage_that_takes_too_long_fails_what_only_waits_and_leaves_calls_to_settle() {
    let text = FAILING.replace("ON_FAILURE", "continue").replace("mode: sequential", "timeout: 1m");
    let mut sim = Sim::start(&text);
    let path = sim.call(|_| true).path;
    sim.submit(EventKind::AttemptEnded { path: path.clone(), outcome: CallOutcome::NotSent { reason: "dns".into() } })
        .unwrap();
    assert_eq!(
        sim.run.wake_at(),
        Some(sim.at + SignedDuration::from_secs(1)),
        "a try that was not sent is tried again"
    );
    sim.free_workers = false;
    sim.wait(SignedDuration::from_secs(1));
    sim.wait(SignedDuration::from_mins(1));
    assert_eq!(sim.step(path.step.as_str()).state.as_str(), "failed");
    assert_eq!(sim.calls.len(), 2, "the calls of the other steps are still waited for");
    assert!(!sim.run.status.is_finished());
}

#[test]
fn a_failure_that_ends_the_run_at_once_does_not_undo_that_it_began() {
    let text = FAILING
        .replace("ON_FAILURE", "continue")
        .replace("    mode: sequential\n", "")
        .replace("- { step: one, action: try.idempotent }", "- { step: one, action: agent.pause, on_failure: stop }");
    let mut ungated = agent();
    ungated.gated = false;
    let sim = Sim::start_with(&text, ungated, Mode::Enforce, None);
    assert_eq!((sim.state("one"), sim.placed.len()), ("unproven", 1), "the hold stands");
}

#[test]
fn a_run_that_fails_tells_its_owner_and_keeps_late_answers_as_facts() {
    let mut sim = Sim::start(CONTAIN);
    sim.prepared(true);
    sim.submit(EventKind::RunCancelled { reason: "wrong agent".into() }).unwrap();
    assert_eq!(sim.alarms.len(), 1, "a call was under way: nobody knows yet whether it was applied");
    sim.applied();
    let detail = sim.step("revoke").detail.clone().unwrap();
    assert!(detail.contains("it was applied"), "{detail}");
    assert!(sim.run.status.is_finished());
}

#[test]
fn what_only_a_person_can_judge_does_not_keep_the_owner_from_being_told() {
    let text = FAILING
        .replace("ON_FAILURE", "continue")
        .replace("mode: sequential\n    steps:", "steps:")
        .replace("try.idempotent", "try.none");
    let mut sim = Sim::start(&text);
    for _ in 0..3 {
        sim.ended(CallOutcome::Ambiguous { reason: "timeout".into() });
    }
    assert_eq!(sim.state("four"), "succeeded", "the next stage goes on");
    assert!(!sim.run.status.is_finished(), "the run waits for the person");
}

/// A sequential stage whose first step fails, with what must not be done after it.
const FOLLOWING: &str = r#"
playbook: following
title: Following
owner: user:ana
mode: enforce
match: { when: "true" }
stages:
  - stage: first
    mode: sequential
    steps:
      - { step: one, action: try.idempotent, on_failure: ON_FAILURE, retry: { max_attempts: 1 } }
      - { step: pause, action: agent.pause }
      - { step: retire, action: agent.retire }
      - { step: tell, action: notify, with: { to: owner, template: contained } }
  - stage: second
    steps:
      - { step: four, action: agent.pause }
"#;

#[test]
fn nothing_starts_after_a_step_whose_failure_ends_the_run() {
    for on_failure in ["stop", "undo"] {
        let mut sim = Sim::start(&FOLLOWING.replace("ON_FAILURE", on_failure));
        sim.ended(refused());
        assert!(sim.placed.is_empty(), "{on_failure}: {:?}", sim.placed);
        let states = ["pause", "retire", "tell", "four"].map(|name| sim.state(name));
        assert_eq!(states, ["cancelled"; 4], "{on_failure}");
        assert_eq!(sim.run.status, RunStatus::Finished(Outcome::Failed), "{on_failure}");
        let (_, entries) = crate::machine::replay(&sim.playbook, &sim.events).unwrap();
        assert!(entries.iter().any(|entry| entry.text.contains("a step before it failed")), "{on_failure}");
    }
}

const BACKGROUND: &str = r#"
playbook: background
title: Background
owner: user:ana
mode: enforce
match: { when: "true" }
stages:
  - stage: first
    steps:
      - { step: done, action: try.idempotent }
      - { step: late, action: try.idempotent, background: true, on_failure: ON_FAILURE, retry: { max_attempts: 1 } }
  - stage: second
    mode: sequential
    steps:
      - { step: rest, wait: 1m }
      - { step: pause, action: agent.pause }
"#;

#[test]
fn a_background_step_that_fails_later_ends_the_run_as_it_asks() {
    let started = |on_failure: &str| {
        let mut sim = Sim::start(&BACKGROUND.replace("ON_FAILURE", on_failure));
        let first = sim.calls.iter().position(|call| call.path.to_string() == "done").unwrap();
        let path = sim.calls.remove(first).path;
        let outcome = CallOutcome::Applied { output: serde_json::json!({}) };
        sim.submit(EventKind::AttemptEnded { path, outcome }).unwrap();
        assert_eq!((sim.state("done"), sim.state("rest")), ("succeeded", "waiting"));
        sim
    };
    let mut sim = started("stop");
    sim.ended(refused());
    assert_eq!(sim.state("rest"), "waiting", "what is under way settles");
    sim.wait(SignedDuration::from_mins(1));
    assert_eq!((sim.state("pause"), sim.placed.len()), ("cancelled", 0));
    assert_eq!(sim.run.status, RunStatus::Finished(Outcome::Failed));
    // After the last stage it counts as well.
    let mut sim = started("stop");
    sim.wait(SignedDuration::from_mins(1));
    assert_eq!(sim.state("pause"), "succeeded");
    sim.ended(refused());
    assert_eq!(sim.run.status, RunStatus::Finished(Outcome::Failed));
    let mut sim = started("continue");
    sim.wait(SignedDuration::from_mins(1));
    sim.ended(refused());
    assert_eq!(sim.run.status, RunStatus::Finished(Outcome::Completed));
}

#[test]
fn a_background_step_that_fails_last_undoes_what_the_run_did() {
    let text = BACKGROUND
        .replace("ON_FAILURE", "undo")
        .replace("{ step: done, action: try.idempotent }", "{ step: done, action: try.verifiable }");
    let mut sim = Sim::start(&text);
    sim.prepared(true);
    sim.calls.rotate_left(1);
    sim.applied();
    sim.proved(true);
    sim.wait(SignedDuration::from_mins(1));
    sim.ended(refused());
    assert_eq!((sim.run.status.as_str(), sim.state("done")), ("undoing", "undoing"));
    sim.applied();
    assert_eq!(sim.state("done"), "undone");
    assert_eq!(sim.run.status, RunStatus::Finished(Outcome::Failed));
}
