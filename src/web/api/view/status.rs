//! The daemon itself as answers show it: switches, counts, refused deliveries.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::store::DeadLetter;

use super::playbook::LoadView;

/// How many there are of what needs people; each number stops at 1000.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Incidents that are open.
    pub open_incidents: u64,
    /// Runs that are not over.
    pub open_runs: u64,
    /// Requests that wait for people.
    pub pending_approvals: u64,
    /// Agents of the inventory.
    pub agents: u64,
    /// Agents that are held.
    pub held_agents: u64,
    /// Messages that wait to be sent.
    pub waiting_messages: u64,
    /// Messages that could not be delivered.
    pub undelivered_messages: u64,
}

/// `GET /status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusView {
    /// The program's version.
    pub version: String,
    /// The daemon's time.
    pub now: Timestamp,
    /// Whether calls to the outside are stopped.
    pub frozen: bool,
    /// What needs people.
    pub counts: Counts,
    /// The playbooks.
    pub playbooks: LoadView,
}

/// `GET /dead-letters`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetterList {
    /// Newest first.
    pub dead_letters: Vec<DeadLetter>,
}
