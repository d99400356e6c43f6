//! The sender's word for whether it is so now, as a status.

use super::rule::{Rule, View};
use super::severity::folded;
use crate::domain::AlertStatus;
use std::collections::BTreeMap;

/// How a status is read.
#[derive(Debug)]
pub(super) struct StatusRule {
    pub(super) from: Option<Rule>,
    /// By word, folded; the words of our own are in it.
    pub(super) table: BTreeMap<String, AlertStatus>,
    pub(super) missing: AlertStatus,
}

impl StatusRule {
    /// The status. An unknown word is `unknown`, and never `resolved`.
    pub(super) fn read(&self, view: &mut View) -> AlertStatus {
        let Some(rule) = &self.from else { return self.missing };
        let Some(word) = view.text(Some(rule)) else { return self.missing };
        let known = self.table.get(&folded(&word)).copied();
        if known.is_none() {
            view.note(rule, "the word stands for no status");
        }
        known.unwrap_or(AlertStatus::Unknown)
    }
}
