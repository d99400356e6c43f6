//! Walls: SQL stays in the store, the time comes from the clock, and every module says what it owns.

use super::demand_none;
use super::sources::{SourceFile, shipped};

/// Everything that reads the wall clock. The monotonic clock is free: it decides nothing that is written down.
const WALL_CLOCK: [&str; 6] =
    ["Timestamp::now", "Zoned::now", "SystemTime::now", "UNIX_EPOCH.elapsed", "Utc::now", "Local::now"];

fn uses_sqlx_outside_the_store(file: &SourceFile) -> Vec<String> {
    if file.path.starts_with("src/store/") {
        return Vec::new();
    }
    file.words("sqlx").map(|at| file.place(at)).collect()
}

fn reads_the_wall_clock(file: &SourceFile) -> Vec<String> {
    if file.path == "src/clock.rs" {
        return Vec::new();
    }
    let reads = |name: &'static str| file.words(name).map(move |at| format!("{}: {name}", file.place(at)));
    WALL_CLOCK.into_iter().flat_map(reads).collect()
}

/// The first line is `//!` and says something.
fn says_nothing(file: &SourceFile) -> bool {
    let first = file.text.lines().next().unwrap_or_default();
    first.strip_prefix("//! ").is_none_or(|words| words.trim().is_empty())
}

#[test]
fn sql_is_spoken_only_in_the_store() {
    let offenders: Vec<_> = shipped().iter().flat_map(uses_sqlx_outside_the_store).collect();
    demand_none(
        &offenders,
        "sqlx is used only under src/store/.",
        "add a method to a port of the store, and translate sqlx::Error there.",
    );
}

#[test]
fn the_time_is_asked_for_only_in_the_clock() {
    let offenders: Vec<_> = shipped().iter().flat_map(reads_the_wall_clock).collect();
    demand_none(
        &offenders,
        "The wall clock is read only in src/clock.rs.",
        "take the time as a parameter, or a clock::Clock where time passes.",
    );
}

#[test]
fn every_module_opens_by_saying_what_it_owns() {
    let files = shipped();
    let offenders: Vec<_> = files.iter().filter(|file| says_nothing(file)).map(|file| file.path.clone()).collect();
    demand_none(
        &offenders,
        "The first line of every file is `//!` and says what it owns.",
        "write what it owns, what it must not know, and why, in full sentences.",
    );
}

#[test]
fn sqlx_is_seen_outside_the_store_and_left_alone_inside() {
    let text = "//! Speaks sqlx.\nuse sqlx::Row;";
    assert_eq!(uses_sqlx_outside_the_store(&SourceFile::new("src/web/api.rs", text)), ["src/web/api.rs:2"]);
    assert!(uses_sqlx_outside_the_store(&SourceFile::new("src/store/sqlite/mod.rs", text)).is_empty());
}

#[test]
fn the_wall_clock_is_seen_outside_the_clock_and_left_alone_in_tests() {
    let text = "fn a() { jiff::Timestamp::now(); }\n#[cfg(test)]\nmod tests { fn b() { jiff::Timestamp::now(); } }";
    assert_eq!(reads_the_wall_clock(&SourceFile::new("src/engine/a.rs", text)), ["src/engine/a.rs:1: Timestamp::now"]);
    assert!(reads_the_wall_clock(&SourceFile::new("src/clock.rs", text)).is_empty());
}

#[test]
fn a_module_without_a_word_about_itself_is_seen() {
    for silent in ["", "use a;", "//!\nuse a;", "\n//! Late.", "// Not a module's word.", "/// Nor this."] {
        assert!(says_nothing(&SourceFile::new("src/a.rs", silent)), "{silent:?}");
    }
    assert!(!says_nothing(&SourceFile::new("src/a.rs", "//! Owns a.\n")));
}
