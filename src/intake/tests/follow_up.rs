//! Alerts about what is known already: repeats, ends, further alerts about an agent with a run under way.

use std::time::Duration;

use serde_json::json;

use super::desk::{ASK, Desk, alert, alert_with, run_of};
use crate::domain::approval::ApprovalStatus;
use crate::domain::{Actor, Assurance, EventKind, HoldLevel, Outcome, PersonId, RunId, RunStatus, Trust};
use crate::engine::tests::harness::{World, agent_id, ana, prepared};
use crate::engine::{HoldError, HoldRequest, Told};
use crate::store::{Commit, CommitError, Guard, Inbox, ReadModel, StoredAlert};

fn stored(desk: &Desk) -> Vec<StoredAlert> {
    let incident = desk.incidents().remove(0).id;
    desk.life.on(desk.intake.engine().store().alerts_of(incident)).unwrap()
}

#[test]
fn a_repeat_is_counted_and_starts_no_second_run() {
    let world = World::new(&[ASK]);
    let desk = Desk::open(&world);
    let first = desk.taken(&alert("a", "billing-bot"));
    world.clock.advance(Duration::from_mins(1));
    let again = desk.taken(&alert("a", "billing-bot"));
    assert_eq!(
        (&again["outcome"], &again["alert"], &again["incident"]),
        (&json!("folded"), &first["alert"], &first["incident"])
    );
    let alerts = stored(&desk);
    assert_eq!((alerts.len(), alerts[0].count, alerts[0].last_seen_at), (1, 2, world.clock_now()));
    assert_eq!((desk.life.runs().len(), desk.life.run(run_of(&first)).joined), (1, 0));
    assert_eq!(desk.incidents()[0].alerts, 2);
}

#[test]
fn an_alert_that_was_not_heard_of_for_a_day_is_a_new_one() {
    let world = World::new(&[ASK]);
    let desk = Desk::open(&world);
    desk.taken(&alert("a", "billing-bot"));
    world.clock.advance(Duration::from_hours(25));
    assert_eq!(desk.taken(&alert("a", "billing-bot"))["outcome"], json!("accepted"));
}

#[test]
fn the_end_of_an_alert_is_recorded_and_lifts_no_hold() {
    let world = World::new(&[ASK]);
    let desk = Desk::open(&world);
    let run = run_of(&desk.taken(&alert("a", "billing-bot")));
    let resolved = desk.taken(&alert_with("a", "billing-bot", &json!({ "status": "resolved" })));
    assert_eq!(resolved["outcome"], json!("resolved"));
    assert!(stored(&desk)[0].resolved_at.is_some());
    assert!(!desk.life.gate_allows("billing-bot"), "the agent stays paused");
    desk.life.pending(run);
    assert_eq!(
        desk.taken(&alert_with("a", "billing-bot", &json!({ "status": "resolved" })))["outcome"],
        json!("ignored")
    );
    let again = desk.taken(&alert("a", "billing-bot"));
    assert_eq!(again["outcome"], json!("accepted"), "what fires after its end is a new alert");
    assert_eq!(run_of(&again), run, "and joins the run under way");
}

#[test]
fn an_end_older_than_the_last_firing_is_ignored() {
    let world = World::new(&[ASK]);
    let desk = Desk::open(&world);
    desk.taken(&alert_with("a", "billing-bot", &json!({ "occurred_at": "2026-11-23T02:59:00Z" })));
    let old = json!({ "status": "resolved", "ended_at": "2026-11-23T02:50:00Z" });
    assert_eq!(desk.taken(&alert_with("a", "billing-bot", &old))["outcome"], json!("ignored"));
    assert_eq!(stored(&desk)[0].resolved_at, None);
}

#[test]
fn an_acknowledged_alert_starts_nothing() {
    let world = World::new(&[ASK]);
    let desk = Desk::open(&world);
    let answer = desk.taken(&alert_with("a", "billing-bot", &json!({ "status": "acknowledged" })));
    assert_eq!((&answer["run"], &answer["playbooks"][0]["matched"]), (&json!(null), &json!(false)));
    assert!(desk.life.runs().is_empty());
}

#[test]
fn a_further_alert_joins_the_run_under_way() {
    let world = World::new(&[ASK]);
    let desk = Desk::open(&world);
    let first = run_of(&desk.taken(&alert("a", "billing-bot")));
    let second = run_of(&desk.taken(&alert("b", "billing-bot")));
    assert_eq!((first, desk.life.runs().len()), (second, 1));
    assert_eq!(desk.life.run(first).joined, 1);
    assert_eq!(desk.facts(&desk.incidents()[0]), ["incident_opened", "alert_joined"]);
    let history = desk.life.checked_history(first);
    assert!(history.entries.iter().any(|entry| entry.text.ends_with("joined")));
}

#[test]
fn a_playbook_that_restarts_puts_a_new_run_in_the_place_of_the_old_one() {
    let world = World::new(&[&ASK.replace("on_new_alert: join", "on_new_alert: restart")]);
    let desk = Desk::open(&world);
    let first = run_of(&desk.taken(&alert("a", "billing-bot")));
    let second = run_of(&desk.taken(&alert("b", "billing-bot")));
    assert_ne!(first, second);
    assert_eq!(desk.life.run(first).status, RunStatus::Finished(Outcome::Superseded));
    assert!(!desk.life.run(second).status.is_finished());
    assert!(!desk.life.gate_allows("billing-bot"), "the hold of the old run stays");
    desk.life.checked_history(first);
}

#[test]
fn a_further_alert_and_what_it_does_to_the_run_under_way_are_one_commit() {
    for on_new_alert in ["join", "restart"] {
        let world = World::new(&[&ASK.replace("on_new_alert: join", &format!("on_new_alert: {on_new_alert}"))]);
        let desk = Desk::open(&world);
        let first = run_of(&desk.taken(&alert("a", "billing-bot")));
        desk.life.pending(first);
        // Both of one body: the second tells the same run again, or the run that the first one started.
        let both = json!({ "alerts": [alert("b", "billing-bot"), alert("c", "billing-bot")] });
        assert_eq!(desk.commits(|| drop(desk.send(&both).unwrap())), 1, "{on_new_alert}");
        let runs = desk.life.runs();
        let superseded = |run: &&RunId| desk.life.run(**run).status == RunStatus::Finished(Outcome::Superseded);
        if on_new_alert == "join" {
            assert_eq!((runs.len(), desk.life.run(first).joined), (1, 2));
        } else {
            assert!(superseded(&&first));
            assert_eq!((runs.len(), runs.iter().filter(superseded).count()), (3, 2));
        }
        for run in runs {
            desk.life.checked_history(run);
        }
    }
}

#[test]
fn a_playbook_that_ignores_further_alerts_says_so() {
    let world = World::new(&[&ASK.replace("on_new_alert: join", "on_new_alert: ignore")]);
    let desk = Desk::open(&world);
    let first = run_of(&desk.taken(&alert("a", "billing-bot")));
    let second = desk.taken(&alert("b", "billing-bot"));
    assert_eq!(second["run"], json!(null));
    assert!(second["playbooks"][0]["why_not"].as_str().unwrap().contains(&first.to_string()));
    assert_eq!(desk.life.run(first).joined, 0);
}

#[test]
fn the_end_of_a_hold_comes_in_by_the_same_door_and_may_start_a_playbook() {
    let text = ASK.replace("token_anomalous_use", "hold_ended").replace("action: agent.pause", "action: try.keyed");
    let text = text
        .replace("releases: [resume], ", "")
        .replace("action: undo, with: { steps: [pause] }", "action: notify, with: { to: owner, template: decided }");
    let world = World::new(&[&text]);
    let desk = Desk::open(&world);
    let until = Some("2026-11-23T04:00:00Z".parse().unwrap());
    let (agent, reason) = (agent_id("billing-bot"), "looking into it".to_owned());
    let request = HoldRequest { agent, level: HoldLevel::Paused, reason, until, by: ana() };
    desk.life.on(desk.life.engine.place_hold(request)).unwrap();
    desk.life.wait(Duration::from_hours(1));
    for own in desk.life.awaited_alerts() {
        desk.life.on(desk.intake.receive_system(&own)).unwrap();
    }
    let alerts = stored(&desk);
    assert_eq!((alerts[0].alert.source.as_str(), alerts[0].alert.rule.as_deref()), ("system", Some("hold_ended")));
    assert_eq!(desk.life.runs().len(), 1);
    let source = crate::domain::SourceId::parse("system").unwrap();
    let last = desk.intake.engine().store().last_alert(&source, &alerts[0].alert.dedup_key);
    assert!(desk.life.on(last).unwrap().is_some());
}

fn approve(desk: &Desk, run: RunId) {
    desk.life.vote(run, "ana", crate::domain::approval::Choice::Approve).unwrap();
    desk.life.until_finished(run);
}

#[test]
fn people_who_let_an_agent_go_after_several_restarts_let_it_go_from_every_one_of_them() {
    let world = World::new(&[&ASK.replace("on_new_alert: join", "on_new_alert: restart")]);
    let mut desk = Desk::open(&world);
    let mut last = run_of(&desk.taken(&alert("a", "billing-bot")));
    for id in ["b", "c", "d"] {
        let next = run_of(&desk.taken(&alert(id, "billing-bot")));
        assert_ne!(next, last);
        last = next;
        // What is taken over stands in the run, not in the memory of a process.
        desk.crash();
        desk = Desk::open(&world);
    }
    assert_eq!(desk.life.run(last).inherits.len(), 3);
    approve(&desk, last);
    assert_eq!(desk.life.engine.holds_on(&agent_id("billing-bot")), []);
    assert!(desk.life.gate_allows("billing-bot"));
    desk.life.checked_history(last);
}

#[test]
fn what_a_run_did_since_its_successor_was_decided_on_is_a_conflict_and_not_left_behind() {
    let world = World::new(&[ASK]);
    let desk = Desk::open(&world);
    let old = run_of(&desk.taken(&alert("a", "billing-bot")));
    desk.life.pending(old);
    let engine = &desk.life.engine;
    let agent = engine.inventory().agent(&agent_id("billing-bot")).unwrap();
    let commit = |inherits: Vec<_>| {
        let started = prepared(engine, "ask", &agent, Trust::Contain, inherits);
        let told = Told { run: old, kind: EventKind::RunSuperseded { by: started.run().id } };
        desk.life.on(engine.commit_telling(Commit::default(), vec![started], vec![told], false))
    };
    // Decided before the old run had paused the agent.
    let late = commit(Vec::new()).unwrap_err();
    assert!(matches!(late, CommitError::Conflict(Guard::RunVersion { run, .. }) if run == old), "{late}");
    assert!(!desk.life.run(old).status.is_finished());
    let all = desk.life.on(engine.inheritance(old, &agent.id)).unwrap();
    let next = commit(all).unwrap().remove(0);
    assert_eq!((next.inherits.len(), desk.life.run(old).status), (1, RunStatus::Finished(Outcome::Superseded)));
}

#[test]
fn restarts_within_one_delivery_leave_no_hold_behind() {
    let world = World::new(&[&ASK.replace("on_new_alert: join", "on_new_alert: restart")]);
    let desk = Desk::open(&world);
    desk.taken(&alert("a", "billing-bot"));
    let both = json!({ "alerts": [alert("b", "billing-bot"), alert("c", "billing-bot")] });
    let answer = desk.send(&both).unwrap().answer;
    let last = run_of(&answer["alerts"][1]);
    assert_eq!(desk.life.run(last).inherits.len(), 2);
    approve(&desk, last);
    assert!(desk.life.gate_allows("billing-bot"));
}

#[test]
fn who_may_not_decide_can_not_lift_by_hand_what_a_run_took_over_and_both_runs_hear_of_who_does() {
    let world = World::new(&[&ASK.replace("on_new_alert: join", "on_new_alert: restart")]);
    let desk = Desk::open(&world);
    let runs = ["a", "b"].map(|id| run_of(&desk.taken(&alert(id, "billing-bot"))));
    desk.life.pending(runs[1]);
    let lift = |by: &str| {
        let by = Actor::Person { id: PersonId::parse(by).unwrap(), assurance: Assurance::Api };
        desk.life.on(desk.life.engine.lift_holds(&agent_id("billing-bot"), &by, "it was our own test"))
    };
    let refused = lift("sam").unwrap_err();
    assert!(matches!(&refused, HoldError::AwaitsDecision { run, .. } if *run == runs[1]), "{refused}");
    assert!(!desk.life.gate_allows("billing-bot"));
    assert_eq!(lift("ana").unwrap().len(), 2);
    assert!(desk.life.gate_allows("billing-bot"));
    desk.life.until_finished(runs[1]);
    for run in runs {
        let lines: Vec<String> = desk.life.checked_history(run).entries.into_iter().map(|entry| entry.text).collect();
        assert!(lines.iter().any(|line| line.starts_with("ana lifted ")), "{run}: {lines:#?}");
    }
    let settled = desk.life.run(runs[1]).approvals.into_values().map(|request| request.status).collect::<Vec<_>>();
    assert_eq!(settled, [ApprovalStatus::Cancelled]);
}

/// Starts the playbook that pauses and asks, about the same agent.
const CALLS_ASK: &str = r#"
playbook: calls
title: Calls
owner: user:ana
mode: enforce
match: { when: "alert.rule == 'misuse'" }
incident: { on_new_alert: restart }
stages:
  - stage: contain
    steps:
      - { step: other, action: run_playbook, with: { playbook: ask } }
"#;

#[test]
fn the_run_of_a_restarted_family_takes_over_what_the_former_one_of_its_playbook_holds() {
    let world = World::new(&[CALLS_ASK, ASK]);
    let desk = Desk::open(&world);
    let misuse = |id: &str| alert_with(id, "billing-bot", &json!({ "rule": "misuse" }));
    let child = |parent: RunId| {
        let waits = |run: &crate::domain::Run| {
            run.steps.values().find_map(|record| match record.state {
                crate::domain::StepState::Waiting(crate::domain::Waiting::Run { run, .. }) => Some(run),
                _ => None,
            })
        };
        waits(&desk.life.until_run(parent, "it waits for another run", |run| waits(run).is_some())).unwrap()
    };
    let mut children = Vec::new();
    for id in ["a", "b", "c"] {
        let parent = run_of(&desk.taken(&misuse(id)));
        children.push(child(parent));
    }
    let last = desk.life.run(children[2]);
    assert_eq!(last.inherits.len(), 2, "{children:?}");
    assert!(!desk.life.gate_allows("billing-bot"));
    approve(&desk, last.id);
    assert!(desk.life.gate_allows("billing-bot"));
}

#[test]
fn an_alert_of_our_own_that_a_crash_caught_comes_in_afterwards_and_once() {
    let text = ASK.replace("token_anomalous_use", "hold_ended");
    let world = World::new(&[&text]);
    let desk = Desk::open(&world);
    let until = Some("2026-11-23T04:00:00Z".parse().unwrap());
    let (agent, reason) = (agent_id("billing-bot"), "looking into it".to_owned());
    let request = HoldRequest { agent, level: HoldLevel::Paused, reason, until, by: ana() };
    desk.life.on(desk.life.engine.place_hold(request)).unwrap();
    desk.life.wait(Duration::from_hours(1));
    // Its commit is on disk, and nobody has taken it from the queue.
    let own = desk.life.awaited_alerts().remove(0);
    desk.crash();
    let desk = Desk::open(&world);
    assert_eq!(desk.life.on(desk.life.engine.system_alerts_left()).unwrap(), std::slice::from_ref(&own));
    assert!(desk.life.on(desk.intake.take_left_alerts()));
    assert_eq!(desk.life.runs().len(), 1);
    assert_eq!(desk.life.on(desk.life.engine.system_alerts_left()).unwrap(), []);
    // Whoever still has it in a queue takes it no second time.
    desk.life.on(desk.intake.receive_system(&own)).unwrap();
    assert_eq!((desk.life.runs().len(), stored(&desk).len()), (1, 1));
}
