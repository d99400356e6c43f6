//! What can go wrong with a channel: it cannot be set up, or a message cannot be delivered.

use crate::client;
use std::path::PathBuf;

/// A message was not delivered, as far as is known. The text shows no secret and no link.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// Another attempt may succeed: no connection, a timeout, a busy server. The message may even have arrived.
    #[error("failed to deliver the message for now: {0}")]
    Transient(String),
    /// No attempt will succeed: the address or the message is refused.
    #[error("failed to deliver the message: {0}")]
    Permanent(String),
}

/// A channel could not be set up from its options.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Unencrypted SMTP to another machine.
    #[error("failed to set up the channel {name}: tls: none is for a loopback host only; use starttls or implicit")]
    Unencrypted {
        /// The channel.
        name: String,
    },
    /// A user name without a password, or the reverse.
    #[error("failed to set up the channel {name}: username and password belong together; give both or neither")]
    HalfCredentials {
        /// The channel.
        name: String,
    },
    /// The sender is no mail address.
    #[error("failed to set up the channel {name}: {from:?} is not a mail address; write it as ops@example.com")]
    From {
        /// The channel.
        name: String,
        /// What was given.
        from: String,
    },
    /// The file of trusted authorities is of no use.
    #[error("failed to set up the channel {name}: the authorities in {path} are of no use: {reason}")]
    Authority {
        /// The channel.
        name: String,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// TLS could not be set up.
    #[error("failed to set up the channel {name}: TLS: {reason}")]
    Tls {
        /// The channel.
        name: String,
        /// What the TLS stack said.
        reason: String,
    },
    /// The HTTP client could not be made.
    #[error("failed to set up the channel {name}")]
    Client {
        /// The channel.
        name: String,
        /// Why.
        source: client::BuildError,
    },
}
