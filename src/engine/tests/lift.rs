//! Holds that people lift by hand: no way around the people whom a run asks about them.

use std::sync::Arc;

use super::flow::CONTAIN;
use super::harness::{Life, World, agent_id, ana, path};
use crate::domain::approval::{ApprovalStatus, Choice};
use crate::domain::*;
use crate::engine::{HoldError, HoldRequest};
use crate::store::Outbox;

fn sam() -> Actor {
    Actor::Person { id: PersonId::parse("sam").unwrap(), assurance: Assurance::Api }
}

fn lift(life: &Life, by: &Actor) -> Result<Vec<Hold>, HoldError> {
    life.on(life.engine.lift_holds(&agent_id("billing-bot"), by, "it was our own test"))
}

fn lines(life: &Life, run: RunId) -> Vec<String> {
    life.checked_history(run).entries.into_iter().map(|entry| entry.text).collect()
}

#[test]
fn who_may_not_decide_a_request_can_not_lift_by_hand_what_it_is_about() {
    let world = World::new(&[CONTAIN]);
    let life = world.start();
    let run = life.launch("contain", "billing-bot");
    let request = life.pending(run);
    let before = life.run(run);
    let refused = lift(&life, &sam()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!(
            "failed to resume billing-bot: {run} holds it, and request {} decides; vote there (asked: ana)",
            request.id
        )
    );
    assert_eq!(life.run(run), before);
    assert!(!life.gate_allows("billing-bot"));
    assert!(matches!(lift(&life, &Actor::System), Err(HoldError::AwaitsDecision { .. })));
}

#[test]
fn who_may_decide_lifts_it_with_a_reason_and_the_run_says_so_and_asks_no_longer() {
    let both = CONTAIN.replace("approvers: [owner]", "approvers: [owner, user:sam]");
    let world = World::new(&[&both]);
    let life = world.start();
    let run = life.launch("contain", "billing-bot");
    let request = life.pending(run);
    assert_eq!(lift(&life, &ana()).unwrap().len(), 1);
    assert!(life.gate_allows("billing-bot"));
    let over = life.until_finished(run);
    assert_eq!(over.status, RunStatus::Finished(Outcome::Completed));
    let settled = &over.approvals[&request.id];
    assert_eq!(settled.status, ApprovalStatus::Cancelled);
    assert_eq!(settled.withdrawn.as_deref(), Some("lifted by hand by ana: it was our own test"));
    assert_eq!(over.steps[&path("pause")].state, StepState::Undone);
    assert_eq!(over.steps[&path("override")].state, StepState::Cancelled);
    assert_eq!(over.steps[&path("resume")].decision, None);
    let lines = lines(&life, run);
    assert!(lines.iter().any(|line| line == "ana lifted the hold by hand: \"it was our own test\""), "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains("withdrawn: lifted by hand by ana")), "{lines:#?}");
    let messages = life.on(life.engine.store().messages_due(world.clock_now(), 20)).unwrap();
    let told = messages.iter().filter_map(|queued| match &queued.message.kind {
        MessageKind::Notice { subject, .. } if subject.starts_with("No longer asked") => {
            Some(queued.message.to.as_str())
        }
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), ["sam"], "ana knows");
    assert!(life.vote_settled(run, &request, "sam").is_err(), "there is nothing left to decide");
}

#[test]
fn one_of_two_who_must_agree_does_not_lift_it_alone() {
    let two =
        CONTAIN.replace("approvers: [owner]", "approvers: [owner, user:sam], thresholds: [{ approve: 2, reject: 1 }]");
    let world = World::new(&[&two]);
    let life = world.start();
    let run = life.launch("contain", "billing-bot");
    life.pending(run);
    let refused = lift(&life, &ana()).unwrap_err().to_string();
    assert!(refused.contains("(asked: ana, sam); it takes 2 people"), "{refused}");
    life.vote(run, "sam", Choice::Approve).unwrap();
    assert_eq!(lift(&life, &ana()).unwrap().len(), 1, "hers would be the second yes");
    life.until_finished(run);
}

/// Two questions at once: whether the agent may go on, and whether something else is done.
const TWO: &str = r#"
playbook: contain
title: Contain
owner: user:ana
mode: enforce
match: { when: "true" }
stages:
  - stage: contain
    steps:
      - { step: pause, action: agent.pause }
  - stage: decide
    steps:
      - step: override
        approval: { ask: "Resume?", releases: [resume], approvers: [owner], timeout: 4h, identity: link }
      - step: kill_ok
        approval: { ask: "Revoke?", releases: [kill], approvers: [owner], timeout: 4h, identity: link }
  - stage: restore
    when: steps.override.decision == 'approved'
    steps:
      - { step: resume, action: undo, with: { steps: [pause] } }
  - stage: end
    when: steps.kill_ok.decision == 'approved'
    steps:
      - { step: kill, action: try.contain }
"#;

#[test]
fn what_another_open_request_asks_about_is_still_done_if_people_say_yes() {
    let world = World::new(&[TWO]);
    let life = world.start();
    let run = life.launch("contain", "billing-bot");
    life.pending(run);
    lift(&life, &ana()).unwrap();
    assert_eq!(life.run(run).steps[&path("override")].state, StepState::Cancelled);
    life.vote(run, "ana", Choice::Approve).unwrap();
    let over = life.until_finished(run);
    assert_eq!(over.steps[&path("kill_ok")].decision, Some(Decision::Approved));
    assert_eq!(world.outside.count("try.contain", "send"), 1, "{:#?}", life.states(run));
    assert!(!matches!(over.steps[&path("kill")].state, StepState::Cancelled));
    life.checked_history(run);
}

#[test]
fn where_nobody_is_asked_anybody_lifts_it_and_the_run_that_is_over_says_so() {
    let world = World::new(&[CONTAIN]);
    let life = world.start();
    let run = life.launch("contain", "billing-bot");
    life.vote(run, "ana", Choice::Reject).unwrap();
    let over = life.until_finished(run);
    assert!(!life.gate_allows("billing-bot"));
    lift(&life, &sam()).unwrap();
    assert!(life.gate_allows("billing-bot"));
    assert_eq!(life.run(run).status, over.status);
    let lines = lines(&life, run);
    assert!(lines.iter().any(|line| line.starts_with("sam lifted the hold by hand")), "{lines:#?}");
}

#[test]
fn a_hold_that_was_lifted_on_another_replica_since_memory_was_read_keeps_nobody_from_lifting_the_rest() {
    let world = World::new(&[CONTAIN]);
    let life = world.start();
    let place = || HoldRequest {
        agent: agent_id("billing-bot"),
        level: HoldLevel::Paused,
        reason: "who is this".into(),
        until: None,
        by: ana(),
    };
    life.on(life.engine.place_hold(place())).unwrap();
    let other = world.neighbour(&life, Arc::default());
    life.on(other.lift_holds(&agent_id("billing-bot"), &ana(), "it is mine")).unwrap();
    // What the first replica still remembers is gone; a second hold is not.
    life.on(other.place_hold(place())).unwrap();
    assert_eq!(lift(&life, &sam()).unwrap().len(), 1);
    life.on(other.reread());
    assert!(life.on(async { other.holds_on(&agent_id("billing-bot")) }).is_empty());
}
