//! What a step gives its action: every parameter known, none missing, and the connection named.
//!
//! Whether each value is what its parameter takes is checked one by one, elsewhere.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::domain::ConnectionName;
use crate::language::{Escape, Tree};
use crate::playbook::{ActionSpec, codes};

use super::node::{Node, child};
use super::report::Report;
use super::scope::{Form, Scope};
use super::value;

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
            Some(parameter) => value::compile(report, scope, name, parameter, &node),
            None if name == CONNECTION && spec.connector.is_some() => connection(report, scope, &node),
            None => {
                unknown(report, spec, name, &node);
                None
            }
        };
        match compiled {
            Some(compiled) => {
                tree.insert(name.clone(), compiled);
            }
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
    let pointer = if place == step { child(step, "action") } else { place.to_owned() };
    if let Some(connector) = spec.connector.as_ref().filter(|_| !given.contains_key(CONNECTION)) {
        report
            .error_at_key(
                &pointer,
                codes::MISSING_CONNECTION,
                format!("`{}` does not say which connection it uses", spec.name),
            )
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
