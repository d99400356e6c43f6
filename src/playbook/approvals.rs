//! Approvals of the configuration: by name, and one for whatever all others leave out.
//!
//! They are kept as the keys that they say, because what a key means depends on the steps that an approval stands before;
//! the compiler fills a playbook's approvals from them and judges the whole. A playbook version keeps those that it was
//! compiled with ([`Approvals::pinned`]), so that a configuration changed under a run changes nothing for it. This knows no
//! file and no place.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::{Map, Value, json};

use crate::domain::ApprovalName;

/// The keys of an approval with their values.
pub(crate) type Keys = Map<String, Value>;

/// What of a configuration filled a key of an approval.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lender {
    /// `default_approval`.
    Default,
    /// The approval of this name.
    Named(ApprovalName),
}

impl Lender {
    /// Where a key came from, for people.
    pub(crate) fn of(&self, key: &str) -> String {
        format!("`{key}` comes from `{self}` of the configuration")
    }
}

impl fmt::Display for Lender {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default_approval"),
            Self::Named(name) => write!(formatter, "approvals.{name}"),
        }
    }
}

/// The approvals of a configuration.
#[derive(Clone, Debug, Default)]
pub struct Approvals {
    named: BTreeMap<ApprovalName, Keys>,
    default: Option<Keys>,
    /// Whether a configuration was read at all: without one nobody can say which approvals there are.
    is_configured: bool,
}

/// An approval with everything that was left out filled in, and what filled each key.
pub(crate) struct Filled {
    pub(crate) keys: Keys,
    pub(crate) lent: BTreeMap<String, Lender>,
}

impl Approvals {
    /// The approvals of a configuration that was read.
    pub(crate) const fn configured(named: BTreeMap<ApprovalName, Keys>, default: Option<Keys>) -> Self {
        Self { named, default, is_configured: true }
    }

    /// Those that a playbook version was compiled with, as it keeps them in [`Playbook::approvals`](super::Playbook). What
    /// can't be understood is left out: the version then says which approval it lacks.
    #[must_use]
    pub fn pinned(kept: Option<&Value>) -> Self {
        let keys = |value: &Value| value.as_object().cloned();
        let named = kept.and_then(|kept| kept.get("approvals")).and_then(Value::as_object);
        let named = named.into_iter().flatten();
        let named = named.filter_map(|(name, value)| Some((ApprovalName::parse(name).ok()?, keys(value)?)));
        Self::configured(named.collect(), kept.and_then(|kept| kept.get("default_approval")).and_then(keys))
    }

    /// What a playbook keeps that was filled by these; nothing if there are none.
    pub(crate) fn kept(&self, lenders: &BTreeSet<Lender>) -> Option<Value> {
        let is_used = |name: &ApprovalName| lenders.contains(&Lender::Named(name.clone()));
        let named: BTreeMap<&ApprovalName, &Keys> = self.named.iter().filter(|(name, _)| is_used(name)).collect();
        let default = self.default.as_ref().filter(|_| lenders.contains(&Lender::Default));
        (!lenders.is_empty()).then(|| json!({ "approvals": named, "default_approval": default }))
    }

    /// Whether a configuration was read at all.
    #[must_use]
    pub const fn is_configured(&self) -> bool {
        self.is_configured
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.named.keys().map(ApprovalName::as_str)
    }

    /// The name as it is known here.
    pub(crate) fn find(&self, name: &str) -> Option<&ApprovalName> {
        self.named.get_key_value(name).map(|(name, _)| name)
    }

    /// Fills what an approval leaves out: its own keys win over those of the named one, those over the default.
    pub(crate) fn fill(&self, own: Keys, name: Option<&ApprovalName>) -> Filled {
        let mut filled = Filled { keys: own, lent: BTreeMap::new() };
        let named = name.and_then(|name| Some((Lender::Named(name.clone()), self.named.get(name)?)));
        let default = self.default.as_ref().map(|keys| (Lender::Default, keys));
        for (lender, keys) in named.into_iter().chain(default) {
            for (key, value) in keys {
                if !filled.keys.contains_key(key) {
                    filled.keys.insert(key.clone(), value.clone());
                    filled.lent.insert(key.clone(), lender.clone());
                }
            }
        }
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(value: &Value) -> Keys {
        value.as_object().unwrap().clone()
    }

    fn approvals() -> Approvals {
        let named = [("release", json!({ "timeout": "4h", "identity": "api" })), ("idle", json!({ "timeout": "1h" }))];
        let named = named.map(|(name, value)| (ApprovalName::parse(name).unwrap(), keys(&value)));
        Approvals::configured(BTreeMap::from(named), Some(keys(&json!({ "timeout": "2h", "valid_for": "5m" }))))
    }

    #[test]
    fn own_keys_win_over_the_named_approval_and_that_over_the_default() {
        let name = ApprovalName::parse("release").unwrap();
        let filled = approvals().fill(keys(&json!({ "ask": "Sure?", "identity": "link" })), Some(&name));
        let expected = json!({ "ask": "Sure?", "identity": "link", "timeout": "4h", "valid_for": "5m" });
        assert_eq!(Value::Object(filled.keys), expected);
        let lent = [("timeout", Lender::Named(name)), ("valid_for", Lender::Default)];
        assert_eq!(filled.lent, lent.map(|(key, lender)| (key.to_owned(), lender)).into());
    }

    #[test]
    fn what_is_kept_is_what_was_used_and_fills_the_same_again() {
        let name = ApprovalName::parse("release").unwrap();
        let kept = approvals().kept(&BTreeSet::from([Lender::Named(name.clone())])).unwrap();
        assert_eq!(kept["approvals"], json!({ "release": { "timeout": "4h", "identity": "api" } }));
        assert!(kept["default_approval"].is_null());
        let again = Approvals::pinned(Some(&kept));
        assert_eq!(again.fill(Keys::new(), Some(&name)).keys, keys(&json!({ "timeout": "4h", "identity": "api" })));
        assert_eq!(approvals().kept(&BTreeSet::new()), None);
        assert_eq!(Approvals::pinned(Some(&json!([1]))).names().count(), 0);
    }
}
