//! How people are reached: by e-mail and by signed webhook.
//!
//! A channel takes a finished [`Message`] and delivers it once per call. It tells apart what may pass and what will not,
//! and gives every attempt of a message the same identity (`Message-ID`, `webhook-id`), so that a repeated delivery is
//! recognised. It must not know what the message is about, and it neither repeats nor schedules: the outbox does.

mod error;
mod mail;
mod message;
mod options;
mod signature;
mod smtp;
mod webhook;

pub use error::{BuildError, DeliveryError};
pub use message::{Address, Message};
pub use options::{ChannelOptions, SmtpOptions, SmtpTls, WebhookOptions};
pub use signature::sign as sign_webhook;
pub use smtp::SmtpChannel;
pub use webhook::WebhookChannel;

use jiff::Timestamp;

/// A configured way to reach people.
#[derive(Debug)]
pub enum Channel {
    /// E-mail by SMTP.
    Smtp(SmtpChannel),
    /// A signed POST (Standard Webhooks 1.0).
    Webhook(WebhookChannel),
}

impl Channel {
    /// Delivers the message, as an attempt made at `message.at`. For an attempt made later, use [`Channel::send_at`].
    ///
    /// # Errors
    /// [`DeliveryError::Transient`] if another attempt may succeed, [`DeliveryError::Permanent`] if none will.
    pub async fn send(&self, message: &Message) -> Result<(), DeliveryError> {
        self.send_at(message, message.at).await
    }

    /// Delivers the message, as an attempt made at `now`. A receiver of webhooks refuses a signature that is some minutes
    /// old, so a repeated attempt needs its own time; the message keeps its `at`.
    ///
    /// # Errors
    /// [`DeliveryError::Transient`] if another attempt may succeed, [`DeliveryError::Permanent`] if none will.
    pub async fn send_at(&self, message: &Message, now: Timestamp) -> Result<(), DeliveryError> {
        match self {
            Self::Smtp(channel) => channel.send(message).await,
            Self::Webhook(channel) => channel.send(message, now).await,
        }
    }

    /// The name under which the channel is configured.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Smtp(channel) => channel.name(),
            Self::Webhook(channel) => channel.name(),
        }
    }
}
