//! The store that the rest of the program holds: one of the databases behind one type.
//!
//! A database more is a variant more; the ports are handed through by one macro, so that a backend can't be forgotten in
//! one of them.

use std::future::Future;
use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::{
    AlertId, Approval, ApprovalId, Digest, Hold, Incident, IncidentId, PlaybookName, Run, RunId, SourceId,
};

use super::commit::{Commit, CommitError};
use super::ports::{Agents, Approvals, Inbox, Outbox, Playbooks, Read, ReadModel, RunLog, Writer};
use super::rows::{
    ContainmentRecord, DeadLetter, GateSighting, MessageSummary, OpenRun, QueuedMessage, RunSummary, StoredAlert,
    StoredEvent, Subject, Token,
};
use super::sqlite::{self, SqliteStore, WriterStats};
use super::upkeep::{AgedPage, AgedPlace, Aging, Examination, Examined, ExaminedPage, Record, Retention, Stray};

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// How many commits may wait for the writer; more are answered [`CommitError::Overloaded`].
    pub queue_length_max: usize,
    /// How many commits one transaction takes.
    pub batch_commits_max: usize,
    /// How many readers may read at the same time.
    pub read_connections: u32,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { queue_length_max: 4096, batch_commits_max: 512, read_connections: 4 }
    }
}

/// Why a store could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The URL names no database that this program knows.
    #[error("failed to open the store: its URL must be sqlite:/path/to/file, without options")]
    Url,
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
}

impl Store {
    /// Opens the store at a URL: `sqlite:/path/to/file` (created if it is not there, for its owner alone).
    pub async fn open(url: &str, options: StoreOptions) -> Result<Self, OpenError> {
        let path = sqlite::path_of(url).ok_or(OpenError::Url)?;
        sqlite::open(&path, &options).await.map(Self::Sqlite)
    }

    /// Opens the store at a URL to read it, also while a daemon has it. Nothing can be committed, nothing is created or
    /// changed, and the tables must be of the version that this program knows.
    pub async fn open_for_reading(url: &str) -> Result<Self, OpenError> {
        let path = sqlite::path_of(url).ok_or(OpenError::Url)?;
        sqlite::open_for_reading(&path).await.map(Self::Sqlite)
    }

    /// Finishes what is queued, closes the database and releases its lock. Later commits are answered
    /// [`CommitError::Unavailable`].
    pub async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
        }
    }

    /// What the writer did and where its time went.
    #[must_use]
    pub fn writer_stats(&self) -> WriterStats {
        match self {
            Self::Sqlite(store) => store.writer_stats(),
        }
    }

    /// How many commits wait for the writer.
    #[must_use]
    pub fn queue_length(&self) -> usize {
        match self {
            Self::Sqlite(store) => store.queue_length(),
        }
    }
}

macro_rules! hand_through {
    ($port:ident { $(fn $method:ident(&self $(, $name:ident: $kind:ty)*) -> $answer:ty;)* }) => {
        impl $port for Store {
            $(
                fn $method(&self $(, $name: $kind)*) -> impl Future<Output = $answer> + Send {
                    match self {
                        Self::Sqlite(store) => store.$method($($name),*),
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
hand_through!(Playbooks {
    fn playbook_text(&self, digest: &Digest) -> Read<Option<String>>;
    fn newest_playbooks(&self) -> Read<Vec<(PlaybookName, Digest, String)>>;
});
hand_through!(Outbox {
    fn messages_due(&self, now: Timestamp, limit: u32) -> Read<Vec<QueuedMessage>>;
    fn next_message(&self) -> Read<Option<Timestamp>>;
    fn messages_of(&self, run: RunId) -> Read<Vec<MessageSummary>>;
    fn message_counts(&self) -> Read<(u64, u64)>;
});
hand_through!(Approvals {
    fn approval(&self, id: ApprovalId) -> Read<Option<(RunId, Approval)>>;
    fn approvals(&self, pending: bool, limit: u32) -> Read<Vec<(RunId, Approval)>>;
    fn token(&self, digest: &Digest) -> Read<Option<Token>>;
    fn tokens_of(&self, approval: ApprovalId) -> Read<Vec<Token>>;
});
hand_through!(Agents {
    fn holds(&self) -> Read<Vec<Hold>>;
    fn holds_ended(&self, now: Timestamp) -> Read<Vec<Hold>>;
    fn gate_sightings(&self) -> Read<Vec<GateSighting>>;
    fn containments(&self, since: Timestamp) -> Read<Vec<ContainmentRecord>>;
    fn setting(&self, key: &str) -> Read<Option<Value>>;
});
hand_through!(ReadModel {
    fn incident(&self, id: IncidentId) -> Read<Option<Incident>>;
    fn incidents(&self, open: bool, limit: u32) -> Read<Vec<Incident>>;
    fn runs(&self, incident: Option<IncidentId>, limit: u32) -> Read<Vec<RunSummary>>;
    fn alerts_of(&self, incident: IncidentId) -> Read<Vec<StoredAlert>>;
    fn alert_body(&self, id: AlertId) -> Read<Option<Value>>;
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
