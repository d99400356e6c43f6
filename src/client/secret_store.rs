//! Where secrets are kept: the environment and files of the system, or a map for tests and the demo.
//!
//! A file is read anew at each use, so that a rotated credential takes effect without a restart. The environment is the
//! one that the daemon was started with: nothing in this program can change it, because that takes `unsafe`.

use super::secret::{Place, SecretReference, Secrets};
use super::secret_error::SecretError;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

/// The largest secret, in bytes.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// Secrets from environment variables and files.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemSecrets;

impl Secrets for SystemSecrets {
    fn resolve(&self, reference: &SecretReference) -> Result<SecretString, SecretError> {
        let text = match reference.place() {
            Place::Variable(name) => std::env::var(name).map_err(|error| match error {
                std::env::VarError::NotPresent => SecretError::Unset(reference.clone()),
                std::env::VarError::NotUnicode(_) => SecretError::NotText(reference.clone()),
            })?,
            Place::File(path) => read(reference, path)?,
        };
        if text.is_empty() {
            return Err(SecretError::Empty(reference.clone()));
        }
        Ok(SecretString::from(text))
    }
}

fn read(reference: &SecretReference, path: &Path) -> Result<String, SecretError> {
    let unreadable =
        |error: std::io::Error| SecretError::Unreadable { reference: reference.clone(), reason: error.kind() };
    // Asked before opening, because opening a pipe would wait for a writer.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(SecretError::NotAFile(reference.clone()));
    }
    let mut bytes = Vec::new();
    File::open(path).map_err(unreadable)?.take(SECRET_BYTES_MAX + 3).read_to_end(&mut bytes).map_err(unreadable)?;
    let mut text = String::from_utf8(bytes).map_err(|_| SecretError::NotText(reference.clone()))?;
    // Editors and `echo` end a file with a newline that is no part of the secret.
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if text.len() as u64 > SECRET_BYTES_MAX {
        return Err(SecretError::TooLarge(reference.clone()));
    }
    Ok(text)
}

/// Secrets held in memory, for tests and the demo.
#[derive(Debug, Clone, Default)]
pub struct StaticSecrets(BTreeMap<SecretReference, SecretString>);

impl StaticSecrets {
    /// Holds the given pairs of a reference and its value.
    ///
    /// ```
    /// use standdown::client::{SecretReference, Secrets, StaticSecrets};
    /// let secrets = StaticSecrets::parse([("env:TOKEN", "t-123")])?;
    /// assert!(secrets.resolve(&SecretReference::parse("env:TOKEN")?).is_ok());
    /// # Ok::<(), standdown::client::SecretError>(())
    /// ```
    ///
    /// # Errors
    /// If a reference is malformed.
    pub fn parse<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, SecretError> {
        pairs
            .into_iter()
            .map(|(reference, value)| Ok((SecretReference::parse(reference)?, SecretString::from(value))))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Adds or replaces one secret.
    pub fn set(&mut self, reference: SecretReference, value: SecretString) {
        self.0.insert(reference, value);
    }
}

impl Secrets for StaticSecrets {
    fn resolve(&self, reference: &SecretReference) -> Result<SecretString, SecretError> {
        self.0.get(reference).cloned().ok_or_else(|| SecretError::Unset(reference.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn file_secret(directory: &tempfile::TempDir, bytes: &[u8]) -> SecretReference {
        let path = directory.path().join("secret");
        fs::write(&path, bytes).unwrap();
        SecretReference::parse(&format!("file:{}", path.display())).unwrap()
    }

    #[test]
    fn a_file_is_read_anew_each_time_without_its_last_newline() {
        let directory = tempfile::tempdir().unwrap();
        let reference = file_secret(&directory, b"first\n");
        assert_eq!(SystemSecrets.resolve(&reference).unwrap().expose_secret(), "first");
        file_secret(&directory, b"second \r\n");
        assert_eq!(SystemSecrets.resolve(&reference).unwrap().expose_secret(), "second ");
        file_secret(&directory, b"two\nlines\n\n");
        assert_eq!(SystemSecrets.resolve(&reference).unwrap().expose_secret(), "two\nlines\n");
    }

    #[test]
    fn a_file_that_holds_no_usable_secret_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let resolve = |bytes: &[u8]| SystemSecrets.resolve(&file_secret(&directory, bytes)).unwrap_err();
        assert!(matches!(resolve(b""), SecretError::Empty(_)));
        assert!(matches!(resolve(b"\n"), SecretError::Empty(_)));
        assert!(matches!(resolve(b"\xff\xfe"), SecretError::NotText(_)));
        assert!(matches!(resolve(&vec![b'a'; 64 * 1024 + 1]), SecretError::TooLarge(_)));
        assert!(matches!(resolve(&vec![b'a'; 200 * 1024]), SecretError::TooLarge(_)));
        let mut largest = vec![b'a'; 64 * 1024];
        largest.push(b'\n');
        assert!(SystemSecrets.resolve(&file_secret(&directory, &largest)).is_ok());
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let reference = SecretReference::parse(&format!("file:{}", directory.path().display())).unwrap();
        assert!(matches!(SystemSecrets.resolve(&reference), Err(SecretError::NotAFile(_))));
        let missing = SecretReference::parse(&format!("file:{}/missing", directory.path().display())).unwrap();
        assert!(matches!(SystemSecrets.resolve(&missing), Err(SecretError::Unreadable { .. })));
    }

    #[test]
    fn the_environment_is_read_and_an_unset_variable_is_an_error() {
        let set = SecretReference::parse("env:PATH").unwrap();
        assert_eq!(SystemSecrets.resolve(&set).unwrap().expose_secret(), std::env::var("PATH").unwrap());
        let unset = SecretReference::parse("env:STANDDOWN_TEST_NEVER_SET").unwrap();
        assert!(matches!(SystemSecrets.resolve(&unset), Err(SecretError::Unset(_))));
    }

    #[test]
    fn the_debug_form_of_a_store_shows_no_value() {
        let secrets = StaticSecrets::parse([("env:TOKEN", "hunter2")]).unwrap();
        assert!(!format!("{secrets:?}").contains("hunter2"));
    }
}
