//! Small readings that several parts of a test file share, and the sets of words that they know.

use serde_json::Value;

use crate::domain::{PersonId, Severity, StepPath, Trust};
use crate::playbook::{Entry, Node, Report, Step};
use crate::rehearsal::codes;
use crate::rehearsal::family::started_by;
use crate::rehearsal::place::Place;

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

/// A step that is named by a key: `step`, `step[index]`, or `step/step` for one of a run that a step starts.
pub(super) fn step_named(report: &mut Report, setting: &Setting<'_>, pointer: &str, text: &str) -> Option<Place> {
    place(setting, text)
        .map_err(|unknown| unknown.say(report.error_at_key(pointer, codes::UNKNOWN_STEP, &unknown.message)))
        .ok()
}

/// A step that is named by a value.
pub(super) fn step(report: &mut Report, setting: &Setting<'_>, node: &Node<'_>) -> Option<Place> {
    let text = node.text(report)?;
    let found = place(setting, text);
    found.map_err(|unknown| unknown.say(report.error(&node.pointer, codes::UNKNOWN_STEP, &unknown.message))).ok()
}

/// One step and no other: where it stands below a step that goes through items, the item must be named.
pub(super) fn one_step_named(report: &mut Report, setting: &Setting<'_>, pointer: &str, text: &str) -> Option<Place> {
    let place = step_named(report, setting, pointer, text)?;
    let mut playbook = setting.playbook;
    for above in &place.above {
        let (_, step) = playbook.step(&above.step)?;
        if step.for_each.is_some() && above.index.is_none() {
            let message = format!("`{above}` goes through items, and each starts a run of its own");
            let entry = report.error_at_key(pointer, codes::CASE, message);
            entry.hint(format!("name one of them, as in `{}[0]/{}`", above.step, place.path));
            return None;
        }
        playbook = setting.family.get(started_by(step)?)?;
    }
    Some(place)
}

/// The playbook of a place's step, with the step.
pub(super) fn found<'a>(setting: &Setting<'a>, place: &Place) -> Option<&'a Step> {
    let mut playbook = setting.playbook;
    for above in &place.above {
        let (_, step) = playbook.step(&above.step)?;
        playbook = setting.family.get(started_by(step)?)?;
    }
    playbook.step(&place.path.step).map(|(_, step)| step)
}

/// Why a text names no step.
struct Unknown<'a> {
    message: String,
    wrong: String,
    known: Vec<&'a str>,
}

impl Unknown<'_> {
    fn say(&self, entry: Entry<'_>) {
        entry.did_you_mean(&self.wrong, self.known.iter().copied());
    }
}

fn place<'a>(setting: &Setting<'a>, text: &str) -> Result<Place, Unknown<'a>> {
    let mut playbook = setting.playbook;
    let mut above: Vec<StepPath> = Vec::new();
    let mut rest = text;
    loop {
        let (name, below) = rest.split_once('/').map_or((rest, None), |(name, below)| (name, Some(below)));
        let known = || playbook.steps().map(|step| step.name.as_str()).collect();
        let unknown = || {
            let message = format!("`{}` has no step `{name}`", playbook.name);
            Unknown { message, wrong: name.to_owned(), known: known() }
        };
        let path: StepPath = name.parse().map_err(|_| unknown())?;
        let (_, step) = playbook.step(&path.step).ok_or_else(unknown)?;
        let Some(below) = below else { return Ok(Place { above, path }) };
        let started = started_by(step).and_then(|name| setting.family.get(name));
        playbook = started.ok_or_else(|| {
            let message = format!("`{name}` starts no other playbook, so there is no step below it");
            let starting = playbook.steps().filter(|step| started_by(step).is_some());
            Unknown { message, wrong: name.to_owned(), known: starting.map(|step| step.name.as_str()).collect() }
        })?;
        above.push(path);
        rest = below;
    }
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
