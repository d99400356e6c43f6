//! What a step gives its action: every parameter known, none missing, each of its type.
//!
//! A text that is exactly one expression keeps the type of its value, so it is checked by that type; a text with words
//! around an expression is text. What can't be known before it is rendered is let through here and checked when it is.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::domain::ConnectionName;
use crate::language::{Escape, Tree, Type};
use crate::playbook::{ActionSpec, ParameterSpec, ParameterType, codes};

use super::node::{Node, describe};
use super::report::Report;
use super::scope::{Form, Scope};
use super::secret;

/// The parameter that names a connection.
const CONNECTION: &str = "connection";

/// Compiles the parameters of a step; `step` is the pointer of the step, for what is missing.
pub(super) fn compile(
    report: &mut Report,
    scope: &Scope<'_>,
    spec: &ActionSpec,
    with: Option<&Node<'_>>,
    step: &str,
) -> Option<Tree> {
    let empty = Map::new();
    let given = match with.map(|with| with.value) {
        None => &empty,
        Some(Value::Object(map)) => map,
        Some(_) => {
            if let Some(with) = with {
                with.expected(report, "a mapping of parameters");
            }
            return None;
        }
    };
    let place = with.map_or(step, |with| with.pointer.as_str());
    missing(report, spec, given, place, step);
    let mut tree = BTreeMap::new();
    let mut complete = true;
    for (name, value) in given {
        let node = Node::of(value, place, name);
        let compiled = match spec.parameters.get(name) {
            Some(parameter) => one(report, scope, name, parameter, &node),
            None if name == CONNECTION && spec.connector.is_some() => connection(report, scope, &node),
            None => {
                unknown(report, spec, name, &node);
                None
            }
        };
        match compiled {
            Some(compiled) => drop(tree.insert(name.clone(), compiled)),
            None => complete = false,
        }
    }
    complete.then_some(Tree::Map(tree))
}

fn unknown(report: &mut Report, spec: &ActionSpec, name: &str, node: &Node<'_>) {
    let connection = spec.connector.iter().map(|_| CONNECTION);
    let known = spec.parameters.keys().map(String::as_str).chain(connection);
    let message = format!("`{}` takes no parameter `{name}`", spec.name);
    report.error_at_key(&node.pointer, codes::UNKNOWN_PARAMETER, message).did_you_mean(name, known);
}

fn missing(report: &mut Report, spec: &ActionSpec, given: &Map<String, Value>, place: &str, step: &str) {
    let pointer = if place == step { super::node::child(step, "action") } else { place.to_owned() };
    if let Some(connector) = spec.connector.as_ref().filter(|_| !given.contains_key(CONNECTION)) {
        report
            .error_at_key(&pointer, codes::MISSING_CONNECTION, format!("`{}` does not say which connection it uses", spec.name))
            .hint(format!("add `connection:` under `with`, with the name of a configured connection of `{connector}`"));
    }
    let required = spec.parameters.iter().filter(|(name, parameter)| parameter.required && !given.contains_key(*name));
    for (name, parameter) in required.filter(|(name, _)| spec.connector.is_none() || *name != CONNECTION) {
        report
            .error_at_key(&pointer, codes::MISSING_PARAMETER, format!("`{}` needs the parameter `{name}`", spec.name))
            .hint(format!("add `{name}:` under `with`: {}", parameter.help));
    }
}

fn connection(report: &mut Report, scope: &Scope<'_>, node: &Node<'_>) -> Option<Tree> {
    let text = node.text(report)?;
    if scope.form(text) == Form::Literal {
        node.name(report, ConnectionName::parse)?;
    }
    scope.tree(report, node.value, &node.pointer, Escape::None)
}

fn one(report: &mut Report, scope: &Scope<'_>, name: &str, spec: &ParameterSpec, node: &Node<'_>) -> Option<Tree> {
    let escape = if name == "url" { Escape::Url } else { Escape::None };
    let value = match spec.kind {
        ParameterType::Secret => secret::reference(report, scope, node)?,
        ParameterType::Map => map(report, scope, node)?,
        ParameterType::List => list(report, scope, node)?,
        ParameterType::String | ParameterType::Integer | ParameterType::Boolean => {
            scalar(report, scope, name, spec, node)?;
            node.value.clone()
        }
        ParameterType::Any => node.value.clone(),
    };
    scope.tree(report, &value, &node.pointer, escape)
}

/// What a parameter takes, for people.
const fn expected(kind: ParameterType) -> &'static str {
    match kind {
        ParameterType::String => "text",
        ParameterType::Integer => "a whole number",
        ParameterType::Boolean => "true or false",
        ParameterType::Secret => "a secret",
        ParameterType::List => "a list of text",
        ParameterType::Map => "a mapping of names to values",
        ParameterType::Any => "any value",
    }
}

fn wrong(report: &mut Report, kind: ParameterType, found: &str, node: &Node<'_>, hint: Option<&str>) {
    let name = node.pointer.rsplit('/').next().unwrap_or_default();
    let message = format!("`{name}` takes {}, not {found}", expected(kind));
    let entry = report.error(&node.pointer, codes::PARAMETER_TYPE, message);
    if let Some(hint) = hint {
        entry.hint(hint);
    }
}

/// Whether a value of this type is what the parameter takes; `Any` is known only when it is rendered.
const fn fits(kind: ParameterType, ty: &Type) -> bool {
    match kind {
        ParameterType::Any => true,
        ParameterType::String => !matches!(ty, Type::List(_) | Type::Map(_) | Type::Object(_) | Type::Secret | Type::Null),
        ParameterType::Integer => matches!(ty, Type::Int | Type::Any),
        ParameterType::Boolean => matches!(ty, Type::Bool | Type::Any),
        ParameterType::Secret => matches!(ty, Type::Secret),
        ParameterType::List => matches!(ty, Type::List(_) | Type::Any),
        ParameterType::Map => matches!(ty, Type::Map(_) | Type::Object(_) | Type::Any),
    }
}

/// Checks a text that is exactly one expression; says whether it was one, and fits.
fn whole(report: &mut Report, scope: &Scope<'_>, kind: ParameterType, node: &Node<'_>) -> Option<bool> {
    let Value::String(text) = node.value else { return Some(false) };
    let Form::Whole(ty) = scope.form(text) else { return Some(false) };
    if fits(kind, &ty) {
        return Some(true);
    }
    if ty == Type::Secret {
        report
            .error(&node.pointer, codes::SECRET_MISPLACED, "a secret goes only into a parameter that takes one")
            .hint("use a parameter that takes a secret, or a header of `http.call`");
    } else {
        wrong(report, kind, &ty.to_string(), node, None);
    }
    None
}

fn scalar(report: &mut Report, scope: &Scope<'_>, name: &str, spec: &ParameterSpec, node: &Node<'_>) -> Option<()> {
    if whole(report, scope, spec.kind, node)? {
        return Some(());
    }
    match (spec.kind, node.value) {
        (ParameterType::String, Value::String(text)) => allowed(report, scope, name, spec, text, node),
        (ParameterType::String, Value::Number(_) | Value::Bool(_)) => {
            wrong(report, spec.kind, describe(node.value), node, Some("write it in quotes"));
            None
        }
        (ParameterType::Integer, Value::Number(number)) if number.is_i64() || number.is_u64() => Some(()),
        (ParameterType::Boolean, Value::Bool(_)) => Some(()),
        (ParameterType::Integer, Value::String(text)) if text.parse::<i64>().is_ok() => {
            wrong(report, spec.kind, "text", node, Some("write it without quotes"));
            None
        }
        (kind, value) => {
            wrong(report, kind, describe(value), node, None);
            None
        }
    }
}

fn allowed(
    report: &mut Report,
    scope: &Scope<'_>,
    name: &str,
    spec: &ParameterSpec,
    text: &str,
    node: &Node<'_>,
) -> Option<()> {
    if spec.values.is_empty() || scope.form(text) != Form::Literal || spec.values.iter().any(|value| value == text) {
        return Some(());
    }
    report
        .error(&node.pointer, codes::PARAMETER_TYPE, format!("`{name}` does not take `{text}`"))
        .did_you_mean(text, spec.values.iter().map(String::as_str));
    None
}

fn list(report: &mut Report, scope: &Scope<'_>, node: &Node<'_>) -> Option<Value> {
    if whole(report, scope, ParameterType::List, node)? {
        return Some(node.value.clone());
    }
    if !node.value.is_array() {
        let hint = node.value.is_string().then_some("write it in brackets: [NAME]");
        wrong(report, ParameterType::List, describe(node.value), node, hint);
        return None;
    }
    let mut fine = true;
    for item in node.one_or_more() {
        let text = item.text(report).is_some();
        fine &= text && whole(report, scope, ParameterType::String, &item).is_some();
    }
    fine.then(|| node.value.clone())
}

/// A mapping of names to values; a value may be a reference to a secret, such as a header's.
fn map(report: &mut Report, scope: &Scope<'_>, node: &Node<'_>) -> Option<Value> {
    if whole(report, scope, ParameterType::Map, node)? {
        return Some(node.value.clone());
    }
    let Value::Object(map) = node.value else {
        wrong(report, ParameterType::Map, describe(node.value), node, None);
        return None;
    };
    let mut out = Map::new();
    for (name, value) in map {
        let inner = Node::of(value, &node.pointer, name);
        let value = if secret::is_reference(value) { secret::reference(report, scope, &inner)? } else { value.clone() };
        out.insert(name.clone(), value);
    }
    Some(Value::Object(out))
}
