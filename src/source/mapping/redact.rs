//! Taking out what a source declares secret, before anything is read from a body and before it is kept.
//!
//! A pointer is applied wherever it fits, in the envelope as well as in each item: too much taken out is a blank in the
//! record, too little is a leak.

use serde_json::Value;

/// What stands in the place of a secret.
const REDACTED: &str = "[redacted]";

/// The pointers of a source.
#[derive(Debug, Default)]
pub(super) struct Redaction(pub(super) Vec<String>);

impl Redaction {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn redact(&self, value: &Value) -> Value {
        let mut value = value.clone();
        if !self.is_empty() {
            self.walk(&mut value);
        }
        value
    }

    fn walk(&self, value: &mut Value) {
        for pointer in &self.0 {
            if let Some(secret) = value.pointer_mut(pointer) {
                *secret = Value::from(REDACTED);
            }
        }
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.walk(item)),
            Value::Object(entries) => entries.values_mut().for_each(|entry| self.walk(entry)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pointer_takes_out_its_value_wherever_it_fits() {
        let redaction = Redaction(vec!["/token".to_owned(), "/auth/key".to_owned()]);
        let value =
            json!({"token": {"a": 1}, "alerts": [{"token": "t", "auth": {"key": "k", "kind": "x"}}], "key": "y"});
        let expected = json!({
            "token": REDACTED, "alerts": [{"token": REDACTED, "auth": {"key": REDACTED, "kind": "x"}}], "key": "y"
        });
        assert_eq!(redaction.redact(&value), expected);
    }
}
