//! The faults found so far, each at its place in the file.
//!
//! Every part of the compiler writes here and goes on, so that one run over a file finds everything. It knows places
//! by JSON pointer and nothing of what the values mean.

use std::collections::BTreeMap;

use crate::language::{Diagnostic, Fault, Level, Span, SpanMap};

/// The faults of one file.
pub(crate) struct Report {
    places: SpanMap,
    found: Vec<Diagnostic>,
    /// Whether something of the file is missing in what comes of it.
    is_incomplete: bool,
    /// What did not come from this file, by pointer, and the words that say so.
    lent: BTreeMap<String, String>,
}

/// A fault just written, for its hint.
pub(crate) struct Entry<'r>(Option<&'r mut Diagnostic>);

impl Entry<'_> {
    /// Says what to do about it.
    pub(crate) fn hint(self, text: impl Into<String>) {
        if let Some(diagnostic) = self.0 {
            diagnostic.hint = Some(text.into());
        }
    }

    /// Says which known name was probably meant, or else which there are.
    pub(crate) fn did_you_mean<'k>(self, wrong: &str, known: impl Iterator<Item = &'k str> + Clone) {
        if let Some(name) = crate::language::suggest(wrong, known.clone()) {
            self.hint(format!("did you mean `{name}`?"));
            return;
        }
        let names: Vec<&str> = known.collect();
        if !names.is_empty() {
            self.hint(format!("known here: {}", names.join(", ")));
        }
    }
}

impl Report {
    /// Nothing found yet.
    pub(crate) const fn new(places: SpanMap) -> Self {
        Self { places, found: Vec::new(), is_incomplete: false, lent: BTreeMap::new() }
    }

    /// From now on, a fault of what is at this pointer is said with these words: it came from somewhere else.
    pub(super) fn lend(&mut self, pointer: String, origin: String) {
        self.lent.insert(pointer, origin);
    }

    /// The message about what is at a pointer.
    fn said(&self, pointer: &str, message: impl Into<String>) -> String {
        let mut message = message.into();
        let within = |(lent, _): &(&String, &String)| {
            pointer.strip_prefix(lent.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if let Some((_, origin)) = self.lent.iter().find(within) {
            message.push_str("; ");
            message.push_str(origin);
        }
        message
    }

    /// An error in the value at a pointer, or in what is around it: it can't be made into anything.
    pub(crate) fn error(&mut self, pointer: &str, code: &'static str, message: impl Into<String>) -> Entry<'_> {
        self.is_incomplete = true;
        self.rule(pointer, code, message)
    }

    /// An error in the key at a pointer, likewise.
    pub(crate) fn error_at_key(&mut self, pointer: &str, code: &'static str, message: impl Into<String>) -> Entry<'_> {
        self.is_incomplete = true;
        self.rule_at_key(pointer, code, message)
    }

    /// An error in the value at a pointer that is understood and put into what comes of the file: a rule forbids it. Nothing
    /// new begins with it; what has begun on a text that was once accepted goes on.
    pub(crate) fn rule(&mut self, pointer: &str, code: &'static str, message: impl Into<String>) -> Entry<'_> {
        let place = self.places.nearest(pointer);
        self.push(Diagnostic::error(code, self.places.file(), self.said(pointer, message)).at(place))
    }

    /// As [`Report::rule`], about the key at a pointer.
    pub(super) fn rule_at_key(&mut self, pointer: &str, code: &'static str, message: impl Into<String>) -> Entry<'_> {
        let place = self.key(pointer);
        self.push(Diagnostic::error(code, self.places.file(), self.said(pointer, message)).at(place))
    }

    /// Says that something of the file is missing in what comes of it; why has been said.
    pub(super) const fn leaves_out(&mut self) {
        self.is_incomplete = true;
    }

    /// Something that a person should look at, at a key.
    pub(crate) fn warn_at_key(&mut self, pointer: &str, code: &'static str, message: impl Into<String>) -> Entry<'_> {
        let place = self.key(pointer);
        self.push(Diagnostic::warning(code, self.places.file(), self.said(pointer, message)).at(place))
    }

    /// Something that a person should look at, in the value at a pointer.
    pub(super) fn warn_at(&mut self, pointer: &str, code: &'static str, message: impl Into<String>) -> Entry<'_> {
        let place = self.places.nearest(pointer);
        self.push(Diagnostic::warning(code, self.places.file(), self.said(pointer, message)).at(place))
    }

    /// Something that a person should look at, inside the expression at a pointer.
    pub(super) fn warn_in(&mut self, pointer: &str, fault: &Fault) {
        let diagnostic = self.places.diagnostic(pointer, fault);
        let message = self.said(pointer, diagnostic.message);
        self.push(Diagnostic { level: Level::Warning, message, ..diagnostic });
    }

    /// Whether the file is refused.
    pub(super) fn is_refused(&self) -> bool {
        self.found.iter().any(|diagnostic| diagnostic.level == Level::Error)
    }

    /// Whether something of the file is missing in what comes of it.
    pub(super) const fn is_incomplete(&self) -> bool {
        self.is_incomplete
    }

    /// Where a key stands in the file, for the order of keys.
    pub(super) fn order_of_key(&self, pointer: &str) -> (u32, u32) {
        self.places.key(pointer).map_or((u32::MAX, u32::MAX), |span| (span.line, span.column))
    }

    /// A fault inside the expression or template at a pointer.
    pub(crate) fn fault(&mut self, pointer: &str, fault: &Fault) {
        self.is_incomplete = true;
        let diagnostic = self.places.diagnostic(pointer, fault);
        let message = self.said(pointer, diagnostic.message);
        self.push(Diagnostic { message, ..diagnostic });
    }

    /// All of them in the order of the file, and whether the file is refused.
    pub(crate) fn finish(mut self) -> (Vec<Diagnostic>, bool) {
        self.found.sort_by_key(|diagnostic| diagnostic.span);
        let refused = self.is_refused();
        (self.found, refused)
    }

    fn key(&self, pointer: &str) -> Option<Span> {
        self.places.key(pointer).or_else(|| self.places.nearest(pointer))
    }

    fn push(&mut self, diagnostic: Diagnostic) -> Entry<'_> {
        self.found.push(diagnostic);
        Entry(self.found.last_mut())
    }
}
