//! One expression of a mapping with its place, and the view of a delivery that it is evaluated over.

use crate::language::{EvaluationError, Expression};
use jiff::Timestamp;
use serde_json::{Map, Value};

/// An expression and where in the source's options it stands.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) pointer: String,
    pub(super) expression: Expression,
}

/// The variables of one item: as they came, and as they may be shown.
pub(super) struct View {
    /// `body`, `item` and `headers` without secrets.
    shown: Value,
    /// The same as they came, for digests; nothing if there are no secrets to hide.
    original: Option<Value>,
    now: Timestamp,
    notes: Vec<String>,
}

impl View {
    /// The variables of a delivery, before any item.
    pub(super) fn new(body: &Value, shown: Option<Value>, headers: &Value, now: Timestamp) -> Self {
        let variables = |body: Value| {
            let mut variables = Map::new();
            variables.insert("item".to_owned(), Value::Null);
            variables.insert("body".to_owned(), body);
            variables.insert("headers".to_owned(), headers.clone());
            Value::Object(variables)
        };
        let original = shown.is_some().then(|| variables(body.clone()));
        Self { shown: variables(shown.unwrap_or_else(|| body.clone())), original, now, notes: Vec::new() }
    }

    /// Goes on to an item; `shown` is the item without secrets, if there are any to hide.
    pub(super) fn set_item(&mut self, item: Value, shown: Option<Value>) {
        let (shown, original) = match shown {
            Some(shown) => (shown, Some(item)),
            None => (item, None),
        };
        put_item(&mut self.shown, shown);
        if let (Some(variables), Some(item)) = (&mut self.original, original) {
            put_item(variables, item);
        }
        self.notes.clear();
    }

    /// The item as it may be kept.
    pub(super) fn item(&self) -> &Value {
        self.shown.get("item").unwrap_or(&Value::Null)
    }

    /// The value of a rule over what may be shown; null if it has none.
    pub(super) fn value(&mut self, rule: &Rule) -> Value {
        let result = rule.expression.evaluate(&self.shown, self.now);
        self.noted(rule, result)
    }

    /// The value of a rule over what came, secrets too: only a digest of it may be kept.
    pub(super) fn secret_value(&mut self, rule: &Rule) -> Value {
        let result = rule.expression.evaluate(self.original.as_ref().unwrap_or(&self.shown), self.now);
        self.noted(rule, result)
    }

    /// The value over what came, with the reason why there is none.
    pub(super) fn try_value(&self, rule: &Rule) -> Result<Value, EvaluationError> {
        rule.expression.evaluate(self.original.as_ref().unwrap_or(&self.shown), self.now)
    }

    fn noted(&mut self, rule: &Rule, result: Result<Value, EvaluationError>) -> Value {
        match result {
            Ok(value) => value,
            // What is missing is missing: that is how most messages are.
            Err(EvaluationError::Missing { .. }) => Value::Null,
            Err(error) => {
                self.note(rule, &error.to_string());
                Value::Null
            }
        }
    }

    /// Remembers what could not be read.
    pub(super) fn note(&mut self, rule: &Rule, what: &str) {
        self.notes.push(format!("{}: {what}", rule.pointer));
    }

    pub(super) fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }
}

fn put_item(variables: &mut Value, item: Value) {
    if let Some(slot) = variables.get_mut("item") {
        *slot = item;
    }
}
