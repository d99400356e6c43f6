//! Which keys belong together, and which exclude each other.
//!
//! An editor must go on offering every key that may still be written: so a key is never taken away, it is said what it
//! needs beside it (`dependentRequired`), and which of several there must be (`oneOf` over `required` alone).

use serde_json::{Map, Value, json};

use crate::playbook::catalogue::{ActionKind, ActionSpec};
use crate::playbook::keys::{self, Part, Section};

/// The rules of a section, as members of its definition.
pub(super) fn rules(section: &Section) -> Map<String, Value> {
    let rules = match section.name {
        name if name == keys::HEAD.name => head(),
        name if name == keys::SILENCE.name => json!({
            "oneOf": [needs(&["from"]), needs(&["cron"])],
            "dependentRequired": {
                "from": ["to"], "to": ["from"], "cron": ["timezone", "for"], "timezone": ["cron"], "for": ["cron"],
            },
        }),
        name if name == keys::STEP.name => step(),
        _ => Value::Null,
    };
    match rules {
        Value::Object(rules) => rules,
        _ => Map::new(),
    }
}

fn head() -> Value {
    json!({
        "anyOf": [needs(&["match"]), needs(&["schedule"])],
        "dependentRequired": { "schedule": ["for_each_agent"], "for_each_agent": ["schedule"] },
        // Other sources corroborate a run by joining it.
        "if": { "properties": { "match": needs(&["corroborate"]) }, "required": ["match"] },
        "then": { "properties": { "incident": { "properties": { "on_new_alert": { "const": "join" } } } } },
    })
}

/// A step has an action (with or without people asked before it), asks people, or waits.
fn step() -> Value {
    let of_actions = keys::STEP.keys.iter().filter(|key| key.part == Part::Action).map(|key| key.name);
    let mut dependent: Map<String, Value> =
        of_actions.chain(["background", "for_each"]).map(|key| (key.to_owned(), json!(["action"]))).collect();
    dependent.insert("until".to_owned(), json!(["wait"]));
    dependent.insert("on_hold_end".to_owned(), json!(["action", "hold"]));
    let asks = json!({ "required": ["approval"], "not": needs(&["action"]) });
    json!({ "oneOf": [needs(&["action"]), asks, needs(&["wait"])], "dependentRequired": dependent })
}

/// What a step with this action can't have.
pub(super) fn excluded(spec: &ActionSpec) -> Option<Value> {
    let mut excluded = Vec::new();
    if spec.impact.is_some() {
        excluded.extend(["impact", "protection"]);
    }
    if !matches!(spec.kind, ActionKind::Hold(_)) {
        excluded.extend(["hold", "on_hold_end"]);
    }
    if !spec.proves {
        excluded.push("verify");
    }
    let excluded: Vec<Value> = excluded.into_iter().map(|key| needs(&[key])).collect();
    (!excluded.is_empty()).then(|| json!({ "anyOf": excluded }))
}

/// Which parameters of an action belong together.
pub(super) fn parameters(spec: &ActionSpec) -> Map<String, Value> {
    if spec.kind != ActionKind::Notify {
        return Map::new();
    }
    Map::from_iter([
        ("oneOf".to_owned(), json!([needs(&["template"]), needs(&["subject", "text"])])),
        ("dependentRequired".to_owned(), json!({ "subject": ["text"], "text": ["subject"] })),
    ])
}

fn needs(keys: &[&str]) -> Value {
    json!({ "required": keys })
}
