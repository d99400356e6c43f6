//! Why a delivery was not taken. It knows the delivery's faults and nothing of HTTP: who answers chooses the status.

/// Which of the steps refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalKind {
    /// The sender did not prove who it is.
    Unauthenticated,
    /// The proof is right but too old, or from the future.
    Stale,
    /// The bytes are not what they should be.
    NotDecodable,
    /// The mapping finds no alert in it.
    NotMappable,
}

/// A refused delivery. The reason names places and expectations, never a secret and never more than a word of the body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("failed to take the delivery: {reason}{}", .hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default())]
pub struct Refusal {
    /// Which step refused.
    pub kind: RefusalKind,
    /// The stable code; see [`Codes`](crate::domain::Codes).
    pub code: &'static str,
    /// What is wrong, as a sentence without a full stop.
    pub reason: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Refusal {
    pub(super) fn new(kind: RefusalKind, code: &'static str, reason: impl Into<String>) -> Self {
        Self { kind, code, reason: reason.into(), hint: None }
    }

    pub(super) fn unauthenticated(code: &'static str, reason: impl Into<String>) -> Self {
        Self::new(RefusalKind::Unauthenticated, code, reason)
    }

    pub(super) fn not_decodable(code: &'static str, reason: impl Into<String>) -> Self {
        Self::new(RefusalKind::NotDecodable, code, reason)
    }

    pub(super) fn not_mappable(code: &'static str, reason: impl Into<String>) -> Self {
        Self::new(RefusalKind::NotMappable, code, reason)
    }

    /// The same refusal with a hint.
    #[must_use]
    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}
