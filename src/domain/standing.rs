//! What an agent may do now: its standing, the strictest of the holds placed on it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::ids::{HoldId, RunId};
use super::names::AgentId;
use super::path::StepPath;

/// How much a hold takes from an agent; ordered from mild to strict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldLevel {
    /// Only what is allowed by name.
    Restricted,
    /// Nothing, for now.
    Paused,
    /// Nothing, for good.
    Retired,
}

/// What an agent may do now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// No hold.
    #[default]
    Active,
    /// Only what is allowed by name.
    Restricted,
    /// Nothing, for now.
    Paused,
    /// Nothing, for good.
    Retired,
}

impl Standing {
    /// The word, as the gate's header and the pages show it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Restricted => "restricted",
            Self::Paused => "paused",
            Self::Retired => "retired",
        }
    }

    /// The standing that holds give: the strictest of them.
    pub fn of<'a>(holds: impl IntoIterator<Item = &'a Hold>) -> Self {
        holds.into_iter().map(|hold| Self::from(hold.level)).max().unwrap_or(Self::Active)
    }
}

impl From<HoldLevel> for Standing {
    fn from(level: HoldLevel) -> Self {
        match level {
            HoldLevel::Restricted => Self::Restricted,
            HoldLevel::Paused => Self::Paused,
            HoldLevel::Retired => Self::Retired,
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a hold stands. A run lifts only its own holds; a person may lift any.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldCause {
    /// A step of a run placed it.
    Run {
        /// The run.
        run: RunId,
        /// The step.
        path: StepPath,
    },
    /// A person placed it by hand.
    Person,
    /// Nobody can say any more: its record is damaged. It holds its agent until a person lifts it.
    Unreadable,
}

/// One limit on an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Its id.
    pub id: HoldId,
    /// The agent that it limits.
    pub agent: AgentId,
    /// How much it takes.
    pub level: HoldLevel,
    /// Why it stands.
    pub cause: HoldCause,
    /// Why, in words; shown to people, never to the agent as more than text.
    pub reason: String,
    /// When a person is asked about it; the hold itself does not end by time (silence never releases).
    pub until: Option<Timestamp>,
    /// Whether somebody is asked when `until` has passed (`on_hold_end: ask`).
    pub ask_at_end: bool,
    /// Who placed it.
    pub by: Actor,
    /// When it was placed.
    pub placed_at: Timestamp,
}

impl Hold {
    /// What stands in for a hold of which nothing is left but whom it is about: nobody let that agent go.
    #[must_use]
    pub fn unreadable(id: HoldId, agent: AgentId, why: &dyn std::fmt::Display) -> Self {
        Self {
            id,
            agent,
            level: HoldLevel::Paused,
            cause: HoldCause::Unreadable,
            reason: format!("the record of this hold is damaged ({why}); look into it, then resume the agent by hand"),
            until: None,
            ask_at_end: false,
            by: Actor::System,
            placed_at: id.generated_at(),
        }
    }
}
