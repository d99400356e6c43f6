//! Small readings that several parts of a test file share, and the sets of words that they know.

use serde_json::Value;

use crate::domain::{PersonId, Severity, StepName, StepPath, Trust};
use crate::playbook::{Node, Report};
use crate::rehearsal::codes;

use super::Setting;

pub(super) const SEVERITIES: [(&str, Severity); 5] = [
    ("INFO", Severity::Info),
    ("LOW", Severity::Low),
    ("MEDIUM", Severity::Medium),
    ("HIGH", Severity::High),
    ("CRITICAL", Severity::Critical),
];
pub(super) const TRUSTS: [(&str, Trust); 3] =
    [("notify", Trust::Notify), ("contain", Trust::Contain), ("destroy", Trust::Destroy)];

/// A text, or a list of texts.
pub(super) fn texts(report: &mut Report, node: &Node<'_>) -> Vec<String> {
    node.one_or_more().iter().filter_map(|node| node.text(report).map(str::to_owned)).collect()
}

/// A time, as in `2026-11-23T03:00:00Z`.
pub(super) fn time(report: &mut Report, node: &Node<'_>) -> Option<jiff::Timestamp> {
    let text = node.text(report)?;
    let time = text.parse().ok();
    if time.is_none() {
        let entry = report.error(&node.pointer, codes::CASE, format!("`{text}` is no time"));
        entry.hint("write it as 2026-11-23T03:00:00Z");
    }
    time
}

/// A step of the playbook that is named by a key: `step`, or `step[index]`.
pub(super) fn step_named(report: &mut Report, setting: &Setting<'_>, pointer: &str, text: &str) -> Option<StepPath> {
    let found = known_step(setting, text);
    if found.is_none() {
        let message = no_such_step(setting, text);
        report.error_at_key(pointer, codes::UNKNOWN_STEP, message).did_you_mean(text, names(setting));
    }
    found
}

/// A step of the playbook that is named by a value.
pub(super) fn step(report: &mut Report, setting: &Setting<'_>, node: &Node<'_>) -> Option<StepName> {
    let text = node.text(report)?;
    let found = known_step(setting, text).map(|path| path.step);
    if found.is_none() {
        let message = no_such_step(setting, text);
        report.error(&node.pointer, codes::UNKNOWN_STEP, message).did_you_mean(text, names(setting));
    }
    found
}

fn known_step(setting: &Setting<'_>, text: &str) -> Option<StepPath> {
    text.parse().ok().filter(|path: &StepPath| setting.playbook.step(&path.step).is_some())
}

fn no_such_step(setting: &Setting<'_>, text: &str) -> String {
    format!("`{}` has no step `{text}`", setting.playbook.name)
}

fn names<'a>(setting: &'a Setting<'_>) -> impl Iterator<Item = &'a str> + Clone {
    setting.playbook.stages.iter().flat_map(|stage| &stage.steps).map(|step| step.name.as_str())
}

/// A person of the test.
pub(super) fn person(report: &mut Report, setting: &Setting<'_>, node: &Node<'_>) -> Option<PersonId> {
    let text = node.text(report)?;
    let people = &setting.surroundings.inventory.directory().people;
    let found = PersonId::parse(text).ok().filter(|id| people.contains_key(id));
    if found.is_none() {
        let known: Vec<&str> = people.keys().map(PersonId::as_str).collect();
        let message = format!("nobody in this test is called `{text}`");
        report.error(&node.pointer, codes::UNKNOWN_PERSON, message).did_you_mean(text, known.iter().copied());
    }
    found
}

/// The value with `{secret: X}` as the machine writes a reference to a secret.
pub(super) fn with_references(value: &Value) -> Value {
    match value {
        Value::Object(map) if map.len() == 1 && map.contains_key("secret") => {
            serde_json::json!({ "$secret": map.get("secret") })
        }
        Value::Object(map) => {
            Value::Object(map.iter().map(|(name, inner)| (name.clone(), with_references(inner))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(with_references).collect()),
        other => other.clone(),
    }
}
