//! Answers in words: tables, times and timelines. Text from outside is cut to one line without control characters, so
//! that an alert can't steer the terminal.

pub mod playbooks;
pub mod run;
pub mod table;
pub mod time;
pub mod tone;

pub use table::Table;
pub use tone::paint;

use std::fmt::{self, Write as _};

use crate::machine::notice::one_line;

/// Adds to a text.
pub fn add(text: &mut String, part: fmt::Arguments<'_>) {
    // Writing to a String can't fail.
    text.write_fmt(part).unwrap_or_default();
}

/// Text from outside as one line.
pub fn quoted(text: &str) -> String {
    one_line(text)
}

/// Text from outside at its full length, without characters that steer a terminal or turn its text.
pub fn printable(text: &str) -> String {
    // `one_line` cuts; word by word nothing that a message needs is lost.
    text.split_whitespace().map(one_line).collect::<Vec<_>>().join(" ")
}

/// A line of JSON with its indentation, and nothing of it cut. JSON itself escapes neither all control characters nor those
/// that turn the direction of text.
pub fn escaped(line: &str) -> String {
    let visible = |c: char| c == ' ' || c.is_ascii_graphic() || (!c.is_ascii() && c.is_alphanumeric());
    line.chars().map(|c| if visible(c) { c.to_string() } else { c.escape_unicode().to_string() }).collect()
}

/// A value, or a dash.
pub fn or_dash(text: Option<impl ToString>) -> String {
    text.map_or_else(|| "-".to_owned(), |text| text.to_string())
}

/// What is shown instead of an empty table.
pub fn or_nothing(table: &Table, nothing: &str) -> String {
    if table.is_empty() { format!("{nothing}\n") } else { table.render() }
}
