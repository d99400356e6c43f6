//! The parameters of a connector's action, written as `name: type` or as `name: {type, required, values, default, help}`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::compile::Faults;
use super::fields::escaped;
use super::values::RESERVED;
use crate::language::suggest;
use crate::playbook::{ParameterSpec, ParameterType};

/// A parameter and what stands in for it.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// What it takes.
    pub spec: ParameterSpec,
    /// Its value if it is left out.
    pub default: Option<Value>,
}

const TYPES: [(&str, ParameterType); 7] = [
    ("string", ParameterType::String),
    ("integer", ParameterType::Integer),
    ("boolean", ParameterType::Boolean),
    ("secret", ParameterType::Secret),
    ("list", ParameterType::List),
    ("map", ParameterType::Map),
    ("any", ParameterType::Any),
];
const KEYS: [&str; 5] = ["type", "required", "values", "default", "help"];

/// Reads the parameters below a pointer.
pub fn compile(
    params: &BTreeMap<String, Value>,
    pointer: &str,
    faults: &mut Faults<'_>,
) -> BTreeMap<String, Parameter> {
    let mut parameters = BTreeMap::new();
    for (name, value) in params {
        let place = format!("{pointer}/{}", escaped(name));
        if RESERVED.contains(&name.as_str()) {
            faults.at(&place, format!("`{name}` can't be a parameter; the name has a meaning of its own"));
        }
        if let Some(parameter) = one(value, &place, faults) {
            parameters.insert(name.clone(), parameter);
        }
    }
    parameters
}

fn one(value: &Value, place: &str, faults: &mut Faults<'_>) -> Option<Parameter> {
    match value {
        Value::String(word) => {
            let spec = ParameterSpec {
                kind: kind(word, place, faults)?,
                required: true,
                values: Vec::new(),
                help: String::new(),
            };
            Some(Parameter { spec, default: None })
        }
        Value::Object(fields) => long(fields, place, faults),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            faults.at(place, "a parameter is a type, or has `type`, `required`, `values`, `default` and `help`");
            None
        }
    }
}

fn long(fields: &Map<String, Value>, place: &str, faults: &mut Faults<'_>) -> Option<Parameter> {
    for key in fields.keys().filter(|key| !KEYS.contains(&key.as_str())) {
        let near = suggest(key, KEYS.into_iter()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        faults.at(&format!("{place}/{}", escaped(key)), format!("a parameter has no `{key}`{near}"));
    }
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let Some(word) = text("type") else {
        faults.at(place, "a parameter needs a `type`");
        return None;
    };
    let values = fields.get("values").and_then(Value::as_array).into_iter().flatten();
    let default = fields.get("default").cloned();
    let required = fields.get("required").and_then(Value::as_bool).unwrap_or(default.is_none());
    if required && default.is_some() {
        faults.at(place, "a required parameter has no `default`");
    }
    let spec = ParameterSpec {
        kind: kind(word, &format!("{place}/type"), faults)?,
        required,
        values: values.filter_map(Value::as_str).map(str::to_owned).collect(),
        help: text("help").unwrap_or_default().to_owned(),
    };
    Some(Parameter { spec, default })
}

fn kind(word: &str, place: &str, faults: &mut Faults<'_>) -> Option<ParameterType> {
    let found = TYPES.iter().find(|(name, _)| *name == word).map(|(_, kind)| *kind);
    if found.is_none() {
        let known = TYPES.map(|(name, _)| name).join(", ");
        faults.at(place, format!("`{word}` is no type; there are {known}"));
    }
    found
}
