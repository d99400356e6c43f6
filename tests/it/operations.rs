//! What operators do with the store: look it through, copy it, put a copy back, bring its tables up to date.

mod copies;
pub mod fsck;
mod tables;
