//! A message to a person, finished and ready to be delivered: what the outbox holds.
//!
//! It is plain data that survives a restart. It holds no secret of the channel: a webhook is named, not spelled out.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A message to one address.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// The stable identity of the message, equal for every attempt: the `Message-ID` of a mail, the `webhook-id` of a POST.
    pub id: String,
    /// Whom it is for.
    pub to: Address,
    /// The subject, one line.
    pub subject: String,
    /// The text, complete without the HTML form.
    pub text: String,
    /// The same as HTML.
    pub html: Option<String>,
    /// When the message was made.
    pub at: Timestamp,
}

impl fmt::Debug for Message {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The text may carry a link with a token.
        formatter
            .debug_struct("Message")
            .field("id", &self.id)
            .field("to", &self.to)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// Where a message goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Address {
    /// An e-mail address such as `ana@example.com`, with a display name or without.
    Email(String),
    /// The webhook channel of this name; its URL is in the configuration, because it may itself be a secret.
    Webhook {
        /// The name of the channel.
        name: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_survives_storage_and_its_debug_form_shows_no_link() {
        let message = Message {
            id: "msg_1".to_owned(),
            to: Address::Webhook { name: "ops".to_owned() },
            subject: "Approve".to_owned(),
            text: "https://standdown.example/a/hunter2".to_owned(),
            html: None,
            at: "2026-11-23T06:00:00Z".parse().unwrap(),
        };
        let stored = serde_json::to_string(&message).unwrap();
        assert_eq!(serde_json::from_str::<Message>(&stored).unwrap(), message);
        assert!(!format!("{message:?}").contains("hunter2"));
    }
}
