//! The daemon itself as answers show it: switches, counts, playbooks, refused deliveries.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{Digest, Mode, PlaybookName};
use crate::engine::Loaded;
use crate::language::{Diagnostic, Level};
use crate::store::DeadLetter;

/// How many there are of what needs people; each number stops at 1000.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Incidents that are open.
    pub open_incidents: u64,
    /// Runs that are not over.
    pub open_runs: u64,
    /// Requests that wait for people.
    pub pending_approvals: u64,
    /// Agents of the inventory.
    pub agents: u64,
    /// Agents that are held.
    pub held_agents: u64,
    /// Messages that wait to be sent.
    pub waiting_messages: u64,
    /// Messages that could not be delivered.
    pub undelivered_messages: u64,
}

/// A fault or warning in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiagnosticView {
    /// The stable code.
    pub code: String,
    /// `error` or `warning`.
    pub level: String,
    /// What is wrong.
    pub message: String,
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The column, from 1.
    pub column: Option<u32>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl From<&Diagnostic> for DiagnosticView {
    fn from(diagnostic: &Diagnostic) -> Self {
        let level = match diagnostic.level {
            Level::Error => "error",
            Level::Warning => "warning",
        };
        Self {
            code: diagnostic.code.to_owned(),
            level: level.to_owned(),
            message: diagnostic.message.clone(),
            file: diagnostic.file.clone(),
            line: diagnostic.span.map(|span| span.line),
            column: diagnostic.span.map(|span| span.column),
            hint: diagnostic.hint.clone(),
        }
    }
}

/// What a (re)load of the playbooks brought.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadView {
    /// How many playbooks serve.
    pub serving: u64,
    /// Those that a broken file left on an older version.
    pub kept: Vec<PlaybookName>,
    /// Every fault and warning.
    pub diagnostics: Vec<DiagnosticView>,
}

impl From<&Loaded> for LoadView {
    fn from(loaded: &Loaded) -> Self {
        Self {
            serving: u64::try_from(loaded.serving).unwrap_or(u64::MAX),
            kept: loaded.kept.clone(),
            diagnostics: loaded.diagnostics.iter().map(DiagnosticView::from).collect(),
        }
    }
}

/// `GET /status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusView {
    /// The program's version.
    pub version: String,
    /// The daemon's time.
    pub now: Timestamp,
    /// Whether calls to the outside are stopped.
    pub frozen: bool,
    /// What needs people.
    pub counts: Counts,
    /// The playbooks.
    pub playbooks: LoadView,
}

/// A playbook that serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaybookLine {
    /// Its name.
    pub name: PlaybookName,
    /// One line for people.
    pub title: String,
    /// Whether it acts.
    pub mode: Mode,
    /// Its version.
    pub digest: Digest,
    /// The file that it came from.
    pub file: String,
    /// How many steps it has.
    pub steps: u64,
}

/// `GET /playbooks`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaybookList {
    /// Those that serve, by name.
    pub playbooks: Vec<PlaybookLine>,
    /// What the last load brought.
    pub loaded: LoadView,
}

/// `GET /dead-letters`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetterList {
    /// Newest first.
    pub dead_letters: Vec<DeadLetter>,
}
