//! One file as text, or why it can't be: too long, not UTF-8, not there.
//!
//! What is no text is said with its place, because "invalid" alone sends people looking through a whole file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::language::codes::YAML_TOO_LARGE;
use crate::language::{Diagnostic, Lines, Span};
use crate::playbook::codes;

/// The longest file that is read; the language refuses shorter ones already, with better words.
const READ_BYTES_MAX: u64 = 1024 * 1024;

/// The text of a file.
pub(super) fn read(path: &Path, shown: &str) -> Result<String, Box<Diagnostic>> {
    let open = || -> io::Result<(u64, Vec<u8>)> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut bytes = Vec::new();
        file.take(READ_BYTES_MAX).read_to_end(&mut bytes)?;
        Ok((length, bytes))
    };
    let (length, bytes) = open().map_err(|error| Box::new(unreadable(shown, &error)))?;
    if length > READ_BYTES_MAX || bytes.len() as u64 == READ_BYTES_MAX {
        let message = format!("the file has {} KiB; at most 256 KiB are read", length.max(READ_BYTES_MAX) / 1024);
        return Err(Box::new(Diagnostic::error(YAML_TOO_LARGE, shown, message).hint("split it into several files")));
    }
    String::from_utf8(bytes)
        .map_err(|error| Box::new(not_text(shown, error.as_bytes(), error.utf8_error().valid_up_to())))
}

/// Why a file or folder can't be read.
pub(super) fn unreadable(path: &str, error: &io::Error) -> Diagnostic {
    let hint = match error.kind() {
        io::ErrorKind::PermissionDenied => "let the user of the daemon read it",
        io::ErrorKind::IsADirectory => "name a folder of playbooks, or a file in it",
        _ => "look at the path",
    };
    Diagnostic::error(codes::FILE, path, format!("failed to read it: {error}")).hint(hint)
}

fn not_text(shown: &str, bytes: &[u8], valid: usize) -> Diagnostic {
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        let message = "the file is UTF-16; playbooks are UTF-8";
        return Diagnostic::error(codes::FILE, shown, message).hint("save it as UTF-8");
    }
    let before = String::from_utf8_lossy(bytes.get(..valid).unwrap_or_default());
    let before = before.strip_prefix('\u{feff}').unwrap_or(&before);
    let (line, column) = Lines::of(before).place(before.chars().count());
    let span = Span { line, column, length: 1 };
    Diagnostic::error(codes::FILE, shown, "here is a byte that is no text in UTF-8")
        .at(Some(span))
        .hint("save it as UTF-8")
}
