//! Facts that change a run: past tense, each with its time, its actor and every outside fact that it needs.
//!
//! The machine gives the same state for the same events, so nothing in here may have to be looked up again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::action::Verdict;
use super::actor::{Actor, Assurance};
use super::agent::Agent;
use super::alert::Alert;
use super::approval::{ApprovalCause, Choice, Quorum};
use super::bundle::{Bundle, Joint};
use super::digest::Digest;
use super::ids::{AlertId, ApprovalId, HoldId, IncidentId, MessageId, RunId};
use super::lineage::Lineage;
use super::names::{PersonId, PlaybookName, SourceId};
use super::path::StepPath;
use super::run::{Mode, Outcome};
use super::standing::Standing;
use super::step::Baseline;

/// What the gate knows of an agent when a hold is placed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateSight {
    /// When the gate last saw a call of it.
    pub seen_at: Option<Timestamp>,
    /// What the agent was allowed just before.
    #[serde(default)]
    pub standing: Standing,
}

/// Whether a step may act without (more) people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// It may.
    Granted {
        /// What the gate knows of the agent.
        gate: GateSight,
    },
    /// People must decide.
    Withheld {
        /// Why.
        cause: ApprovalCause,
    },
}

/// How one call of an action ended. Only the first two may ever become "failed".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    /// No byte of it left.
    NotSent {
        /// Why.
        reason: String,
    },
    /// The target said no, and so did nothing.
    Refused {
        /// What it said.
        reason: String,
        /// Whether the action says that another try may help.
        retry: bool,
    },
    /// It may or may not have been applied.
    Ambiguous {
        /// Why that is unknown.
        reason: String,
    },
    /// The target accepted it.
    Applied {
        /// What conditions and templates may use of the answer.
        output: Value,
    },
    /// The target said that it had been done before.
    AlreadyDone {
        /// What conditions and templates may use of the answer.
        output: Value,
    },
}

/// What looking for the effect showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// The effect was seen as often in a row as the action demands.
    Seen {
        /// What the probe answered.
        detail: String,
    },
    /// The effect was not seen in time.
    NotSeen {
        /// What the probe answered last.
        detail: String,
    },
    /// Nothing could be seen: the target did not answer, or not so that it shows anything.
    Blind {
        /// What happened instead.
        detail: String,
    },
}

/// What a person says of a call that nobody else can judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// It was applied.
    Applied,
    /// It was not applied.
    NotApplied,
    /// Send it again, as a new generation with a new key.
    Retry,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The run began. The first event of every run.
    RunStarted {
        /// The run.
        run: RunId,
        /// Its incident.
        incident: IncidentId,
        /// Digest of the playbook that it runs.
        digest: Digest,
        /// Whether it acts.
        mode: Mode,
        /// The agent as the inventory has it now.
        agent: Arc<Agent>,
        /// The alert.
        alert: Arc<Alert>,
        /// Holds that it takes over from a run whose place it takes.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        inherits: Vec<HoldId>,
        /// The step of another run that starts it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lineage: Option<Lineage>,
        /// The versions of the playbooks that its steps may run, and those in turn.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        versions: BTreeMap<PlaybookName, Digest>,
    },
    /// Budget, trust and protection were asked for a step.
    StepAuthorized {
        /// The step.
        path: StepPath,
        /// The answer.
        grant: Grant,
    },
    /// People were asked.
    ApprovalAsked {
        /// The step that asks.
        path: StepPath,
        /// The request's id.
        approval: ApprovalId,
        /// Everybody who may vote.
        people: BTreeSet<PersonId>,
        /// Any one that is reached decides.
        quorums: Vec<Quorum>,
        /// The requests that it is decided with, if it is above a budget.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bundle: Option<Bundle>,
    },
    /// People were told.
    Notified {
        /// The step.
        path: StepPath,
        /// Who.
        people: BTreeSet<PersonId>,
        /// The messages, one a person and channel.
        messages: Vec<MessageId>,
    },
    /// A worker took the attempt.
    AttemptBegan {
        /// The step.
        path: StepPath,
    },
    /// What there was before the change has been read.
    AttemptPrepared {
        /// The step.
        path: StepPath,
        /// What the probe saw; `None` if the action has none.
        baseline: Option<Baseline>,
        /// The state that undo restores; `None` if the action takes none.
        snapshot: Option<Value>,
    },
    /// The call ended.
    AttemptEnded {
        /// The step.
        path: StepPath,
        /// How.
        outcome: CallOutcome,
    },
    /// The target was asked whether a call in doubt had been applied.
    AttemptChecked {
        /// The step.
        path: StepPath,
        /// `None` if the target could not say.
        applied: Option<bool>,
        /// What it answered.
        detail: String,
    },
    /// Looking for the effect ended.
    AttemptProved {
        /// The step.
        path: StepPath,
        /// What it showed.
        proof: Proof,
    },
    /// The process that made the attempt is gone.
    AttemptLost {
        /// The step.
        path: StepPath,
    },
    /// Something contained was looked at again.
    Rechecked {
        /// The step.
        path: StepPath,
        /// What it showed.
        proof: Proof,
    },
    /// A deadline of the run passed.
    Ticked,
    /// A person voted.
    Voted {
        /// The request.
        approval: ApprovalId,
        /// Who.
        person: PersonId,
        /// Yes or no.
        choice: Choice,
        /// Why.
        reason: String,
        /// How sure we are that it was they.
        assurance: Assurance,
        /// The plan that they saw.
        plan: Digest,
        /// Everybody who may vote now, among those who were asked.
        eligible: BTreeSet<PersonId>,
        /// How it belongs to the votes on other requests.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        together: Option<Joint>,
    },
    /// People are told of this request: the one in whose list it stood ended before anybody decided about it.
    ApprovalPromoted {
        /// The request.
        approval: ApprovalId,
    },
    /// A person asked for more people without deciding.
    Escalated {
        /// The request.
        approval: ApprovalId,
        /// Who asked for it.
        person: PersonId,
    },
    /// Another alert of the incident joined the run.
    AlertJoined {
        /// The alert.
        alert: AlertId,
        /// Who sent it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<SourceId>,
    },
    /// A person said what happened to a call in doubt.
    Resolved {
        /// The step.
        path: StepPath,
        /// What they say.
        resolution: Resolution,
        /// Why they say it.
        reason: String,
    },
    /// The run that a step starts began.
    ChildStarted {
        /// The step.
        path: StepPath,
        /// The run.
        run: RunId,
    },
    /// The run that a step wants to start can't begin.
    ChildRefused {
        /// The step.
        path: StepPath,
        /// Why.
        reason: String,
    },
    /// The run that a step started is over.
    ChildEnded {
        /// The step.
        path: StepPath,
        /// The run.
        run: RunId,
        /// How it ended.
        outcome: Outcome,
        /// What is known of its containment.
        verdict: Option<Verdict>,
        /// When its last flip was seen.
        contained_at: Option<Timestamp>,
        /// A limit that stopped one of its steps, and about which nobody answered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unanswered: Option<ApprovalCause>,
    },
    /// A person lifted holds by hand that the run placed or took over.
    HoldsLifted {
        /// The holds.
        holds: Vec<HoldId>,
        /// Why.
        reason: String,
    },
    /// A person stopped the run.
    RunCancelled {
        /// Why.
        reason: String,
    },
    /// A newer run took its place.
    RunSuperseded {
        /// The newer one.
        by: RunId,
    },
}

impl EventKind {
    /// The name as the history and logs show it.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::RunStarted { .. } => "run_started",
            Self::StepAuthorized { .. } => "step_authorized",
            Self::ApprovalAsked { .. } => "approval_asked",
            Self::Notified { .. } => "notified",
            Self::AttemptBegan { .. } => "attempt_began",
            Self::AttemptPrepared { .. } => "attempt_prepared",
            Self::AttemptEnded { .. } => "attempt_ended",
            Self::AttemptChecked { .. } => "attempt_checked",
            Self::AttemptProved { .. } => "attempt_proved",
            Self::AttemptLost { .. } => "attempt_lost",
            Self::Rechecked { .. } => "rechecked",
            Self::Ticked => "ticked",
            Self::Voted { .. } => "voted",
            Self::ApprovalPromoted { .. } => "approval_promoted",
            Self::Escalated { .. } => "escalated",
            Self::AlertJoined { .. } => "alert_joined",
            Self::Resolved { .. } => "resolved",
            Self::ChildStarted { .. } => "child_started",
            Self::ChildRefused { .. } => "child_refused",
            Self::ChildEnded { .. } => "child_ended",
            Self::HoldsLifted { .. } => "holds_lifted",
            Self::RunCancelled { .. } => "run_cancelled",
            Self::RunSuperseded { .. } => "run_superseded",
        }
    }
}

/// One fact of a run's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When, by the server's clock.
    pub at: Timestamp,
    /// Who or what caused it.
    pub actor: Actor,
    /// What happened.
    pub kind: EventKind,
}

impl Event {
    /// A fact that Standdown itself caused.
    #[must_use]
    pub const fn by_system(at: Timestamp, kind: EventKind) -> Self {
        Self { at, actor: Actor::System, kind }
    }
}
