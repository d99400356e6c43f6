//! What must survive a crash: the ports to it, and the databases behind them. All SQL of the project is below this room.
//!
//! Everything is written by one kind of write, a [`Commit`] of guards and rows, which is on disk (fsynced) when it is
//! answered. Reads see committed data only. `sqlx` types and errors never leave this room.

pub mod backend;
pub mod chain;
pub mod claim;
pub mod commit;
pub mod ports;
mod postgres;
mod read;
pub mod rows;
mod seat;
mod sqlite;
pub mod upkeep;
mod write;

pub use backend::{OpenError, Password, Store, StoreOptions};
pub use chain::{ChainCheck, ChainError, verify_chain};
pub use claim::{Claim, ClaimedRun, LateReply, Quarantined, Renewal, Taken};
pub use commit::{Commit, CommitError, Guard, Row};
pub use ports::{Agents, Approvals, Claims, Inbox, Outbox, Playbooks, Read, ReadError, ReadModel, RunLog, Writer};
pub use postgres::{AddressError, PostgresStore};
pub use rows::*;
pub use sqlite::SqliteStore;
pub use upkeep::{Examination, Retention};
pub use write::prepared::{NEW_RUN_STATE_BYTES_MAX, RUN_STATE_BYTES_MAX};
pub use write::state::bytes as state_bytes;
pub use write::stats::{Spent, WriterStats};
