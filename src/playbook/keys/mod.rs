//! Every key of the language, with what it takes and one line of help: the one source of what keys there are.
//!
//! The compiler opens each mapping of a file with its [`Section`], the schema for editors and the reference are made from
//! the same tables; so what is checked, what is completed and what is documented can't disagree. Nothing here reads a
//! file.
//!
//! To add a key: add a line with [`Key::new`] to its section below (a mapping of its own gets a `Section` of its own and
//! is named by [`Takes::Section`]), take its name out of `reserved`, and read it in the compiler with `fields.get`. Words
//! that a key takes stand in [`words`], with their meaning. Nothing else needs to know of it.

mod approval;
mod head;
mod key;
mod start;
mod step;
pub mod words;

pub use approval::{APPROVAL, REASON, THRESHOLD, VOTES_MAX};
pub use head::{BUDGET, BUDGET_MAX, HEAD, INCIDENT, STAGE, VARIABLES_MAX};
pub use key::{Key, Part, Section, Takes};
pub use start::{CORROBORATE, MATCH, SCHEDULE, SILENCE, SOURCES_MAX};
pub use step::{ATTEMPTS_MAX, FOR_EACH, IRREVERSIBLE, ITEMS_MAX, ITEMS_OF_RUN_MAX, RETRY, STEP, VERIFY};

/// Every section, from the head down.
pub const SECTIONS: [&Section; 16] = [
    &HEAD,
    &MATCH,
    &CORROBORATE,
    &SCHEDULE,
    &SILENCE,
    &INCIDENT,
    &BUDGET,
    &STAGE,
    &STEP,
    &FOR_EACH,
    &RETRY,
    &VERIFY,
    &IRREVERSIBLE,
    &APPROVAL,
    &THRESHOLD,
    &REASON,
];

#[cfg(test)]
mod tests;
