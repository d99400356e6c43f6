//! The load generator behind `tests/bench/run`: it starts the daemon, its rivals and the target that runs call, and
//! measures them against each other.
//!
//! Two things that are compared are measured in turns within one run, because a shared machine has weather. Load
//! generator and target share the machine with what they measure, so every number includes their cost. It is no part of
//! the product: it knows the daemon from outside, and the store's files only to check afterwards that what was
//! acknowledged is there.
#![allow(
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark may stop where it stands"
)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark is for reading")]

#[path = "load/mod.rs"]
mod load;
#[path = "../it/store/samples.rs"]
#[allow(dead_code, reason = "the store's tests need more of them")]
mod samples;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    load::run(&arguments)
}
