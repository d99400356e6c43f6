//! What a delivery leads to, once it is planned: what is committed, and what follows from the commit.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::{Alert, RunId};
use crate::engine::{Started, Told};
use crate::store::Commit;

use super::memory::{Memory, Remembered, Said};

/// How the playbooks took an alert.
pub(super) struct Decided {
    /// Playbook by playbook, what the sender is told.
    pub lines: Vec<Value>,
    /// How many more playbooks do not match.
    pub unlisted: usize,
    /// The runs that begin, or that the alert joins, with their modes.
    pub runs: Vec<(RunId, &'static str)>,
}

/// A delivery, planned.
pub(super) struct Planned {
    pub commit: Commit,
    /// Runs that begin with it.
    pub started: Vec<Started>,
    /// Runs that are told by it.
    pub told: Vec<Told>,
    /// What its sender is answered, alert by alert.
    pub answers: Vec<Value>,
    /// What to remember once it is committed.
    pub lesson: Lesson,
}

/// What to remember once a plan is committed, and what to forget if it is refused.
pub(super) struct Lesson {
    /// Alerts that repeats fold into.
    pub firing: Vec<Arc<Alert>>,
    /// Incidents as they will be.
    pub incidents: Vec<Remembered>,
    /// What is said of playbooks.
    pub said: Vec<Said>,
    /// When.
    pub at: Timestamp,
}

impl Lesson {
    /// The keys of the incidents that change.
    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.incidents.iter().map(|remembered| &remembered.incident.key)
    }

    /// The plan was committed.
    pub fn learn(self, memory: &Memory) {
        self.firing.iter().for_each(|alert| memory.fires(alert));
        self.incidents.into_iter().for_each(|remembered| memory.keep(remembered));
        self.said.into_iter().for_each(|said| memory.says(said, self.at));
    }

    /// The plan was refused.
    pub fn unlearn(&self, memory: &Memory) {
        self.keys().for_each(|key| memory.forget(key));
    }
}
