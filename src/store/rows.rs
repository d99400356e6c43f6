//! What the store gives back: rows as readers see them, free of any database's types.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::message::Via;
use crate::domain::{
    Actor, AgentId, Alert, AlertId, Approval, ApprovalId, Digest, IncidentId, Message, MessageId, PersonId,
    PlaybookName, RunId, SourceId, Verdict,
};

/// What another replica changed, so that this one looks again. A word may be lost or come late: whoever listens also
/// looks from time to time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// Runs: something is due, ready, released or without an owner.
    Runs,
    /// Messages wait to be sent.
    Messages,
    /// Holds were placed or lifted.
    Holds,
    /// What was changed is not known: look at everything.
    Everything,
}

/// Whose history an event belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A run.
    Run(RunId),
    /// An incident.
    Incident(IncidentId),
    /// An agent of the inventory.
    Agent(AgentId),
    /// The daemon: freezes, reloads.
    Daemon,
}

/// One fact of a history as it was stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredEvent {
    /// Its number in the subject's history, from 1.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// The name of the fact.
    pub kind: String,
    /// The fact.
    pub body: Value,
    /// The hash of the event before it ([`Digest::ZERO`] for the first).
    pub prev_hash: Digest,
    /// SHA-256 over `prev_hash` and the canonical JSON of subject, seq, at, actor, kind and body.
    pub hash: Digest,
}

/// An alert as it was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAlert {
    /// The alert as it first arrived.
    pub alert: Alert,
    /// The incident that it belongs to.
    pub incident: Option<IncidentId>,
    /// How often it arrived, folded repeats included.
    pub count: u64,
    /// When it last arrived.
    pub last_seen_at: Timestamp,
    /// When it was over, if it is.
    pub resolved_at: Option<Timestamp>,
}

/// A playbook version as it was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPlaybook {
    /// Its name.
    pub name: PlaybookName,
    /// What names the version.
    pub digest: Digest,
    /// Its text.
    pub text: String,
    /// What it uses of the configuration's approvals, if it uses any.
    pub approvals: Option<Value>,
}

/// A message that waits to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedMessage {
    /// The message.
    pub message: Message,
    /// How often sending failed.
    pub failures: u32,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageSummary {
    /// The message.
    pub id: MessageId,
    /// To whom.
    pub to: PersonId,
    /// How.
    pub via: Via,
    /// What kind: `notice` or `approval_request`.
    pub kind: String,
    /// `queued`, `sent` or `undelivered`.
    pub status: String,
    /// How often sending failed.
    pub failures: u32,
    /// Why it failed last.
    pub error: Option<String>,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it was sent or given up.
    pub ended_at: Option<Timestamp>,
}

/// A link token as the store has it: only digests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// SHA-256 of the token.
    pub digest: Digest,
    /// SHA-256 of token and code together.
    pub code: Digest,
    /// The request.
    pub approval: ApprovalId,
    /// The run that asks.
    pub run: RunId,
    /// For whom it was minted.
    pub person: PersonId,
    /// The message that carries it.
    pub message: MessageId,
    /// When it was minted.
    pub minted_at: Timestamp,
    /// How often a wrong code was entered.
    pub failures: u32,
    /// Whether it is no longer good.
    pub revoked: bool,
}

/// A request that is decided together with others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundledApproval {
    /// The run that asks.
    pub run: RunId,
    /// The agent that it is about.
    pub agent: AgentId,
    /// The request.
    pub approval: Approval,
    /// Whether nobody touches its run until a person releases it.
    pub is_quarantined: bool,
}

/// An authenticated delivery that was refused, kept for operators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// An id of its own.
    pub id: AlertId,
    /// The source.
    pub source: SourceId,
    /// When it arrived.
    pub at: Timestamp,
    /// The diagnostic's code, e.g. `SD2003`.
    pub code: String,
    /// Why it was refused.
    pub reason: String,
    /// The body, as it was received; not UTF-8 is kept as lossy text.
    pub body: String,
}

/// A run in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSummary {
    /// Its id.
    pub id: RunId,
    /// Its incident.
    pub incident: IncidentId,
    /// Its agent.
    pub agent: AgentId,
    /// Its playbook.
    pub playbook: PlaybookName,
    /// `running`, `undoing`, `completed`, `failed`, `cancelled` or `superseded`.
    pub status: String,
    /// `observe` or `enforce`.
    pub mode: String,
    /// What is known of the containment.
    pub verdict: Option<Verdict>,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it is not touched until a person releases it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantined: Option<String>,
}

/// A run that is not over, as recovery and intake see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenRun {
    /// Its id.
    pub id: RunId,
    /// Its incident.
    pub incident: IncidentId,
    /// Its playbook.
    pub playbook: PlaybookName,
    /// The agent that it is about.
    pub agent: AgentId,
}

/// When the gate last saw and last refused an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateSighting {
    /// The agent.
    pub agent: AgentId,
    /// Last seen.
    pub seen_at: Timestamp,
    /// Last refused.
    pub refused_at: Option<Timestamp>,
}

/// An agent that was contained, for the budgets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainmentRecord {
    /// The agent.
    pub agent: AgentId,
    /// The run.
    pub run: RunId,
    /// The playbook.
    pub playbook: PlaybookName,
    /// When.
    pub at: Timestamp,
}
