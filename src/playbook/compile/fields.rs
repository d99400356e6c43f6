//! A mapping of the file, of which all keys are known.
//!
//! What is not known is said at once when the mapping is opened, so that nothing is ever ignored in silence. Keys that
//! the language reserves for later versions get their own words instead of a guess at a typing error.

use serde_json::{Map, Value};

use crate::language::codes::{YAML_MISSING_FIELD, YAML_UNKNOWN_FIELD};
use crate::language::suggest;
use crate::playbook::codes;
use crate::playbook::keys::{HEAD, Section};

use super::node::{Node, child};
use super::report::Report;

/// A mapping and its JSON pointer.
pub(crate) struct Fields<'v> {
    map: &'v Map<String, Value>,
    pub(crate) pointer: String,
    /// Known keys that are probably meant by keys that are not: of those it has been said already.
    misspelt: Vec<String>,
}

impl<'v> Fields<'v> {
    /// Opens a mapping; says which of its keys are neither known nor reserved.
    pub(super) fn open(report: &mut Report, node: &Node<'v>, section: &Section) -> Option<Self> {
        Self::open_below(report, node, &section.names(), section.reserved, &HEAD.names())
    }

    /// Opens a mapping whose keys are these; for files that are no playbooks.
    pub(crate) fn open_named(report: &mut Report, node: &Node<'v>, known: &[&str], reserved: &[&str]) -> Option<Self> {
        Self::open_below(report, node, known, reserved, &[])
    }

    /// Opens a mapping of these keys; one that stands above all others instead is told where it belongs.
    fn open_below(
        report: &mut Report,
        node: &Node<'v>,
        known: &[&str],
        reserved: &[&str],
        head: &[&str],
    ) -> Option<Self> {
        let Value::Object(map) = node.value else {
            node.expected(report, &format!("a mapping with {}", known.join(", ")));
            return None;
        };
        let misspelt = unknown(report, map.keys(), &node.pointer, known, reserved, head);
        Some(Self { map, pointer: node.pointer.clone(), misspelt })
    }

    /// Opens a mapping in which some keys of other mappings are often written: those get words of their own.
    pub(super) fn open_but(
        report: &mut Report,
        node: &Node<'v>,
        section: &Section,
        elsewhere: &[(&str, &str)],
    ) -> Option<Self> {
        let misplaced = |key: &String| elsewhere.iter().any(|(name, _)| key == name);
        let Some(map) = node.value.as_object().filter(|map| map.keys().any(misplaced)) else {
            return Self::open(report, node, section);
        };
        for (key, hint) in elsewhere.iter().filter(|(key, _)| map.contains_key(*key)) {
            let pointer = child(&node.pointer, key);
            let message = format!("`{key}` means nothing on a {}", section.name);
            report.error_at_key(&pointer, codes::MISPLACED, message).hint(*hint);
        }
        // The others are looked at as ever, and the names that are offered for them are those of this mapping.
        let others = map.keys().filter(|key| !misplaced(key));
        let misspelt = unknown(report, others, &node.pointer, &section.names(), section.reserved, &HEAD.names());
        Some(Self { map, pointer: node.pointer.clone(), misspelt })
    }

    /// The value of a key, if it is there.
    pub(crate) fn get(&self, key: &str) -> Option<Node<'v>> {
        self.map.get(key).map(|value| Node::of(value, &self.pointer, key))
    }

    /// Whether a key is there.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    /// The pointer of a key.
    pub(crate) fn at(&self, key: &str) -> String {
        child(&self.pointer, key)
    }

    /// The value of a key that must be there. Where it is misspelt, that alone is said.
    pub(crate) fn require(&self, report: &mut Report, key: &str) -> Option<Node<'v>> {
        let found = self.get(key);
        if found.is_none() && !self.misspelt.iter().any(|meant| meant == key) {
            report
                .error(&self.pointer, YAML_MISSING_FIELD, format!("the field `{key}` is missing"))
                .hint(format!("add `{key}:` here"));
        }
        found
    }

    /// Says that these keys mean nothing here, for those that are there.
    pub(crate) fn refuse(&self, report: &mut Report, keys: &[&str], here: &str, hint: &str) {
        for key in keys.iter().filter(|key| self.has(key)) {
            report.error_at_key(&self.at(key), codes::MISPLACED, format!("`{key}` means nothing {here}")).hint(hint);
        }
    }
}

/// Says which of the keys at a pointer are neither known nor reserved; the known keys that are probably meant.
fn unknown<'k>(
    report: &mut Report,
    keys: impl Iterator<Item = &'k String>,
    pointer: &str,
    known: &[&str],
    reserved: &[&str],
    head: &[&str],
) -> Vec<String> {
    let mut misspelt = Vec::new();
    for key in keys.filter(|key| !known.contains(&key.as_str())) {
        let pointer = child(pointer, key);
        if reserved.contains(&key.as_str()) {
            report
                .error_at_key(&pointer, codes::NOT_AVAILABLE, format!("`{key}` is not available in this version"))
                .hint("remove it");
        } else if head.contains(&key.as_str()) {
            report
                .error_at_key(&pointer, YAML_UNKNOWN_FIELD, format!("unknown field `{key}`"))
                .hint(format!("`{key}` stands at the head of the playbook, beside `stages`"));
        } else {
            report
                .error_at_key(&pointer, YAML_UNKNOWN_FIELD, format!("unknown field `{key}`"))
                .did_you_mean(key, known.iter().copied());
            misspelt.extend(suggest(key, known.iter().copied()).map(str::to_owned));
        }
    }
    misspelt
}
