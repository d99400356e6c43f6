//! Who did something: every event has one actor, and how sure we are of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::names::{PersonId, SourceId};

/// Begins the names of users of this machine whom the configuration maps to no person; no person's id begins so.
pub const LOCAL_PREFIX: &str = "local-";

/// How a person proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assurance {
    /// Held a link and its code.
    Link,
    /// Held an API token, or came over the local socket with a mapped user id.
    Api,
    /// Was logged in.
    Login,
    /// Proved presence again for this very act.
    StepUp,
}

impl fmt::Display for Assurance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Link => "link",
            Self::Api => "api",
            Self::Login => "login",
            Self::StepUp => "step_up",
        })
    }
}

/// Whoever or whatever caused an event.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A person of the configuration.
    Person {
        /// Who.
        id: PersonId,
        /// How we know.
        assurance: Assurance,
    },
    /// An alert source.
    Source {
        /// Which.
        id: SourceId,
    },
    /// A schedule of the named playbook.
    Schedule {
        /// The playbook's name.
        playbook: String,
    },
    /// Standdown itself: a timer, a worker, recovery.
    System,
}

impl Actor {
    /// The person, if the actor is one.
    #[must_use]
    pub const fn person(&self) -> Option<&PersonId> {
        match self {
            Self::Person { id, .. } => Some(id),
            Self::Source { .. } | Self::Schedule { .. } | Self::System => None,
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person { id, assurance } => write!(f, "{id} ({assurance})"),
            Self::Source { id } => write!(f, "source {id}"),
            Self::Schedule { playbook } => write!(f, "schedule of {playbook}"),
            Self::System => f.pad("standdown"),
        }
    }
}
