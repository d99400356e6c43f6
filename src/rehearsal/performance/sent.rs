//! What people would have got.

use jiff::Timestamp;

use crate::domain::PersonId;
use crate::rehearsal::place::Place;

/// What a person was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SentKind {
    /// Something to know.
    Notice,
    /// Something to decide: the request of this step.
    Request(Place),
}

/// A message that a person would have got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// When.
    pub at: Timestamp,
    /// To whom.
    pub to: PersonId,
    /// What it is.
    pub kind: SentKind,
    /// One line; the question, if it is a request.
    pub subject: String,
    /// Plain text.
    pub text: String,
}
