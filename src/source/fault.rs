//! Faults of a source's options, each with its place as a JSON pointer into them.
//!
//! The options do not know which file they stand in; whoever read the file puts its pointer in front and turns each
//! fault into a diagnostic with the file's span map.

use crate::language::{Diagnostic, Fault, SpanMap};

/// One fault of the options of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedFault {
    /// Where, as a JSON pointer (RFC 6901) into the source's options.
    pub pointer: String,
    /// What; its offset and length count characters of the text at the pointer.
    pub fault: Fault,
}

impl PlacedFault {
    /// The fault as a diagnostic of the file that the options stand in, under the pointer `prefix`.
    #[must_use]
    pub fn diagnostic(&self, prefix: &str, places: &SpanMap) -> Diagnostic {
        let pointer = format!("{prefix}{}", self.pointer);
        let diagnostic = places.diagnostic(&pointer, &self.fault);
        // A fault of a whole value has no length of its own.
        if self.fault.length == 0 { diagnostic.at(places.nearest(&pointer)) } else { diagnostic }
    }
}

/// Collects faults, so that all of them are told at once.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<PlacedFault>);

impl Faults {
    /// A fault of the whole value at a pointer.
    pub(super) fn add(&mut self, pointer: &str, code: &'static str, message: impl Into<String>, hint: &str) {
        self.push(pointer, Fault::new(code, message, 0, 0).hint(hint));
    }

    pub(super) fn push(&mut self, pointer: &str, fault: Fault) {
        self.0.push(PlacedFault { pointer: pointer.to_owned(), fault });
    }

    pub(super) fn extend(&mut self, pointer: &str, faults: Vec<Fault>) {
        for fault in faults {
            self.push(pointer, fault);
        }
    }

    pub(super) fn into_vec(self) -> Vec<PlacedFault> {
        self.0
    }
}

/// A segment of a JSON pointer for this key.
pub(super) fn segment(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
