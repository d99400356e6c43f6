//! What must hold at the end of every history.

use std::collections::BTreeMap;

use super::story::Story;
use crate::domain::event::Resolution;
use crate::domain::{EventKind, RunId, SourceId, StepState};
use crate::engine::tests::target::{Deed, Line, OF_THE_PAST};
use crate::machine::Direction;
use crate::store::{Claims, Inbox, RunLog, StoredEvent, Subject, verify_chain};

/// Actions that nothing protects.
const UNPROTECTED: [&str; 2] = ["try.none", "try.contain_once"];

impl Story {
    /// Asserts every promise.
    pub fn check(&self) {
        self.what_was_acknowledged_is_there();
        for run in self.runs() {
            self.desk.life.checked_history(run);
            self.what_failed_was_not_applied(run);
            self.what_nothing_protects_was_done_as_often_as_ordered(run);
        }
        for incident in self.desk.incidents() {
            self.desk.facts(&incident);
        }
        for agent in &self.world.agents {
            let subject = Subject::Agent(agent.id.clone());
            verify_chain(&self.events(&subject), &subject).unwrap();
        }
        self.the_keyed_change_something_once();
        self.nothing_is_written_under_an_old_epoch();
    }

    fn events(&self, subject: &Subject) -> Vec<StoredEvent> {
        self.desk.life.on(self.desk.life.engine.store().events(subject)).unwrap()
    }

    fn what_was_acknowledged_is_there(&self) {
        let source = SourceId::parse("signed").unwrap();
        let runs = self.runs();
        for taken in &self.taken {
            let stored = self.desk.life.on(self.desk.life.engine.store().delivery(&source, &taken.id)).unwrap();
            assert_eq!(stored.as_ref(), Some(&taken.receipt.answer), "an accepted delivery is present");
            for run in taken.receipt.answer["alerts"][0]["runs"].as_array().into_iter().flatten() {
                assert!(runs.contains(&run.as_str().unwrap().parse().unwrap()), "and so are its runs");
            }
        }
    }

    /// The key of a step's last generation, if the target ever got it.
    fn last_key(&self, run: RunId, step: &str, direction: Direction) -> Option<(String, Vec<Line>)> {
        let books = self.world.target().books_of(run, step, direction);
        books.last().map(|last| last.key.clone()).map(|key| (key, books))
    }

    fn what_failed_was_not_applied(&self, id: RunId) {
        let run = self.desk.life.run(id);
        for (path, record) in &run.steps {
            let direction = match record.state {
                StepState::Failed { .. } => Direction::Do,
                StepState::UndoFailed { .. } => Direction::Undo,
                _ => continue,
            };
            let Some((key, books)) = self.last_key(id, &path.to_string(), direction) else { continue };
            let applied = books.iter().any(|line| line.deed == Deed::Applied && line.key == key);
            assert!(!applied, "{path} of {id} is called failed, and was applied: {:?}", record.state);
        }
    }

    /// At most once a generation, and a generation more only on a person's order.
    fn what_nothing_protects_was_done_as_often_as_ordered(&self, run: RunId) {
        let mut orders: BTreeMap<String, usize> = BTreeMap::new();
        for event in self.events(&Subject::Run(run)).iter().filter(|event| event.kind == "resolved") {
            if let EventKind::Resolved { path, resolution: Resolution::Retry, .. } =
                serde_json::from_value(event.body.clone()).unwrap()
            {
                *orders.entry(path.to_string()).or_default() += 1;
            }
        }
        let mut got: BTreeMap<(String, String), BTreeMap<String, usize>> = BTreeMap::new();
        for line in self.world.target().books() {
            if line.run == run && line.deed == Deed::Got && UNPROTECTED.contains(&line.action.as_str()) {
                *got.entry((line.step, line.direction)).or_default().entry(line.key).or_default() += 1;
            }
        }
        for ((step, direction), keys) in got {
            assert!(keys.values().all(|count| *count == 1), "{direction} {step} of {run} was sent twice: {keys:?}");
            let ordered = orders.get(&step).copied().unwrap_or_default();
            assert!(keys.len() <= 1 + ordered, "{direction} {step} of {run}: {keys:?} after {ordered} orders");
        }
    }

    fn the_keyed_change_something_once(&self) {
        let mut applied: BTreeMap<String, usize> = BTreeMap::new();
        for line in self.world.target().books() {
            if line.action == "try.keyed" && line.deed == Deed::Applied {
                *applied.entry(line.key).or_default() += 1;
            }
        }
        assert!(applied.values().all(|count| *count == 1), "a key changed something twice: {applied:?}");
    }

    fn nothing_is_written_under_an_old_epoch(&self) {
        let (life, target) = (&self.desk.life, self.world.target());
        let store = life.engine.store();
        for run in self.runs() {
            for event in self.events(&Subject::Run(run)) {
                let body = event.body.to_string();
                assert!(!body.contains(OF_THE_PAST), "{} of {run} was heard by a replica without a claim", event.kind);
            }
        }
        // A process that died may have heard something that it could not write down any more.
        if self.has_died {
            return;
        }
        life.until("every late reply is kept", async || {
            let mut kept = 0;
            for run in crate::store::ReadModel::runs(store, None, 1_000).await.unwrap() {
                kept += of_the_past(&store.late_replies(run.id).await.unwrap());
            }
            kept == target.answered_to_the_past()
        });
    }
}

fn of_the_past(late: &[crate::store::LateReply]) -> usize {
    late.iter().filter(|late| late.outcome.to_string().contains(OF_THE_PAST)).count()
}
