//! Two replicas on one database: one dies or is taken for dead, the other goes on, and nothing is done under a lost claim.

use std::sync::Arc;
use std::time::Duration;

use super::flow::CONTAIN;
use super::harness::{Life, World, launch, pending};
use super::outside::Outside;
use crate::clock::Clock;
use crate::domain::approval::Choice;
use crate::domain::{ApprovalCause, Event, EventKind, Outcome, Run, RunId, RunStatus, Trust};
use crate::engine::{Engine, SubmitError};
use crate::store::{Claims, LateReply, ReadModel, RunLog};

fn single(action: &str) -> String {
    format!(
        "\nplaybook: single\ntitle: Single\nowner: user:ana\nmode: enforce\nmatch: {{ when: \"true\" }}\nstages:\n  \
         - stage: only\n    steps:\n      - {{ step: act, action: {action} }}\n"
    )
}

const ASKS_FIRST: &str = r#"
playbook: asks_first
title: Asks first
owner: user:ana
mode: enforce
match: { when: "true" }
stages:
  - stage: decide
    steps:
      - step: ask
        approval: { ask: "Go on?", releases: [act], approvers: [owner], timeout: 4h, identity: link }
  - stage: go_on
    when: steps.ask.decision == 'approved'
    steps:
      - { step: act, action: try.keyed }
"#;

struct Pair {
    world: World,
    one: Life,
    two: Engine,
    /// What the second replica calls.
    beyond: Arc<Outside>,
}

impl Pair {
    fn of(playbooks: &[&str]) -> Self {
        let world = World::new(playbooks);
        let one = world.start();
        let beyond = Arc::new(Outside::default());
        let two = world.neighbour(&one, beyond.clone());
        Self { world, one, two, beyond }
    }

    /// A run of the first replica whose call hangs in a phase.
    fn hanging(&self, action: &str, phase: &'static str) -> RunId {
        self.world.outside.hang(action, phase);
        let run = self.one.launch("single", "billing-bot");
        self.one.until("the call is under way", async || self.world.outside.count(action, phase) == 1);
        run
    }

    /// The first replica is taken for dead, and the second takes over.
    fn takes_over(&self) {
        self.one.on(async {
            assert!(self.two.store().remove_replica(self.one.engine.store().replica()).await.unwrap());
            self.two.reconcile().await;
        });
    }

    fn late(&self, run: RunId) -> Vec<LateReply> {
        self.one.on(self.two.store().late_replies(run)).unwrap()
    }

    fn until_late(&self, run: RunId) -> Vec<LateReply> {
        self.one
            .until("the late reply is kept", async || !self.two.store().late_replies(run).await.unwrap().is_empty());
        self.late(run)
    }

    fn read(&self, run: RunId) -> Run {
        self.one.on(self.two.store().run(run)).unwrap().unwrap()
    }
}

#[test]
fn what_a_replica_hears_after_it_was_taken_for_dead_is_kept_and_changes_nothing() {
    let pair = Pair::of(&[&single("try.none")]);
    let run = pair.hanging("try.none", "send");
    let zombie = pair.one.engine.store().replica();
    pair.takes_over();
    let doubted = pair.read(run);
    assert!(matches!(doubted.steps.values().next().unwrap().state.as_str(), "needs_operator" | "doing"));
    pair.world.outside.release();
    let late = pair.until_late(run);
    assert_eq!((late.len(), late[0].replica, late[0].epoch, late[0].attempt), (1, zombie, 1, 1));
    assert_eq!((late[0].kind.as_str(), late[0].step.to_string().as_str()), ("attempt_ended", "act"));
    assert_eq!(pair.read(run), doubted, "it changed nothing");
    let history = pair.one.checked_history(run);
    let told: Vec<_> = history.entries.iter().filter(|entry| entry.text.contains("heard too late")).collect();
    assert_eq!(told.len(), 1);
    assert!(told[0].text.contains("it was applied"), "{}", told[0].text);
    assert_eq!(history.late, late);
}

#[test]
fn another_replica_goes_on_wherever_the_first_one_was_and_the_zombie_changes_nothing() {
    for (phase, sends) in [("prepare", [0, 1]), ("send", [1, 1]), ("prove", [1, 0])] {
        let pair = Pair::of(&[&single("try.contain")]);
        let run = pair.hanging("try.contain", phase);
        pair.takes_over();
        pair.one
            .until("the run is over", async || pair.two.store().run(run).await.unwrap().unwrap().status.is_finished());
        let done = pair.read(run);
        assert_eq!(done.status, RunStatus::Finished(Outcome::Completed), "{phase}");
        assert_eq!(
            [&pair.world.outside, &pair.beyond].map(|world| world.count("try.contain", "send")),
            sends,
            "{phase}"
        );
        pair.world.outside.release();
        assert_eq!(pair.until_late(run).len(), 1, "{phase}");
        assert_eq!(pair.read(run), done, "{phase}");
        pair.one.checked_history(run);
    }
}

#[test]
fn a_replica_that_was_taken_for_dead_comes_back_under_a_new_id_and_works() {
    let pair = Pair::of(&[&single("try.keyed")]);
    let before = pair.one.engine.store().replica();
    pair.takes_over();
    assert!(pair.one.on(pair.one.engine.beat()));
    assert_ne!(pair.one.engine.store().replica(), before);
    let run = pair.one.launch("single", "billing-bot");
    pair.one.until_finished(run);
    assert_eq!(pair.world.outside.count("try.keyed", "send"), 1);
}

#[test]
fn a_run_that_was_lost_and_won_back_takes_no_answer_of_its_first_life_here() {
    let pair = Pair::of(&[&single("try.none")]);
    let run = pair.hanging("try.none", "send");
    pair.takes_over();
    pair.one.on(async {
        assert!(pair.one.engine.beat().await);
        let two = pair.two.store().replica();
        assert!(pair.one.engine.store().remove_replica(two).await.unwrap());
        pair.one.engine.reconcile().await;
    });
    let claim = pair.one.on(pair.one.engine.store().claim(run)).unwrap().unwrap();
    assert_eq!((claim.owner, claim.epoch), (Some(pair.one.engine.store().replica()), 3));
    let doubted = pair.read(run);
    pair.world.outside.release();
    assert_eq!(pair.until_late(run)[0].epoch, 1);
    assert_eq!(pair.read(run), doubted);
}

#[test]
fn a_person_decides_at_any_replica_and_the_owner_acts_on_it() {
    let pair = Pair::of(&[ASKS_FIRST]);
    let run = pair.one.launch("asks_first", "billing-bot");
    pair.one.pending(run);
    pair.one.vote_at(&pair.two, run, "ana", Choice::Approve).unwrap();
    let done = pair.one.until_finished(run);
    assert_eq!(done.status, RunStatus::Finished(Outcome::Completed));
    assert_eq!([&pair.world.outside, &pair.beyond].map(|world| world.count("try.keyed", "send")), [1, 0]);
    let history = pair.one.checked_history(run);
    assert!(!history.entries.iter().any(|entry| entry.text.contains("died")), "nothing of it was lost");
}

#[test]
fn what_a_person_decided_about_a_run_whose_owner_is_dead_is_done_by_whoever_takes_over() {
    let pair = Pair::of(&[ASKS_FIRST]);
    let run = pair.one.launch("asks_first", "billing-bot");
    pair.one.pending(run);
    let one = pair.one.engine.store().replica();
    pair.one.on(async { assert!(pair.two.store().remove_replica(one).await.unwrap()) });
    pair.one.vote_at(&pair.two, run, "ana", Choice::Approve).unwrap();
    pair.one.on(pair.two.reconcile());
    pair.one.until_finished(run);
    assert_eq!([&pair.world.outside, &pair.beyond].map(|world| world.count("try.keyed", "send")), [0, 1]);
}

#[test]
fn only_the_owner_may_say_what_happened_outside() {
    let pair = Pair::of(&[CONTAIN]);
    let run = pair.one.launch("contain", "billing-bot");
    pair.one.pending(run);
    let before = pair.read(run);
    let event = Event::by_system(pair.world.clock.now(), EventKind::Ticked);
    let refused = pair.one.on(pair.two.submit(run, event));
    assert_eq!(refused, Err(SubmitError::NotOurs(run)));
    pair.world.clock.advance(Duration::from_hours(5));
    assert!(!pair.one.on(pair.two.tick_due()), "what is due elsewhere is no fault here");
    assert_eq!(pair.read(run).version, before.version);
}

#[test]
fn the_gate_of_every_replica_follows_the_holds_of_any() {
    let pair = Pair::of(&[CONTAIN]);
    let agent = super::harness::agent_id("billing-bot");
    let allowed = || pair.two.gate().check(&agent, pair.world.clock.now()).allowed;
    assert!(allowed());
    let run = pair.one.launch("contain", "billing-bot");
    pair.one.until("the other gate refuses", async || !allowed());
    pair.one.vote_at(&pair.two, run, "ana", Choice::Approve).unwrap();
    assert!(allowed(), "the gate that took the vote follows at once");
    pair.one.until("the owner's gate allows", async || {
        pair.one.engine.gate().check(&agent, pair.world.clock.now()).allowed
    });
}

#[test]
fn a_freeze_at_one_replica_stops_the_calls_of_all() {
    let pair = Pair::of(&[&single("try.keyed")]);
    pair.one.on(pair.two.set_frozen(true, super::harness::ana(), "stop it all")).unwrap();
    pair.one.until("the other is frozen too", async || pair.one.engine.is_frozen());
    let run = pair.one.launch("single", "billing-bot");
    assert_eq!(pair.world.outside.count("try.keyed", "send"), 0);
    pair.one.on(pair.two.set_frozen(false, super::harness::ana(), "go on")).unwrap();
    pair.one.until_finished(run);
}

#[test]
fn what_one_replica_contained_counts_in_the_budget_of_the_other() {
    let mut world = World::new(&[&single("try.unprobed")]);
    world.options.contained_per_hour = 1;
    let one = world.start();
    let two = world.neighbour(&one, Arc::new(Outside::default()));
    let first = one.launch("single", "billing-bot");
    one.until_finished(first);
    assert!(one.on(two.reread()));
    let second = one.on(launch(&two, "single", "mail-bot", Trust::Contain));
    assert_eq!(one.pending(second).cause, ApprovalCause::Budget);
}

#[test]
fn a_lone_daemon_lets_agents_pass_however_long_ago_it_read_who_is_held() {
    let world = World::new(&[&single("try.keyed")]);
    let one = world.start();
    // What the sweep does from time to time, also where nobody else writes.
    assert!(one.on(one.engine.reread()));
    assert!(!one.engine.gate().is_shut(std::time::Instant::now() + std::time::Duration::from_hours(1)));
}

#[test]
fn an_answer_that_no_longer_fits_its_run_is_kept_too() {
    let pair = Pair::of(&[&single("try.contain")]);
    let run = pair.hanging("try.contain", "prepare");
    let cancelled = pair.one.submit(run, EventKind::RunCancelled { reason: "a false alarm".into() }).unwrap();
    pair.world.outside.release();
    let late = pair.until_late(run);
    assert_eq!((late.len(), late[0].kind.as_str()), (1, "attempt_prepared"));
    assert_eq!(pair.read(run), cancelled);
}

#[test]
fn two_replicas_share_what_a_third_leaves_behind() {
    let pair = Pair::of(&[&single("try.idempotent")]);
    pair.world.outside.hang("try.idempotent", "send");
    let third = pair.world.neighbour(&pair.one, pair.world.outside.clone());
    let runs = pair.one.on(async {
        let mut runs = Vec::new();
        for _ in 0..8 {
            runs.push(launch(&third, "single", "billing-bot", Trust::Contain).await);
        }
        let lost = third.store().replica();
        assert!(pair.two.store().remove_replica(lost).await.unwrap());
        tokio::join!(pair.one.engine.reconcile(), pair.two.reconcile());
        runs
    });
    pair.world.outside.release();
    for run in runs {
        pair.one.until_finished(run);
        let claim = pair.one.on(pair.two.store().claim(run)).unwrap().unwrap();
        assert_eq!((claim.epoch, claim.quarantined), (2, None), "each was taken over once");
    }
}

#[test]
fn a_replica_that_is_not_heard_stops_acting_by_itself() {
    let mut world = World::new(&[&single("try.keyed"), CONTAIN]);
    world.store_options.lease = Duration::from_millis(150);
    let life = world.start();
    let run = life.launch("contain", "billing-bot");
    life.until_run(run, "people are asked", |run| pending(run).is_some());
    life.until("heartbeats keep it acting", async || life.engine.beat().await);
    life.on(life.engine.store().close());
    life.until("it stops", async || !life.engine.is_acting());
    world.clock.advance(Duration::from_hours(5));
    assert!(!life.on(life.engine.tick_due()), "nothing is even tried");
    assert_eq!(life.on(life.engine.take_over()), 0);
    assert!(life.on(life.engine.store().runs(None, 1)).is_err(), "the store does not answer");
}
