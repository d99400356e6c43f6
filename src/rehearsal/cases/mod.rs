//! Tests of playbooks: `*.test.yaml`, read with every fault at its place, performed and compared.
//!
//! A file names its playbook, what its cases share, and the cases: an alert, surroundings, what the world outside
//! answers, what happens then, and what is expected. A file with any fault is not performed at all.

mod agent;
mod alert;
mod compare;
pub mod coverage;
pub mod expectation;
pub mod happening;
mod inventory;
mod outcomes;
mod payload;
mod perform;
mod result;
pub mod story;
mod suite;
mod words;

pub use compare::Mismatch;
pub use coverage::Coverage;
pub use inventory::Surroundings;
pub use payload::SourceTable;
pub use perform::{Performed, perform};
pub use result::{CaseResult, SuiteResult};
pub use suite::{Loaded, Suite, load};

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::{Alert, Mode};
use crate::playbook::{Node, Playbook, Report};

use super::family::Library;
use super::script::Script;

use alert::TestAlert;
use expectation::Expectation;
use happening::Happening;
use payload::Payloads;

pub(super) use payload::unauthenticated;

/// One case, ready to be performed.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it tries, in words.
    pub name: String,
    /// Where it stands in the file.
    pub pointer: String,
    /// Whether the playbook acts.
    pub mode: Mode,
    /// When its alert comes.
    pub at: Timestamp,
    /// Agents, people, holds and budgets.
    pub surroundings: Surroundings,
    /// The alert.
    pub alert: Arc<Alert>,
    /// What the world outside answers.
    pub script: Script,
    /// What happens after the alert.
    pub then: Vec<Happening>,
    /// How things stand in the end.
    pub expect: Expectation,
}

/// What the parts of a case are read against.
pub(super) struct Setting<'a> {
    pub playbook: &'a Playbook,
    /// The playbooks that its steps start, and those that these start.
    pub family: &'a Library,
    pub surroundings: &'a Surroundings,
}

/// Where reading a case has come to in its story.
pub(super) struct Moment<'a, 's> {
    pub at: Timestamp,
    /// How many alerts there were.
    alerts: usize,
    alert: &'a TestAlert,
    only: Option<String>,
    payloads: &'a mut Payloads<'s>,
}

impl Moment<'_, '_> {
    /// A further alert of the case: as the first one, apart from what is said here.
    pub fn further_alert(&mut self, report: &mut Report, node: &Node<'_>) -> Option<Arc<Alert>> {
        self.alerts += 1;
        let patched = self.alert.clone().patched(report, node);
        patched.alert(report, self.payloads, self.only.as_deref(), self.alerts, self.at)
    }
}
