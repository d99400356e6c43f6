//! What looks after a store: forgetting with age, examining what is kept, copies, and the version of its tables.
//!
//! These are ports like the others, apart from them because no request ever needs them. Which things are old enough, and
//! what a fault means, is not known here: the engine decides both.

mod copy;
mod examination;
mod retention;
mod schema;

pub use copy::{BackupMade, CopyError, Restoration, Restored, backup};
pub use examination::{Examination, Examined, ExaminedPage, Record, Stray};
pub use retention::{Aged, AgedPage, AgedPlace, Aging, Retention, Retired};
pub use schema::{SchemaState, migrate, schema};
