//! A request to people for a decision, and the votes on it. It lives in its run; the table in the store is a projection.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::actor::Assurance;
use super::bundle::{Bundle, Listed};
use super::digest::Digest;
use super::directory::Principal;
use super::ids::{ApprovalId, HoldId};
use super::names::PersonId;
use super::path::StepPath;
use super::planned::Undone;

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// People said yes.
    Approved,
    /// People said no.
    Rejected,
    /// Nobody decided in time.
    Expired,
}

impl Decision {
    /// The word as conditions and records use it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
        }
    }
}

/// Why people are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalCause {
    /// The playbook says so.
    Playbook,
    /// More agents were contained than the budget allows.
    Budget,
    /// The source is not trusted with an action that strong.
    Trust,
    /// The agent is on the protected list.
    Protected,
}

impl ApprovalCause {
    /// One sentence for the page.
    #[must_use]
    pub const fn explain(self) -> &'static str {
        match self {
            Self::Playbook => "The playbook asks a person before it goes on.",
            Self::Budget => "More agents were contained in this window than the limit allows without a person.",
            Self::Trust => "The source of the alert is not trusted with an action this strong.",
            Self::Protected => "The agent is on the protected list: nothing contains it without a person.",
        }
    }
}

/// What happens when nobody decides in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnTimeout {
    /// As if it were refused: nothing is released, nothing is done.
    Reject,
    /// More people are asked once, then it is refused.
    Escalate,
    /// It is done all the same; only where the impact is `contain`.
    Act,
}

/// One person's voice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// Yes.
    Approve,
    /// No.
    Reject,
}

/// One person's vote; unique per request and person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// Who.
    pub person: PersonId,
    /// Yes or no.
    pub choice: Choice,
    /// Why, in their words; untrusted on pages.
    pub reason: String,
    /// How sure we are that it was they.
    pub assurance: Assurance,
    /// When.
    pub at: Timestamp,
}

/// How many of whom decide. `from` are the people who count, already resolved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quorum {
    /// How many approvals decide.
    pub approve: u32,
    /// How many rejections decide.
    pub reject: u32,
    /// Whose votes count.
    pub from: BTreeSet<PersonId>,
}

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalStatus {
    /// People may vote.
    Pending,
    /// Decided: yes.
    Approved,
    /// Decided: no.
    Rejected,
    /// The deadline passed.
    Expired,
    /// The run ended first.
    Cancelled,
    /// What was asked changed; a new request stands in its place.
    Superseded,
}

impl ApprovalStatus {
    /// The word as the API and pages show it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Superseded => "superseded",
        }
    }
}

/// What exactly is approved: canonical JSON of run, playbook digest, the steps with connection, action and resolved
/// parameters (secrets by reference), both outcomes, thresholds and expiry; and its SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The JSON, as the page shows it.
    pub body: Value,
    /// Its digest: what a person approved is exactly what has this digest.
    pub hash: Digest,
}

impl Plan {
    /// A plan over its body.
    #[must_use]
    pub fn new(body: Value) -> Self {
        Self { hash: Digest::of_json(&body), body }
    }
}

/// One request to people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Its id.
    pub id: ApprovalId,
    /// The step that asks.
    pub path: StepPath,
    /// Why.
    pub cause: ApprovalCause,
    /// Where it stands.
    pub status: ApprovalStatus,
    /// The question; rendered once, when it was asked.
    pub ask: String,
    /// Steps that an approval lets go.
    pub releases: Vec<StepPath>,
    /// Everybody who may vote; computed when it was asked, and again at the vote.
    pub people: BTreeSet<PersonId>,
    /// Whom these people were found by, so that they can be found again at the vote.
    #[serde(default)]
    pub approvers: Vec<Principal>,
    /// Who may not vote, by the playbook.
    #[serde(default)]
    pub exclude: Vec<Principal>,
    /// Any one of these that is reached decides.
    pub quorums: Vec<Quorum>,
    /// Whether a reason must be given.
    pub reason_required: bool,
    /// What the reason should answer.
    pub reason_prompt: Option<String>,
    /// How sure we must be of a voter.
    pub identity: Assurance,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// When it expires.
    pub deadline: Timestamp,
    /// What silence does.
    pub on_timeout: OnTimeout,
    /// Whether more people have been asked already.
    pub escalated: bool,
    /// How long a decision holds until it is carried out.
    pub valid_for: Option<SignedDuration>,
    /// What is approved.
    pub plan: Plan,
    /// Votes so far, in order.
    pub votes: Vec<Vote>,
    /// When it left `pending`.
    pub decided_at: Option<Timestamp>,
    /// The requests of other runs that it is decided with, if it is above a budget.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<Bundle>,
    /// The other requests that the vote on this one decided about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<Listed>,
    /// Why nobody is asked any more, where that is no decision: somebody did by hand what was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<String>,
}

impl Approval {
    /// The decision, once there is one.
    #[must_use]
    pub const fn decision(&self) -> Option<Decision> {
        match self.status {
            ApprovalStatus::Approved => Some(Decision::Approved),
            ApprovalStatus::Rejected => Some(Decision::Rejected),
            ApprovalStatus::Expired => Some(Decision::Expired),
            ApprovalStatus::Pending | ApprovalStatus::Cancelled | ApprovalStatus::Superseded => None,
        }
    }

    /// The steps that saying yes would undo, as the pinned plan has them.
    fn undone(&self) -> impl Iterator<Item = Undone<'_>> {
        self.plan.steps().filter_map(|step| step.undoes).flatten()
    }

    /// Whether saying yes would undo this step.
    #[must_use]
    pub fn would_undo(&self, path: &StepPath) -> bool {
        let path = path.to_string();
        self.undone().any(|line| line.path == path)
    }

    /// Whether saying yes would lift this hold, which a step of the run placed or which the run took over.
    #[must_use]
    pub fn would_lift(&self, hold: HoldId) -> bool {
        self.undone().any(|line| line.lifts(hold))
    }

    /// What the votes would decide if this person said yes now.
    #[must_use]
    pub fn decided_by(&self, person: &PersonId, eligible: &BTreeSet<PersonId>) -> Option<Decision> {
        let mut voted = self.clone();
        voted.votes.retain(|vote| vote.person != *person);
        voted.votes.push(Vote {
            person: person.clone(),
            choice: Choice::Approve,
            reason: String::new(),
            assurance: Assurance::StepUp,
            at: self.asked_at,
        });
        voted.tally(eligible)
    }

    /// What the votes so far decide, if any quorum is reached. Only votes of people who may vote now count.
    #[must_use]
    pub fn tally(&self, eligible: &BTreeSet<PersonId>) -> Option<Decision> {
        let count = |quorum: &Quorum, choice: Choice| {
            let counts = |vote: &&Vote| quorum.from.contains(&vote.person) && eligible.contains(&vote.person);
            let voices = self.votes.iter().filter(|vote| vote.choice == choice).filter(counts);
            u32::try_from(voices.count()).unwrap_or(u32::MAX)
        };
        // A rejection wins over an approval that the same vote completes: the safe side is the one that stops.
        if self.quorums.iter().any(|quorum| quorum.reject > 0 && count(quorum, Choice::Reject) >= quorum.reject) {
            return Some(Decision::Rejected);
        }
        let approved = |quorum: &Quorum| quorum.approve > 0 && count(quorum, Choice::Approve) >= quorum.approve;
        self.quorums.iter().any(approved).then_some(Decision::Approved)
    }
}
