//! The two streams. Styles are written as ANSI and dropped where the reader is no terminal.

use std::io::{self, Write as _};

use serde::Serialize;

/// Writes to standard output.
pub fn say(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Writes to standard error.
pub fn complain(text: &str) -> io::Result<()> {
    anstream::stderr().write_all(text.as_bytes())
}

/// Writes a value as indented JSON to standard output.
pub fn say_json(value: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
    say(&(text + "\n"))
}

/// Whether standard error shows colours.
pub fn complains_in_colour() -> bool {
    anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never
}
