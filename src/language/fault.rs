//! A fault inside an expression or a template, placed within that text alone.
//!
//! Expressions and templates do not know which file they stand in; whoever read the file turns a fault into a
//! [`Diagnostic`](super::Diagnostic) with [`SpanMap::diagnostic`](super::SpanMap::diagnostic).

/// One fault in a piece of text. `offset` and `length` count characters of that text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The stable code; see [`Codes`](crate::domain::Codes).
    pub code: &'static str,
    /// What is wrong, as a sentence without a full stop.
    pub message: String,
    /// The first character of the fault.
    pub offset: usize,
    /// How many characters it covers.
    pub length: usize,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Fault {
    /// A fault that covers `length` characters from `offset`.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>, offset: usize, length: usize) -> Self {
        Self { code, message: message.into(), offset, length, hint: None }
    }

    /// The same fault with a hint.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The same fault with "did you mean", if a name is near enough.
    #[must_use]
    pub fn did_you_mean(self, name: Option<&str>) -> Self {
        match name {
            Some(name) => self.hint(format!("did you mean `{name}`?")),
            None => self,
        }
    }
}
