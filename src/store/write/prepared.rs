//! A commit as the writer takes it: encoded already, so that the one writer does only what only it can do.
//!
//! Callers prepare on their own threads. What the writer needs to judge guards among commits of one batch stands apart
//! as [`Touch`]es; everything else is cells.

use crate::domain::digest::canonical_json;
use crate::domain::{Actor, Alert, AlertId, Digest, HoldId, IncidentId, ReplicaId, RunId, SourceId};
use crate::store::chain::{Link, actor_json};
use crate::store::commit::{Commit, CommitError, Guard, Row};
use crate::store::rows::Subject;
use crate::store::upkeep::Retired;

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::cell::Cell;
use super::encode::{Context, encode, is_firing};
use super::target::Target;

/// The most that the JSON of a run's state may have, in bytes.
pub const RUN_STATE_BYTES_MAX: usize = 256 * 1024;

/// The most that it may have when the run begins, in bytes: further alerts join it, and leave a word each.
pub const NEW_RUN_STATE_BYTES_MAX: usize = RUN_STATE_BYTES_MAX - 8 * 1024;

/// What a commit changes of what guards ask.
#[derive(Clone, Debug)]
pub enum Touch {
    /// A run gets this version.
    Run(RunId, u64),
    /// An incident gets this version and key.
    Incident {
        /// The incident.
        id: IncidentId,
        /// Its version from now on.
        version: u64,
        /// Its key.
        key: String,
        /// Whether it is open from now on.
        open: bool,
    },
    /// An alert of this identity fires.
    AlertFires(SourceId, Digest),
    /// A delivery is recorded.
    Delivery(SourceId, String),
    /// A run is quarantined.
    RunQuarantined(RunId),
    /// A quarantined run is released.
    RunReleased(RunId),
    /// A hold is placed.
    HoldPlaced(HoldId),
    /// A hold is lifted.
    HoldLifted(HoldId),
    /// A run is forgotten.
    RunRetired(RunId),
    /// An incident is forgotten.
    IncidentRetired(IncidentId),
    /// People were asked about the planned end of a hold.
    HoldEndHandled(HoldId),
}

/// An event that has no number yet.
#[derive(Clone, Debug)]
pub struct PreparedEvent {
    /// Whose history, as its key.
    pub subject: Vec<u8>,
    /// The same as a cell.
    pub subject_cell: Cell,
    /// What its hash is taken over.
    pub link: Link,
    /// Its number, the hash before it and its own, if the history begins with this commit. So the one writer need not
    /// take the hash; it looks whether the number and the hash before it are these.
    pub foreseen: Option<(u64, Digest, Digest)>,
    /// When.
    pub at: Cell,
    /// Who, as JSON.
    pub actor: Cell,
    /// The name of the fact.
    pub kind: Cell,
    /// The fact, as JSON.
    pub body: Cell,
}

/// A commit, encoded.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Who commits it.
    pub replica: ReplicaId,
    /// What must hold.
    pub guards: Vec<Guard>,
    /// What it changes of what guards ask.
    pub touches: Vec<Touch>,
    /// What is written where.
    pub rows: Vec<(Target, Vec<Cell>)>,
    /// What is added to histories.
    pub events: Vec<PreparedEvent>,
}

impl Prepared {
    /// Encodes a commit of a replica, or says which row is too large.
    pub fn new(commit: Commit, replica: ReplicaId) -> Result<Self, CommitError> {
        let (guards, touches, rows, events) = (commit.guards, Vec::new(), Vec::new(), Vec::new());
        let mut prepared = Self { replica, guards, touches, rows, events };
        let context = Context { old_runs: old_runs(&prepared.guards), stored_alerts: stored_alerts(&commit.rows) };
        for row in commit.rows {
            prepared.touches.extend(touch(&row));
            if let Row::Event { subject, at, actor, kind, body } = &row {
                prepared.events.push(event(subject, *at, actor, kind, body));
            } else {
                encode(row, replica, &context, &mut prepared.rows)?;
            }
        }
        prepared.foresee();
        Ok(prepared)
    }

    /// Takes the hashes of events whose histories begin here.
    fn foresee(&mut self) {
        let founded: Vec<bool> = self.events.iter().map(|event| self.founds(&event.subject)).collect();
        let mut heads: HashMap<&[u8], (u64, Digest)> = HashMap::new();
        for (event, _) in self.events.iter_mut().zip(founded).filter(|(_, founded)| *founded) {
            let PreparedEvent { subject, link, foreseen, .. } = event;
            let (seq, prev) = heads.get(subject.as_slice()).copied().unwrap_or((0, Digest::ZERO));
            let (seq, hash) = (seq + 1, link.hash(&prev, seq + 1));
            *foreseen = Some((seq, prev, hash));
            heads.insert(subject, (seq, hash));
        }
    }

    /// Whether the commit itself makes sure that the subject is new, so that its history need not be looked up.
    pub fn founds(&self, subject: &[u8]) -> bool {
        self.guards.iter().any(|guard| match guard {
            Guard::RunVersion { run, expected: 0 } => subject_key(&Subject::Run(*run)) == subject,
            Guard::IncidentVersion { incident, expected: 0 } => subject_key(&Subject::Incident(*incident)) == subject,
            _ => false,
        })
    }

    /// Whether the commit itself makes sure that the run is new.
    pub fn founds_run(&self, id: &[u8; 16]) -> bool {
        let founds = |guard: &Guard| matches!(guard, Guard::RunVersion { run, expected: 0 } if run.as_bytes() == id);
        self.guards.iter().any(founds)
    }

    /// Whether the commit itself makes sure that the incident is new.
    pub fn founds_incident(&self, id: &[u8; 16]) -> bool {
        let founds = |guard: &Guard| matches!(guard, Guard::IncidentVersion { incident, expected: 0 } if incident.as_bytes() == id);
        self.guards.iter().any(founds)
    }

    /// How many rows the commit has.
    pub fn row_count(&self) -> usize {
        self.rows.len() + self.events.len()
    }

    /// About how many bytes the commit writes.
    pub fn byte_count(&self) -> usize {
        let rows = self.rows.iter().flat_map(|(_, cells)| cells).map(Cell::len).sum::<usize>();
        rows + self.events.iter().map(|event| event.body.len() + event.actor.len() + 128).sum::<usize>()
    }
}

/// The key of a subject: a letter for its kind and its id.
pub fn subject_key(subject: &Subject) -> Vec<u8> {
    let (letter, id): (u8, &[u8]) = match subject {
        Subject::Run(id) => (b'r', id.as_bytes()),
        Subject::Incident(id) => (b'i', id.as_bytes()),
        Subject::Agent(id) => (b'a', id.as_str().as_bytes()),
        Subject::Daemon => (b'd', &[]),
    };
    let mut key = Vec::with_capacity(1 + id.len());
    key.push(letter);
    key.extend_from_slice(id);
    key
}

fn event(subject: &Subject, at: Timestamp, actor: &Actor, kind: &'static str, body: &Value) -> PreparedEvent {
    // The store keeps microseconds; the hash must be taken over what will be read back.
    let at = Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at);
    let actor = actor_json(actor);
    let body = settled_json(body);
    let key = subject_key(subject);
    PreparedEvent {
        subject_cell: Cell::bytes(&key),
        subject: key,
        link: Link::new(subject, at, &actor, kind, &body),
        foreseen: None,
        at: Cell::from(at),
        actor: Cell::text(actor),
        kind: Cell::text(kind),
        body: Cell::text(body),
    }
}

/// Canonical JSON that reads back as itself. A fraction may come back from its text as its neighbour, and its hash with
/// it: such a value is read back until it stays the same.
fn settled_json(value: &Value) -> String {
    let mut text = canonical_json(value);
    if !has_fraction(value) {
        return text;
    }
    for _ in 0..4 {
        let Ok(read_back) = serde_json::from_str::<Value>(&text) else { break };
        let again = canonical_json(&read_back);
        if again == text {
            break;
        }
        text = again;
    }
    text
}

fn has_fraction(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(items) => items.iter().any(has_fraction),
        Value::Object(map) => map.values().any(has_fraction),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

fn old_runs(guards: &[Guard]) -> Vec<RunId> {
    let old = |guard: &Guard| match guard {
        Guard::RunVersion { run, expected } if *expected > 0 => Some(*run),
        _ => None,
    };
    guards.iter().filter_map(old).collect()
}

/// The alerts of a commit that its runs have just so.
fn stored_alerts(rows: &[Row]) -> Vec<AlertId> {
    let runs = || rows.iter().filter_map(|row| if let Row::Run(run) = row { Some(run) } else { None });
    let alerts = rows.iter().filter_map(|row| if let Row::Alert { alert, .. } = row { Some(alert) } else { None });
    let same = |alert: &&Arc<Alert>| {
        runs().all(|run| run.alert.id != alert.id || Arc::ptr_eq(&run.alert, alert) || run.alert == **alert)
    };
    alerts.filter(same).map(|alert| alert.id).collect()
}

fn touch(row: &Row) -> Option<Touch> {
    match row {
        Row::Run(run) => Some(Touch::Run(run.id, run.version)),
        Row::Incident(incident) => Some(Touch::Incident {
            id: incident.id,
            version: incident.version,
            key: incident.key.clone(),
            open: incident.status.is_open(),
        }),
        Row::Alert { alert, .. } if is_firing(alert) => Some(Touch::AlertFires(alert.source.clone(), alert.dedup_key)),
        Row::Delivery { source, delivery, .. } => Some(Touch::Delivery(source.clone(), delivery.clone())),
        Row::RunQuarantined { run, .. } => Some(Touch::RunQuarantined(*run)),
        Row::RunReleased { run } => Some(Touch::RunReleased(*run)),
        Row::Hold(hold) => Some(Touch::HoldPlaced(hold.id)),
        Row::HoldEndHandled { hold } => Some(Touch::HoldEndHandled(*hold)),
        Row::HoldLifted { hold, .. } => Some(Touch::HoldLifted(*hold)),
        Row::Retired(retired) => match retired.as_ref() {
            Retired::Run { run, .. } => Some(Touch::RunRetired(*run)),
            Retired::Incident(incident) => Some(Touch::IncidentRetired(*incident)),
            _ => None,
        },
        _ => None,
    }
}
