//! What serde finds wrong, with the pointer to it.

use std::fmt;

use serde::de::{Expected, Unexpected};

use crate::config::{codes, pointer};
use crate::language::suggest;

/// Which part of an entry is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum Kind {
    /// The key, e.g. of a setting that does not exist.
    Key,
    /// The value.
    Value,
}

/// One fault of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::config) struct Fault {
    pub(in crate::config) pointer: String,
    pub(in crate::config) kind: Kind,
    pub(in crate::config) code: &'static str,
    pub(in crate::config) message: String,
    pub(in crate::config) hint: Option<String>,
}

/// How reading goes on after a fault.
pub(super) enum Recovery {
    /// Without the part at the pointer.
    Remove,
    /// Without the part at the pointer, in which this field is missing.
    RemoveAround(String),
}

/// An error on its way out of nested values; each level adds its key.
#[derive(Debug)]
pub(super) struct Error {
    /// Keys from the innermost outwards.
    path: Vec<String>,
    kind: Kind,
    what: What,
}

#[derive(Debug)]
enum What {
    UnknownField { field: String, expected: &'static [&'static str] },
    UnknownWord { word: String, expected: &'static [&'static str] },
    MissingField(&'static str),
    WrongType { found: &'static str, expected: String, text: bool },
    Message(String),
}

impl Error {
    fn new(what: What) -> Self {
        Self { path: Vec::new(), kind: Kind::Value, what }
    }

    /// The same error, found in the value of a key.
    pub(super) fn under(mut self, key: impl Into<String>) -> Self {
        self.path.push(key.into());
        self
    }

    /// The same error, found in a key itself.
    pub(super) fn at_key(mut self, key: &str) -> Self {
        self.kind = Kind::Key;
        self.under(key)
    }

    /// The error as a fault of the document, and how to go on.
    pub(super) fn into_fault(self) -> (Fault, Recovery) {
        let pointer = self.path.iter().rev().fold(String::new(), |parent, key| pointer::child(&parent, key));
        let mut recovery = Recovery::Remove;
        let (code, message, hint) = match self.what {
            What::UnknownField { field, expected } => {
                let hint = known_or_meant(&field, expected);
                (codes::UNKNOWN_SETTING, format!("there is no setting `{field}` here"), hint)
            }
            What::UnknownWord { word, expected } => {
                let hint = known_or_meant(&word, expected);
                (codes::UNKNOWN_WORD, format!("`{word}` is none of the words known here"), hint)
            }
            What::MissingField(field) => {
                recovery = Recovery::RemoveAround(field.to_owned());
                let hint = Some(format!("add `{field}:` here"));
                (codes::MISSING_SETTING, format!("the setting `{field}` is missing"), hint)
            }
            What::WrongType { text: true, .. } if pointer::is_sensitive(&pointer) => {
                (codes::LITERAL_SECRET, LITERAL_SECRET_MESSAGE.to_owned(), Some(LITERAL_SECRET_HINT.to_owned()))
            }
            What::WrongType { found, expected, .. } => {
                let quotes = expected.contains("string") && found != "a list" && found != "a mapping";
                let hint = (quotes && found != "nothing").then(|| "write it in quotes".to_owned());
                (codes::WRONG_VALUE, format!("found {found}, where {} is expected", plain(&expected)), hint)
            }
            What::Message(text) if codes::is_reference_fault(&text) => {
                (codes::LITERAL_SECRET, LITERAL_SECRET_MESSAGE.to_owned(), Some(LITERAL_SECRET_HINT.to_owned()))
            }
            What::Message(text) => (codes::WRONG_VALUE, text, None),
        };
        (Fault { pointer, kind: self.kind, code, message, hint }, recovery)
    }
}

/// What is said of a secret that stands in a file; the text itself is withheld.
pub(in crate::config) const LITERAL_SECRET_MESSAGE: &str =
    "a secret is named by reference here, never written out (the text is withheld)";
/// What to do about it.
pub(in crate::config) const LITERAL_SECRET_HINT: &str = "write ${NAME} for a variable of the daemon's environment, or file:/absolute/path; replace a secret that stood here";

fn known_or_meant(wrong: &str, expected: &[&str]) -> Option<String> {
    match suggest(wrong, expected.iter().copied()) {
        Some(name) => Some(format!("did you mean `{name}`?")),
        None if expected.is_empty() => None,
        None => Some(format!("known here: {}", expected.join(", "))),
    }
}

/// Serde's words for what it expects, without the names of this program's types.
fn plain(expected: &str) -> String {
    match expected {
        "a string" => "text".to_owned(),
        "a map" => "a mapping".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a boolean" => "true or false".to_owned(),
        other if other.starts_with("struct ") => "a mapping".to_owned(),
        other if other.starts_with("enum ") => "one of a fixed set of words".to_owned(),
        other if other.starts_with(['u', 'i']) && other.len() <= 5 => "a whole number".to_owned(),
        other => other.to_owned(),
    }
}

fn kind_of(unexpected: &Unexpected<'_>) -> &'static str {
    match unexpected {
        Unexpected::Bool(_) => "true or false",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
        Unexpected::Seq => "a list",
        Unexpected::Map => "a mapping",
        Unexpected::Unit | Unexpected::Option => "nothing",
        _ => "text",
    }
}

impl serde::de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(What::Message(message.to_string()))
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let text = matches!(unexpected, Unexpected::Str(_));
        Self::new(What::WrongType { found: kind_of(&unexpected), expected: expected.to_string(), text })
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = plain(&expected.to_string());
        match unexpected {
            Unexpected::Signed(number) => {
                Self::custom(format_args!("{number} is out of range, where {expected} is expected"))
            }
            Unexpected::Unsigned(number) => {
                Self::custom(format_args!("{number} is out of range, where {expected} is expected"))
            }
            other => Self::custom(format_args!("{} can't be used here: {expected}", kind_of(&other))),
        }
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(What::UnknownField { field: field.to_owned(), expected })
    }

    fn unknown_variant(word: &str, expected: &'static [&'static str]) -> Self {
        Self::new(What::UnknownWord { word: word.to_owned(), expected })
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(What::MissingField(field))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "failed to read a setting: {:?}", self.what)
    }
}

impl std::error::Error for Error {}
