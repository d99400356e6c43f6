//! The JSON Schema (2020-12) of the language, for editors.
//!
//! It is made from the tables that the compiler reads by ([`keys`]) and from the catalogue of actions, so it can't tell
//! of a key or a parameter that there is not. A schema sees shapes only: expressions, templates, the order of steps and
//! who must be asked are for the compiler to judge, so what the schema takes may still be refused. What the compiler
//! takes is never refused by the schema.

mod action;
mod together;
mod value;

use serde_json::{Map, Value, json};

use super::catalogue::Catalogue;
use super::keys::{self, Key, Section};

/// The dialect that the schema is written in.
pub const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The schema of a playbook with these actions.
#[must_use]
pub fn schema(catalogue: &Catalogue) -> Value {
    let mut definitions = Map::new();
    for section in keys::SECTIONS {
        definitions.insert(section.name.to_owned(), definition(section, catalogue));
    }
    for spec in catalogue.all() {
        definitions.insert(action::definition_name(spec), action::parameters(spec));
    }
    json!({
        "$schema": DIALECT,
        "title": "Standdown playbook",
        "description": "A playbook of Standdown: which alerts it takes, and what is done then. `standdown help playbooks` explains it.",
        "$ref": reference(keys::HEAD.name),
        "$defs": definitions,
    })
}

/// The address of a definition.
fn reference(name: &str) -> String {
    format!("#/$defs/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn definition(section: &Section, catalogue: &Catalogue) -> Value {
    let properties: Map<String, Value> =
        section.keys.iter().map(|key| (key.name.to_owned(), property(key, catalogue))).collect();
    let required: Vec<&str> = section.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    let mut definition = json!({
        "type": "object",
        "description": section.help,
        "properties": properties,
        "additionalProperties": false,
    });
    if let Value::Object(definition) = &mut definition {
        if !required.is_empty() {
            definition.insert("required".to_owned(), json!(required));
        }
        definition.extend(together::rules(section));
        if section.name == keys::APPROVAL.name {
            definition.insert("type".to_owned(), json!(["object", "string"]));
            definition.insert("pattern".to_owned(), json!(value::NAME));
        }
        if section.name == keys::STEP.name {
            definition.insert("allOf".to_owned(), action::cases(catalogue));
        }
    }
    definition
}

fn property(key: &Key, catalogue: &Catalogue) -> Value {
    let mut property = value::of(&key.takes, catalogue);
    if let Value::Object(property) = &mut property {
        property.insert("description".to_owned(), Value::String(description(key)));
    }
    property
}

fn description(key: &Key) -> String {
    use std::fmt::Write as _;
    let mut text = key.help.to_owned();
    if let keys::Takes::Words(words) = &key.takes {
        for (word, meaning) in *words {
            // Writing to a text can't fail.
            write!(text, "\n- {word}: {meaning}").unwrap_or_default();
        }
        text.push('\n');
    }
    if !key.default.is_empty() {
        write!(text, "\nLeft out: {}.", key.default).unwrap_or_default();
    }
    text
}

#[cfg(test)]
mod tests;
