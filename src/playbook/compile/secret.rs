//! Secrets in parameters: always a reference, never a value.
//!
//! A message here never repeats what stood in the file, because that may be the secret itself. A reference that a
//! playbook writes out becomes the same `{"$secret": "env:NAME"}` that an agent's credential is.

use serde_json::{Value, json};

use crate::language::{Escape, Type};
use crate::playbook::codes;

use super::node::Node;
use super::report::Report;
use super::scope::{Form, Scope};

/// The key that marks a reference on its way to an action; nobody writes it by hand.
pub(super) const REFERENCE: &str = "$secret";
const HINT: &str = "write \"{{agent.credentials.NAME}}\" or { secret: \"env:NAME\" }, or `file:` with an absolute path";

/// Whether a value has the form of a reference: a mapping with `secret` alone.
pub(super) fn is_reference(value: &Value) -> bool {
    value.as_object().is_some_and(|map| map.len() == 1 && map.contains_key("secret"))
}

/// The value as it travels, if it certainly is a reference; for places where a mapping may be anything.
pub(super) fn certain_reference(value: &Value) -> Option<Value> {
    let text = value.get("secret").filter(|_| is_reference(value)).and_then(Value::as_str)?;
    place(text).map(|place| json!({ REFERENCE: place }))
}

/// The value as it travels to the action, or nothing if it is no reference to a secret.
pub(super) fn reference(report: &mut Report, scope: &Scope<'_>, node: &Node<'_>) -> Option<Value> {
    match node.value {
        Value::String(text) if scope.form(text) == Form::Whole(Type::Secret) => Some(node.value.clone()),
        Value::String(text) if matches!(scope.form(text), Form::Mixed | Form::Disguised) => {
            // What the template's own check refuses has better words than the ones below.
            let sound = scope.tree(report, node.value, &node.pointer, Escape::None).is_some();
            if sound {
                literal(report, node);
            }
            None
        }
        Value::Object(map) if is_reference(node.value) => {
            let place = map.get("secret").and_then(Value::as_str).and_then(place);
            if place.is_none() {
                let message = "`secret` says where a secret is, and this is neither `env:NAME` nor `file:/path`";
                report.error(&node.pointer, codes::SECRET_LITERAL, message).hint(HINT);
            }
            place.map(|place| json!({ REFERENCE: place }))
        }
        _ => {
            literal(report, node);
            None
        }
    }
}

fn literal(report: &mut Report, node: &Node<'_>) {
    report.error(&node.pointer, codes::SECRET_LITERAL, "a secret is named here, never written out").hint(HINT);
}

/// Where a secret is, in its one spelling; never from a template, because an alert must not choose what is read.
fn place(text: &str) -> Option<String> {
    if text.contains("{{") {
        return None;
    }
    let variable = text.strip_prefix("env:").or_else(|| text.strip_prefix("${")?.strip_suffix('}'));
    if let Some(name) = variable {
        let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let goes_on_well = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        return (starts_well && goes_on_well).then(|| format!("env:{name}"));
    }
    let path = text.strip_prefix("file:")?;
    std::path::Path::new(path).is_absolute().then(|| text.to_owned())
}
