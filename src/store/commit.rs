//! The one write: guards that must hold, and rows that are written if they do; all or nothing.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::{
    Actor, AgentId, Alert, AlertId, Approval, Digest, Hold, HoldId, Incident, IncidentId, Message, MessageId,
    PlaybookName, Run, RunId, SourceId,
};

use super::claim::LateReply;
use super::rows::{Change, DeadLetter, Subject, Token};
use super::upkeep::Retired;

/// Something that must hold for a commit to be applied. Guards of commits that wait together are judged in the order in
/// which the commits came: the first wins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// The stored run has this version (0: there is no such run yet).
    RunVersion {
        /// The run.
        run: RunId,
        /// The version that was read.
        expected: u64,
    },
    /// The stored incident has this version (0: there is no such incident yet).
    IncidentVersion {
        /// The incident.
        incident: IncidentId,
        /// The version that was read.
        expected: u64,
    },
    /// No open incident has this key.
    NoOpenIncident {
        /// The key.
        key: String,
    },
    /// No alert of this source and identity is firing.
    NoFiringAlert {
        /// The source.
        source: SourceId,
        /// The identity.
        dedup: Digest,
    },
    /// This delivery has not been recorded yet.
    NewDelivery {
        /// The source.
        source: SourceId,
        /// The sender's id of the delivery.
        delivery: String,
    },
    /// The hold is still standing.
    HoldStands {
        /// The hold.
        hold: HoldId,
    },
    /// The hold is still standing, and nobody was asked about its planned end yet.
    HoldEndOpen {
        /// The hold.
        hold: HoldId,
    },
    /// The run is owned by the replica that commits, under this epoch, and is not quarantined.
    Claim {
        /// The run.
        run: RunId,
        /// The epoch that was read.
        epoch: u64,
    },
    /// The run is quarantined.
    Quarantined {
        /// The run.
        run: RunId,
    },
}

/// One row of a commit.
#[derive(Clone, Debug)]
pub enum Row {
    /// A new alert with its raw body (secrets redacted).
    Alert {
        /// The alert.
        alert: Arc<Alert>,
        /// The body as it was received.
        raw: Arc<Value>,
        /// The incident that it belongs to.
        incident: Option<IncidentId>,
    },
    /// A repeat was folded into an alert: its count goes up by one.
    AlertRepeated {
        /// The alert.
        alert: AlertId,
        /// When the repeat arrived.
        at: Timestamp,
    },
    /// An alert is over.
    AlertResolved {
        /// The alert.
        alert: AlertId,
        /// When, by the sender or by receipt.
        at: Timestamp,
    },
    /// A delivery and what it was answered, so that a replay is answered the same.
    Delivery {
        /// The source.
        source: SourceId,
        /// The sender's id of the delivery.
        delivery: String,
        /// When.
        at: Timestamp,
        /// The answer.
        answer: Value,
    },
    /// An incident, new or changed (by its id).
    Incident(Box<Incident>),
    /// A run, new or changed (by its id), with `version`, `wake_at` and status taken from it. A new one is owned by the
    /// replica that commits, under epoch 1; of one that is there the claim stays as it is.
    Run(Box<Run>),
    /// A run got somewhere since it was last taken over: takeovers are counted from 0 again.
    RunAdvanced {
        /// The run.
        run: RunId,
    },
    /// Nobody touches the run from now on.
    RunQuarantined {
        /// The run.
        run: RunId,
        /// Why.
        reason: String,
    },
    /// A person lets a quarantined run go on: nobody owns it, and takeovers are counted from 0 again.
    RunReleased {
        /// The run.
        run: RunId,
    },
    /// What was heard of a call after the claim to its run was lost. Unfenced: no claim is asked for.
    LateReply(Box<LateReply>),
    /// One fact of a subject's history; the writer numbers and chains it.
    Event {
        /// Whose history.
        subject: Subject,
        /// When.
        at: Timestamp,
        /// Who.
        actor: Actor,
        /// The name of the fact.
        kind: &'static str,
        /// The fact.
        body: Value,
    },
    /// A hold was placed.
    Hold(Box<Hold>),
    /// A hold was lifted.
    HoldLifted {
        /// The hold.
        hold: HoldId,
        /// When.
        at: Timestamp,
        /// Who.
        by: Actor,
        /// Why.
        reason: String,
    },
    /// A hold's planned end was dealt with: nobody is asked about it again.
    HoldEndHandled {
        /// The hold.
        hold: HoldId,
    },
    /// The projection of a request to people, new or changed (by its id).
    Approval {
        /// The run that asks.
        run: RunId,
        /// The agent that it is about.
        agent: AgentId,
        /// The request.
        approval: Box<Approval>,
    },
    /// A link token, by its digest.
    Token(Box<Token>),
    /// A wrong code was entered with a token; the fifth revokes it.
    TokenFailed {
        /// Digest of the token.
        token: Digest,
    },
    /// A token is no longer good.
    TokenRevoked {
        /// Digest of the token.
        token: Digest,
    },
    /// A message to a person, to be sent.
    Message(Box<Message>),
    /// A message was sent.
    MessageSent {
        /// The message.
        message: MessageId,
        /// When.
        at: Timestamp,
    },
    /// Sending failed; it is tried again.
    MessageDelayed {
        /// The message.
        message: MessageId,
        /// When it is tried again.
        next_at: Timestamp,
        /// Why it failed; no secret.
        error: String,
    },
    /// Sending failed for good.
    MessageUndelivered {
        /// The message.
        message: MessageId,
        /// When that was given up.
        at: Timestamp,
        /// Why; no secret.
        error: String,
    },
    /// An agent was contained: counts in the budgets.
    Containment {
        /// The agent.
        agent: AgentId,
        /// The run.
        run: RunId,
        /// The playbook.
        playbook: PlaybookName,
        /// When.
        at: Timestamp,
    },
    /// A playbook version, kept for the runs that finish on it.
    Playbook {
        /// What names the version.
        digest: Digest,
        /// Its name.
        name: PlaybookName,
        /// Its text.
        text: String,
        /// What it uses of the configuration's approvals, if it uses any.
        approvals: Option<Value>,
        /// When it was first loaded.
        at: Timestamp,
    },
    /// An authenticated delivery that was refused.
    DeadLetter(Box<DeadLetter>),
    /// Bytes by their digest: evidence, large outputs.
    Blob {
        /// Digest of the bytes.
        digest: Digest,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// When the gate last saw and last refused an agent.
    GateSight {
        /// The agent.
        agent: AgentId,
        /// Last seen.
        seen_at: Timestamp,
        /// Last refused.
        refused_at: Option<Timestamp>,
    },
    /// A switch of the daemon, e.g. `frozen`.
    Setting {
        /// Its name.
        key: Cow<'static, str>,
        /// Its value.
        value: Value,
    },
    /// A switch or another value kept by name is taken away.
    SettingGone {
        /// Its name.
        key: String,
    },
    /// Something that is old enough is forgotten, with everything that belongs to it alone.
    Retired(Box<Retired>),
}

/// Guards and rows that are applied together or not at all.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// What must hold.
    pub guards: Vec<Guard>,
    /// What is written.
    pub rows: Vec<Row>,
}

impl Commit {
    /// What other replicas should look at once this is on disk: runs that may be theirs, messages, holds and switches.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        let ours = |run: RunId| {
            self.guards.iter().any(|guard| match guard {
                Guard::Claim { run: claimed, .. } => *claimed == run,
                // A new run is owned by the replica that commits it.
                Guard::RunVersion { run: new, expected: 0 } => *new == run,
                _ => false,
            })
        };
        let mut changes = Vec::new();
        for row in &self.rows {
            let change = match row {
                Row::Run(run) if !ours(run.id) => Change::Runs,
                Row::RunReleased { .. } => Change::Runs,
                Row::Message(_) => Change::Messages,
                Row::Hold(_) | Row::HoldLifted { .. } => Change::Holds,
                Row::Setting { .. } => Change::Everything,
                _ => continue,
            };
            if !changes.contains(&change) {
                changes.push(change);
            }
        }
        changes
    }
}

/// Why a commit was not applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// A guard did not hold: read again and decide again.
    #[error("failed to commit: {0:?} no longer holds; read again and decide again")]
    Conflict(Guard),
    /// The queue before the writer is full.
    #[error("failed to commit: the writer's queue is full; try again in {retry_after_seconds} s")]
    Overloaded {
        /// When to try again, in seconds.
        retry_after_seconds: u32,
    },
    /// A row is larger than the store takes.
    #[error("failed to commit: {what} has {bytes} bytes, more than the {bytes_max} that are kept")]
    TooLarge {
        /// Which row.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// The database did not take it; nothing was written.
    #[error("failed to commit: the database did not take it: {0}")]
    Unavailable(String),
}
