//! What a sender is told: what happened, or why nothing did.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::source::{Mapped, Refusal, RefusalKind};
use crate::store::{CommitError, ReadError};

use super::codes;

/// A delivery that was taken, and is on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The status code that this source wants for success (200 or 202).
    pub status: u16,
    /// What happened: `{alerts: [{alert, outcome, incident, run, mode, playbooks: [{name, mode, matched,
    /// why_not}], playbooks_unlisted, notes}]}`; of the playbooks that do not match only the first are listed, the others counted.
    pub answer: Value,
}

/// The answers alert by alert, each with what of its message was not taken as it stood.
pub(super) fn with_notes(answers: Vec<Value>, mapped: &[Mapped]) -> Vec<Value> {
    let mut noted = answers;
    for (answer, mapped) in noted.iter_mut().zip(mapped) {
        if let (Some(fields), false) = (answer.as_object_mut(), mapped.alert.notes.is_empty()) {
            fields.insert("notes".to_owned(), json!(mapped.alert.notes));
        }
    }
    noted
}

/// Why a delivery was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedKind {
    /// There is no such source.
    UnknownSource,
    /// The sender did not prove who it is, or the proof is too old.
    Unauthenticated,
    /// The body is larger than the source takes.
    TooLarge,
    /// The body is not what the source sends.
    BadRequest,
    /// The queue is full: try again after so many seconds.
    Overloaded {
        /// Seconds.
        retry_after_seconds: u32,
    },
    /// The store does not take it now.
    Unavailable,
}

/// A delivery that was not taken. Whoever sent it keeps it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("failed to take the delivery: {reason}")]
pub struct Refused {
    /// Which kind.
    pub kind: RefusedKind,
    /// The stable code.
    pub code: &'static str,
    /// Why; no secret, no more than a word of the body.
    pub reason: String,
    /// What to do.
    pub hint: Option<String>,
    /// How many of its alerts, from the first on, were recorded before it came to this; they fold if they come again.
    pub recorded: usize,
}

impl Refused {
    pub(super) fn unknown_source(source: &str) -> Self {
        let shown: String = source.chars().filter(char::is_ascii_graphic).take(64).collect();
        Self {
            kind: RefusedKind::UnknownSource,
            code: codes::UNKNOWN_SOURCE,
            reason: format!("there is no source `{shown}`"),
            hint: Some("name it under `sources:` in the configuration".to_owned()),
            recorded: 0,
        }
    }

    /// The same of a delivery that took several commits, of which so many alerts had been recorded before.
    pub(super) fn after(self, recorded: usize) -> Self {
        if recorded == 0 {
            return self;
        }
        let what = match self.kind {
            RefusedKind::TooLarge => "send the others with less in one alert",
            _ => "send it again later",
        };
        let hint = format!("{what}; only its first {recorded} alerts were recorded");
        Self { hint: Some(hint), recorded, ..self }
    }

    pub(super) fn too_large(bytes_max: usize) -> Self {
        Self {
            kind: RefusedKind::TooLarge,
            code: codes::TOO_LARGE,
            reason: format!("the body has more than {bytes_max} bytes"),
            hint: Some("send fewer alerts at once, or raise `body_bytes_max` of the source".to_owned()),
            recorded: 0,
        }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let kind = match refusal.kind {
            RefusalKind::Unauthenticated | RefusalKind::Stale => RefusedKind::Unauthenticated,
            RefusalKind::NotDecodable | RefusalKind::NotMappable => RefusedKind::BadRequest,
        };
        Self { kind, code: refusal.code, reason: refusal.reason, hint: refusal.hint, recorded: 0 }
    }
}

impl From<CommitError> for Refused {
    fn from(error: CommitError) -> Self {
        let (kind, code) = match &error {
            CommitError::Overloaded { retry_after_seconds } => {
                (RefusedKind::Overloaded { retry_after_seconds: *retry_after_seconds }, codes::OVERLOADED)
            }
            CommitError::Conflict(_) => (RefusedKind::Overloaded { retry_after_seconds: 1 }, codes::CONFLICT),
            CommitError::TooLarge { .. } => (RefusedKind::TooLarge, codes::ROW_TOO_LARGE),
            CommitError::Unavailable(_) => (RefusedKind::Unavailable, codes::NOT_WRITTEN),
        };
        let hint = match &error {
            CommitError::TooLarge { .. } => "send less in one alert: this never fits; nothing was recorded",
            _ => "send it again later; nothing was recorded",
        };
        Self { kind, code, reason: error.to_string(), hint: Some(hint.to_owned()), recorded: 0 }
    }
}

impl From<ReadError> for Refused {
    fn from(error: ReadError) -> Self {
        Self {
            kind: RefusedKind::Unavailable,
            code: codes::NOT_READ,
            reason: error.to_string(),
            hint: Some("send it again later; nothing was recorded".to_owned()),
            recorded: 0,
        }
    }
}
