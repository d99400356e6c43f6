//! One value of the file with its place, read as what it should be.
//!
//! The file is read as plain JSON values and walked by hand, because a typed reader stops at its first fault and people
//! who fix a playbook want all of them. A value that can't be read is reported and comes back as nothing; it is for
//! the caller to go on.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::Value;

use crate::domain::{NameError, Principal};
use crate::language::codes::{YAML_UNKNOWN_WORD, YAML_WRONG_TYPE};
use crate::playbook::keys::words::Word;
use crate::playbook::{codes, duration};

use super::report::{Entry, Report};

/// A value and its JSON pointer.
#[derive(Clone)]
pub(crate) struct Node<'v> {
    pub(crate) value: &'v Value,
    pub(crate) pointer: String,
}

/// The pointer of an item or a field.
pub(crate) fn child(pointer: &str, segment: &str) -> String {
    format!("{pointer}/{}", segment.replace('~', "~0").replace('/', "~1"))
}

/// What a value is, for people.
pub(crate) const fn describe(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

impl<'v> Node<'v> {
    /// The value of a pointer's child.
    pub(crate) fn of(value: &'v Value, parent: &str, segment: &str) -> Self {
        Self { value, pointer: child(parent, segment) }
    }

    /// Says that something else is expected here.
    pub(crate) fn expected<'r>(&self, report: &'r mut Report, expected: &str) -> Entry<'r> {
        let message = format!("found {}, where {expected} is expected", describe(self.value));
        report.error(&self.pointer, YAML_WRONG_TYPE, message)
    }

    /// Text.
    pub(crate) fn text(&self, report: &mut Report) -> Option<&'v str> {
        match self.value {
            Value::String(text) => Some(text),
            Value::Bool(_) | Value::Number(_) => {
                self.expected(report, "text").hint("write it in quotes");
                None
            }
            Value::Null | Value::Array(_) | Value::Object(_) => {
                self.expected(report, "text");
                None
            }
        }
    }

    /// `true` or `false`.
    pub(crate) fn flag(&self, report: &mut Report) -> Option<bool> {
        let flag = self.value.as_bool();
        if flag.is_none() {
            let entry = self.expected(report, "true or false");
            // Older readers of YAML take these for booleans; here a country code stays one.
            match self.value.as_str().map(str::to_ascii_lowercase).as_deref() {
                Some("yes" | "on" | "y") => entry.hint("write `true`"),
                Some("no" | "off" | "n") => entry.hint("write `false`"),
                Some(word @ ("true" | "false")) => {
                    entry.hint(format!("write `{word}`, without quotes and in small letters"));
                }
                _ => {}
            }
        }
        flag
    }

    /// A whole number within bounds.
    pub(crate) fn count(&self, report: &mut Report, bounds: &RangeInclusive<u32>) -> Option<u32> {
        if !self.value.is_number() {
            self.expected(report, "a whole number");
            return None;
        }
        let count = self.value.as_u64().and_then(|count| u32::try_from(count).ok()).filter(|n| bounds.contains(n));
        if count.is_none() {
            let message = format!("{} is not between {} and {}", self.value, bounds.start(), bounds.end());
            report.error(&self.pointer, codes::LIMIT, message);
        }
        count
    }

    /// A duration.
    pub(crate) fn duration(&self, report: &mut Report) -> Option<Duration> {
        let hint = "write numbers with units, as in 30s, 10m, 8h or 1h30m; at most 30d";
        let text = match self.value {
            Value::String(text) => text,
            Value::Number(number) => {
                report
                    .error(&self.pointer, codes::DURATION, format!("`{number}` has no unit"))
                    .hint(format!("did you mean `{number}s` or `{number}m`?"));
                return None;
            }
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                self.expected(report, "a duration").hint(hint);
                return None;
            }
        };
        match duration::parse(text) {
            Ok(found) => Some(found),
            Err(error) => {
                report.error(&self.pointer, codes::DURATION, error.to_string()).hint(hint);
                None
            }
        }
    }

    /// One of a few words that have a meaning, for files that are no playbooks.
    pub(crate) fn word_of<T: Copy>(&self, report: &mut Report, words: &[(&'static str, T)]) -> Option<T> {
        let words: Vec<Word<T>> = words.iter().map(|(word, meaning)| (*word, *meaning, "")).collect();
        self.word(report, &words)
    }

    /// One of a few words.
    pub(crate) fn word<T: Copy>(&self, report: &mut Report, words: &[Word<T>]) -> Option<T> {
        let text = self.text(report)?;
        let found = words.iter().find(|(word, ..)| *word == text).map(|(_, meaning, _)| *meaning);
        if found.is_none() {
            report
                .error(&self.pointer, YAML_UNKNOWN_WORD, format!("`{text}` is none of the words known here"))
                .did_you_mean(text, words.iter().map(|(word, ..)| *word));
        }
        found
    }

    /// A name of some kind.
    pub(crate) fn name<T>(&self, report: &mut Report, parse: impl Fn(&str) -> Result<T, NameError>) -> Option<T> {
        let text = self.text(report)?;
        match parse(text) {
            Ok(name) => Some(name),
            Err(error) => {
                report
                    .error(&self.pointer, codes::NAME, format!("`{text}` can't be a name here"))
                    .hint(error.to_string());
                None
            }
        }
    }

    /// The items of a list.
    pub(crate) fn items(&self, report: &mut Report, expected: &str) -> Option<Vec<Self>> {
        let Value::Array(items) = self.value else {
            self.expected(report, expected);
            return None;
        };
        let nodes = items.iter().enumerate();
        Some(nodes.map(|(index, value)| Self::of(value, &self.pointer, &index.to_string())).collect())
    }

    /// The items of a list, or the one value that stands for a list of itself.
    pub(crate) fn one_or_more(&self) -> Vec<Self> {
        match self.value {
            Value::Array(items) => {
                let nodes = items.iter().enumerate();
                nodes.map(|(index, value)| Self::of(value, &self.pointer, &index.to_string())).collect()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => vec![self.clone()],
        }
    }

    /// Somebody.
    pub(crate) fn principal(&self, report: &mut Report) -> Option<Principal> {
        let text = self.text(report)?;
        match text.parse() {
            Ok(principal) => Some(principal),
            Err(error) => {
                let error: crate::domain::directory::PrincipalError = error;
                let entry = report.error(&self.pointer, codes::PRINCIPAL, format!("`{text}` names nobody"));
                match error {
                    crate::domain::directory::PrincipalError::Name(_, error) => entry.hint(error.to_string()),
                    crate::domain::directory::PrincipalError::Form(_) => {
                        entry.hint("write owner, fallback, user:NAME or group:NAME");
                    }
                }
                None
            }
        }
    }

    /// A list of people, or one of them.
    pub(crate) fn principals(&self, report: &mut Report) -> Vec<Principal> {
        self.one_or_more().iter().filter_map(|item| item.principal(report)).collect()
    }
}
