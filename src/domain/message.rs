//! A message to one person over one channel, as it waits to be sent.
//!
//! A request for a decision is kept without its link: the token is minted by the sender at the moment of sending, so
//! that no queue holds it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{ApprovalId, IncidentId, MessageId, RunId};
use super::names::PersonId;

/// How a person is reached.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// By e-mail.
    Email,
    /// By the configured webhook of that name.
    Webhook(String),
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// Something to know.
    Notice {
        /// One line.
        subject: String,
        /// Plain text.
        text: String,
    },
    /// Something to decide: the request is read when it is sent.
    ApprovalRequest {
        /// The request.
        approval: ApprovalId,
    },
}

/// One message in the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its id: the same at every try, so that a receiver can tell a repeat.
    pub id: MessageId,
    /// To whom.
    pub to: PersonId,
    /// How.
    pub via: Via,
    /// The run that says it, if any.
    pub run: Option<RunId>,
    /// The incident that it is about, if any.
    pub incident: Option<IncidentId>,
    /// What it says.
    pub kind: MessageKind,
    /// When it was put into the outbox.
    pub created_at: Timestamp,
}
