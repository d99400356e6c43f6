//! The reference with the codes of every room: only here are all rooms known.

use crate::domain::Codes;
use crate::guide::{Entry, Guide};
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
    Guide::new(&CODES)
        .with_entries(API, include_str!("guide/api.md"), entries())
        .with_settings(include_str!("guide/configuration.md"), config::DEFAULTS)
}

/// What the page about the API is called, and its line.
const API: [&str; 3] = ["api", "The API", "every route of the daemon, and how to ask it"];

/// The routes, each with what it is for.
fn entries() -> Vec<Entry> {
    let named = |route: &web::api::routes::Route| format!("{} /api/v1{}", route.method, route.path);
    web::api::routes::ROUTES.iter().map(|route| Entry::new(&named(route), "", route.line)).collect()
}

#[cfg(test)]
mod tests;
