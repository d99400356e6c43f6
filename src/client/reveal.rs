//! Secrets inside values: how a parameter carries one without being one.
//!
//! A parameter that is a secret travels as `{"$secret": "env:NAME"}` through templates, plans, approvals and the store.
//! [`reveal`] puts the values in, just before a request is built, and hands back what it put in, so that the answer can be
//! redacted. The marker is recognised only where it stands alone in its object: data cannot smuggle one into a string.

use super::secret::{SecretReference, Secrets};
use super::secret_error::SecretError;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use std::fmt;

/// The one key of the object that stands for a secret.
const MARKER: &str = "$secret";
/// How deeply a value may be nested; the same as the JSON parser's own limit.
const DEPTH_MAX: usize = 128;

/// A value with its secrets put in, and the secrets that it now contains.
#[derive(Clone)]
pub struct Revealed {
    /// The value as it is sent. Never record it.
    pub value: Value,
    /// The secrets in it, for a [`Redactor`](super::Redactor).
    pub secrets: Vec<SecretString>,
}

impl fmt::Debug for Revealed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Revealed").field("secrets", &self.secrets.len()).finish_non_exhaustive()
    }
}

/// The reference that `value` stands for, if it is exactly `{"$secret": "<reference>"}`.
#[must_use]
pub fn is_secret_value(value: &Value) -> Option<SecretReference> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    SecretReference::parse(object.get(MARKER)?.as_str()?).ok()
}

/// The value that stands for a secret until it is sent.
#[must_use]
pub fn secret_value(reference: &SecretReference) -> Value {
    let mut object = Map::new();
    object.insert(MARKER.to_owned(), Value::String(reference.to_string()));
    Value::Object(object)
}

/// Replaces every secret in `value` by what it refers to.
///
/// # Errors
/// If a secret cannot be resolved, or the value is nested more than 128 levels deep.
pub fn reveal(value: &Value, secrets: &dyn Secrets) -> Result<Revealed, SecretError> {
    let mut found = Vec::new();
    let value = walk(value, secrets, &mut found, 0)?;
    Ok(Revealed { value, secrets: found })
}

fn walk(
    value: &Value,
    secrets: &dyn Secrets,
    found: &mut Vec<SecretString>,
    depth: usize,
) -> Result<Value, SecretError> {
    if depth > DEPTH_MAX {
        return Err(SecretError::TooDeep);
    }
    if let Some(reference) = is_secret_value(value) {
        let secret = secrets.resolve(&reference)?;
        let text = secret.expose_secret().to_owned();
        found.push(secret);
        return Ok(Value::String(text));
    }
    match value {
        Value::Array(items) => {
            items.iter().map(|item| walk(item, secrets, found, depth + 1)).collect::<Result<_, _>>().map(Value::Array)
        }
        Value::Object(entries) => entries
            .iter()
            .map(|(key, entry)| Ok((key.clone(), walk(entry, secrets, found, depth + 1)?)))
            .collect::<Result<_, _>>()
            .map(Value::Object),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(value.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::StaticSecrets;
    use serde_json::json;

    #[test]
    fn a_secret_is_put_in_where_its_marker_stands_alone() {
        let secrets = StaticSecrets::parse([("env:TOKEN", "t-123")]).unwrap();
        let value = json!({"key": {"$secret": "${TOKEN}"}, "list": [1, {"$secret": "env:TOKEN"}], "note": "$secret"});
        let revealed = reveal(&value, &secrets).unwrap();
        assert_eq!(revealed.value, json!({"key": "t-123", "list": [1, "t-123"], "note": "$secret"}));
        assert_eq!(revealed.secrets.len(), 2);
        assert!(!format!("{revealed:?}").contains("t-123"));
    }

    #[test]
    fn a_marker_among_other_keys_or_without_a_reference_is_plain_data() {
        for value in [json!({"$secret": "env:A", "b": 1}), json!({"$secret": "hunter2"}), json!({"$secret": 5})] {
            assert_eq!(is_secret_value(&value), None, "{value}");
        }
    }

    #[test]
    fn a_secret_value_is_recognised_again() {
        let reference = SecretReference::parse("file:/run/token").unwrap();
        assert_eq!(is_secret_value(&secret_value(&reference)), Some(reference));
    }

    #[test]
    fn an_unset_secret_and_a_bottomless_value_are_errors() {
        let secrets = StaticSecrets::default();
        assert!(matches!(reveal(&json!({"$secret": "env:A"}), &secrets), Err(SecretError::Unset(_))));
        let deep = (0..200).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
        assert!(matches!(reveal(&deep, &secrets), Err(SecretError::TooDeep)));
    }
}
