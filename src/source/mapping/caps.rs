//! Texts from outside, with their caps. Control characters stay in the data: what shows them decides what to strip.

use super::rule::{Rule, View};
use crate::domain::Digest;
use serde_json::Value;

/// The longest title, in characters.
pub(super) const TITLE_CHARACTERS_MAX: usize = 300;
/// The longest id, key or name, in bytes.
pub(super) const KEY_BYTES_MAX: usize = 512;
/// The longest label, owner or resource, in bytes.
pub(super) const TEXT_BYTES_MAX: usize = 1024;
/// How many labels or resources an alert keeps.
pub(super) const ENTRIES_MAX: usize = 64;
/// The largest field of an engineer's own, as JSON, in bytes.
pub(super) const FIELD_BYTES_MAX: usize = 4096;

/// A number, a boolean or a text as text; nothing for nothing, an empty text, a list or an object.
pub(super) fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(without_nul(text)).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A text without NUL, which not every store can hold.
pub(super) fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// The first characters of a text that fit so many bytes.
pub(super) fn cut(text: &str, bytes_max: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or(text)
}

/// The first characters of a text.
pub(super) fn first_characters(text: &str, characters_max: usize) -> String {
    text.chars().take(characters_max).collect()
}

/// A key that fits its cap and still differs from every other: a long one ends with a digest of the whole.
pub(super) fn key(text: &str) -> String {
    if text.len() <= KEY_BYTES_MAX {
        return text.to_owned();
    }
    let digest = Digest::of(text.as_bytes()).to_string();
    format!("{}#{digest}", cut(text, KEY_BYTES_MAX - digest.len() - 1))
}

impl View {
    /// The text of a rule, if it has one.
    pub(super) fn text(&mut self, rule: Option<&Rule>) -> Option<String> {
        let rule = rule?;
        let value = self.value(rule);
        let text = plain(&value);
        if text.is_none() && (value.is_array() || value.is_object()) {
            self.note(rule, "a text is expected, and this is a list or an object");
        }
        text
    }

    /// The text of a rule that stands for one thing among others.
    pub(super) fn key(&mut self, rule: Option<&Rule>) -> Option<String> {
        self.text(rule).map(|text| key(&text))
    }

    /// The text of a rule for people.
    pub(super) fn short_text(&mut self, rule: Option<&Rule>) -> Option<String> {
        self.text(rule).map(|text| cut(&text, TEXT_BYTES_MAX).to_owned())
    }

    /// Whether a rule says yes: true, the text `true`, or a number above zero.
    pub(super) fn flag(&mut self, rule: Option<&Rule>) -> bool {
        let Some(rule) = rule else { return false };
        match self.value(rule) {
            Value::Bool(value) => value,
            Value::String(text) => text.eq_ignore_ascii_case("true"),
            Value::Number(number) => number.as_f64().is_some_and(|number| number > 0.0),
            Value::Null => false,
            Value::Array(_) | Value::Object(_) => {
                self.note(rule, "true or false is expected");
                false
            }
        }
    }
}

/// The longest word of a message that a note repeats, in characters.
pub(super) const NOTED_CHARACTERS_MAX: usize = 40;
/// Notes that an alert keeps, and the longest of them, in characters.
const NOTES_MAX: usize = 4;
const NOTE_CHARACTERS_MAX: usize = 160;

/// The notes that an alert keeps.
pub(super) fn notes(all: &[String]) -> Vec<String> {
    all.iter().take(NOTES_MAX).map(|note| first_characters(note, NOTE_CHARACTERS_MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_key_is_cut_and_still_differs_from_its_neighbours() {
        let one = key(&"é".repeat(400));
        let two = key(&format!("{}x", "é".repeat(400)));
        assert!(one.len() <= KEY_BYTES_MAX && two.len() <= KEY_BYTES_MAX);
        assert_ne!(one, two);
        assert_eq!(key("short"), "short");
    }

    #[test]
    fn a_cut_never_splits_a_character() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(first_characters("éèê", 2), "éè");
    }
}
