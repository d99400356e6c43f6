//! What can go wrong with the client: it cannot be made, or a request gets no usable answer.
//!
//! The second kind is what the state machine decides by, so it has exactly two variants and nothing between them.

use std::path::PathBuf;

/// A client could not be made from its options.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The file of trusted authorities is of no use.
    #[error("failed to read the authorities in {path}: {reason}; give a file of PEM certificates")]
    Authority {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A header of the options cannot be sent.
    #[error("failed to use the header {name}: {reason}")]
    Header {
        /// The header's name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The HTTP stack refused.
    #[error("failed to set up the HTTP client: {0}")]
    Client(String),
}

/// A request got no usable answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// No byte of the request left: a refused address, an unknown name, no connection, no TLS, or a malformed request.
    #[error("failed to send the request, and nothing was sent: {0}")]
    NotSent(String),
    /// Bytes may have left and the outcome is unknown: a timeout or a reset later on, or an answer that broke off.
    #[error("failed to learn the outcome of the request, which may have had its effect: {0}")]
    Ambiguous(String),
}
