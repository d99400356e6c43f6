//! Whether the parameters of a call are those that its action takes.
//!
//! The compiler has checked the playbook, but values are only known when a step is rendered, and a stored run may be
//! older than the action. So the last check stands here, before anything is sent. A message names a parameter and never
//! shows its value.

use serde_json::{Map, Value};

use crate::client::is_secret_value;
use crate::playbook::{ActionSpec, ParameterType};

/// What names the connection of a connector's step.
const CONNECTION: &str = "connection";

/// The parameters, if the action takes them. The error says what to correct.
pub fn checked<'a>(spec: &ActionSpec, parameters: &'a Value) -> Result<&'a Map<String, Value>, String> {
    let given = parameters.as_object().ok_or("the parameters are not an object; correct the step's `with`")?;
    // Every step of a connector names a connection; that is no parameter of its own.
    let connected = spec.connector.is_some();
    if connected && !given.get(CONNECTION).is_some_and(Value::is_string) {
        return Err(format!("`{}` needs a `connection`", spec.name));
    }
    let known = |name: &String| spec.parameters.contains_key(name) || (connected && name == CONNECTION);
    if let Some(name) = given.keys().find(|name| !known(name)) {
        return Err(format!("`{}` takes no parameter `{}`; remove it", spec.name, name.escape_debug()));
    }
    for (name, parameter) in &spec.parameters {
        let Some(value) = given.get(name).filter(|value| !value.is_null()) else {
            if parameter.required {
                return Err(format!("`{}` needs the parameter `{name}`; it has no value", spec.name));
            }
            continue;
        };
        if !fits(parameter.kind, value) {
            return Err(format!("the parameter `{name}` of `{}` must be {}", spec.name, words(parameter.kind)));
        }
        if parameter.required && value.as_str().is_some_and(|text| text.trim().is_empty()) {
            return Err(format!(
                "the parameter `{name}` of `{}` is empty; nothing is done to an empty name",
                spec.name
            ));
        }
        let allowed = &parameter.values;
        if !allowed.is_empty() && !value.as_str().is_some_and(|text| allowed.iter().any(|each| each == text)) {
            return Err(format!("the parameter `{name}` of `{}` must be one of {}", spec.name, allowed.join(", ")));
        }
    }
    Ok(given)
}

fn fits(kind: ParameterType, value: &Value) -> bool {
    match kind {
        ParameterType::String => value.is_string(),
        // A number out of an agent's handles is text.
        ParameterType::Integer => integer(value).is_some(),
        ParameterType::Boolean => value.is_boolean(),
        ParameterType::Secret => is_secret_value(value).is_some(),
        ParameterType::List => value.as_array().is_some_and(|items| items.iter().all(Value::is_string)),
        ParameterType::Map => value.is_object(),
        ParameterType::Any => true,
    }
}

/// A whole number, also one that is written as text.
pub fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// Text, a number or a boolean as text.
pub fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

const fn words(kind: ParameterType) -> &'static str {
    match kind {
        ParameterType::String => "text",
        ParameterType::Integer => "a whole number",
        ParameterType::Boolean => "true or false",
        ParameterType::Secret => "a reference to a secret, such as {{agent.credentials.NAME}}",
        ParameterType::List => "a list of text",
        ParameterType::Map => "an object",
        ParameterType::Any => "a value",
    }
}
