//! Bundles: requests above one limit that people decide about together, because two hundred runs that a storm of alerts
//! began must not ask a tired person two hundred times.
//!
//! Each request stays its run's own, with its own plan, deadline and vote; a bundle only says which of them are shown in
//! one list, and by which of them people were told. What a person decides about is that list as they saw it. Nothing here
//! knows how bundles are found, stored or shown.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::json;

use super::approval::{Approval, ApprovalStatus};
use super::digest::Digest;
use super::ids::ApprovalId;
use super::names::PlaybookName;

/// The most requests of one bundle that are shown and decided together, and with which one takes in no more; a further one
/// begins another. Several replicas may each take in as many before they see what the others took in: then the rest is
/// shown once the first of them are decided.
pub const MEMBERS_MAX: usize = 500;

/// A limit on how many agents are contained without a person.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// The budget of a playbook: that of the run, or of one that led to it.
    Budget(PlaybookName),
    /// The limit of the configuration, over all playbooks.
    EveryHour,
}

impl Limit {
    /// The limit in words, for the middle of a sentence.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Budget(playbook) => format!("the budget of the playbook {playbook}"),
            Self::EveryHour => "the limit on agents contained in an hour".to_owned(),
        }
    }
}

/// Where a request stands among those that are decided together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundle {
    /// The first request of it, which names it.
    pub first: ApprovalId,
    /// The limit that all of them are over.
    pub limit: Limit,
    /// Whether people get messages about this one; the others stand in the list of one that does.
    pub asks: bool,
}

/// A request of a bundle as a decision names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// The request.
    pub approval: ApprovalId,
    /// The digest of its plan.
    pub plan: Digest,
}

impl From<&Approval> for Listed {
    fn from(approval: &Approval) -> Self {
        Self { approval: approval.id, plan: approval.plan.hash }
    }
}

/// A list of requests as somebody saw it: how many, and which with which plans. Written as `COUNT:HASH`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listing {
    /// How many, counted from the one that waits longest.
    pub count: usize,
    /// The digest over these, in order, each with its plan.
    pub hash: Digest,
}

impl Listing {
    /// The listing of these requests.
    #[must_use]
    pub fn of<'a>(requests: impl Iterator<Item = &'a Approval>) -> Self {
        let listed: Vec<Listed> = requests.map(Listed::from).collect();
        Self { count: listed.len(), hash: Digest::of_json(&json!(listed)) }
    }
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.count, self.hash)
    }
}

/// A text that is no listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a list is named by how many requests it has and their hash: COUNT:HASH, as `standdown approvals show` prints it"
)]
pub struct ListingError;

impl FromStr for Listing {
    type Err = ListingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (count, hash) = text.split_once(':').ok_or(ListingError)?;
        let hash = hash.parse().map_err(|_| ListingError)?;
        Ok(Self { count: count.parse().map_err(|_| ListingError)?, hash })
    }
}

impl Serialize for Listing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Listing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// How a vote belongs to the votes on other requests of its bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Joint {
    /// It decides about these others too: they are told of it one by one, whatever happens meanwhile.
    With(Vec<Listed>),
    /// It was cast on another request, which listed this one.
    By {
        /// That request.
        approval: ApprovalId,
        /// When it was cast.
        at: Timestamp,
    },
}

impl Approval {
    /// Whether a vote on this request decided about that one too.
    #[must_use]
    pub fn decided_with(&self, other: &Self) -> bool {
        self.with.contains(&Listed::from(other))
    }

    /// Whether people get messages about this request itself.
    #[must_use]
    pub fn asks_people(&self) -> bool {
        self.bundle.as_ref().is_none_or(|bundle| bundle.asks)
    }

    /// Whether people know of the requests that stand in this one's list: they were told, and it did not end behind their
    /// backs.
    #[must_use]
    pub fn speaks_for_others(&self) -> bool {
        self.asks_people() && matches!(self.status, ApprovalStatus::Pending | ApprovalStatus::Expired)
    }
}
