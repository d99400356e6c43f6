//! Several at once: submissions to one run, holds and the gate, recovery and workers, callers that hang up.

use std::sync::Arc;
use std::task::Poll;

use super::flow::{CONTAIN, MANY};
use super::harness::{World, agent, agent_id, ana, directory, launch, path};
use crate::clock::Clock;
use crate::domain::event::CallOutcome;
use crate::domain::{AlertId, Event, EventKind, HoldLevel, StepState, Trust};
use crate::engine::submit::{Hands, SubmitError};
use crate::engine::{Engine, Gate, HoldRequest, Inventory, Library, Options, Parts, Supervisor};
use crate::machine::Call;
use crate::store::Claims;

fn joined(engine: &Engine) -> Event {
    let at = engine.clock().now();
    Event::by_system(at, EventKind::AlertJoined { alert: AlertId::generate(at), source: None })
}

#[test]
fn events_that_are_submitted_at_once_are_all_applied() {
    let mut world = World::new(&[CONTAIN]);
    world.threads = true;
    let life = world.start();
    let run = life.launch("contain", "billing-bot");
    life.pending(run);
    life.on(async {
        let mut submissions = tokio::task::JoinSet::new();
        for _ in 0..40 {
            let engine = life.engine.clone();
            submissions.spawn(async move { engine.submit(run, joined(&engine)).await.unwrap() });
        }
        submissions.join_all().await;
    });
    assert_eq!(life.run(run).joined, 40);
    life.checked_history(run);
}

#[test]
fn a_submission_that_lost_a_race_decides_again() {
    let world = World::new(&[CONTAIN]);
    let life = world.start();
    let run = life.launch("contain", "billing-bot");
    life.pending(run);
    // A second engine over the same store knows nothing of the first one's locks.
    let other = life.on(async {
        let parts = Parts {
            store: life.engine.store().another_replica().await.unwrap(),
            clock: Arc::new(world.clock.clone()),
            performer: world.outside.clone(),
            library: Arc::new(Library::new(
                crate::playbook::Catalogue::new(super::outside::catalogue()),
                life.engine.library().folder().to_owned(),
            )),
            inventory: Inventory::new(world.agents.clone(), directory()),
            gate: Arc::new(Gate::new(false)),
            options: Options::default(),
            supervisor: Supervisor::default(),
            system_alerts: tokio::sync::mpsc::unbounded_channel().0,
        };
        Engine::build(parts).await.unwrap().0
    });
    life.on(async {
        for _ in 0..20 {
            let (one, two) =
                tokio::join!(life.engine.submit(run, joined(&life.engine)), other.submit(run, joined(&other)));
            one.unwrap();
            two.unwrap();
        }
    });
    assert_eq!(life.run(run).joined, 40);
    assert!(life.engine.store().writer_stats().conflicts > 0, "there was a race to lose");
    life.checked_history(run);
    drop(other);
}

#[test]
fn the_gate_refuses_every_agent_whose_hold_was_acknowledged_however_many_are_held_at_once() {
    let mut world = World::new(&[]);
    world.threads = true;
    world.agents = (0..64).map(|number| agent(&format!("bot-{number}"))).collect();
    let life = world.start();
    life.on(async {
        let mut holds = tokio::task::JoinSet::new();
        for number in 0..64 {
            let engine = life.engine.clone();
            holds.spawn(async move {
                let agent = agent_id(&format!("bot-{number}"));
                let (level, reason) = (HoldLevel::Paused, "all of them".to_owned());
                let request = HoldRequest { agent: agent.clone(), level, reason, until: None, by: ana() };
                engine.place_hold(request).await.unwrap();
                assert!(!engine.gate().check(&agent, engine.clock().now()).allowed);
            });
        }
        holds.join_all().await;
    });
    assert!((0..64).all(|number| !life.gate_allows(&format!("bot-{number}"))));
}

#[test]
fn recovery_never_takes_what_is_about_to_be_done_for_lost() {
    let mut world = World::new(&[&MANY.replace("try.idempotent", "try.none")]);
    world.threads = true;
    world.agents = (0..20).map(|number| agent(&format!("bot-{number}"))).collect();
    let life = world.start();
    let runs = life.on(async {
        let mut starts = tokio::task::JoinSet::new();
        for number in 0..20 {
            let engine = life.engine.clone();
            starts.spawn(async move { launch(&engine, "many", &format!("bot-{number}"), Trust::Contain).await });
        }
        let reconciling = async {
            for _ in 0..50 {
                life.engine.reconcile().await;
            }
        };
        tokio::join!(starts.join_all(), reconciling).0
    });
    for run in runs {
        life.until_finished(run);
        let history = life.checked_history(run);
        assert!(!history.entries.iter().any(|entry| entry.text.contains("died")), "{:#?}", history.entries);
    }
    assert_eq!(world.outside.count("try.none", "send"), 100);
}

#[test]
fn what_a_caller_that_hangs_up_has_begun_is_finished_and_the_gate_follows() {
    let world = World::new(&[]);
    let life = world.start();
    let agent = agent_id("billing-bot");
    let (level, reason) = (HoldLevel::Paused, "quick".to_owned());
    let request = HoldRequest { agent: agent.clone(), level, reason, until: None, by: ana() };
    life.on(async {
        let mut placing = Box::pin(life.engine.place_hold(request));
        let once = std::future::poll_fn(|context| Poll::Ready(placing.as_mut().poll(context).is_ready())).await;
        assert!(!once, "the commit is under way");
    });
    life.until("the gate refuses", async || !life.engine.gate().check(&agent, world.clock.now()).allowed);
    assert_eq!(life.engine.holds_on(&agent).len(), 1);
}

#[test]
fn the_answer_to_an_earlier_try_does_not_end_the_one_that_is_under_way() {
    let world = World::new(&[CONTAIN]);
    world.outside.hang("try.contain", "send");
    let life = world.start();
    let run = life.launch("contain", "billing-bot");
    life.until("the call is being made", async || world.outside.count("try.contain", "send") == 1);
    let under_way = world.outside.calls_of("try.contain", "send").remove(0);
    let epoch = life.on(life.engine.inner.store.claim(run)).unwrap().unwrap().epoch;
    // Of the same step under the same epoch: an earlier try, and an earlier generation (undoing has another key, too).
    let earlier_try = Call { attempt: under_way.attempt - 1, ..under_way.clone() };
    let earlier_order = Call { key: "sd-of-an-earlier-generation".to_owned(), ..under_way.clone() };
    let before = life.run(run);
    for call in [earlier_try, earlier_order] {
        let claim = life.engine.inner.live.claim(&call, epoch, life.engine.inner.store.replica());
        let mut hands = Hands { claim, ..Hands::default() };
        let outcome = CallOutcome::Applied { output: serde_json::Value::Null };
        let answer = EventKind::AttemptEnded { path: call.path.clone(), outcome };
        let event = Event::by_system(life.clock.now(), answer);
        let taken = life.on(life.engine.submit_with(run, event, &mut hands)).map(drop);
        assert_eq!(taken, Err(SubmitError::NotOurs(run)), "{call:?}");
        assert_eq!(life.run(run), before);
    }
    world.outside.release();
    life.pending(run);
    life.checked_history(run);
}

#[test]
fn a_run_that_is_remembered_wrong_is_read_again() {
    let world = World::new(&[CONTAIN]);
    world.outside.hang("try.contain", "send");
    let life = world.start();
    let run = life.launch("contain", "billing-bot");
    life.until("the call is being made", async || world.outside.count("try.contain", "send") == 1);
    let mut stale = life.on(life.engine.inner.store.claimed_run(run)).unwrap().unwrap();
    life.on(life.engine.submit(run, joined(&life.engine))).unwrap();
    // It lacks what was said of the run meanwhile, and the answer to the call does not fit it.
    stale.run.steps.get_mut(&path("revoke")).unwrap().state = StepState::Pending;
    life.engine.inner.known.keep(stale);
    world.outside.release();
    life.pending(run);
    assert_eq!(life.run(run).joined, 1);
    assert!(life.on(life.engine.inner.store.late_replies(run)).unwrap().is_empty());
    life.checked_history(run);
}

#[test]
fn a_run_that_went_on_since_it_was_remembered_loses_nothing() {
    let world = World::new(&[CONTAIN]);
    world.outside.hang("try.contain", "send");
    let life = world.start();
    let run = life.launch("contain", "billing-bot");
    life.until("the call is being made", async || world.outside.count("try.contain", "send") == 1);
    let stale = life.on(life.engine.inner.store.claimed_run(run)).unwrap().unwrap();
    life.on(life.engine.submit(run, joined(&life.engine))).unwrap();
    life.engine.inner.known.keep(stale);
    world.outside.release();
    life.pending(run);
    assert_eq!(life.run(run).joined, 1);
    life.checked_history(run);
}
