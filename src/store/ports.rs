//! The ports: narrow traits, one a concern, which every database implements and one conformance suite tries.

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::{
    AgentId, AlertId, Approval, ApprovalId, Digest, Hold, Incident, IncidentId, PastRun, PlaybookName, ReplicaId, Run,
    RunId, SourceId,
};

use super::claim::{Claim, ClaimedRun, LateReply, Quarantined, Renewal, Taken};
use super::commit::{Commit, CommitError};
use super::rows::{
    BundledApproval, ContainmentRecord, DeadLetter, GateSighting, MessageSummary, OpenRun, QueuedMessage, RunSummary,
    StoredAlert, StoredEvent, StoredPlaybook, Subject, Token,
};

/// Why something could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The database did not answer.
    #[error("failed to read {what}: {reason}")]
    Unavailable {
        /// What was read.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// What was stored can't be read back: another version wrote it, or it is damaged.
    #[error(
        "failed to read {what} {id}: what is stored can't be understood: {reason}; \
         keep a copy of the database file and restore a backup"
    )]
    Damaged {
        /// What was read.
        what: &'static str,
        /// Which.
        id: String,
        /// Why.
        reason: String,
    },
}

/// The result of a read.
pub type Read<T> = Result<T, ReadError>;

/// The one way to write.
pub trait Writer {
    /// Applies a commit; when this returns `Ok` it is on disk.
    fn commit(&self, commit: Commit) -> impl Future<Output = Result<(), CommitError>> + Send;
}

/// What intake asks.
pub trait Inbox {
    /// What a delivery was answered, if it was recorded.
    fn delivery(&self, source: &SourceId, delivery: &str) -> impl Future<Output = Read<Option<Value>>> + Send;
    /// The alert of that source and dedup key that is still firing.
    fn firing_alert(&self, source: &SourceId, dedup: &Digest)
    -> impl Future<Output = Read<Option<StoredAlert>>> + Send;
    /// The last alert of that source and dedup key, firing or not.
    fn last_alert(&self, source: &SourceId, dedup: &Digest) -> impl Future<Output = Read<Option<StoredAlert>>> + Send;
    /// The open incident of that key.
    fn open_incident(&self, key: &str) -> impl Future<Output = Read<Option<Incident>>> + Send;
    /// The last run of a playbook about an agent for an incident, if it is over; `None` while it is not.
    fn last_run_of(
        &self,
        incident: IncidentId,
        playbook: &PlaybookName,
        agent: &AgentId,
    ) -> impl Future<Output = Read<Option<PastRun>>> + Send;
    /// The runs of an incident that are not over.
    fn open_runs_of(&self, incident: IncidentId) -> impl Future<Output = Read<Vec<OpenRun>>> + Send;
}

/// What the engine asks of runs.
pub trait RunLog {
    /// A run.
    fn run(&self, id: RunId) -> impl Future<Output = Read<Option<Run>>> + Send;
    /// A history, oldest first.
    fn events(&self, subject: &Subject) -> impl Future<Output = Read<Vec<StoredEvent>>> + Send;
    /// Runs of this replica whose `wake_at` is not after `now`, earliest first; no quarantined ones.
    fn runs_due(&self, now: Timestamp, limit: u32) -> impl Future<Output = Read<Vec<RunId>>> + Send;
    /// The earliest `wake_at` of the runs of this replica; no quarantined ones.
    fn next_wake(&self) -> impl Future<Output = Read<Option<Timestamp>>> + Send;
    /// Runs that are not over, oldest first, after the given id; whoever owns them.
    fn open_runs(&self, after: Option<RunId>, limit: u32) -> impl Future<Output = Read<Vec<OpenRun>>> + Send;
    /// Bytes that were kept by their digest.
    fn blob(&self, digest: &Digest) -> impl Future<Output = Read<Option<Vec<u8>>>> + Send;
}

/// Who may change a run. The database decides: every call here is one transaction of its own, in order with commits.
///
/// A replica is a row with a heartbeat by the database's clock and a lease. It is live while its row is there and the
/// lease is not over; whoever takes over removes rows whose lease is over first. A run has an owner, an epoch, a count of
/// takeovers and perhaps a reason for its quarantine.
pub trait Claims {
    /// Renews this replica's heartbeat, and says whether its row still stood. A row that is gone is not put back.
    fn renew(&self) -> impl Future<Output = Result<Renewal, CommitError>> + Send;
    /// Comes back under a new id, with a row of its own, after having been declared dead. Nothing is owned under it.
    fn rejoin(&self) -> impl Future<Output = Result<ReplicaId, CommitError>> + Send;
    /// Declares a replica dead before its lease is over, for whoever knows that it is; whether it had a row.
    fn remove_replica(&self, replica: ReplicaId) -> impl Future<Output = Result<bool, CommitError>> + Send;
    /// Takes over at most `limit` runs that are live (open, or with a `wake_at`) and not quarantined, and whose owner is
    /// nobody or no live replica: raises the epoch, sets the owner, and counts the takeover if the former owner died
    /// (was somebody) with a call under way ([`crate::domain::InHand::UnderWay`]). Replicas that take over at the same
    /// time share the runs. A replica whose own row is gone takes nothing.
    fn take_over(&self, limit: u32) -> impl Future<Output = Result<Vec<Taken>, CommitError>> + Send;
    /// Gives up every run of this replica and its row: a graceful stop. Taking them over is not counted. How many.
    fn release_all(&self) -> impl Future<Output = Result<u64, CommitError>> + Send;
    /// The claim to a run, without reading its state.
    fn claim(&self, run: RunId) -> impl Future<Output = Read<Option<Claim>>> + Send;
    /// A run with the claim to it.
    fn claimed_run(&self, run: RunId) -> impl Future<Output = Read<Option<ClaimedRun>>> + Send;
    /// Runs of this replica with something in hand (not [`crate::domain::InHand::Nothing`]), oldest first, after the
    /// given id; no quarantined ones.
    fn runs_in_hand(&self, after: Option<RunId>, limit: u32) -> impl Future<Output = Read<Vec<RunId>>> + Send;
    /// Quarantined runs, newest first.
    fn quarantined_runs(&self, limit: u32) -> impl Future<Output = Read<Vec<Quarantined>>> + Send;
    /// What was heard too late of a run's calls, oldest first.
    fn late_replies(&self, run: RunId) -> impl Future<Output = Read<Vec<LateReply>>> + Send;
    /// How many late replies are kept.
    fn late_reply_count(&self) -> impl Future<Output = Read<u64>> + Send;
}

/// Playbook versions.
pub trait Playbooks {
    /// A version.
    fn playbook(&self, digest: &Digest) -> impl Future<Output = Read<Option<StoredPlaybook>>> + Send;
    /// The last facts of the daemon's history that are of these two kinds, newest first.
    fn daemon_facts(&self, kinds: [&'static str; 2], limit: u32)
    -> impl Future<Output = Read<Vec<StoredEvent>>> + Send;
}

/// Messages that wait.
pub trait Outbox {
    /// Messages due at `now`, oldest first, that no other replica is sending: they are this one's to send for `lease`, by
    /// the database's clock, and those that it has already stay its own. A message that was postponed (`MessageDelayed`)
    /// is nobody's again.
    fn claim_messages(
        &self,
        now: Timestamp,
        limit: u32,
        lease: Duration,
    ) -> impl Future<Output = Result<Vec<QueuedMessage>, CommitError>> + Send;
    /// Messages due at `now`, oldest first, whoever is sending them.
    fn messages_due(&self, now: Timestamp, limit: u32) -> impl Future<Output = Read<Vec<QueuedMessage>>> + Send;
    /// When the next message is due that no other replica is sending.
    fn next_message(&self) -> impl Future<Output = Read<Option<Timestamp>>> + Send;
    /// What became of the messages of a run.
    fn messages_of(&self, run: RunId) -> impl Future<Output = Read<Vec<MessageSummary>>> + Send;
    /// How many messages wait and how many could not be delivered.
    fn message_counts(&self) -> impl Future<Output = Read<(u64, u64)>> + Send;
}

/// Requests to people.
pub trait Approvals {
    /// A request with its run.
    fn approval(&self, id: ApprovalId) -> impl Future<Output = Read<Option<(RunId, Approval)>>> + Send;
    /// Requests, newest first; only pending ones if asked so.
    fn approvals(&self, pending: bool, limit: u32) -> impl Future<Output = Read<Vec<(RunId, Approval)>>> + Send;
    /// The requests of a bundle, however they ended, oldest first.
    fn bundle(&self, first: ApprovalId) -> impl Future<Output = Read<Vec<BundledApproval>>> + Send;
    /// The requests of every bundle in which any waits, however they ended, oldest first.
    fn open_bundles(&self) -> impl Future<Output = Read<Vec<BundledApproval>>> + Send;
    /// A token by its digest.
    fn token(&self, digest: &Digest) -> impl Future<Output = Read<Option<Token>>> + Send;
    /// How many tokens were minted for a message, and for a person and request, so far.
    fn tokens_of(&self, approval: ApprovalId) -> impl Future<Output = Read<Vec<Token>>> + Send;
}

/// Holds, sightings, budgets and switches.
pub trait Agents {
    /// All holds that stand.
    fn holds(&self) -> impl Future<Output = Read<Vec<Hold>>> + Send;
    /// The holds that stand on an agent.
    fn holds_on(&self, agent: &AgentId) -> impl Future<Output = Read<Vec<Hold>>> + Send;
    /// Holds whose planned end is not after `now` and was not dealt with.
    fn holds_ended(&self, now: Timestamp) -> impl Future<Output = Read<Vec<Hold>>> + Send;
    /// What the gate saw.
    fn gate_sightings(&self) -> impl Future<Output = Read<Vec<GateSighting>>> + Send;
    /// Containments since a time.
    fn containments(&self, since: Timestamp) -> impl Future<Output = Read<Vec<ContainmentRecord>>> + Send;
    /// A switch of the daemon.
    fn setting(&self, key: &str) -> impl Future<Output = Read<Option<Value>>> + Send;
    /// The names of what is kept under names that begin so (which has no `%` or `_`), in order.
    fn settings_named(&self, beginning: &str) -> impl Future<Output = Read<Vec<String>>> + Send;
}

/// Lists for people.
pub trait ReadModel {
    /// An incident.
    fn incident(&self, id: IncidentId) -> impl Future<Output = Read<Option<Incident>>> + Send;
    /// Incidents, newest first; only open ones if asked so.
    fn incidents(&self, open: bool, limit: u32) -> impl Future<Output = Read<Vec<Incident>>> + Send;
    /// Runs, newest first; of one incident if named.
    fn runs(&self, incident: Option<IncidentId>, limit: u32) -> impl Future<Output = Read<Vec<RunSummary>>> + Send;
    /// The alerts of an incident, oldest first.
    fn alerts_of(&self, incident: IncidentId) -> impl Future<Output = Read<Vec<StoredAlert>>> + Send;
    /// The body of an alert as it was received (secrets redacted).
    fn alert_body(&self, id: AlertId) -> impl Future<Output = Read<Option<Value>>> + Send;
    /// Alerts whose id comes after this one, oldest first, whether or not an incident has them.
    fn alerts_after(&self, after: AlertId, limit: u32) -> impl Future<Output = Read<Vec<StoredAlert>>> + Send;
    /// Refused deliveries, newest first.
    fn dead_letters(&self, limit: u32) -> impl Future<Output = Read<Vec<DeadLetter>>> + Send;
    /// Whether the database answers.
    fn ping(&self) -> impl Future<Output = Read<()>> + Send;
}
