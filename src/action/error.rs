//! Why the actions can't be put together from the configuration. Every variant names the connection that it is about.

use crate::client;
use crate::domain::ConnectionName;

/// One fault of the configured connections. All of them are reported at once.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// No connector has that name.
    #[error("failed to set up the connection {connection}: there is no connector `{connector}`; there are {known}")]
    UnknownConnector {
        /// The connection.
        connection: ConnectionName,
        /// What it names.
        connector: String,
        /// Those that exist.
        known: String,
    },
    /// Nothing says where it is.
    #[error("failed to set up the connection {connection}: it has no `base_url`; say where its API is")]
    NoBaseUrl {
        /// The connection.
        connection: ConnectionName,
    },
    /// The base URL can't be one.
    #[error("failed to set up the connection {connection}: `base_url` {reason}")]
    BaseUrl {
        /// The connection.
        connection: ConnectionName,
        /// What is wrong, and what to do.
        reason: &'static str,
    },
    /// The credentials don't fit together.
    #[error("failed to set up the connection {connection}: `auth` {reason}")]
    Auth {
        /// The connection.
        connection: ConnectionName,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A setting that the connector does not have, or of a wrong form.
    #[error("failed to set up the connection {connection}: the setting `{setting}` {reason}")]
    Setting {
        /// The connection.
        connection: ConnectionName,
        /// The setting.
        setting: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The HTTP client can't be made.
    #[error("failed to set up the connection {connection}: {source}")]
    Client {
        /// The connection.
        connection: ConnectionName,
        /// Why.
        source: client::BuildError,
    },
    /// A connector that is part of the program is broken.
    #[error("failed to read a connector of the program itself: {0}; this is a fault of the program, report it")]
    Connector(String),
    /// The client of actions without a connection can't be made.
    #[error("failed to set up HTTP without a connection: {0}")]
    Plain(client::BuildError),
}
