//! The sender's word for how bad it is, as a severity. What is missing or unknown is never taken for low.

use super::caps;
use super::rule::{Rule, View};
use crate::domain::Severity;
use crate::machine::notice::one_line;
use std::collections::BTreeMap;

/// How a severity is read.
#[derive(Debug)]
pub(super) struct SeverityRule {
    pub(super) from: Option<Rule>,
    /// By word, folded.
    pub(super) table: BTreeMap<String, Severity>,
    pub(super) missing: Severity,
}

/// A word as it is compared: letter case and spaces around it do not matter.
pub(super) fn folded(word: &str) -> String {
    word.trim().to_lowercase()
}

impl SeverityRule {
    /// The severity, and the sender's word for it.
    pub(super) fn read(&self, view: &mut View) -> (Severity, Option<String>) {
        let Some(rule) = &self.from else { return (self.missing, None) };
        let Some(word) = view.text(Some(rule)) else { return (self.missing, None) };
        let known = self.table.get(&folded(&word)).copied().or_else(|| word.trim().parse().ok());
        if known.is_none() {
            let shown = caps::first_characters(&one_line(&word), caps::NOTED_CHARACTERS_MAX);
            let said = format!("{} {shown} is no severity: taken as {}", rule.place(), self.missing);
            view.note_saying(
                rule,
                "the word is not in the table, so that the severity is the one for missing words",
                said,
            );
        }
        (known.unwrap_or(self.missing), Some(caps::cut(&word, caps::KEY_BYTES_MAX).to_owned()))
    }
}
