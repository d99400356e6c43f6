//! What a delivery leads to, once it is planned: what is committed, and what follows from the commit.

use std::sync::Arc;

use serde_json::Value;

use crate::domain::{Alert, RunId};
use crate::engine::{Started, Told};
use crate::store::Commit;

use super::memory::{Memory, Remembered};

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
    firing: Vec<Arc<Alert>>,
    incidents: Vec<Remembered>,
}

impl Lesson {
    /// To remember are alerts that repeats fold into, and incidents as they will be.
    pub const fn new(firing: Vec<Arc<Alert>>, incidents: Vec<Remembered>) -> Self {
        Self { firing, incidents }
    }

    /// The plan was committed.
    pub fn learn(self, memory: &Memory) {
        self.firing.iter().for_each(|alert| memory.fires(alert));
        self.incidents.into_iter().for_each(|remembered| memory.keep(remembered));
    }

    /// The plan was refused.
    pub fn unlearn(&self, memory: &Memory) {
        self.incidents.iter().for_each(|remembered| memory.forget(&remembered.incident.key));
    }
}
