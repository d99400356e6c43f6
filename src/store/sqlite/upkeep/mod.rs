//! Looking after a database file: copies, and the version of its tables.

mod backup;
mod restore;
mod schema;

pub use backup::backup;
pub use restore::StagedRestore;
pub use schema::{migrate, read_only, refuse_newer, refuse_other, schema};
