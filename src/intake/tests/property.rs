//! Anything in any order: deliveries, answers of the world, votes, time, crashes. What is promised holds all the same.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::desk::{Desk, alert};
use crate::domain::approval::Choice;
use crate::domain::event::Proof;
use crate::domain::{Attempt, EventKind, RunId, SourceId, StepState, Verdict};
use crate::engine::tests::harness::{World, agent, ana, pending};
use crate::engine::tests::outside;
use crate::intake::Receipt;
use crate::store::{Inbox, RunLog, Subject};

const ALL: &str = r#"
playbook: all
title: All
owner: user:ana
mode: enforce
match: { when: "true" }
incident: { on_new_alert: ON_NEW_ALERT }
stages:
  - stage: contain
    steps:
      - { step: pause, action: agent.pause, hold: 1h }
      - { step: safe, action: try.contain, verify: { within: 30s, recheck: [10m] } }
      - { step: once, action: try.contain_once }
      - { step: asked, action: try.verifiable }
      - { step: plain, action: try.none }
  - stage: decide
    steps:
      - step: override
        approval: { ask: "Resume?", releases: [resume], approvers: [owner, fallback], timeout: 2h, identity: link }
  - stage: restore
    when: steps.override.decision == 'approved'
    steps:
      - { step: resume, action: undo, with: { steps: [pause, safe] } }
"#;

const ACTIONS: [&str; 4] = ["try.contain", "try.contain_once", "try.verifiable", "try.none"];

#[derive(Clone, Copy, Debug)]
enum Act {
    Deliver { agent: usize, alert: usize },
    DeliverAgain { which: usize },
    Answer { action: usize, kind: usize },
    Hang { action: usize, phase: usize },
    Release,
    Vote { run: usize, approve: bool },
    Wait { minutes: u64 },
    Freeze(bool),
    Yield { times: usize },
    Recover,
    Crash,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..3_usize, 0..4_usize).prop_map(|(agent, alert)| Act::Deliver { agent, alert }),
        1 => (0..8_usize).prop_map(|which| Act::DeliverAgain { which }),
        3 => (0..4_usize, 0..5_usize).prop_map(|(action, kind)| Act::Answer { action, kind }),
        2 => (0..4_usize, 0..4_usize).prop_map(|(action, phase)| Act::Hang { action, phase }),
        1 => Just(Act::Release),
        3 => (0..6_usize, any::<bool>()).prop_map(|(run, approve)| Act::Vote { run, approve }),
        2 => (0..90_u64).prop_map(|minutes| Act::Wait { minutes }),
        1 => any::<bool>().prop_map(Act::Freeze),
        3 => (0..40_usize).prop_map(|times| Act::Yield { times }),
        1 => Just(Act::Recover),
        2 => Just(Act::Crash),
    ]
}

struct Story {
    world: World,
    desk: Desk,
    /// What was answered to every delivery that was taken.
    taken: Vec<(String, usize, usize, Receipt)>,
}

impl Story {
    fn begin(on_new_alert: &str) -> Self {
        let mut world = World::new(&[&ALL.replace("ON_NEW_ALERT", on_new_alert)]);
        world.agents = (0..3).map(|number| agent(&format!("bot-{number}"))).collect();
        world.options.workers = 3;
        let desk = Desk::open(&world);
        Self { world, desk, taken: Vec::new() }
    }

    fn deliver(&mut self, id: String, agent: usize, number: usize) {
        let body = alert(&format!("bot-{agent}/{number}"), &format!("bot-{agent}"));
        let receipt = self.desk.send_signed(&id, &body).unwrap();
        match self.taken.iter().find(|(taken, ..)| *taken == id) {
            Some((.., before)) => assert_eq!(*before, receipt, "a repeated delivery is answered the same"),
            None => self.taken.push((id, agent, number, receipt)),
        }
    }

    fn answer(&self, action: usize, kind: usize) {
        let action = ACTIONS[action];
        let unprotected = action == "try.none" || action == "try.contain_once";
        match kind {
            0 => self.world.outside.answer(action, "send", outside::ambiguous()),
            1 => self.world.outside.answer(action, "send", outside::refused()),
            2 if !unprotected => self.world.outside.answer(action, "send", outside::not_sent()),
            3 => self.world.outside.answer(action, "recheck", outside::not_seen()),
            _ => self.world.outside.answer(action, "prove", outside::not_seen()),
        }
    }

    fn vote(&self, run: usize, approve: bool) {
        let Some(id) = self.desk.life.runs().get(run).copied() else { return };
        if pending(&self.desk.life.run(id)).is_some() {
            let choice = if approve { Choice::Approve } else { Choice::Reject };
            // Time may have passed its deadline: that is for the daemon to say.
            drop(self.desk.life.vote(id, "sam", choice));
        }
    }

    fn perform(mut self, act: Act) -> Self {
        match act {
            Act::Deliver { agent, alert } => {
                let id = format!("d-{}", self.taken.len());
                self.deliver(id, agent, alert);
            }
            Act::DeliverAgain { which } => {
                if let Some((id, agent, alert, _)) = self.taken.get(which).cloned() {
                    self.deliver(id, agent, alert);
                }
            }
            Act::Answer { action, kind } => self.answer(action, kind),
            Act::Hang { action, phase } => {
                self.world.outside.hang(ACTIONS[action], ["prepare", "send", "check", "prove"][phase]);
            }
            Act::Release => self.world.outside.release(),
            Act::Vote { run, approve } => self.vote(run, approve),
            Act::Wait { minutes } => self.desk.life.wait(Duration::from_mins(minutes)),
            Act::Freeze(frozen) => {
                drop(self.desk.life.on(self.desk.life.engine.set_frozen(frozen, ana(), "x")).unwrap());
            }
            Act::Yield { times } => self.desk.life.on(async {
                for _ in 0..times {
                    tokio::task::yield_now().await;
                }
            }),
            Act::Recover => drop(self.desk.life.on(self.desk.life.engine.reconcile())),
            Act::Crash => {
                let Self { world, desk, taken } = self;
                desk.crash();
                let desk = Desk::open(&world);
                return Self { world, desk, taken };
            }
        }
        self
    }

    /// Everything outside answers again: all that is under way comes to rest.
    fn come_to_rest(&self) {
        let life = &self.desk.life;
        self.world.outside.release();
        life.on(life.engine.set_frozen(false, ana(), "the end")).unwrap();
        let runs = life.runs();
        life.until("everything comes to rest", async || {
            life.engine.reconcile().await;
            for run in &runs {
                let run = life.engine.store().run(*run).await.unwrap().unwrap();
                if run.steps.values().any(|record| is_under_way(&record.state)) {
                    return false;
                }
            }
            true
        });
    }

    fn check(&self) {
        let source = SourceId::parse("signed").unwrap();
        let store = self.desk.life.engine.store();
        let runs = self.desk.life.runs();
        for (id, .., receipt) in &self.taken {
            let stored = self.desk.life.on(store.delivery(&source, id)).unwrap();
            assert_eq!(stored.as_ref(), Some(&receipt.answer), "an accepted delivery is present");
            for run in receipt.answer["alerts"][0]["runs"].as_array().into_iter().flatten() {
                assert!(runs.contains(&run.as_str().unwrap().parse::<RunId>().unwrap()));
            }
        }
        for run in &runs {
            self.check_run(*run);
        }
        let mut sends: BTreeMap<String, usize> = BTreeMap::new();
        for action in ["try.none", "try.contain_once"] {
            for call in self.world.outside.calls_of(action, "send") {
                *sends.entry(call.key).or_default() += 1;
            }
        }
        assert!(sends.values().all(|count| *count == 1), "what nothing protects was sent twice: {sends:?}");
    }

    fn check_run(&self, id: RunId) {
        let run = self.desk.life.checked_history(id).run;
        let events = self.desk.life.on(self.desk.life.engine.store().events(&Subject::Run(id))).unwrap();
        let proved = |path| {
            events.iter().filter(|event| event.kind == "attempt_proved").any(|event| {
                let kind: EventKind = serde_json::from_value(event.body.clone()).unwrap();
                matches!(kind, EventKind::AttemptProved { path: proved, proof: Proof::Seen { .. } } if proved == path)
            })
        };
        for (path, record) in &run.steps {
            let contained = matches!(record.verdict, Some(Verdict::Contained | Verdict::Regressed));
            if contained && record.hold.is_none() {
                assert!(proved(path.clone()), "{path} of {id} is called contained without a proof");
            }
        }
    }
}

fn is_under_way(state: &StepState) -> bool {
    match state {
        StepState::Doing(attempt) | StepState::Undoing(attempt) => matches!(
            attempt,
            Attempt::Ready { .. }
                | Attempt::Preparing { .. }
                | Attempt::Running { .. }
                | Attempt::Checking { .. }
                | Attempt::Proving { .. }
        ),
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 100, failure_persistence: None, ..Default::default() })]

    #[test]
    fn whatever_happens_in_whatever_order_the_promises_hold(
        acts in prop::collection::vec(act(), 1..30),
        on_new_alert in prop::sample::select(vec!["join", "restart", "ignore"]),
    ) {
        let story = acts.into_iter().fold(Story::begin(on_new_alert), Story::perform);
        story.come_to_rest();
        story.check();
    }
}
