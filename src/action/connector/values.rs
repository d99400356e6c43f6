//! What the templates of a connector may name, when it is compiled and when it is called.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::declaration::Declaration;
use super::parameter::Parameter;
use crate::action::connection::{Connection, ConnectionSpec};
use crate::action::parameters::checked;
use crate::action::port::Task;
use crate::language::{Environment, Type};
use crate::playbook::ParameterType;

/// Names that no parameter may have.
pub const RESERVED: [&str; 3] = ["connection", "snapshot", "idempotency_key"];

/// The variables of one action's templates.
pub struct Scope {
    /// Their types.
    pub environment: Environment,
    /// Parameters that may have no value.
    optional: Vec<String>,
}

impl Scope {
    /// The scope of an action with these parameters.
    pub fn new(parameters: &BTreeMap<String, Parameter>, connection: &ConnectionSpec) -> Self {
        let settings = connection.settings.keys().map(|name| (name.clone(), Type::String));
        let base = Environment::new()
            .with("connection", Type::object(settings))
            .with("snapshot", Type::Any)
            .with("idempotency_key", Type::String);
        let environment =
            parameters.iter().fold(base, |env, (name, parameter)| env.with(name, kind(parameter.spec.kind)));
        let optional = |(name, parameter): (&String, &Parameter)| {
            (!parameter.spec.required && parameter.default.is_none()).then(|| name.clone())
        };
        Self { environment, optional: parameters.iter().filter_map(optional).collect() }
    }

    /// The optional parameter that is all of this value.
    pub fn optional_alone(&self, value: &Value) -> Option<String> {
        let name = value.as_str()?.trim().strip_prefix("{{")?.strip_suffix("}}")?.trim();
        self.optional.iter().find(|optional| *optional == name).cloned()
    }
}

fn kind(kind: ParameterType) -> Type {
    match kind {
        ParameterType::String => Type::String,
        ParameterType::Integer => Type::Int,
        ParameterType::Boolean => Type::Bool,
        ParameterType::Secret => Type::Secret,
        ParameterType::List => Type::List(Box::new(Type::String)),
        ParameterType::Map => Type::Map(Box::new(Type::Any)),
        ParameterType::Any => Type::Any,
    }
}

/// The values for a call.
pub fn variables(declaration: &Declaration, connection: &Connection, task: &Task<'_>) -> Result<Value, String> {
    let mut values = checked(&declaration.spec, &task.call.parameters)?.clone();
    for (name, value) in &declaration.defaults {
        let slot = values.entry(name.clone()).or_insert(Value::Null);
        if slot.is_null() {
            *slot = value.clone();
        }
    }
    // These come last: no parameter can take their place.
    values.insert("connection".to_owned(), connection.values());
    values.insert("snapshot".to_owned(), task.call.snapshot.clone().unwrap_or(Value::Null));
    values.insert("idempotency_key".to_owned(), json!(task.call.key));
    Ok(Value::Object(values))
}
