//! What is kept of a message as names and values: labels, resources and the engineer's own fields.

use super::caps::{self, ENTRIES_MAX, FIELD_BYTES_MAX, KEY_BYTES_MAX, TEXT_BYTES_MAX};
use super::rule::{Rule, View};
use crate::domain::digest::canonical_json;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Where the engineer's own fields come from.
#[derive(Debug)]
pub(super) enum FieldRules {
    /// One rule gives an object of all of them.
    All(Rule),
    /// A rule for each name.
    Each(BTreeMap<String, Rule>),
}

impl View {
    /// The labels of a rule, with every value as text; the first 64 by name.
    pub(super) fn labels(&mut self, rule: Option<&Rule>) -> BTreeMap<String, String> {
        let Some(rule) = rule else { return BTreeMap::new() };
        let object = match self.value(rule) {
            Value::Object(object) => object,
            Value::Null => return BTreeMap::new(),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                self.note(rule, "an object is expected");
                return BTreeMap::new();
            }
        };
        if object.len() > ENTRIES_MAX {
            self.note(rule, "more than 64 labels, of which the first 64 are kept");
        }
        let sorted: BTreeMap<String, Value> = object.into_iter().collect();
        sorted.into_iter().take(ENTRIES_MAX).map(|(name, value)| label(&name, &value)).collect()
    }

    /// The resources of a rule: a text, or a list of texts.
    pub(super) fn resources(&mut self, rule: Option<&Rule>) -> Vec<String> {
        let Some(rule) = rule else { return Vec::new() };
        let items = match self.value(rule) {
            Value::Array(items) => items,
            Value::Null => return Vec::new(),
            one @ (Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => vec![one],
        };
        if items.len() > ENTRIES_MAX {
            self.note(rule, "more than 64 resources, of which the first 64 are kept");
        }
        items.iter().take(ENTRIES_MAX).map(text).filter(|text| !text.is_empty()).collect()
    }

    /// The engineer's own fields; one that has no value is left out, so that `has()` says so.
    pub(super) fn fields(&mut self, rules: &FieldRules) -> Map<String, Value> {
        let mut fields = Map::new();
        match rules {
            FieldRules::Each(rules) => {
                for (name, rule) in rules {
                    let value = self.value(rule);
                    self.keep(&mut fields, rule, name, value);
                }
            }
            FieldRules::All(rule) => match self.value(rule) {
                Value::Object(object) => {
                    for (name, value) in object.into_iter().take(ENTRIES_MAX) {
                        self.keep(&mut fields, rule, &name, value);
                    }
                }
                Value::Null => {}
                Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                    self.note(rule, "an object is expected");
                }
            },
        }
        fields
    }

    fn keep(&mut self, fields: &mut Map<String, Value>, rule: &Rule, name: &str, value: Value) {
        let value = match value {
            Value::Null => return,
            Value::String(text) => Value::from(caps::cut(&text, FIELD_BYTES_MAX)),
            other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => other,
        };
        if name.len() > KEY_BYTES_MAX || (!value.is_string() && value.to_string().len() > FIELD_BYTES_MAX) {
            self.note(rule, "a field has more than 4 KiB, or a name of more than 512 bytes, and is left out");
            return;
        }
        fields.insert(name.to_owned(), value);
    }
}

fn label(name: &str, value: &Value) -> (String, String) {
    (caps::cut(&caps::without_nul(name), KEY_BYTES_MAX).to_owned(), text(value))
}

fn text(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::Array(_) | Value::Object(_) => canonical_json(value),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => caps::plain(value).unwrap_or_default(),
    };
    caps::cut(&text, TEXT_BYTES_MAX).to_owned()
}
