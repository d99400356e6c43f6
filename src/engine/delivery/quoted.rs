//! What an alert says about the matter itself, for people to read: a few of its fields, each one line, never believed.
//!
//! Page and message quote the same lines, so they are chosen here.

use serde_json::Value;

use crate::domain::Alert;
use crate::machine::notice::one_line;

/// Fields that are quoted.
const FIELDS_MAX: usize = 3;
/// The longest name and the longest value, in characters.
const NAME_CHARACTERS_MAX: usize = 40;
const VALUE_CHARACTERS_MAX: usize = 140;
/// What the agent wants to do stands first, whatever else an alert says.
const WANTED: &str = "action";

/// Names and values of an alert's fields, without control and direction characters, and cut. Escaping is left to whoever
/// shows them.
#[must_use]
pub fn fields(alert: &Alert) -> Vec<(String, String)> {
    let (wanted, others): (Vec<_>, Vec<_>) = alert.fields.iter().partition(|(name, _)| *name == WANTED);
    let all = wanted.into_iter().chain(others).map(|(name, value)| (cut(name, NAME_CHARACTERS_MAX), plain(value)));
    all.filter(|(_, value)| !value.is_empty()).take(FIELDS_MAX).collect()
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => cut(text, VALUE_CHARACTERS_MAX),
        Value::Null => String::new(),
        other => cut(&other.to_string(), VALUE_CHARACTERS_MAX),
    }
}

fn cut(text: &str, characters_max: usize) -> String {
    let line = one_line(text);
    if line.chars().count() <= characters_max {
        return line;
    }
    let mut short: String = line.chars().take(characters_max - 1).collect();
    short.push('…');
    short
}
