//! The identity and the credential that were used. A credential's value goes no further than its SHA-256.

use super::caps;
use super::rule::{Rule, View};
use crate::domain::Digest;
use serde_json::{Map, Value};

/// The fewest digits of a text that is taken for a hash.
const HASH_DIGITS_MIN: usize = 32;

/// Where the identity is named.
#[derive(Debug, Default)]
pub(super) struct PrincipalRules {
    pub(super) kind: Option<Rule>,
    pub(super) id: Option<Rule>,
}

/// Where the credential is named.
#[derive(Debug, Default)]
pub(super) struct CredentialRules {
    pub(super) kind: Option<Rule>,
    pub(super) hash: Option<Rule>,
    pub(super) value: Option<Rule>,
}

impl PrincipalRules {
    /// `{kind, id}`, as far as they are known; nothing without an id.
    pub(super) fn read(&self, view: &mut View) -> Option<Value> {
        let id = view.key(self.id.as_ref())?;
        Some(object([("kind", view.key(self.kind.as_ref())), ("id", Some(id))]))
    }
}

impl CredentialRules {
    /// `{kind, hash}`, as far as they are known; nothing without a hash.
    pub(super) fn read(&self, view: &mut View) -> Option<Value> {
        let given =
            self.hash.as_ref().and_then(|rule| caps::plain(&view.secret_value(rule))).map(|text| as_hash(&text));
        let hash = given.or_else(|| {
            let value = self.value.as_ref().and_then(|rule| caps::plain(&view.secret_value(rule)))?;
            Some(hash(&value))
        })?;
        Some(object([("kind", view.key(self.kind.as_ref())), ("hash", Some(hash))]))
    }
}

fn object<const N: usize>(entries: [(&str, Option<String>); N]) -> Value {
    let known = entries.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::String(value?))));
    Value::Object(known.collect::<Map<_, _>>())
}

fn hash(text: &str) -> String {
    format!("sha256:{}", Digest::of(text.as_bytes()))
}

/// A hash as the sender gave it. What does not look like one may be the credential itself, and is hashed here.
fn as_hash(text: &str) -> String {
    let digits = text.split_once(':').map_or(text, |(_, digits)| digits);
    let is_hash = (HASH_DIGITS_MIN..=128).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        && text.len() <= digits.len() + 16;
    if is_hash { text.to_owned() } else { hash(text) }
}
