//! The value of one parameter, checked by the type that the action declares.
//!
//! A text that is exactly one expression keeps the type of its value, so it is checked by that type; a text with words
//! around an expression is text. What can't be known before it is rendered is let through here and checked when it is.

use serde_json::{Map, Value};

use crate::language::{Escape, Tree, Type};
use crate::playbook::{ParameterSpec, ParameterType, codes};

use super::node::{Node, describe};
use super::report::Report;
use super::scope::{Form, Scope, disguised, holds_secret};
use super::secret;

/// Compiles the value of a parameter.
pub(super) fn compile(
    report: &mut Report,
    scope: &Scope<'_>,
    name: &str,
    spec: &ParameterSpec,
    node: &Node<'_>,
) -> Option<Tree> {
    let escape = if name == "url" { Escape::Url } else { Escape::None };
    let value = match spec.kind {
        ParameterType::Secret => secret::reference(report, scope, node)?,
        ParameterType::Map => map(report, scope, node)?,
        ParameterType::List => list(report, scope, node)?,
        ParameterType::String | ParameterType::Integer | ParameterType::Boolean => {
            scalar(report, scope, name, spec, node)?;
            node.value.clone()
        }
        ParameterType::Any => any(report, scope, node)?,
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
        ParameterType::String => {
            !matches!(ty, Type::List(_) | Type::Map(_) | Type::Object(_) | Type::Secret | Type::Null)
        }
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
    let ty = match scope.form(text) {
        Form::Whole(ty) => ty,
        Form::Literal | Form::Mixed => return Some(false),
        Form::Disguised => {
            disguised(report, node);
            return None;
        }
    };
    let collection = ty != Type::Secret && holds_secret(&ty);
    if fits(kind, &ty) && !collection {
        return Some(true);
    }
    if collection {
        report
            .error(&node.pointer, codes::SECRET_MISPLACED, "this holds secrets among other things")
            .hint("name the fields that are needed, one by one");
    } else if ty == Type::Secret {
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
    entries(report, node, map, |report, inner| {
        if secret::is_reference(inner.value) {
            secret::reference(report, scope, inner)
        } else {
            any(report, scope, inner)
        }
    })
}

/// Any value; its leaves may be single secrets, but nothing that holds secrets among other things.
fn any(report: &mut Report, scope: &Scope<'_>, node: &Node<'_>) -> Option<Value> {
    if let Some(reference) = secret::certain_reference(node.value) {
        return Some(reference);
    }
    match node.value {
        Value::Array(_) => {
            let items: Vec<Option<Value>> = node.one_or_more().iter().map(|item| any(report, scope, item)).collect();
            items.into_iter().collect::<Option<Vec<_>>>().map(Value::Array)
        }
        Value::Object(map) => entries(report, node, map, |report, inner| any(report, scope, inner)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            whole(report, scope, ParameterType::Any, node).map(|_| node.value.clone())
        }
    }
}

/// The entries of a mapping, each read in the same way.
fn entries(
    report: &mut Report,
    node: &Node<'_>,
    map: &Map<String, Value>,
    mut read: impl FnMut(&mut Report, &Node<'_>) -> Option<Value>,
) -> Option<Value> {
    let mut out = Map::new();
    let mut sound = true;
    for (name, value) in map {
        let inner = Node::of(value, &node.pointer, name);
        if name == secret::REFERENCE {
            report
                .error_at_key(&inner.pointer, codes::SECRET_LITERAL, format!("`{name}` is not written by hand"))
                .hint("write { secret: \"env:NAME\" }");
            sound = false;
        }
        match read(report, &inner) {
            Some(value) => {
                out.insert(name.clone(), value);
            }
            None => sound = false,
        }
    }
    sound.then_some(Value::Object(out))
}
