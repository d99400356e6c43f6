//! A history as it is lived: a world, a daemon in it, and what its callers were told.

use std::future::Future;
use std::time::Duration;

use super::super::desk::{Desk, alert};
use super::act::{Act, CALLS};
use super::shape::Shape;
use crate::domain::approval::Choice;
use crate::domain::event::Resolution;
use crate::domain::{Attempt, EventKind, Run, RunId, StepPath, StepState};
use crate::engine::Engine;
use crate::engine::tests::database::Database;
use crate::engine::tests::harness::{Life, World, agent, ana, pending};
use crate::engine::tests::target::Deed;
use crate::intake::{Intake, Receipt};
use crate::machine::Direction;
use crate::store::{Claims, ReadModel, RunLog};

/// One step after the other, so that of one run only one thing is under way at a time.
const ALL: &str = r#"
playbook: all
title: All
owner: user:ana
mode: enforce
match: { when: "true" }
incident: { on_new_alert: join }
stages:
  - { stage: pause, steps: [{ step: pause, action: agent.pause, hold: 1h }] }
  - { stage: first, steps: [{ step: safe, action: try.contain, verify: { within: 30s } }] }
  - { stage: second, steps: [{ step: keyed, action: try.keyed }] }
  - { stage: third, steps: [{ step: asked, action: try.verifiable }] }
  - { stage: fourth, steps: [{ step: once, action: try.none }] }
  - { stage: fifth, steps: [{ step: seen_once, action: try.contain_once }] }
  - stage: decide
    steps:
      - step: override
        approval: { ask: "Resume?", releases: [resume], approvers: [owner, fallback], timeout: 2h, identity: link }
  - stage: restore
    when: steps.override.decision == 'approved'
    steps:
      - { step: resume, action: undo, with: { steps: [pause, safe, asked, once] } }
"#;

/// How often it is looked whether everything is at rest.
const LOOKS_MAX: usize = 4_000;

/// A delivery that was taken.
pub struct Taken {
    pub id: String,
    pub agent: usize,
    pub alert: usize,
    pub receipt: Receipt,
}

/// A history under way.
pub struct Story {
    pub world: World,
    pub desk: Desk,
    /// Replicas that were taken for dead and live on.
    past: Vec<Engine>,
    pub taken: Vec<Taken>,
    deliveries: usize,
    /// Whether a process died: what it had heard and not written down is gone.
    pub has_died: bool,
}

impl Story {
    /// Tells a history from its acts, and gives its shape; every promise was found kept.
    pub fn told(database: Database, agents: usize, acts: Vec<Act>) -> Shape {
        let mut world = World::on(database, &[ALL]).with_a_target();
        world.agents = (0..agents).map(|number| agent(&format!("bot-{number}"))).collect();
        world.options.workers = 64;
        let desk = Desk::open(&world);
        let mut story = Self { world, desk, past: Vec::new(), taken: Vec::new(), deliveries: 0, has_died: false };
        for act in acts {
            story = story.lives(act).come_to_rest();
        }
        let story = story.ends();
        story.check();
        let shape = Shape::of(&story);
        story.close();
        shape
    }

    fn lives(mut self, act: Act) -> Self {
        // Whatever begins, begins at a time of its own: lists in order of time are in the order of the acts.
        self.world.clock.advance(Duration::from_millis(10));
        match act {
            Act::Deliver { agent, alert } => {
                self.deliveries += 1;
                let id = format!("d-{}", self.deliveries);
                self.deliver(id, agent, alert)
            }
            Act::DeliverAgain { delivery } => match self.taken.get(delivery) {
                Some(taken) => {
                    let (id, agent, alert) = (taken.id.clone(), taken.agent, taken.alert);
                    self.deliver(id, agent, alert)
                }
                None => self,
            },
            Act::Reply { call, reply } => {
                self.world.target().plan(CALLS[call].1, reply);
                self
            }
            Act::Hang { call, silence } => {
                self.world.target().hang(CALLS[call].1, silence);
                self
            }
            Act::Release => {
                self.world.target().release();
                self
            }
            Act::Vote { run, approve } => self.vote(run, approve),
            Act::Resolve { run, anew } => self.resolve(run, anew),
            Act::Cancel { run } => self.cancel(run),
            Act::Wait { minutes } => {
                self.world.clock.advance(Duration::from_mins(minutes));
                self.tick()
            }
            Act::EndAt { point, call, direction } => {
                self.world.fate.aim(point, CALLS[call].0, direction);
                self
            }
            Act::Crash => self.dies(),
            Act::LoseClaims => self.loses_its_claims(),
            Act::Restart => self.restarts(),
        }
    }

    /// Does something, unless the process comes to its end on the way.
    fn unless_it_ends<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let fate = &self.world.fate;
        self.desk.life.on(async {
            let ends = async {
                while !fate.is_stuck() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            tokio::select! {
                biased;
                done = work => Some(done),
                () = ends => None,
            }
        })
    }

    /// A sender delivers until it is answered.
    fn deliver(mut self, id: String, agent: usize, number: usize) -> Self {
        let body = alert(&format!("bot-{agent}/{number}"), &format!("bot-{agent}"));
        loop {
            let heard = self.unless_it_ends(self.desk.receive_signed(&id, &body));
            match heard {
                Some(Ok(receipt)) => {
                    match self.taken.iter().find(|taken| taken.id == id) {
                        Some(before) => {
                            assert_eq!(before.receipt, receipt, "a repeated delivery is answered the same");
                        }
                        None => self.taken.push(Taken { id, agent, alert: number, receipt }),
                    }
                    return self;
                }
                // It was told an error, and delivers again.
                Some(Err(_)) => {}
                None => self = self.dies(),
            }
        }
    }

    /// Every run, in the order of their beginning.
    pub fn runs(&self) -> Vec<RunId> {
        self.desk.life.runs()
    }

    fn nth(&self, run: usize) -> Option<Run> {
        self.runs().get(run).map(|id| self.desk.life.run(*id))
    }

    fn submit(self, run: RunId, kind: EventKind) -> Self {
        let event = crate::domain::Event { at: self.world.clock_now(), actor: ana(), kind };
        // Whether it still fits is for the daemon to say.
        match self.unless_it_ends(self.desk.life.engine.submit(run, event)) {
            Some(heard) => {
                drop(heard);
                self
            }
            None => self.dies(),
        }
    }

    fn vote(self, run: usize, approve: bool) -> Self {
        let Some(run) = self.nth(run).filter(|run| pending(run).is_some()) else { return self };
        let choice = if approve { Choice::Approve } else { Choice::Reject };
        let event = Life::vote_event(&run, "ana", choice);
        self.submit(run.id, event)
    }

    fn cancel(self, run: usize) -> Self {
        match self.nth(run) {
            Some(run) => self.submit(run.id, EventKind::RunCancelled { reason: "enough".into() }),
            None => self,
        }
    }

    /// A person looks at the target's books, and says what they say, or orders the call anew.
    fn resolve(mut self, run: usize, anew: bool) -> Self {
        let Some(run) = self.nth(run) else { return self };
        for (path, direction) in doubtful(&run) {
            let books = self.world.target().books_of(run.id, &path.to_string(), direction);
            let resolution = match books.iter().any(|line| line.deed == Deed::Applied) {
                _ if anew => Resolution::Retry,
                true => Resolution::Applied,
                false => Resolution::NotApplied,
            };
            let reason = "the target's books say so".to_owned();
            self = self.submit(run.id, EventKind::Resolved { path, resolution, reason });
        }
        self
    }

    fn tick(self) -> Self {
        let ticked = self.unless_it_ends(async {
            assert!(!self.desk.life.engine.tick_due().await, "a deadline could not be dealt with");
            assert!(!self.desk.life.engine.ask_about_ended_holds().await, "the end of a hold could not be dealt with");
        });
        if ticked.is_none() { self.dies() } else { self }
    }

    fn dies(mut self) -> Self {
        self.has_died = true;
        self.past.clear();
        self.world.fate.forget();
        let Self { world, desk, past, taken, deliveries, has_died } = self;
        desk.crash();
        let desk = Desk::open(&world);
        Self { world, desk, past, taken, deliveries, has_died }
    }

    fn loses_its_claims(mut self) -> Self {
        let life = &mut self.desk.life;
        let successor = self.world.successor(life);
        let lost = life.engine.store().replica();
        let was_there = life.on(successor.store().remove_replica(lost)).unwrap();
        assert!(was_there, "the replica lived");
        self.world.target().take_callers_for_dead();
        self.past.push(std::mem::replace(&mut life.engine, successor));
        self.desk.intake = Intake::new(life.engine.clone(), super::super::desk::sources());
        self
    }

    fn restarts(self) -> Self {
        // What is under way is not waited for.
        self.desk.life.on(self.desk.life.engine.leave());
        self.dies()
    }

    /// Everything that can go on has gone on; what is left waits for the target, for people or for time.
    fn come_to_rest(mut self) -> Self {
        for _ in 0..LOOKS_MAX {
            let rests = self.unless_it_ends(async {
                self.desk.life.engine.reconcile().await;
                self.is_at_rest().await
            });
            match rests {
                Some(true) => return self,
                Some(false) => self.desk.life.on(async { tokio::time::sleep(Duration::from_millis(1)).await }),
                None => self = self.dies(),
            }
        }
        let runs = self.runs();
        let states: Vec<_> = runs.iter().map(|run| (run, self.desk.life.states(*run))).collect();
        panic!("it never comes to rest; {:?} wait for the target: {states:#?}", self.world.target().waiting());
    }

    async fn is_at_rest(&self) -> bool {
        if self.world.fate.is_stuck() {
            return false;
        }
        let store = self.desk.life.engine.store();
        let waiting = self.world.target().waiting();
        for listed in store.runs(None, 1_000).await.unwrap() {
            let run = store.run(listed.id).await.unwrap().unwrap();
            let quarantined = store.claim(run.id).await.unwrap().is_some_and(|claim| claim.quarantined.is_some());
            let moves = |(path, record): (&StepPath, &crate::domain::StepRecord)| {
                is_under_way(&record.state) && !waiting.contains(&(run.id, path.to_string()))
            };
            if !quarantined && run.steps.iter().any(moves) {
                return false;
            }
        }
        true
    }

    /// The target answers again, what was quarantined is released, people look at what is in doubt, and all is at rest.
    fn ends(mut self) -> Self {
        self.world.fate.forget();
        self.world.target().release();
        self = self.come_to_rest();
        for run in self.runs() {
            let life = &self.desk.life;
            if life.on(life.engine.store().claim(run)).unwrap().unwrap().quarantined.is_some() {
                life.on(life.engine.release(run, ana(), "the end")).unwrap();
            }
        }
        for run in 0..self.runs().len() {
            self = self.come_to_rest().resolve(run, false);
        }
        self.come_to_rest()
    }

    fn close(self) {
        let Self { desk, past, .. } = self;
        drop(past);
        desk.crash();
    }
}

/// Steps that only a person can judge.
fn doubtful(run: &Run) -> Vec<(StepPath, Direction)> {
    let doubtful = run.steps.iter().filter_map(|(path, record)| match &record.state {
        StepState::Doing(Attempt::NeedsOperator { .. }) => Some((path.clone(), Direction::Do)),
        StepState::Undoing(Attempt::NeedsOperator { .. }) => Some((path.clone(), Direction::Undo)),
        _ => None,
    });
    doubtful.collect()
}

fn is_under_way(state: &StepState) -> bool {
    match state {
        StepState::Doing(attempt) | StepState::Undoing(attempt) => match attempt {
            Attempt::Ready { .. }
            | Attempt::Preparing { .. }
            | Attempt::Running { .. }
            | Attempt::Checking { .. }
            | Attempt::Proving { .. }
            | Attempt::InDoubt { .. } => true,
            Attempt::Backoff { .. } | Attempt::NeedsOperator { .. } => false,
        },
        _ => false,
    }
}
