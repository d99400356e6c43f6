//! One secret or several, by reference: several stand side by side while one is being replaced by another.
//!
//! It is read by hand, because what stands in its place may be the secret itself, and no error may repeat that.

use crate::client::SecretReference;
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use std::fmt;

/// References to secrets, any one of which is accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretList(Vec<SecretReference>);

impl SecretList {
    /// The references in order.
    pub fn iter(&self) -> impl Iterator<Item = &SecretReference> {
        self.0.iter()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<SecretReference> for SecretList {
    fn from_iter<I: IntoIterator<Item = SecretReference>>(references: I) -> Self {
        Self(references.into_iter().collect())
    }
}

impl<'de> Deserialize<'de> for SecretList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(References { nested: false }).map(Self)
    }
}

/// One item of the list, with the same care.
struct One(Vec<SecretReference>);

impl<'de> Deserialize<'de> for One {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(References { nested: true }).map(Self)
    }
}

struct References {
    nested: bool,
}

const EXPECTED: &str = "failed to read a secret reference: write env:NAME or file:/path (the text is withheld)";

impl<'de> Visitor<'de> for References {
    type Value = Vec<SecretReference>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret reference such as env:NAME, or a list of them")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        SecretReference::parse(text).map(|reference| vec![reference]).map_err(E::custom)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Err(E::custom(EXPECTED))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Err(E::custom(EXPECTED))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Err(E::custom(EXPECTED))
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<Self::Value, E> {
        Err(E::custom(EXPECTED))
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<Self::Value, E> {
        Err(E::custom(EXPECTED))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Err(E::custom(EXPECTED))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        if self.nested {
            return Err(A::Error::custom("failed to read a secret reference: a list stands inside a list"));
        }
        let mut references = Vec::new();
        while let Some(One(one)) = items.next_element()? {
            references.extend(one);
        }
        Ok(references)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_reference_or_a_list_is_read() {
        let one: SecretList = serde_json::from_str("\"${TOKEN}\"").unwrap();
        let two: SecretList = serde_json::from_str(r#"["env:NEW", "env:OLD"]"#).unwrap();
        assert_eq!(one.iter().map(ToString::to_string).collect::<Vec<_>>(), ["env:TOKEN"]);
        assert_eq!(two.iter().count(), 2);
    }

    #[test]
    fn a_secret_put_where_a_reference_belongs_is_not_repeated() {
        for text in ["\"hunter2\"", "7777777", "[\"hunter2\"]", "[7777777]", "7777777.25", "-7777777", "[[\"env:A\"]]"]
        {
            let error = serde_json::from_str::<SecretList>(text).unwrap_err().to_string();
            assert!(!error.contains("hunter2") && !error.contains("7777777"), "{error}");
        }
    }
}
