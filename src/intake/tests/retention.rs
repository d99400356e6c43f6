//! What is over goes when it is old, whole and in order; what is open, pending or standing stays, however old it is.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::json;

use super::desk::{ASK, Desk, alert, alert_with, run_of};
use crate::clock::Clock;
use crate::domain::approval::Choice;
use crate::domain::{Actor, Incident, IncidentStatus, MessageId, RunId};
use crate::engine::tests::harness::{World, ana};
use crate::engine::{Ages, inspect};
use crate::store::upkeep::Aging;
use crate::store::{Agents, Approvals, Commit, Guard, Inbox, Outbox, ReadModel, Row, RunLog, Subject, Writer};

const DAY: Duration = Duration::from_hours(24);

fn world() -> World {
    let mut world = World::new(&[ASK]);
    let days = |days: i64| Some(SignedDuration::from_hours(24 * days));
    world.options.ages = Ages {
        finished_runs: days(30),
        closed_incidents: days(60),
        lifted_holds: days(60),
        messages: days(90),
        deliveries: days(7),
        dead_letters: days(10),
    };
    world
}

impl Desk {
    fn forget(&self) {
        self.life.on(self.life.engine.forget()).unwrap();
    }

    fn forgotten(&self, kind: Aging) -> u64 {
        self.life.engine.forgotten().of(kind)
    }

    /// An alert whose run was approved, and which is over.
    fn story(&self, id: &str) -> (RunId, Incident) {
        let run = run_of(&self.taken(&alert(id, "billing-bot")));
        self.life.vote(run, "ana", Choice::Approve).unwrap();
        self.life.until_finished(run);
        let incident = self.incidents().into_iter().find(|one| one.status.is_open()).unwrap();
        (run, incident)
    }

    fn close(&self, incident: &Incident) {
        let closed = self.life.on(self.life.engine.close_incident(incident.id, &ana(), "it is over")).unwrap();
        assert_eq!(closed.status, IncidentStatus::Closed);
    }

    /// What people were told is sent.
    fn sent(&self) {
        let engine = &self.life.engine;
        let due = self.life.on(engine.store().messages_due(self.life.clock.now(), 1000)).unwrap();
        let at = self.life.clock.now();
        let rows = due.into_iter().map(|queued| Row::MessageSent { message: queued.message.id, at }).collect();
        self.life.on(engine.store().commit(Commit { guards: Vec::new(), rows })).unwrap();
    }

    fn has(&self, run: RunId) -> bool {
        self.life.on(self.life.engine.store().run(run)).unwrap().is_some()
    }

    fn facts_of(&self, subject: &Subject) -> usize {
        self.life.on(self.life.engine.store().events(subject)).unwrap().len()
    }

    fn assert_sound(&self) {
        let inspection = self.life.on(inspect(self.life.engine.store(), self.life.engine.library()));
        assert!(inspection.is_sound(), "{inspection:#?}");
    }
}

#[test]
fn a_run_goes_whole_then_its_alerts_then_its_incident_and_the_rest_is_sound() {
    let world = world();
    let desk = Desk::open(&world);
    let (run, incident) = desk.story("a");
    let messages = desk.life.on(desk.life.engine.store().messages_of(run)).unwrap();
    assert!(!messages.is_empty());
    desk.sent();
    desk.close(&incident);
    desk.assert_sound();
    world.clock.advance(DAY * 29);
    desk.forget();
    assert!(desk.has(run), "it is not old enough");
    world.clock.advance(DAY * 2);
    desk.forget();
    assert!(!desk.has(run));
    assert_eq!(desk.facts_of(&Subject::Run(run)), 0);
    assert_eq!(desk.life.on(desk.life.engine.store().messages_of(run)).unwrap(), []);
    assert_eq!(desk.life.on(desk.life.engine.store().approvals(false, 100)).unwrap(), []);
    assert_eq!(desk.incidents().len(), 1, "the incident is kept longer");
    desk.assert_sound();
    world.clock.advance(DAY * 30);
    desk.forget();
    assert_eq!(desk.incidents(), []);
    assert_eq!(desk.facts_of(&Subject::Incident(incident.id)), 0);
    assert_eq!(desk.life.on(desk.life.engine.store().alerts_of(incident.id)).unwrap(), []);
    let counts = [Aging::Runs, Aging::Alerts, Aging::Incidents, Aging::Holds].map(|kind| desk.forgotten(kind));
    assert_eq!(counts, [1, 1, 1, 1]);
    let agent = desk.facts_of(&Subject::Agent("billing-bot".parse().unwrap()));
    assert!(agent >= 2, "the agent's history tells of the hold for ever");
    desk.assert_sound();
    let again = desk.taken(&alert("a", "billing-bot"));
    assert_eq!(again["outcome"], json!("accepted"), "what is forgotten is news");
}

#[test]
fn what_is_open_pending_or_standing_stays_however_old_it_is() {
    let world = world();
    let desk = Desk::open(&world);
    // Its incident is open.
    let (of_open_incident, incident) = desk.story("a");
    desk.sent();
    world.clock.advance(DAY * 400);
    desk.forget();
    assert!(desk.has(of_open_incident));
    desk.close(&incident);
    // Its message waits, because nobody sends it here; and it holds its agent.
    let pending = run_of(&desk.taken(&alert("b", "billing-bot")));
    let second = desk.incidents().into_iter().find(|one| one.status.is_open()).unwrap();
    desk.life.pending(pending);
    world.clock.advance(DAY * 400);
    desk.forget();
    assert!(desk.has(pending), "people are still being asked, or it holds its agent");
    assert!(!desk.life.gate_allows("billing-bot"));
    desk.life.wait(Duration::ZERO);
    let over = desk.life.until_finished(pending);
    desk.close(&second);
    world.clock.advance(DAY * 400);
    desk.forget();
    assert!(desk.has(pending), "a message of it waits");
    desk.sent();
    world.clock.advance(DAY * 400);
    desk.forget();
    assert!(desk.has(pending), "its hold stands: {:?}", over.status);
    assert!(desk.has(of_open_incident), "it is of an agent on which a run's hold stands");
    assert_eq!(desk.life.on(desk.life.engine.store().holds()).unwrap().len(), 1);
    desk.assert_sound();
    desk.life.on(desk.life.engine.lift_holds(&"billing-bot".parse().unwrap(), &ana(), "it is mended")).unwrap();
    world.clock.advance(DAY * 400);
    desk.forget();
    assert!(!desk.has(pending) && !desk.has(of_open_incident));
    assert_eq!(desk.incidents(), []);
    desk.assert_sound();
}

#[test]
fn a_replay_is_known_as_long_as_deliveries_are_kept() {
    let world = world();
    let desk = Desk::open(&world);
    let first = desk.send_signed("msg_1", &alert_with("a", "billing-bot", &json!({}))).unwrap();
    let source = "signed".parse().unwrap();
    let known = || desk.life.on(desk.life.engine.store().delivery(&source, "msg_1")).unwrap();
    world.clock.advance(DAY * 6);
    desk.forget();
    assert_eq!(known().as_ref(), Some(&first.answer));
    world.clock.advance(DAY * 2);
    for number in 2..450 {
        let row = Row::Delivery {
            source: "signed".parse().unwrap(),
            delivery: format!("msg_{number}"),
            at: if number % 3 == 0 { world.clock_now() - DAY * 8 } else { world.clock_now() },
            answer: json!({}),
        };
        desk.life.on(desk.life.engine.store().commit(Commit { guards: Vec::new(), rows: vec![row] })).unwrap();
    }
    desk.forget();
    assert_eq!(known(), None);
    assert_eq!(desk.forgotten(Aging::Deliveries), 1 + 149);
}

#[test]
fn messages_dead_letters_and_containments_go_when_they_are_old() {
    let world = world();
    let desk = Desk::open(&world);
    desk.taken(&alert("a", "stranger"));
    assert!(!desk.told().is_empty());
    desk.send(&json!({})).unwrap_err();
    let letters = || desk.life.on(desk.life.engine.store().dead_letters(10)).unwrap().len();
    let waiting = || desk.told().values().map(Vec::len).sum::<usize>();
    assert_eq!(letters(), 1);
    let before = waiting();
    world.clock.advance(DAY * 100);
    desk.forget();
    assert_eq!((letters(), waiting()), (0, before), "what waits to be sent is sent, however late");
    desk.sent();
    world.clock.advance(DAY * 91);
    desk.forget();
    assert_eq!(desk.forgotten(Aging::Messages), u64::try_from(before).unwrap());
    desk.assert_sound();
}

#[test]
fn something_that_changed_since_it_was_looked_at_stays() {
    let world = world();
    let desk = Desk::open(&world);
    let (run, _) = desk.story("a");
    let version = desk.life.run(run).version;
    let retired = crate::store::upkeep::Retired::Run { run, approvals: Vec::new() };
    let row = || Row::Retired(Box::new(retired.clone()));
    let guard = Guard::RunVersion { run, expected: version - 1 };
    let lost = desk.life.on(desk.life.engine.store().commit(Commit { guards: vec![guard], rows: vec![row()] }));
    assert!(matches!(lost, Err(crate::store::CommitError::Conflict(_))), "{lost:?}");
    assert!(desk.has(run));
    desk.assert_sound();
}

#[test]
fn a_thousand_runs_go_in_small_batches_and_alerts_are_taken_meanwhile() {
    let world = world();
    let desk = Desk::open(&world);
    let (run, incident) = desk.story("a");
    desk.close(&incident);
    desk.sent();
    let template = desk.life.run(run);
    let store = desk.life.engine.store().clone();
    for _ in 0..300 {
        let mut copy = template.clone();
        copy.id = RunId::generate(world.clock_now());
        copy.approvals.clear();
        let subject = Subject::Run(copy.id);
        let fact = |_| Row::Event {
            subject: subject.clone(),
            at: world.clock_now(),
            actor: Actor::System,
            kind: "ticked",
            body: json!({}),
        };
        let mut rows: Vec<Row> = (0..20).map(fact).collect();
        rows.push(Row::Run(Box::new(copy.clone())));
        let guards = vec![Guard::RunVersion { run: copy.id, expected: 0 }];
        desk.life.on(store.commit(Commit { guards, rows })).unwrap();
    }
    world.clock.advance(DAY * 31);
    let before = store.writer_stats().commits;
    desk.life.on(async {
        let (forgotten, ()) = tokio::join!(desk.life.engine.forget(), async {
            for _ in 0..20 {
                tokio::task::yield_now().await;
                let id = MessageId::generate(world.clock_now());
                store.setting(&id.to_string()).await.unwrap();
            }
        });
        forgotten.unwrap();
    });
    let commits = store.writer_stats().commits - before;
    assert_eq!(desk.forgotten(Aging::Runs), 301);
    assert!(commits >= 6_300 / 220, "6300 rows went in {commits} commits");
    assert_eq!(desk.life.runs(), []);
}
