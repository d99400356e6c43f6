//! What must survive a crash: the ports to it, and the databases behind them. All SQL of the project is below this room.
//!
//! Everything is written by one kind of write, a [`Commit`] of guards and rows, which is on disk (fsynced) when it is
//! answered. Reads see committed data only. `sqlx` types and errors never leave this room.

pub mod backend;
pub mod chain;
pub mod commit;
pub mod ports;
pub mod rows;
mod sqlite;
pub mod upkeep;

pub use backend::{OpenError, Store, StoreOptions};
pub use chain::{ChainCheck, ChainError, verify_chain};
pub use commit::{Commit, CommitError, Guard, Row};
pub use ports::{Agents, Approvals, Inbox, Outbox, Playbooks, Read, ReadError, ReadModel, RunLog, Writer};
pub use rows::*;
pub use sqlite::{RUN_STATE_BYTES_MAX, Spent, SqliteStore, WriterStats};
pub use upkeep::{Examination, Retention};
