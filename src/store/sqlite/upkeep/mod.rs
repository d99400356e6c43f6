//! Looking after a database file: what may be forgotten, what is wrong, copies, and the version of its tables.

mod backup;
mod columns;
mod examination;
mod relations;
mod restore;
mod retention;
mod schema;

pub use backup::backup;
pub use restore::StagedRestore;
pub use schema::{migrate, read_only, refuse_newer, refuse_other, schema};
