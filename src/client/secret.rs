//! Secrets by reference: where a secret is, never what it is.
//!
//! Configuration, playbooks, the store and the history hold references only. A value is resolved at the last moment, by
//! whoever sends the request, and lives in a [`SecretString`] that shows nothing in `Debug`. This module must not know
//! what a secret is for.

pub use super::reveal::{Revealed, is_secret_value, reveal, secret_value};
pub use super::secret_error::SecretError;
pub use super::secret_store::{StaticSecrets, SystemSecrets};

use aws_lc_rs::hmac;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a secret is: `env:NAME` or `file:/absolute/path`. `${NAME}` is read as `env:NAME`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretReference(String);

/// A reference, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place<'a> {
    /// The name of an environment variable.
    Variable(&'a str),
    /// The absolute path of a file.
    File(&'a Path),
}

impl SecretReference {
    /// Parses `env:NAME`, `file:/path` or `${NAME}`.
    ///
    /// # Errors
    /// [`SecretError::NotAReference`] and its kin; none repeats the text, which may be a secret put in the wrong place.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let text = text.trim();
        let variable = text.strip_prefix("env:").or_else(|| text.strip_prefix("${")?.strip_suffix('}'));
        if let Some(name) = variable {
            let starts_well = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
            let continues_well = name.chars().all(|each| each.is_ascii_alphanumeric() || each == '_');
            return if starts_well && continues_well {
                Ok(Self(format!("env:{name}")))
            } else {
                Err(SecretError::BadVariable)
            };
        }
        let path = text.strip_prefix("file:").ok_or(SecretError::NotAReference)?;
        if Path::new(path).is_absolute() { Ok(Self(format!("file:{path}"))) } else { Err(SecretError::RelativePath) }
    }

    /// The reference in its one spelling, `env:NAME` or `file:/path`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The file that the reference names, for whoever watches files for changes.
    #[must_use]
    pub fn file(&self) -> Option<PathBuf> {
        match self.place() {
            Place::File(path) => Some(path.to_owned()),
            Place::Variable(_) => None,
        }
    }

    pub(super) fn place(&self) -> Place<'_> {
        match self.0.strip_prefix("env:") {
            Some(name) => Place::Variable(name),
            None => Place::File(Path::new(self.0.strip_prefix("file:").unwrap_or(&self.0))),
        }
    }
}

impl fmt::Display for SecretReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl TryFrom<String> for SecretReference {
    type Error = SecretError;

    fn try_from(text: String) -> Result<Self, SecretError> {
        Self::parse(&text)
    }
}

impl From<SecretReference> for String {
    fn from(reference: SecretReference) -> Self {
        reference.0
    }
}

/// Resolves references to values. The system's store reads the environment and files; tests and the demo hold a map.
pub trait Secrets: Send + Sync {
    /// The value behind `reference`, never empty.
    fn resolve(&self, reference: &SecretReference) -> Result<SecretString, SecretError>;
}

impl<Store: Secrets + ?Sized> Secrets for Arc<Store> {
    fn resolve(&self, reference: &SecretReference) -> Result<SecretString, SecretError> {
        (**self).resolve(reference)
    }
}

/// A short name for a secret's value, such as `secret#a1b2c3d4`: equal for equal values, and too short to test a guess
/// against. It lets plan hashes and logs say that a secret changed without saying what it is.
#[must_use]
pub fn fingerprint(secret: &SecretString) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"standdown secret fingerprint 1");
    let tag = hmac::sign(&key, secret.expose_secret().as_bytes());
    let digits = hexadecimal(tag.as_ref());
    format!("secret#{}", digits.get(..8).unwrap_or(&digits))
}

/// The bytes in hexadecimal, lower case.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut digits, byte| {
        // Writing to a String cannot fail.
        write!(digits, "{byte:02x}").ok();
        digits
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_has_one_spelling() {
        assert_eq!(SecretReference::parse("env:OKTA_TOKEN").unwrap().to_string(), "env:OKTA_TOKEN");
        assert_eq!(SecretReference::parse("${OKTA_TOKEN}").unwrap().to_string(), "env:OKTA_TOKEN");
        assert_eq!(SecretReference::parse(" file:/run/secrets/okta ").unwrap().as_str(), "file:/run/secrets/okta");
    }

    #[test]
    fn a_secret_put_where_a_reference_belongs_is_refused_and_not_repeated() {
        for text in ["hunter2", "env:", "env:a-hunter2", "file:hunter2", "${hunter2", "${}", "env:1hunter2", ""] {
            let error = SecretReference::parse(text).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{text} is repeated in: {error}");
        }
        let error = serde_json::from_str::<SecretReference>("\"hunter2\"").unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[test]
    fn a_reference_survives_serialization_in_its_one_spelling() {
        let reference: SecretReference = serde_json::from_str("\"${TOKEN}\"").unwrap();
        assert_eq!(serde_json::to_string(&reference).unwrap(), "\"env:TOKEN\"");
    }

    #[test]
    fn only_a_file_reference_names_a_file() {
        let file = SecretReference::parse("file:/etc/standdown/token").unwrap();
        assert_eq!(file.file(), Some(PathBuf::from("/etc/standdown/token")));
        assert_eq!(SecretReference::parse("env:TOKEN").unwrap().file(), None);
    }

    #[test]
    fn a_fingerprint_tells_values_apart_and_shows_eight_digits() {
        let one = fingerprint(&SecretString::from("one"));
        assert_eq!(one, fingerprint(&SecretString::from("one")));
        assert_ne!(one, fingerprint(&SecretString::from("two")));
        let digits = one.strip_prefix("secret#").unwrap();
        assert!(digits.len() == 8 && digits.chars().all(|digit| digit.is_ascii_hexdigit()), "{one}");
    }
}
