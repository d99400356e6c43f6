//! The schema of what each action takes under `with`.

use serde_json::{Map, Value, json};

use crate::playbook::catalogue::{ActionKind, ActionSpec, Catalogue, ParameterSpec, ParameterType};
use crate::playbook::model::BUILTIN_NOTICES;

use super::{reference, together, value};

/// The name of the definition of an action's parameters.
pub(super) fn definition_name(spec: &ActionSpec) -> String {
    format!("with.{}", spec.name)
}

/// For each action: if a step has it, then its parameters are these.
pub(super) fn cases(catalogue: &Catalogue) -> Value {
    let case = |spec: &ActionSpec| {
        let mut then = json!({ "properties": { "with": { "$ref": reference(&definition_name(spec)) } } });
        let needs = spec.connector.is_some() || spec.parameters.values().any(|parameter| parameter.required);
        if let Value::Object(then) = &mut then
            && needs
        {
            then.insert("required".to_owned(), json!(["with"]));
        }
        if let (Value::Object(then), Some(excluded)) = (&mut then, together::excluded(spec)) {
            then.insert("not".to_owned(), excluded);
        }
        json!({
            "if": { "properties": { "action": { "const": spec.name.as_str() } }, "required": ["action"] },
            "then": then,
        })
    };
    catalogue.all().map(|spec| case(spec)).collect()
}

/// What an action takes.
pub(super) fn parameters(spec: &ActionSpec) -> Value {
    let mut properties: Map<String, Value> =
        spec.parameters.iter().map(|(name, parameter)| (name.clone(), described(spec, name, parameter))).collect();
    let mut required: Vec<&str> =
        spec.parameters.iter().filter(|(_, parameter)| parameter.required).map(|(name, _)| name.as_str()).collect();
    if let Some(connector) = &spec.connector {
        let help = format!("the name of a configured connection of `{connector}`");
        properties.insert("connection".to_owned(), json!({ "type": "string", "description": help }));
        if !required.contains(&"connection") {
            required.push("connection");
        }
    }
    let mut definition = json!({
        "type": "object",
        "description": spec.help,
        "properties": properties,
        "additionalProperties": false,
    });
    if let Value::Object(definition) = &mut definition {
        definition.extend(together::parameters(spec));
        if !required.is_empty() {
            definition.insert("required".to_owned(), json!(required));
        }
    }
    definition
}

fn described(spec: &ActionSpec, name: &str, parameter: &ParameterSpec) -> Value {
    let mut schema = match (&spec.kind, name) {
        (ActionKind::Notify, "to") => value::one_or_more(&value::person()),
        (ActionKind::Notify, "template") => json!({ "type": "string", "enum": BUILTIN_NOTICES }),
        _ => takes(parameter),
    };
    if let Value::Object(schema) = &mut schema {
        schema.insert("description".to_owned(), Value::String(parameter.help.clone()));
    }
    schema
}

fn takes(parameter: &ParameterSpec) -> Value {
    match parameter.kind {
        ParameterType::String if !parameter.values.is_empty() => {
            value::or_template(&json!({ "type": "string", "enum": parameter.values }))
        }
        ParameterType::String => json!({ "type": "string", "x-language": "handlebars" }),
        ParameterType::Integer => value::or_template(&json!({ "type": "integer" })),
        ParameterType::Boolean => value::or_template(&json!({ "type": "boolean" })),
        ParameterType::List => value::or_template(&json!({ "type": "array", "items": { "type": "string" } })),
        ParameterType::Map => value::or_template(&json!({ "type": "object" })),
        ParameterType::Any => json!({}),
        ParameterType::Secret => value::or_template(&json!({
            "type": "object",
            "properties": { "secret": { "type": "string", "description": "where the secret is: env:NAME or file:/path" } },
            "required": ["secret"],
            "additionalProperties": false,
        })),
    }
}
