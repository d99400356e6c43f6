//! What the history and the log say when playbooks are read: what changed, or why they were refused.
//!
//! The set that served last is kept beside the history, so that a start can tell what changed while nothing ran. A
//! refusal is written once for each distinct one, however often the folder is looked at. Of a fault only its code and its
//! place are kept, because its words may quote what somebody wrote by mistake where a secret does not belong.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::domain::{Actor, Digest, PlaybookName, ReplicaId};
use crate::language::{Diagnostic, Level};
use crate::store::{Agents as _, ReadError, Row, Store, Subject};

use super::Loaded;
use super::change::{Cause, PlaybookChange, Set};

/// The name under which the set is kept.
const SETTING: &str = "playbooks";

/// The kind of the fact that playbooks changed.
pub const CHANGED: &str = "playbooks_changed";
/// The kind of the fact that playbooks were refused.
pub const REFUSED: &str = "playbooks_refused";
/// The kinds of facts that say what became of the playbooks.
pub const KINDS: [&str; 2] = [CHANGED, REFUSED];

/// The most faults that are kept of one refusal.
const FAULTS_MAX: usize = 50;

/// Who has the playbooks read, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occasion {
    /// Why.
    pub cause: Cause,
    /// Who.
    pub by: Actor,
}

impl Occasion {
    /// Standdown itself has a reason.
    #[must_use]
    pub const fn system(cause: Cause) -> Self {
        Self { cause, by: Actor::System }
    }

    /// A person asked.
    #[must_use]
    pub const fn request(by: Actor) -> Self {
        Self { cause: Cause::Request, by }
    }
}

/// Where a playbook was at fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedAt {
    /// The stable code.
    pub code: String,
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: Option<u32>,
}

/// Playbooks that were not taken, as the history keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaybookRefusal {
    /// Why they were read.
    pub cause: Cause,
    /// The replica that read them.
    pub replica: ReplicaId,
    /// Whether the folder was refused as a whole, because its playbooks run each other in a way that can't be.
    pub whole: bool,
    /// The playbooks that serve in an older version because of it.
    pub kept: Vec<PlaybookName>,
    /// Where the faults are.
    pub faults: Vec<RefusedAt>,
    /// How many more faults there are.
    pub faults_left_off: usize,
}

/// What is kept beside the history.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Recorded {
    /// What served when it was last written.
    pub set: Set,
    /// The refusal that was told last, unless the playbooks were whole since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Digest>,
}

impl Recorded {
    /// What was kept; `None` if there never was anything. What can't be understood counts as nothing, and is said.
    pub async fn read(store: &Store) -> Result<Option<Self>, ReadError> {
        let Some(value) = store.setting(SETTING).await? else { return Ok(None) };
        Ok(Self::deserialize(value)
            .inspect_err(
                |error| tracing::error!(%error, "which playbooks served last can't be understood; all count as new"),
            )
            .ok())
    }

    fn row(&self) -> Row {
        Row::Setting { key: SETTING.into(), value: json!(self) }
    }
}

/// What is written of a load, beside the versions.
pub(super) fn rows(
    loaded: &Loaded,
    now: &Recorded,
    before: Option<&Recorded>,
    on: (&Occasion, ReplicaId, Timestamp),
) -> Vec<Row> {
    let (occasion, replica, at) = on;
    let fact = |kind, body| Row::Event { subject: Subject::Daemon, at, actor: occasion.by.clone(), kind, body };
    let mut rows = Vec::new();
    rows.extend(loaded.change.as_ref().map(|change| fact(CHANGED, json!(change))));
    if now.refusal.is_some() && now.refusal != before.and_then(|before| before.refusal) {
        rows.push(fact(REFUSED, json!(refusal(loaded, occasion.cause, replica))));
    }
    rows.extend((before != Some(now)).then(|| now.row()));
    rows
}

/// A digest of every fault of a load, or nothing if it has none.
pub(super) fn refusal_digest(loaded: &Loaded) -> Option<Digest> {
    let faults: Vec<_> =
        errors(loaded).map(|fault| json!([fault.code, fault.file, fault.span, fault.message])).collect();
    (!faults.is_empty()).then(|| Digest::of_json(&json!(faults)))
}

fn errors(loaded: &Loaded) -> impl Iterator<Item = &Diagnostic> {
    loaded.diagnostics.iter().filter(|diagnostic| diagnostic.level == Level::Error)
}

fn refusal(loaded: &Loaded, cause: Cause, replica: ReplicaId) -> PlaybookRefusal {
    let place = |fault: &Diagnostic| RefusedAt {
        code: fault.code.to_owned(),
        file: fault.file.clone(),
        line: fault.span.map(|span| span.line),
    };
    PlaybookRefusal {
        cause,
        replica,
        whole: loaded.refused_whole,
        kept: loaded.kept.clone(),
        faults: errors(loaded).take(FAULTS_MAX).map(place).collect(),
        faults_left_off: errors(loaded).count().saturating_sub(FAULTS_MAX),
    }
}

/// Says what changed: first, and loudest, what acts from now on.
pub(super) fn announce(change: &PlaybookChange, by: &Actor) {
    let cause = change.cause.explain();
    for name in &change.now_acting {
        tracing::warn!(playbook.name = %name, actor = %by, cause, "this playbook ACTS from now on (mode: enforce)");
    }
    for name in &change.no_longer_acting {
        tracing::warn!(playbook.name = %name, actor = %by, cause, "this playbook no longer acts");
    }
    let (diff, left_off) = (&change.diff, change.lines_left_off);
    let more = if left_off == 0 { String::new() } else { format!("\n{left_off} more lines") };
    let text = if diff.is_empty() { String::new() } else { format!("\n{diff}{more}") };
    tracing::info!(
        actor = %by, cause,
        playbooks.added = change.added.len(), playbooks.removed = change.removed.len(), playbooks.changed = change.changed.len(),
        "playbooks changed: {}{text}", change.summary()
    );
}
