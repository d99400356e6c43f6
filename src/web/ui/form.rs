//! What a person entered: kept as typed when an entry fails, except for the code.

use serde::Deserialize;

use crate::approval::Submission;
use crate::domain::Digest;
use crate::domain::approval::Choice;

/// Reasons that are one tap away, where something is let go.
pub(super) const RELEASE_CHIPS: [&str; 4] =
    ["I spoke with its owner", "It was a false alarm", "The cause is fixed", "It still looks wrong"];

/// Reasons that are one tap away, where something is done.
pub(super) const ACTION_CHIPS: [&str; 4] =
    ["I checked the alert", "It was a false alarm", "It does too much damage", "I can't tell: rather safe"];

/// The fields of the page's forms; a field that is missing is empty.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Entry {
    /// `approve`, `reject` or `escalate`.
    pub choice: String,
    /// One of the offered reasons.
    pub chip: String,
    /// The reason in their own words.
    pub reason: String,
    /// The code.
    pub code: String,
    /// The digest of the plan that the page showed.
    pub plan: String,
    /// The list that the page showed, if several requests are decided together.
    pub list: String,
}

impl Entry {
    /// Whether more people are called instead of a decision.
    pub fn escalates(&self) -> bool {
        self.choice == "escalate"
    }

    /// The entry as a submission, unless no button was pressed.
    pub fn submission(&self) -> Option<Submission> {
        let choice = match self.choice.as_str() {
            "approve" => Choice::Approve,
            "reject" => Choice::Reject,
            _ => return None,
        };
        // A plan that can't be read is one that nobody saw.
        let plan = self.plan.parse().unwrap_or(Digest::ZERO);
        let listing = self.list.parse().ok();
        Some(Submission { choice, reason: self.whole_reason(), code: self.code.clone(), plan, listing })
    }

    /// The reason that was picked, if it is one of those offered.
    pub fn picked(&self) -> Option<&'static str> {
        RELEASE_CHIPS.into_iter().chain(ACTION_CHIPS).find(|chip| *chip == self.chip)
    }

    fn whole_reason(&self) -> String {
        match (self.picked(), self.reason.trim()) {
            (None, words) => words.to_owned(),
            (Some(chip), "") => chip.to_owned(),
            (Some(chip), words) => format!("{chip}. {words}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picked_reason_and_own_words_make_one_reason() {
        let entry = |chip: &str, reason: &str| Entry { chip: chip.into(), reason: reason.into(), ..Entry::default() };
        assert_eq!(entry("The cause is fixed", " see PR 7 ").whole_reason(), "The cause is fixed. see PR 7");
        assert_eq!(entry("The cause is fixed", "").whole_reason(), "The cause is fixed");
        assert_eq!(entry("<script>", "x").whole_reason(), "x");
    }

    #[test]
    fn without_a_button_nothing_is_submitted() {
        assert!(Entry { choice: String::new(), code: "1234".into(), ..Entry::default() }.submission().is_none());
    }
}
