//! The one integration binary: it drives the daemon and the command line from outside, against real servers where it can.
//!
//! A file per behaviour; what they share stands in `harness`. One binary, because each further one would link the whole
//! tree again. A test that starts real servers stands in `servers` or in a module whose name begins with `real_`, so that
//! `.config/nextest.toml` runs those one at a time.

#![allow(
    clippy::expect_used,
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that cannot go on must stop loudly; helpers outside #[test] functions are tests too"
)]

mod bad_decisions;
mod bad_input;
mod bad_store;
mod check;
mod demo;
mod evidence;
mod fuzz;
mod harness;
mod operations;
mod playbook_tests;
mod real_crash;
mod real_docs;
mod real_editor;
mod real_envoy;
mod real_example;
mod real_kills;
mod real_postgres;
mod real_postgres_daemon;
mod real_spine;
mod real_storm;
mod rehearsals;
mod reload;
mod servers;
mod shipped_playbooks;
mod signals;
mod source;
mod store;
mod tidy;
