//! What of a replayed file is no alert: it stands in the report, because a replay of half a history proves little.

use std::path::Path;

use serde::Serialize;

use crate::cli::material::REFUSED_SHOWN_MAX;
use crate::cli::render::{add, printable};
use crate::rehearsal::alerts::Refused;

/// What of a file is no alert.
#[derive(Default, Serialize)]
pub(super) struct Unreadable {
    /// How many messages.
    pub count: usize,
    /// The first of them.
    pub first: Vec<Message>,
}

/// A message that is no alert.
#[derive(Serialize)]
pub(super) struct Message {
    /// The file.
    file: String,
    /// The line on which it begins, counted from 1.
    line: usize,
    /// Why it is none.
    reason: String,
}

impl Unreadable {
    /// What of this file is no alert.
    pub fn of(file: &Path, left_out: Vec<Refused>) -> Self {
        let file = file.display().to_string();
        let count = left_out.len();
        let first = left_out.into_iter().take(REFUSED_SHOWN_MAX);
        let message = |Refused { line, reason }| Message { file: file.clone(), line, reason };
        Self { count, first: first.map(message).collect() }
    }

    /// The same for people; nothing if everything was read.
    pub fn add_to(&self, text: &mut String) {
        if self.count == 0 {
            return;
        }
        add(text, format_args!("{} messages of the file are no alert, and are left out:\n", self.count));
        for Message { file, line, reason } in &self.first {
            add(text, format_args!("  {}:{line}: {}\n", printable(file), printable(reason)));
        }
        if let Some(more) = self.count.checked_sub(self.first.len()).filter(|more| *more > 0) {
            add(text, format_args!("  and {more} more\n"));
        }
    }
}
