//! Forgetting with age: what may go, in pages, and how it is named in the commit that removes it.
//!
//! Nothing that is open, pending or standing is ever named here. Whoever forgets commits through the one writer, under a
//! guard where what is forgotten could still change.

use std::future::Future;

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::{AlertId, ApprovalId, HoldId, IncidentId, MessageId, RunId, SourceId};

use super::super::commit::Guard;
use super::super::ports::Read;

/// A kind of thing that is forgotten with age. The order is that in which they can go: alerts outlive the runs of their
/// incident, and an incident its alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Aging {
    /// Runs that are over and look at nothing later, unless their incident is open, a message of theirs waits, or a run's
    /// hold stands on their agent.
    Runs,
    /// Alerts that are over, of no incident or of one that is closed and has no run left.
    Alerts,
    /// Closed incidents without runs and alerts.
    Incidents,
    /// Holds that were lifted.
    Holds,
    /// Messages that were sent or given up.
    Messages,
    /// Deliveries, by which a replay is known.
    Deliveries,
    /// Refused deliveries.
    DeadLetters,
    /// Containments, which the budgets count.
    Containments,
}

impl Aging {
    /// Every kind, in the order in which they can go.
    pub const ALL: [Self; 8] = [
        Self::Runs,
        Self::Alerts,
        Self::Incidents,
        Self::Holds,
        Self::Messages,
        Self::Deliveries,
        Self::DeadLetters,
        Self::Containments,
    ];

    /// The word for logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::Alerts => "alerts",
            Self::Incidents => "incidents",
            Self::Holds => "holds",
            Self::Messages => "messages",
            Self::Deliveries => "deliveries",
            Self::DeadLetters => "dead_letters",
            Self::Containments => "containments",
        }
    }
}

/// One thing that is forgotten, with everything that belongs to it alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Retired {
    /// A run with its history, requests, tokens and messages.
    Run {
        /// The run.
        run: RunId,
        /// Its requests.
        approvals: Vec<ApprovalId>,
    },
    /// An alert with its body.
    Alert(AlertId),
    /// An incident with its history.
    Incident(IncidentId),
    /// A hold that was lifted; the agent's history still tells of it.
    Hold(HoldId),
    /// A message.
    Message(MessageId),
    /// A delivery.
    Delivery {
        /// The source.
        source: SourceId,
        /// The sender's id of the delivery.
        delivery: String,
    },
    /// A refused delivery.
    DeadLetter(AlertId),
    /// The containments of one moment.
    Containments {
        /// When.
        at: Timestamp,
    },
}

/// Something that is old enough to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aged {
    /// What.
    pub retired: Retired,
    /// What must still hold when it goes.
    pub guard: Option<Guard>,
    /// About how many rows go with it.
    pub rows: u32,
}

/// How far a look came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgedPlace {
    /// The last id.
    Id(Uuid),
    /// The last delivery.
    Delivery {
        /// Its era, where the database has eras.
        era: i64,
        /// Its source.
        source: String,
        /// Its id.
        delivery: String,
    },
}

/// One look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgedPage {
    /// What may go.
    pub aged: Vec<Aged>,
    /// Where to look on; nothing after the last page.
    pub next: Option<AgedPlace>,
}

/// What retention asks.
pub trait Retention {
    /// Things of a kind that ended before a time, after a place; at most `limit` are looked at or given.
    fn aged(
        &self,
        kind: Aging,
        before: Timestamp,
        after: Option<AgedPlace>,
        limit: u32,
    ) -> impl Future<Output = Read<AgedPage>> + Send;
}
