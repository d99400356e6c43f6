//! The limits on ourselves: budgets, protected agents, trust in the source; and the end of a hold.

use std::time::Duration;

use super::flow::CONTAIN;
use super::harness::{Life, World, agent, agent_id, ana, launch, path};
use crate::domain::approval::Choice;
use crate::domain::event::CallOutcome;
use crate::domain::{
    Approval, ApprovalCause, HoldLevel, Outcome, RunId, RunStatus, StepState, Trust, Verdict, Waiting,
};
use crate::engine::HoldRequest;
use crate::machine::CallResult;
use crate::store::Outbox;

const PAUSE: &str = r#"
playbook: pause
title: Pause
owner: user:ana
mode: enforce
match: { when: "true" }
stages:
  - stage: contain
    steps:
      - { step: pause, action: agent.pause }
      - { step: revoke, action: try.contain }
"#;

fn fleet(world: &mut World, size: usize) {
    world.agents = (0..size).map(|number| agent(&format!("bot-{number}"))).collect();
}

fn withheld(life: &Life, run: RunId) -> Option<Approval> {
    super::harness::pending(&life.run(run)).cloned()
}

#[test]
fn the_eleventh_agent_in_an_hour_waits_for_a_person_and_people_are_asked_once_about_all_its_steps() {
    let mut world = World::new(&[PAUSE]);
    fleet(&mut world, 12);
    let life = world.start();
    for number in 0..10 {
        let run = life.launch("pause", &format!("bot-{number}"));
        life.until_finished(run);
        assert!(!life.gate_allows(&format!("bot-{number}")));
    }
    let again = life.launch("pause", "bot-3");
    life.until_finished(again);
    let eleventh = life.launch("pause", "bot-10");
    let asked = withheld(&life, eleventh).expect("a person is asked");
    assert_eq!((asked.cause, asked.releases.len()), (ApprovalCause::Budget, 2));
    assert!(life.gate_allows("bot-10"));
    life.crash();
    let life = world.start();
    let twelfth = life.launch("pause", "bot-11");
    assert_eq!(withheld(&life, twelfth).expect("the limit survives a crash").cause, ApprovalCause::Budget);
    life.vote(eleventh, "ana", Choice::Approve).unwrap();
    assert!(!life.gate_allows("bot-10"));
    life.until_finished(eleventh);
    life.vote(twelfth, "sam", Choice::Reject).unwrap();
    let twelfth = life.until_finished(twelfth);
    assert_eq!(twelfth.steps[&path("pause")].state, StepState::Rejected);
    assert!(life.gate_allows("bot-11"));
    life.checked_history(eleventh);
    life.checked_history(twelfth.id);
    world.clock.advance(Duration::from_secs(3601));
    let later = life.launch("pause", "bot-11");
    assert!(!life.gate_allows("bot-11"), "an hour later there is room again");
    life.until_finished(later);
}

#[test]
fn a_run_that_makes_us_panic_keeps_no_other_from_its_deadline() {
    let text = PAUSE.replace("match:", "budget: { contain: 1, per: 10m, over: approve }\nmatch:");
    let mut world = World::new(&[&text]);
    fleet(&mut world, 4);
    let life = world.start();
    life.launch("pause", "bot-0");
    let [faulty, other, last] = ["bot-1", "bot-2", "bot-3"].map(|agent| life.launch("pause", agent));
    world.fate.make_faulty(faulty);
    world.clock.advance(Duration::from_secs(3601));
    // The loop of this life may be the one that looks; whoever does must not end at the faulty one.
    life.on(life.engine.tick_due());
    for run in [other, last] {
        life.until_run(run, "more people are asked", |run| {
            super::harness::pending(run).is_some_and(|asked| asked.escalated)
        });
    }
    assert!(!withheld(&life, faulty).unwrap().escalated);
    assert!(life.on(life.engine.tick_due()), "a deadline that nobody could deal with is a fault that is said");
    // The faults end, and so do the deadlines that were held up by them.
    life.crash();
    world.fate = std::sync::Arc::default();
    let life = world.start();
    life.on(life.engine.tick_due());
    life.until_run(faulty, "more people are asked", |run| {
        super::harness::pending(run).is_some_and(|asked| asked.escalated)
    });
}

#[test]
fn runs_that_start_at_the_same_moment_can_not_both_take_the_last_place() {
    let mut world = World::new(&[PAUSE]);
    fleet(&mut world, 16);
    world.threads = true;
    world.options.contained_per_hour = 5;
    let life = world.start();
    let runs = life.on(async {
        let mut starts = tokio::task::JoinSet::new();
        for number in 0..16 {
            let engine = life.engine.clone();
            starts.spawn(async move { launch(&engine, "pause", &format!("bot-{number}"), Trust::Contain).await });
        }
        starts.join_all().await
    });
    let waiting = runs.iter().filter(|run| withheld(&life, **run).is_some()).count();
    let refused = (0..16).filter(|number| !life.gate_allows(&format!("bot-{number}"))).count();
    assert_eq!((waiting, refused), (11, 5));
}

#[test]
fn a_playbook_with_a_budget_of_its_own_asks_sooner() {
    let text = PAUSE.replace("match:", "budget: { contain: 1, per: 10m, over: approve }\nmatch:");
    let world = World::new(&[&text]);
    let life = world.start();
    let (first, second) = (life.launch("pause", "billing-bot"), life.launch("pause", "mail-bot"));
    life.until_finished(first);
    assert_eq!(withheld(&life, second).unwrap().cause, ApprovalCause::Budget);
}

#[test]
fn nothing_contains_a_protected_agent_without_a_person() {
    let mut world = World::new(&[PAUSE]);
    world.agents[0].protected = true;
    let life = world.start();
    let run = life.launch("pause", "billing-bot");
    assert_eq!(withheld(&life, run).unwrap().cause, ApprovalCause::Protected);
    assert!(life.gate_allows("billing-bot"));
    life.vote(run, "ana", Choice::Approve).unwrap();
    let run = life.until_finished(run);
    assert_eq!(run.containment().map(|(verdict, _)| verdict), Some(Verdict::Contained));
}

#[test]
fn an_alert_of_a_source_that_is_trusted_to_notify_contains_only_with_a_person() {
    let world = World::new(&[CONTAIN]);
    let life = world.start();
    let run = life.launch_with("contain", "billing-bot", Trust::Notify);
    assert_eq!(withheld(&life, run).unwrap().cause, ApprovalCause::Trust);
    assert!(life.gate_allows("billing-bot") && world.outside.calls().is_empty());
    life.wait(Duration::from_secs(3601));
    let second = withheld(&life, run).expect("silence asks more people once");
    assert!(second.escalated);
    life.wait(Duration::from_secs(3601));
    assert_eq!(life.run(run).steps[&path("revoke")].state, StepState::Rejected, "and then it counts as refused");
    assert!(world.outside.calls().is_empty());
    life.checked_history(run);
}

#[test]
fn the_end_of_a_hold_asks_the_owner_once_and_the_hold_stays() {
    let world = World::new(&[]);
    let life = world.start();
    let until = Some("2026-11-23T04:00:00Z".parse().unwrap());
    let agent = agent_id("billing-bot");
    let (level, reason) = (HoldLevel::Paused, "looking into it".to_owned());
    life.on(life.engine.place_hold(HoldRequest { agent: agent.clone(), level, reason, until, by: ana() })).unwrap();
    life.wait(Duration::from_secs(3599));
    assert!(life.own_alerts().is_empty());
    life.wait(Duration::from_secs(1));
    let alerts = life.awaited_alerts();
    assert_eq!(alerts.iter().map(|alert| alert.rule.clone()).collect::<Vec<_>>(), ["hold_ended"]);
    let messages = life.on(life.engine.store().messages_due(world.clock_now(), 10)).unwrap();
    assert_eq!(messages.iter().map(|it| it.message.to.to_string()).collect::<Vec<_>>(), ["ana"]);
    life.crash();
    let life = world.start();
    life.wait(Duration::from_hours(1));
    assert!(life.own_alerts().is_empty(), "nobody is asked twice");
    assert!(!life.gate_allows("billing-bot"), "silence never releases");
    life.on(life.engine.lift_holds(&agent, &ana(), "it is fine")).unwrap();
    assert!(life.gate_allows("billing-bot"));
}

#[test]
fn the_end_of_a_hold_is_not_asked_about_while_people_are_asked_about_its_release() {
    let world = World::new(&[&CONTAIN.replace("hold: 8h", "hold: 1h")]);
    let life = world.start();
    let run = life.launch("contain", "billing-bot");
    life.pending(run);
    life.wait(Duration::from_hours(1));
    assert!(life.own_alerts().is_empty());
    assert!(!life.gate_allows("billing-bot"));
    assert!(matches!(life.run(run).steps[&path("override")].state, StepState::Waiting(Waiting::Approval { .. })));
}

#[test]
fn something_found_undone_later_comes_in_as_an_alert_and_is_no_longer_called_contained() {
    let world =
        World::new(&[PAUSE.replace("try.contain", "try.contain, verify: { within: 30s, recheck: [10m] }").as_str()]);
    world.outside.answer("try.contain", "recheck", super::outside::not_seen());
    let life = world.start();
    assert!(life.gate_allows("billing-bot"));
    let run = life.launch("pause", "billing-bot");
    assert_eq!(life.until_finished(run).status, RunStatus::Finished(Outcome::Completed));
    life.wait(Duration::from_mins(10));
    let run = life.until_run(run, "it was looked at again", |run| run.rechecks.is_empty());
    assert_eq!(run.containment().map(|(verdict, _)| verdict), Some(Verdict::Regressed));
    let alerts = life.awaited_alerts();
    assert_eq!(alerts.iter().map(|alert| alert.rule.clone()).collect::<Vec<_>>(), ["regressed"]);
    life.checked_history(run.id);
}

#[test]
fn what_is_too_large_to_be_kept_fails_a_step_before_its_call_and_never_after_it() {
    let text = r#"
playbook: large
title: Large
owner: user:ana
mode: enforce
match: { when: "true" }
stages:
  - stage: contain
    mode: sequential
    steps:
      - { step: read, action: try.contain }
      - { step: told, action: try.idempotent }
"#;
    let world = World::new(&[text]);
    let much = serde_json::json!("x".repeat(300 * 1024));
    let prepared = CallResult::Prepared { baseline: None, snapshot: Some(much.clone()) };
    world.outside.answer("try.contain", "prepare", prepared);
    world.outside.answer("try.idempotent", "send", CallResult::Ended(CallOutcome::Applied { output: much }));
    let life = world.start();
    let run = life.until_finished(life.launch("large", "billing-bot"));
    let read = format!("{:?}", run.steps[&path("read")].state);
    assert!(read.contains("at most 16 KiB are kept to undo it"), "{read}");
    assert_eq!(world.outside.count("try.contain", "send"), 0);
    assert_eq!(run.steps[&path("told")].state, StepState::Succeeded, "what was done is recorded without its words");
    assert_eq!(run.steps[&path("told")].output, serde_json::json!({ "left_out": "too large" }));
    assert_eq!(world.outside.count("try.idempotent", "send"), 1);
    life.checked_history(run.id);
}

#[test]
fn agents_that_nobody_knows_fall_under_limits_of_their_own() {
    let mut world = World::new(&[PAUSE]);
    fleet(&mut world, 3);
    world.options.contained_per_hour = 2;
    let life = world.start();
    let invented = |name: &str| {
        let agent = std::sync::Arc::new(crate::domain::Agent::unknown(agent_id(name)));
        life.on(super::harness::launch_about(&life.engine, "pause", &agent, Trust::Contain))
    };
    for name in ["made-up-1", "made-up-2"] {
        assert!(withheld(&life, invented(name)).is_none());
    }
    assert_eq!(withheld(&life, invented("made-up-3")).unwrap().cause, ApprovalCause::Budget);
    // They took no place of the others.
    for name in ["bot-0", "bot-1"] {
        assert!(withheld(&life, life.launch("pause", name)).is_none());
    }
    assert!(withheld(&life, life.launch("pause", "bot-2")).is_some());
}
