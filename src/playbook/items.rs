//! The items of a step that goes through a list, at the moment when its turn comes.
//!
//! What an expression makes of an alert is data. Secrets never pass through an expression: they are taken from where
//! they stand, as references.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::context::without_references;
use super::model::Items;

impl Items {
    /// The items now, in order; of a mapping its entries as `{key, value}`. The error says why there are none.
    pub fn evaluate(&self, variables: &Value, now: Timestamp) -> Result<Vec<Value>, String> {
        let found = match self {
            Self::Computed(expression) => match expression.evaluate(variables, now) {
                Ok(value) => without_references(&value),
                Err(error) => return Err(format!("`{}` could not be evaluated: {error}", expression.source())),
            },
            Self::Secrets { path, .. } => {
                let found = path.iter().try_fold(variables, |value, name| value.get(name));
                found.cloned().ok_or_else(|| format!("`{}` has no value", path.join(".")))?
            }
        };
        match found {
            Value::Array(items) => Ok(items),
            Value::Object(map) => {
                Ok(map.into_iter().map(|(key, value)| json!({ "key": key, "value": value })).collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                Err(format!("`{}` is no list", self.source()))
            }
        }
    }

    /// The expression as the playbook writes it.
    #[must_use]
    pub fn source(&self) -> &str {
        match self {
            Self::Computed(expression) => expression.source(),
            Self::Secrets { source, .. } => source,
        }
    }
}
