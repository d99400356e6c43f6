//! Where the keys and values of a file stand, by JSON pointer (RFC 6901).
//!
//! A map knows places and nothing about what the values mean. It keeps the text of the file, because the place of a
//! single character inside a folded or quoted value is worked out only when a fault has to be shown.

use super::place::{self, Scalar};
use crate::language::{Diagnostic, Fault, Lines, Span};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The places of one file.
#[derive(Clone, Debug, Default)]
pub struct SpanMap {
    pub(super) file: Arc<str>,
    pub(super) text: Arc<str>,
    pub(super) lines: Arc<Lines>,
    pub(super) entries: BTreeMap<String, Entry>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    pub(super) key: Option<Span>,
    pub(super) value: Option<Span>,
    pub(super) scalar: Option<Scalar>,
}

impl SpanMap {
    /// The place of the value at a JSON pointer; `""` is the whole document.
    #[must_use]
    pub fn value(&self, pointer: &str) -> Option<Span> {
        self.entries.get(pointer)?.value
    }

    /// The place of the key at a JSON pointer; items of a list have none.
    #[must_use]
    pub fn key(&self, pointer: &str) -> Option<Span> {
        self.entries.get(pointer)?.key
    }

    /// The place of the value, or of the nearest mapping or list around it (a missing field, or what an alias stands for).
    #[must_use]
    pub fn nearest(&self, pointer: &str) -> Option<Span> {
        let mut pointer = pointer;
        loop {
            if let Some(entry) = self.entries.get(pointer) {
                return entry.value.or(entry.key);
            }
            pointer = pointer.rsplit_once('/')?.0;
        }
    }

    /// The place in the file of `length` characters from `offset` inside the text of the value at a pointer.
    ///
    /// Escapes, folded lines and block indentation are followed back to the file; where that fails, the place is that
    /// of the value.
    #[must_use]
    pub fn content_offset(&self, pointer: &str, offset: usize, length: usize) -> Option<Span> {
        let exact = self
            .entries
            .get(pointer)
            .and_then(|entry| entry.scalar.as_ref())
            .and_then(|scalar| place::locate(&self.text, &self.lines, scalar, offset, length));
        exact.or_else(|| self.nearest(pointer))
    }

    /// The diagnostic of a fault inside the expression or template at a pointer.
    #[must_use]
    pub fn diagnostic(&self, pointer: &str, fault: &Fault) -> Diagnostic {
        let span = self.content_offset(pointer, fault.offset, fault.length);
        let diagnostic = Diagnostic::error(fault.code, &self.file, fault.message.clone()).at(span);
        Diagnostic { hint: fault.hint.clone(), ..diagnostic }
    }

    /// The name of the file, as in [`Source::name`](crate::language::Source::name).
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The key or value that starts exactly at a line and column.
    pub(super) fn starting_at(&self, line: u32, column: u32) -> Option<Span> {
        self.entries
            .values()
            .flat_map(|entry| [entry.key, entry.value])
            .flatten()
            .find(|span| span.line == line && span.column == column)
    }

    /// The first key of this name at or after a line.
    pub(super) fn key_named(&self, name: &str, line: u32) -> Option<Span> {
        let ending = format!("/{}", escape(name));
        self.entries
            .iter()
            .filter(|(pointer, _)| pointer.ends_with(&ending))
            .filter_map(|(_, entry)| entry.key)
            .filter(|span| span.line >= line)
            .min()
    }
}

/// A segment of a JSON pointer for this key.
pub(in crate::language) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
