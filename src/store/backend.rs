//! The store that the rest of the program holds: one of the databases behind one type.
//!
//! A database more is a variant more; the ports are handed through by one macro, so that a backend can't be forgotten in
//! one of them.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;

use crate::client::{SecretReference, Secrets};
use crate::domain::{
    AgentId, AlertId, Approval, ApprovalId, Digest, Hold, Incident, IncidentId, PastRun, PlaybookName, ReplicaId, Run,
    RunId, SourceId,
};

use super::claim::{Claim, ClaimedRun, LateReply, Quarantined, Renewal, Taken};
use super::commit::{Commit, CommitError};
use super::ports::{Agents, Approvals, Claims, Inbox, Outbox, Playbooks, Read, ReadModel, RunLog, Writer};
use super::postgres::{self, AddressError, PostgresStore};
use super::rows::{
    BundledApproval, Change, ContainmentRecord, DeadLetter, GateSighting, MessageSummary, OpenRun, QueuedMessage,
    RunSummary, StoredAlert, StoredEvent, StoredPlaybook, Subject, Token,
};
use super::sqlite::{self, SqliteStore};
use super::upkeep::{AgedPage, AgedPlace, Aging, Examination, Examined, ExaminedPage, Record, Retention, Stray};
use super::write::stats::WriterStats;

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// How many commits may wait for the writer; more are answered [`CommitError::Overloaded`].
    pub queue_length_max: usize,
    /// How many commits one transaction takes.
    pub batch_commits_max: usize,
    /// How many readers may read at the same time.
    pub read_connections: u32,
    /// How long this replica is believed to be alive after its last heartbeat.
    pub lease: Duration,
    /// The password of the database's user, if it needs one and the environment does not have it.
    pub password: Option<Password>,
}

/// A password that is looked up whenever a connection is made, so that it can be changed while the daemon runs.
#[derive(Clone)]
pub struct Password {
    reference: SecretReference,
    secrets: Arc<dyn Secrets>,
}

impl Password {
    /// The password behind a reference.
    #[must_use]
    pub fn new(reference: SecretReference, secrets: Arc<dyn Secrets>) -> Self {
        Self { reference, secrets }
    }

    /// The password now; an error is why it can't be had.
    pub(in crate::store) fn resolve(&self) -> Result<SecretString, String> {
        self.secrets.resolve(&self.reference).map_err(|error| error.to_string())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Password").field(&self.reference).finish()
    }
}

impl Default for StoreOptions {
    fn default() -> Self {
        let lease = Duration::from_secs(15);
        Self { queue_length_max: 4096, batch_commits_max: 512, read_connections: 4, lease, password: None }
    }
}

/// Why a store could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The URL names no database that this program knows.
    #[error(
        "failed to open the store: its URL must be sqlite:/path/to/file, without options, \
         or postgres://USER@HOST:5432/DATABASE"
    )]
    Url,
    /// The address of a PostgreSQL database can't be read.
    #[error("failed to open the store: its address can't be used: {0}")]
    Address(#[from] AddressError),
    /// No server of an address can be used.
    #[error("failed to open the store in PostgreSQL at {hosts}: {reason}")]
    Server {
        /// The hosts that were tried.
        hosts: String,
        /// Why, host by host.
        reason: String,
    },
    /// Another daemon has the database.
    #[error(
        "failed to open the store: {} is locked by {}; stop that one first",
        path.display(),
        pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
    )]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// Who holds it, if the file says.
        pid: Option<u32>,
    },
    /// The file can't be used as a database.
    #[error("failed to open the store at {}: {reason}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// There is no such file.
    #[error("failed to open the store at {}: there is no such file; check `store:` in the configuration", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A newer program made the tables.
    #[error(
        "failed to open the store: its tables are of version {version}, and this program knows {known}; \
         use the newer program, or restore a backup from before"
    )]
    Newer {
        /// The version of the tables.
        version: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// The tables are older than this program, and may not be changed here.
    #[error(
        "failed to open the store: its tables are of version {version}, and this program needs {known}; \
         run `standdown migrate`"
    )]
    Older {
        /// The version of the tables; 0 if there are none.
        version: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// The tables could not be brought up to date.
    #[error("failed to bring the tables of the store up to date: {0}; restore a backup or use the newer program")]
    Migration(String),
}

/// An open store. Clones share it.
#[derive(Clone, Debug)]
pub enum Store {
    /// One SQLite file.
    Sqlite(SqliteStore),
    /// A PostgreSQL database.
    Postgres(PostgresStore),
}

impl Store {
    /// Opens the store at a URL: `sqlite:/path/to/file` (created if it is not there, for its owner alone),
    /// or `postgres://user:password@host:port,host:port/database?sslmode=verify-full`, whose tables are made if they are
    /// not there.
    pub async fn open(url: &str, options: StoreOptions) -> Result<Self, OpenError> {
        if postgres::is_address(url) {
            return postgres::open(url, &options).await.map(Self::Postgres);
        }
        let path = sqlite::path_of(url).ok_or(OpenError::Url)?;
        sqlite::open(&path, &options).await.map(Self::Sqlite)
    }

    /// Opens the store at a URL to read it, also while a daemon has it. Nothing is created or changed, nobody joins those
    /// who share the work, and the tables must be of the version that this program knows.
    pub async fn open_for_reading(url: &str, options: StoreOptions) -> Result<Self, OpenError> {
        if postgres::is_address(url) {
            return postgres::open_for_reading(url, &options).await.map(Self::Postgres);
        }
        let path = sqlite::path_of(url).ok_or(OpenError::Url)?;
        sqlite::open_for_reading(&path).await.map(Self::Sqlite)
    }

    /// Whether an address of PostgreSQL can be read; `None` if it is not one.
    #[must_use]
    pub fn check_address(url: &str) -> Option<Result<(), AddressError>> {
        postgres::is_address(url).then(|| postgres::has_password(url).map(drop))
    }

    /// Whether this is an address of PostgreSQL with a password written into it.
    #[must_use]
    pub fn has_password(url: &str) -> bool {
        postgres::has_password(url).is_ok_and(|has_password| has_password)
    }

    /// Finishes what is queued, closes the database and releases its lock. Later commits are answered
    /// [`CommitError::Unavailable`].
    pub async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }

    /// Who this is among all that share the database: made anew when the store is opened, and when it comes back after
    /// having been declared dead.
    #[must_use]
    pub fn replica(&self) -> ReplicaId {
        match self {
            Self::Sqlite(store) => store.replica(),
            Self::Postgres(store) => store.replica(),
        }
    }

    /// How long this replica is believed to be alive after its last heartbeat.
    #[must_use]
    pub fn lease(&self) -> Duration {
        match self {
            Self::Sqlite(store) => store.lease(),
            Self::Postgres(store) => store.lease(),
        }
    }

    /// Whether other processes may use the database at the same time.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(_) => true,
        }
    }

    /// What other replicas change, from now on. A word may be lost: whoever listens also looks from time to time.
    #[must_use]
    pub fn changes(&self) -> tokio::sync::broadcast::Receiver<Change> {
        match self {
            Self::Sqlite(store) => store.changes(),
            Self::Postgres(store) => store.changes(),
        }
    }

    /// Has the database prepare every statement that writes, so that one that does not fit the tables is found before it
    /// is needed; how many there are.
    pub async fn check_statements(&self) -> Read<usize> {
        match self {
            Self::Sqlite(store) => store.check_statements().await,
            Self::Postgres(store) => store.check_statements().await,
        }
    }

    /// Another replica over the same open database, in this process: what tests of several replicas use.
    pub async fn another_replica(&self) -> Result<Self, CommitError> {
        match self {
            Self::Sqlite(store) => store.another_replica().await.map(Self::Sqlite),
            Self::Postgres(store) => store.another_replica().await.map(Self::Postgres),
        }
    }

    /// What the writer did and where its time went.
    #[must_use]
    pub fn writer_stats(&self) -> WriterStats {
        match self {
            Self::Sqlite(store) => store.writer_stats(),
            Self::Postgres(store) => store.writer_stats(),
        }
    }

    /// How many commits wait for the writer.
    #[must_use]
    pub fn queue_length(&self) -> usize {
        match self {
            Self::Sqlite(store) => store.queue_length(),
            Self::Postgres(store) => store.queue_length(),
        }
    }
}

macro_rules! hand_through {
    ($port:ident { $(fn $method:ident(&self $(, $name:ident: $kind:ty)*) -> $answer:ty;)* }) => {
        impl $port for Store {
            $(
                async fn $method(&self $(, $name: $kind)*) -> $answer {
                    match self {
                        Self::Sqlite(store) => store.$method($($name),*).await,
                        Self::Postgres(store) => store.$method($($name),*).await,
                    }
                }
            )*
        }
    };
}

hand_through!(Writer {
    fn commit(&self, commit: Commit) -> Result<(), CommitError>;
});
hand_through!(Inbox {
    fn delivery(&self, source: &SourceId, delivery: &str) -> Read<Option<Value>>;
    fn firing_alert(&self, source: &SourceId, dedup: &Digest) -> Read<Option<StoredAlert>>;
    fn last_alert(&self, source: &SourceId, dedup: &Digest) -> Read<Option<StoredAlert>>;
    fn open_incident(&self, key: &str) -> Read<Option<Incident>>;
    fn last_run_of(&self, incident: IncidentId, playbook: &PlaybookName, agent: &AgentId) -> Read<Option<PastRun>>;
    fn open_runs_of(&self, incident: IncidentId) -> Read<Vec<OpenRun>>;
});
hand_through!(RunLog {
    fn run(&self, id: RunId) -> Read<Option<Run>>;
    fn events(&self, subject: &Subject) -> Read<Vec<StoredEvent>>;
    fn runs_due(&self, now: Timestamp, limit: u32) -> Read<Vec<RunId>>;
    fn next_wake(&self) -> Read<Option<Timestamp>>;
    fn open_runs(&self, after: Option<RunId>, limit: u32) -> Read<Vec<OpenRun>>;
    fn blob(&self, digest: &Digest) -> Read<Option<Vec<u8>>>;
});
hand_through!(Claims {
    fn renew(&self) -> Result<Renewal, CommitError>;
    fn rejoin(&self) -> Result<ReplicaId, CommitError>;
    fn remove_replica(&self, replica: ReplicaId) -> Result<bool, CommitError>;
    fn take_over(&self, limit: u32) -> Result<Vec<Taken>, CommitError>;
    fn release_all(&self) -> Result<u64, CommitError>;
    fn claim(&self, run: RunId) -> Read<Option<Claim>>;
    fn claimed_run(&self, run: RunId) -> Read<Option<ClaimedRun>>;
    fn runs_in_hand(&self, after: Option<RunId>, limit: u32) -> Read<Vec<RunId>>;
    fn quarantined_runs(&self, limit: u32) -> Read<Vec<Quarantined>>;
    fn late_replies(&self, run: RunId) -> Read<Vec<LateReply>>;
    fn late_reply_count(&self) -> Read<u64>;
});
hand_through!(Playbooks {
    fn playbook(&self, digest: &Digest) -> Read<Option<StoredPlaybook>>;
    fn daemon_facts(&self, kinds: [&'static str; 2], limit: u32) -> Read<Vec<StoredEvent>>;
});
hand_through!(Outbox {
    fn claim_messages(&self, now: Timestamp, limit: u32, lease: Duration) -> Result<Vec<QueuedMessage>, CommitError>;
    fn messages_due(&self, now: Timestamp, limit: u32) -> Read<Vec<QueuedMessage>>;
    fn next_message(&self) -> Read<Option<Timestamp>>;
    fn messages_of(&self, run: RunId) -> Read<Vec<MessageSummary>>;
    fn message_counts(&self) -> Read<(u64, u64)>;
});
hand_through!(Approvals {
    fn approval(&self, id: ApprovalId) -> Read<Option<(RunId, Approval)>>;
    fn approvals(&self, pending: bool, limit: u32) -> Read<Vec<(RunId, Approval)>>;
    fn bundle(&self, first: ApprovalId) -> Read<Vec<BundledApproval>>;
    fn open_bundles(&self) -> Read<Vec<BundledApproval>>;
    fn token(&self, digest: &Digest) -> Read<Option<Token>>;
    fn tokens_of(&self, approval: ApprovalId) -> Read<Vec<Token>>;
});
hand_through!(Agents {
    fn holds(&self) -> Read<Vec<Hold>>;
    fn holds_on(&self, agent: &AgentId) -> Read<Vec<Hold>>;
    fn holds_ended(&self, now: Timestamp) -> Read<Vec<Hold>>;
    fn gate_sightings(&self) -> Read<Vec<GateSighting>>;
    fn containments(&self, since: Timestamp) -> Read<Vec<ContainmentRecord>>;
    fn setting(&self, key: &str) -> Read<Option<Value>>;
    fn settings_named(&self, beginning: &str) -> Read<Vec<String>>;
});
hand_through!(ReadModel {
    fn incident(&self, id: IncidentId) -> Read<Option<Incident>>;
    fn incidents(&self, open: bool, limit: u32) -> Read<Vec<Incident>>;
    fn runs(&self, incident: Option<IncidentId>, limit: u32) -> Read<Vec<RunSummary>>;
    fn alerts_of(&self, incident: IncidentId) -> Read<Vec<StoredAlert>>;
    fn alert_body(&self, id: AlertId) -> Read<Option<Value>>;
    fn alerts_after(&self, after: AlertId, limit: u32) -> Read<Vec<StoredAlert>>;
    fn dead_letters(&self, limit: u32) -> Read<Vec<DeadLetter>>;
    fn ping(&self) -> Read<()>;
});
hand_through!(Retention {
    fn aged(&self, kind: Aging, before: Timestamp, after: Option<AgedPlace>, limit: u32) -> Read<AgedPage>;
});
hand_through!(Examination {
    fn integrity(&self) -> Read<Vec<String>>;
    fn strays(&self, limit: u32) -> Read<Vec<Stray>>;
    fn examined_runs(&self, after: Option<Vec<u8>>, limit: u32) -> Read<ExaminedPage<Run>>;
    fn examined_records(&self, kind: Record, after: Option<Vec<u8>>, limit: u32) -> Read<ExaminedPage<()>>;
    fn subjects(&self, after: Option<Vec<u8>>, limit: u32) -> Read<ExaminedPage<Subject>>;
    fn events_after(&self, subject: &Subject, seq: u64, limit: u32) -> Read<Vec<Examined<StoredEvent>>>;
});
