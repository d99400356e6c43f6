//! Playbooks as answers show them: those that serve, what a load brought, and what became of them over time.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{Actor, Digest, Mode, PlaybookName};
use crate::engine::playbooks::record::{CHANGED, REFUSED};
use crate::engine::{Loaded, PlaybookChange, PlaybookRefusal};
use crate::language::{Diagnostic, Level};
use crate::store::StoredEvent;

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
    /// Whether the folder was refused as a whole, and what served before goes on serving.
    #[serde(default)]
    pub refused_whole: bool,
    /// What serves differently than before the load, if anything does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<PlaybookChange>,
    /// Every fault and warning.
    pub diagnostics: Vec<DiagnosticView>,
}

impl From<&Loaded> for LoadView {
    fn from(loaded: &Loaded) -> Self {
        Self {
            serving: u64::try_from(loaded.serving).unwrap_or(u64::MAX),
            kept: loaded.kept.clone(),
            refused_whole: loaded.refused_whole,
            change: loaded.change.clone(),
            diagnostics: loaded.diagnostics.iter().map(DiagnosticView::from).collect(),
        }
    }
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

/// One fact of what became of the playbooks that serve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaybookFact {
    /// Its number in the daemon's history.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Who caused it.
    pub by: Actor,
    /// What changed, if something did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<PlaybookChange>,
    /// What was refused, if something was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<PlaybookRefusal>,
    /// Why the stored fact can't be shown, if it can't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
    /// The hash of the fact, by which the next one is chained to it.
    pub hash: Digest,
}

impl From<StoredEvent> for PlaybookFact {
    fn from(stored: StoredEvent) -> Self {
        let StoredEvent { seq, at, actor: by, kind, body, hash, prev_hash: _ } = stored;
        let mut fact = Self { seq, at, by, changed: None, refused: None, unreadable: None, hash };
        let read = match kind.as_str() {
            CHANGED => PlaybookChange::deserialize(body).map(|change| fact.changed = Some(change)),
            REFUSED => PlaybookRefusal::deserialize(body).map(|refusal| fact.refused = Some(refusal)),
            _ => Ok(()),
        };
        fact.unreadable = read.err().map(|error| error.to_string());
        fact
    }
}

/// `GET /playbooks/history`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaybookHistory {
    /// Newest first.
    pub facts: Vec<PlaybookFact>,
}
