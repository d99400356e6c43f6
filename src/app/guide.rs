//! The reference with the codes of every room: only here are all rooms known.

use crate::domain::Codes;
use crate::guide::Guide;
use crate::{action, config, intake, language, playbook, rehearsal, source, web};

/// The tables of every room, from the ground up.
pub const CODES: [Codes; 8] = [
    language::codes::CODES,
    playbook::codes::CODES,
    action::help::CODES,
    rehearsal::codes::CODES,
    config::codes::CODES,
    intake::codes::CODES,
    source::codes::CODES,
    web::codes::CODES,
];

/// The whole reference.
#[must_use]
pub fn guide() -> Guide {
    Guide::new(&CODES).with_settings(include_str!("guide/configuration.md"), config::DEFAULTS)
}

#[cfg(test)]
mod tests;
