//! Standdown: automated incident response for rogue AI agents and other non-human identities.
//!
//! A daemon takes anomaly alerts by webhook, matches them against YAML playbooks, runs their staged steps on a
//! persistent state machine, and asks people to approve what only people may decide. `src/ARCHITECTURE.md` is the map.
//!
//! The modules are listed from the ground up: a module imports only from those above it in this list.

#![cfg_attr(
    test,
    allow(
        clippy::format_collect,
        clippy::format_push_string,
        clippy::match_same_arms,
        clippy::struct_field_names,
        clippy::too_many_lines,
        clippy::type_complexity,
        clippy::unnecessary_wraps,
        reason = "tests put texts and tables together as they read best"
    )
)]

// Floor 0
pub mod clock;
pub mod domain;
// Floor 1
pub mod client;
pub mod language;
pub mod machine;
pub mod playbook;
// Floor 2
pub mod action;
pub mod channel;
pub mod source;
pub mod store;
// Floor 3
pub mod engine;
pub mod guide;
// Floor 4
pub mod approval;
pub mod intake;
// Floor 5
pub mod rehearsal;
pub mod web;
// Floor 6
pub mod app;
pub mod cli;
pub mod config;
