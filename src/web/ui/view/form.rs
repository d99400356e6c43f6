//! The form: what to enter, what was wrong, and what was typed before. The code is never shown again.

use serde::Serialize;

use crate::approval::{Case, DecideError};

use super::super::form::{ACTION_CHIPS, Entry, RELEASE_CHIPS};
use super::super::text::{block, line};
use super::{FieldError, Notice};

/// The most bytes of a reason that is shown again, once it is escaped.
const REASON_BYTES_MAX: usize = 8 * 1024;

/// What was typed before, and what was wrong with it.
#[derive(Default)]
pub(in crate::web::ui) struct Typed<'a> {
    pub entry: Option<&'a Entry>,
    pub faults: Faults,
    pub notice: Option<Notice>,
}

/// What was wrong with an entry, by field.
#[derive(Default)]
pub(in crate::web::ui) struct Faults {
    pub reason: Option<String>,
    pub code: Option<String>,
    pub choice: Option<String>,
}

impl Faults {
    /// The faults that can be put right in the form; `None` if the error is of another kind.
    pub fn of(error: &DecideError) -> Option<Self> {
        let reason = || Some("Give a reason: pick one or write it.".to_owned());
        let code = || Some("Enter the four digits at the start of the message's subject.".to_owned());
        match error {
            DecideError::CodeMissing { reason_missing } => {
                Some(Self { code: code(), reason: if *reason_missing { reason() } else { None }, choice: None })
            }
            DecideError::WrongCode { left } if *left > 0 => {
                let tries = if *left == 1 { "try" } else { "tries" };
                let text =
                    format!("That is not the code of this link: take it from the newest message. {left} more {tries}.");
                Some(Self { code: Some(text), ..Self::default() })
            }
            DecideError::ReasonMissing => Some(Self { reason: reason(), ..Self::default() }),
            DecideError::ReasonTooLong { characters_max } => {
                let text = format!("Shorten the reason to {characters_max} characters.");
                Some(Self { reason: Some(text), ..Self::default() })
            }
            _ => None,
        }
    }

    /// No button was pressed.
    pub fn no_choice() -> Self {
        Self { choice: Some("Press one of the two buttons.".to_owned()), ..Self::default() }
    }
}

#[derive(Serialize)]
struct Chip {
    text: &'static str,
    picked: bool,
}

#[derive(Serialize)]
pub(in crate::web::ui) struct FormView {
    plan: String,
    list: Option<String>,
    prompt: String,
    reason_required: bool,
    reason_error: Option<String>,
    code_error: Option<String>,
    chips: Vec<Chip>,
    reason: String,
    approve: String,
    reject: String,
    escalate: bool,
}

impl FormView {
    pub(super) fn new(case: &Case, typed: &Typed<'_>) -> (Self, Vec<FieldError>) {
        let (approval, faults) = (&case.approval, &typed.faults);
        let chips = if case.wording.releases { RELEASE_CHIPS } else { ACTION_CHIPS };
        let picked = typed.entry.and_then(Entry::picked);
        let reason = typed.entry.map(|entry| block(&entry.reason, REASON_BYTES_MAX).0).unwrap_or_default();
        let all = [("words", &faults.reason), ("code", &faults.code), ("choice", &faults.choice)];
        let errors = all
            .into_iter()
            .filter_map(|(field, text)| text.as_ref().map(|text| FieldError { field, text: text.clone() }));
        let errors = errors.collect();
        let view = Self {
            plan: approval.plan.hash.to_string(),
            list: case.list.as_ref().map(|list| list.listing().to_string()),
            prompt: approval.reason_prompt.as_deref().map_or_else(|| "Why?".to_owned(), |prompt| line(prompt, 120)),
            reason_required: approval.reason_required,
            reason_error: faults.reason.clone(),
            code_error: faults.code.clone(),
            chips: chips.into_iter().map(|text| Chip { text, picked: picked == Some(text) }).collect(),
            reason,
            approve: line(&case.wording.approve, 80),
            reject: line(&case.wording.reject, 80),
            escalate: !approval.escalated && case.can_ask_more,
        };
        (view, errors)
    }
}
