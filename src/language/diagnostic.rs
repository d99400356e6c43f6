//! What is said about a fault in a file: where it is, what is wrong and what to write instead.
//!
//! A [`Diagnostic`] is plain data, so that checks collect all of them before anything is shown. How they are shown
//! (for people, for programs, for a code review) is in the submodules; none of them reads a file or prints.

mod human;
mod machine;
mod suggest;

pub use human::render_human;
pub use machine::{render_github, render_json};
pub use suggest::suggest;

/// A place in a file. Lines and columns start at 1; columns and the length count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Span {
    /// The line, from 1.
    pub line: u32,
    /// The column of the first character, from 1.
    pub column: u32,
    /// How many characters, on one line.
    pub length: u32,
}

/// A file as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The name that people are shown, usually a path.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// How bad a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The file is refused.
    Error,
    /// The file is taken, but a person should look.
    Warning,
}

/// One fault in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The stable code, such as `SD0006`; see [`Codes`](crate::domain::Codes).
    pub code: &'static str,
    /// Whether the file is refused.
    pub level: Level,
    /// What is wrong, as a sentence without a full stop.
    pub message: String,
    /// The name of the file, as in [`Source::name`].
    pub file: String,
    /// Where in the file, if a place can be named.
    pub span: Option<Span>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// An error with a message and neither place nor hint.
    #[must_use]
    pub fn error(code: &'static str, file: &str, message: impl Into<String>) -> Self {
        Self { code, level: Level::Error, message: message.into(), file: file.to_owned(), span: None, hint: None }
    }

    /// A warning with a message and neither place nor hint.
    #[must_use]
    pub fn warning(code: &'static str, file: &str, message: impl Into<String>) -> Self {
        Self { level: Level::Warning, ..Self::error(code, file, message) }
    }

    /// The same fault at a place.
    #[must_use]
    pub fn at(self, span: Option<Span>) -> Self {
        Self { span, ..self }
    }

    /// The same fault with a hint.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}
