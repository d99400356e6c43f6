//! What can be wrong with a secret. No variant carries a value, nor text that might be one: a person who pastes a
//! password where a reference belongs must not find it in the log.

use super::SecretReference;
use std::io;

/// A secret could not be named or read.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The text is not `env:NAME`, `file:/path` or `${NAME}`. The text itself is withheld.
    #[error(
        "failed to read a secret reference: write env:NAME or file:/path, never the secret itself (the text is withheld)"
    )]
    NotAReference,
    /// The name of an environment variable has other characters than letters, digits and underscores.
    #[error("failed to read a secret reference: a variable name has letters, digits and underscores only")]
    BadVariable,
    /// The path is relative; what it means would depend on where the daemon was started.
    #[error("failed to read a secret reference: the path after file: must be absolute")]
    RelativePath,
    /// The variable is not in the environment, or the static store does not have the reference.
    #[error("failed to resolve the secret {0}: it is not set; set it in the environment of the daemon")]
    Unset(SecretReference),
    /// The file could not be read.
    #[error("failed to resolve the secret {reference}: {reason}; check the path and its permissions")]
    Unreadable {
        /// The reference.
        reference: SecretReference,
        /// What the operating system said.
        reason: io::ErrorKind,
    },
    /// The path names a directory, a pipe or a device.
    #[error("failed to resolve the secret {0}: it is not a regular file")]
    NotAFile(SecretReference),
    /// The secret is empty; sending an empty password is never what was meant.
    #[error("failed to resolve the secret {0}: it is empty")]
    Empty(SecretReference),
    /// The file is larger than any secret.
    #[error("failed to resolve the secret {0}: it is larger than 64 KiB")]
    TooLarge(SecretReference),
    /// The secret is not UTF-8.
    #[error("failed to resolve the secret {0}: it is not UTF-8 text; encode it, for example as base64")]
    NotText(SecretReference),
    /// The value that holds the secrets is nested too deeply to be walked.
    #[error("failed to resolve the secrets of a value: it is nested more than 128 levels deep; flatten it")]
    TooDeep,
}
