//! One file, with the place of everything in it.

use std::fmt;

use serde_json::Value;

use crate::config::codes;
use crate::config::decode::{Fault, Kind};
use crate::language::{Diagnostic, Source, Span, SpanMap, parse};

/// A file that was read as a mapping.
#[derive(Clone)]
pub(in crate::config) struct Layer {
    /// The name that people are shown.
    pub(in crate::config) name: String,
    /// What it says.
    pub(in crate::config) value: Value,
    places: SpanMap,
}

impl fmt::Debug for Layer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The text of a file has no secrets, but addresses in it can be as good as one.
        formatter.debug_struct("Layer").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Layer {
    /// Reads a file.
    pub(in crate::config) fn read(source: &Source) -> Result<Self, Vec<Diagnostic>> {
        let (value, places) = parse::<Value>(source)?;
        if !value.is_object() {
            let diagnostic = Diagnostic::error(codes::WRONG_VALUE, &source.name, "the file is no mapping of settings")
                .at(Some(places.value("").unwrap_or(Span { line: 1, column: 1, length: 1 })))
                .hint(beginning(&value));
            return Err(vec![diagnostic]);
        }
        Ok(Self { name: source.name.clone(), value, places })
    }

    /// The place of a value or its key, or of the nearest thing around it. A mapping is shown at its key, because it
    /// begins on some line below that says little.
    pub(in crate::config) fn span(&self, pointer: &str, kind: Kind) -> Option<Span> {
        let mapping = self.value.pointer(pointer).is_some_and(Value::is_object);
        let key = self.places.key(pointer).filter(|_| mapping || kind == Kind::Key);
        let exact = key.or_else(|| self.places.value(pointer));
        let around = pointer.rsplit_once('/').and_then(|(parent, _)| self.places.key(parent));
        exact.or(around).or_else(|| self.places.nearest(pointer))
    }

    /// Where everything in it stands.
    pub(in crate::config) const fn places(&self) -> &SpanMap {
        &self.places
    }

    /// A fault of this file.
    pub(in crate::config) fn diagnostic(&self, fault: &Fault) -> Diagnostic {
        let span = self.span(&fault.pointer, fault.kind);
        let diagnostic = Diagnostic::error(fault.code, &self.name, fault.message.clone()).at(span);
        Diagnostic { hint: fault.hint.clone(), ..diagnostic }
    }

    /// An error at the value at a pointer.
    pub(in crate::config) fn error(&self, pointer: &str, code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, &self.name, message).at(self.span(pointer, Kind::Value))
    }
}

/// How a file begins: a list is an inventory that lacks its key.
fn beginning(value: &Value) -> &'static str {
    if value.is_array() {
        "a list of agents stands under `agents:`, in the file that the configuration names"
    } else {
        "begin with a setting, such as `listen: 127.0.0.1:8080`"
    }
}
