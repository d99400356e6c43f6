//! The variables of a playbook: values with names, evaluated in the order written, once, when a run begins.
//!
//! Each sees the alert, the agent and the variables above it; steps have not happened yet. What the sender of an alert
//! supplied is followed through them, because a question to people must not show it, by whatever name.

use serde_json::Value;

use crate::domain::StepName;
use crate::language::Type;
use crate::playbook::model::Variable;
use crate::playbook::{ParameterSpec, ParameterType, codes, keys};

use super::approval::is_from_outside;
use super::node::Node;
use super::outline::Outline;
use super::report::Report;
use super::scope::{Form, Scope, holds_secret};
use super::{secret, value};

/// Compiles the variables, and tells the outline their types.
pub(super) fn compile(report: &mut Report, outline: &mut Outline, root: &Value) -> Vec<Variable> {
    let Some(map) = root.get("vars") else { return Vec::new() };
    let node = Node::of(map, "", "vars");
    let Value::Object(map) = map else {
        node.expected(report, "a mapping of names to values");
        return Vec::new();
    };
    if map.len() > keys::VARIABLES_MAX {
        let message = format!("a playbook has at most {} variables", keys::VARIABLES_MAX);
        report.error(&node.pointer, codes::LIMIT, message).hint("write values where they are used");
        return Vec::new();
    }
    let mut named: Vec<(&String, Node<'_>)> =
        map.iter().map(|(name, value)| (name, Node::of(value, &node.pointer, name))).collect();
    // A mapping has lost its order here; the places of its keys still know it.
    named.sort_by_key(|(_, node)| report.order_of_key(&node.pointer));
    let mut compiled = Vec::new();
    for (name, node) in named {
        let variable = one(report, outline, name, &node);
        let ty = variable.as_ref().map_or(Type::Any, |(_, ty)| ty.clone());
        let outside = variable.as_ref().is_some_and(|(variable, _)| shows_outside(outline, variable));
        outline.add_variable(name, ty, outside);
        compiled.extend(variable.map(|(variable, _)| variable));
    }
    compiled
}

fn one(report: &mut Report, outline: &Outline, name: &str, node: &Node<'_>) -> Option<(Variable, Type)> {
    let parsed = StepName::parse(name);
    if let Err(error) = &parsed {
        report
            .error_at_key(&node.pointer, codes::NAME, format!("`{name}` can't be a name here"))
            .hint(error.to_string());
    }
    let scope = Scope { outline, environment: outline.environment_at_start() };
    let any = ParameterSpec { kind: ParameterType::Any, required: true, values: Vec::new(), help: String::new() };
    let tree = value::compile(report, &scope, "", &any, node)?;
    let ty = type_of(&scope, node.value);
    if hides_secret(&ty) {
        report
            .error(&node.pointer, codes::SECRET_MISPLACED, "this holds secrets in a list")
            .hint("give each secret a variable of its own");
        return None;
    }
    Some((Variable { name: parsed.ok()?, value: tree }, ty))
}

/// The type of what a value comes to.
fn type_of(scope: &Scope<'_>, value: &Value) -> Type {
    match value {
        Value::Null => Type::Null,
        Value::Bool(_) => Type::Bool,
        Value::Number(number) if number.is_i64() || number.is_u64() => Type::Int,
        Value::Number(_) => Type::Double,
        Value::String(text) => match scope.form(text) {
            Form::Whole(ty) => ty,
            // One expression alone, such as a call, gives what it gives.
            Form::Mixed | Form::Disguised if text.starts_with("{{") && text.ends_with("}}") => Type::Any,
            Form::Literal | Form::Mixed | Form::Disguised => Type::String,
        },
        Value::Array(items) => {
            let types: Vec<Type> = items.iter().map(|item| type_of(scope, item)).collect();
            let first = types.first().cloned().unwrap_or(Type::Any);
            Type::list_of(if types.iter().any(holds_secret) {
                Type::Secret
            } else if types.iter().all(|ty| *ty == first) {
                first
            } else {
                Type::Any
            })
        }
        Value::Object(_) if secret::certain_reference(value).is_some() => Type::Secret,
        Value::Object(map) => Type::object(map.iter().map(|(name, value)| (name.clone(), type_of(scope, value)))),
    }
}

/// Whether a list somewhere inside holds a secret.
fn hides_secret(ty: &Type) -> bool {
    match ty {
        Type::List(inner) | Type::Map(inner) => holds_secret(inner),
        Type::Object(fields) => fields.values().any(hides_secret),
        _ => false,
    }
}

/// Whether something that the sender of an alert wrote is in it.
fn shows_outside(outline: &Outline, variable: &Variable) -> bool {
    variable.value.templates().any(|(_, template)| template.shown().iter().any(|names| is_from_outside(outline, names)))
}
