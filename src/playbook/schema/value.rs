//! The schema of what stands after a key.

use serde_json::{Value, json};

use crate::playbook::catalogue::Catalogue;
use crate::playbook::keys::{Takes, VARIABLES_MAX};

use super::reference;

/// Units from large to small, each at most once; at least one of them.
const DURATION: &str = "^(?=.)([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$";
/// Date, time and offset; which days there are is for the compiler.
const TIME: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:.*([Zz]|[+-][0-9]{2}.*)$";
/// Letters, digits, `-` and `_`.
pub(super) const NAME: &str = "^[A-Za-z0-9_-]{1,128}$";
/// Anything with a template in it.
const TEMPLATE: &str = "\\{\\{";

/// The schema of a value. It may stand in one place only: a description is added to it.
pub(super) fn of(takes: &Takes, catalogue: &Catalogue) -> Value {
    match takes {
        Takes::Name => json!({ "type": "string", "pattern": NAME }),
        Takes::StepName => step_name(),
        Takes::StepNames => one_or_more(&step_name()),
        Takes::Text => json!({ "type": "string" }),
        Takes::Template => json!({ "type": "string", "x-language": "handlebars" }),
        Takes::Condition | Takes::Value | Takes::List => json!({ "type": "string", "x-language": "cel" }),
        Takes::Time => json!({ "type": "string", "pattern": TIME, "examples": ["2026-12-24T18:00:00+01:00"] }),
        Takes::Variables => {
            json!({ "type": "object", "propertyNames": step_name(), "maxProperties": VARIABLES_MAX })
        }
        Takes::Duration => duration(),
        Takes::Durations => one_or_more(&duration()),
        Takes::Flag => json!({ "type": "boolean" }),
        Takes::Count(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Takes::Words(words) => {
            let (names, meanings): (Vec<&str>, Vec<&str>) = words.iter().copied().unzip();
            json!({ "type": "string", "enum": names, "enumDescriptions": meanings })
        }
        Takes::Person => person(),
        Takes::People => one_or_more(&person()),
        Takes::Action => {
            let (names, meanings): (Vec<&str>, Vec<&str>) =
                catalogue.all().map(|spec| (spec.name.as_str(), spec.help.as_str())).unzip();
            json!({ "type": "string", "enum": names, "enumDescriptions": meanings })
        }
        Takes::Parameters => json!({ "type": "object" }),
        // A section that may be a name says so itself, so that what is wrong inside is shown inside.
        Takes::Section(section) | Takes::Named(section) => json!({ "$ref": reference(section.name) }),
        Takes::Sections(section) => {
            json!({ "type": "array", "minItems": 1, "items": { "$ref": reference(section.name) } })
        }
        Takes::OneOrMore(section) => one_or_more(&json!({ "$ref": reference(section.name) })),
        Takes::Any => json!({}),
    }
}

fn step_name() -> Value {
    json!({ "type": "string", "pattern": "^[A-Za-z0-9_]{1,128}$" })
}

fn duration() -> Value {
    json!({ "type": "string", "pattern": DURATION, "examples": ["30s", "10m", "8h", "1h30m"] })
}

/// Somebody.
pub(super) fn person() -> Value {
    json!({
        "type": "string",
        "anyOf": [{ "enum": ["owner", "fallback"] }, { "pattern": "^(user|group):.+$" }],
    })
}

/// A list of such values, or one of them.
pub(super) fn one_or_more(item: &Value) -> Value {
    json!({ "anyOf": [item, { "type": "array", "items": item }] })
}

/// The value, or a template that gives one.
pub(super) fn or_template(value: &Value) -> Value {
    json!({ "anyOf": [value, { "type": "string", "pattern": TEMPLATE }] })
}
