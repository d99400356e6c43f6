//! What an action can do to the world, and what is known of it afterwards.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How strong an action is. `notify < contain < destroy`; `release` stands apart: it gives an agent something back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Impact {
    /// Tells people or systems; changes nothing for the agent.
    Notify,
    /// Stops an agent in a way that can be restored or minted again.
    Contain,
    /// Removes what can't be restored.
    Destroy,
    /// Gives an agent back what was taken.
    Release,
}

impl Impact {
    /// The word as plans and playbooks write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Notify => "notify",
            Self::Contain => "contain",
            Self::Destroy => "destroy",
            Self::Release => "release",
        }
    }
}

/// What may be done when it is unknown whether a call was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protection {
    /// Changes nothing: send again.
    Read,
    /// The same call twice has the effect of one: send again.
    Idempotent,
    /// The target honours `Idempotency-Key`: send again with the same key.
    Keyed,
    /// The target can be asked whether it was applied: ask.
    Verifiable,
    /// Nothing helps: a person must look.
    None,
}

/// What is known of a containing step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The flip was seen: it worked before, and it does not work now.
    Contained,
    /// The target answered well, but no effect was seen, or nothing was seen working before.
    Unproven,
    /// The target said that it had been done before.
    AlreadyDone,
    /// It was refused or never sent.
    Failed,
    /// It was contained, and was found undone later.
    Regressed,
}

impl Verdict {
    /// The word as reports show it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Contained => "contained",
            Self::Unproven => "unproven",
            Self::AlreadyDone => "already_done",
            Self::Failed => "failed",
            Self::Regressed => "regressed",
        }
    }
}

impl Verdict {
    /// The worst of several; `None` of none.
    pub fn worst(verdicts: impl IntoIterator<Item = Self>) -> Option<Self> {
        const WORST_FIRST: [Verdict; 5] =
            [Verdict::Regressed, Verdict::Failed, Verdict::Unproven, Verdict::Contained, Verdict::AlreadyDone];
        let rank = |verdict: &Self| WORST_FIRST.iter().position(|other| other == verdict);
        verdicts.into_iter().min_by_key(rank)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
