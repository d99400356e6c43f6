//! Rows in pages, each decoded and compared with its columns, and with the row that it repeats.

use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use crate::domain::approval::ApprovalStatus;
use crate::domain::{
    Alert, AlertId, Approval, ApprovalId, Digest, Hold, HoldId, Incident, IncidentId, Message, MessageId, Run, RunId,
};
use crate::store::ports::Read;
use crate::store::rows::{DeadLetter, StoredEvent, Subject};
use crate::store::upkeep::{Examination, Examined, ExaminedPage, Record, Stray};

use super::super::{Cell, Columns, Database, Text, limited, subject_key};
use super::columns::{Fields, rows};
use super::relations;

const RUNS: &str = "SELECT id, version, incident, playbook, digest, agent, mode, status, verdict, open, wake_at, live,
    in_hand, started_at, ended_at, (SELECT w.state FROM run_states AS w WHERE w.id = r.id) AS state
    FROM runs AS r WHERE id > $1 ORDER BY id LIMIT $2";
const ALERTS: &str = "SELECT id, source, dedup, body FROM alerts WHERE id > $1 ORDER BY id LIMIT $2";
const ALERT_BODIES: &str = "SELECT id, raw AS body FROM alerts WHERE id > $1 ORDER BY id LIMIT $2";
const INCIDENTS: &str = "SELECT id, version, key, open, body FROM incidents WHERE id > $1 ORDER BY id LIMIT $2";
const APPROVALS: &str = "SELECT a.id AS id, a.run AS run, a.pending AS pending, a.bundle AS bundle, a.body AS body, (SELECT w.state FROM run_states AS w WHERE w.id = r.id) AS state
    FROM approvals AS a LEFT JOIN runs AS r ON r.id = a.run WHERE a.id > $1 ORDER BY a.id LIMIT $2";
const HOLDS: &str = "SELECT id, agent, ask_at, body FROM holds WHERE id > $1 ORDER BY id LIMIT $2";
const MESSAGES: &str = "SELECT id, run, body FROM messages WHERE id > $1 ORDER BY id LIMIT $2";
const DEAD_LETTERS: &str = "SELECT id, body FROM dead_letters WHERE id > $1 ORDER BY id LIMIT $2";
const SUBJECTS: &str = "SELECT DISTINCT subject FROM events
    WHERE subject > $1 AND (subject < $3 OR subject >= $4) ORDER BY subject LIMIT $2";
const EVENTS: &str = "SELECT seq, at, actor, kind, body, prev_hash, hash FROM events
    WHERE subject = $1 AND seq > $2 ORDER BY seq LIMIT $3";
// PostgreSQL checks its pages by itself, where its cluster was made with checksums.
const INTEGRITY: Text = Text {
    sqlite: "SELECT integrity_check AS fault FROM pragma_integrity_check",
    postgres: "SELECT 'ok'::text AS fault",
};

impl<D: Database> Examination for D {
    async fn integrity(&self) -> Read<Vec<String>> {
        let found = rows(self, "the database file", INTEGRITY, []).await?;
        let told = found.iter().map(|row| Fields(row).text("fault").unwrap_or_else(|fault| fault));
        Ok(told.filter(|fault| fault != "ok").collect())
    }

    async fn strays(&self, limit: u32) -> Read<Vec<Stray>> {
        relations::strays(self, limit).await
    }

    async fn examined_runs(&self, after: Option<Vec<u8>>, limit: u32) -> Read<ExaminedPage<Run>> {
        let found = rows(self, "runs", RUNS, [key(after), limited(limit)]).await?;
        Ok(page(&found, "id", limit, |row| {
            let (record, mut faults) = decoded::<Run>(row, "state");
            faults.extend(record.iter().flat_map(run_cells).filter_map(|(name, cell)| row.other_than(name, &cell)));
            Examined { id: shown(row, |id| RunId::from(id).to_string()), faults, record }
        }))
    }

    async fn examined_records(&self, kind: Record, after: Option<Vec<u8>>, limit: u32) -> Read<ExaminedPage<()>> {
        let text = match kind {
            Record::Alert => ALERTS,
            Record::AlertBody => ALERT_BODIES,
            Record::Incident => INCIDENTS,
            Record::Approval => APPROVALS,
            Record::Hold => HOLDS,
            Record::Message => MESSAGES,
            Record::DeadLetter => DEAD_LETTERS,
        };
        let found = rows(self, kind.as_str(), text, [key(after), limited(limit)]).await?;
        Ok(page(&found, "id", limit, |row| examined(kind, row)))
    }

    async fn subjects(&self, after: Option<Vec<u8>>, limit: u32) -> Read<ExaminedPage<Subject>> {
        let found =
            rows(self, "histories", SUBJECTS, [key(after), limited(limit), Cell::bytes(b"r"), Cell::bytes(b"s")])
                .await?;
        Ok(page(&found, "subject", limit, |row| {
            let key = row.bytes("subject").unwrap_or_default();
            if let Some(subject) = subject_of(&key) {
                return Examined { id: String::new(), faults: Vec::new(), record: Some(subject) };
            }
            let faults = vec!["nothing has a history of this name".to_owned()];
            Examined { id: format!("{key:02x?}"), faults, record: None }
        }))
    }

    async fn events_after(&self, subject: &Subject, seq: u64, limit: u32) -> Read<Vec<Examined<StoredEvent>>> {
        let parameters = [Cell::bytes(&subject_key(subject)), Cell::count(seq), limited(limit)];
        let found = rows(self, "events", EVENTS, parameters).await?;
        let told = found.iter().map(|row| match stored_event(&Fields(row)) {
            Ok(event) => Examined { id: event.seq.to_string(), faults: Vec::new(), record: Some(event) },
            Err(fault) => {
                let id = Fields(row).integer("seq").map_or_else(|_| "?".to_owned(), |seq| seq.to_string());
                Examined { id, faults: vec![fault], record: None }
            }
        });
        Ok(told.collect())
    }
}

fn examined(kind: Record, row: &Fields<'_>) -> Examined<()> {
    fn compared<T: DeserializeOwned>(row: &Fields<'_>, cells: impl Fn(&T) -> Vec<(&'static str, Cell)>) -> Vec<String> {
        let (record, mut faults) = decoded::<T>(row, "body");
        faults.extend(record.iter().flat_map(cells).filter_map(|(name, cell)| row.other_than(name, &cell)));
        faults
    }
    let (id, faults) = match kind {
        Record::Alert => (
            shown(row, |id| AlertId::from(id).to_string()),
            compared(row, |alert: &Alert| {
                let id = ("id", alert.id.as_bytes().into());
                vec![id, ("source", alert.source.as_str().into()), ("dedup", (&alert.dedup_key).into())]
            }),
        ),
        Record::AlertBody => (shown(row, |id| AlertId::from(id).to_string()), compared(row, |_: &Value| Vec::new())),
        Record::Incident => (
            shown(row, |id| IncidentId::from(id).to_string()),
            compared(row, |incident: &Incident| {
                let (id, version) = (("id", incident.id.as_bytes().into()), ("version", Cell::count(incident.version)));
                let open = ("open", Cell::flag(incident.status.is_open()));
                vec![id, version, ("key", incident.key.as_str().into()), open]
            }),
        ),
        Record::Approval => (shown(row, |id| ApprovalId::from(id).to_string()), approval_faults(row)),
        Record::Hold => (
            shown(row, |id| HoldId::from(id).to_string()),
            compared(row, |hold: &Hold| {
                let ask_at = ("ask_at", hold.until.filter(|_| hold.ask_at_end).into());
                vec![("id", hold.id.as_bytes().into()), ("agent", hold.agent.as_str().into()), ask_at]
            }),
        ),
        Record::Message => (
            shown(row, |id| MessageId::from(id).to_string()),
            compared(row, |message: &Message| {
                let run = message.run.map(|run| Cell::Id(*run.as_bytes()));
                vec![("id", message.id.as_bytes().into()), ("run", run.into())]
            }),
        ),
        Record::DeadLetter => (
            shown(row, |id| AlertId::from(id).to_string()),
            compared(row, |letter: &DeadLetter| vec![("id", letter.id.as_bytes().into())]),
        ),
    };
    Examined { id, faults, record: Some(()) }
}

/// A request repeats what the state of its run says of it.
fn approval_faults(row: &Fields<'_>) -> Vec<String> {
    let (record, mut faults) = decoded::<Approval>(row, "body");
    let Some(approval) = record else { return faults };
    let pending = Cell::flag(approval.status == ApprovalStatus::Pending);
    let bundle = approval.bundle.as_ref().map(|bundle| Cell::from(bundle.first.as_bytes())).into();
    let columns = [("id", approval.id.as_bytes().into()), ("pending", pending), ("bundle", bundle)];
    faults.extend(columns.iter().filter_map(|(name, cell)| row.other_than(name, cell)));
    // A run that is missing or can't be read is told of elsewhere.
    if let Ok(run) = row.json::<Run>("state")
        && run.approvals.get(&approval.id) != Some(&approval)
    {
        faults.push(format!("it is not what the state of {} says of it", run.id));
    }
    faults
}

/// The columns of a run that repeat its state.
fn run_cells(run: &Run) -> Vec<(&'static str, Cell)> {
    let (open, wake_at) = (!run.status.is_finished(), run.wake_at());
    vec![
        ("id", run.id.as_bytes().into()),
        ("version", Cell::count(run.version)),
        ("incident", run.incident.as_bytes().into()),
        ("playbook", run.playbook.as_str().into()),
        ("digest", (&run.digest).into()),
        ("agent", run.agent.id.as_str().into()),
        ("mode", run.mode.as_str().into()),
        ("status", run.status.as_str().into()),
        ("verdict", run.containment().map(|(verdict, _)| Cell::text(verdict.as_str())).into()),
        ("open", Cell::flag(open)),
        ("wake_at", wake_at.into()),
        ("live", Cell::flag(open || wake_at.is_some())),
        ("in_hand", Cell::Integer(i64::from(run.in_hand().as_number()))),
        ("started_at", run.started_at.into()),
        ("ended_at", run.ended_at.into()),
    ]
}

fn stored_event(row: &Fields<'_>) -> Result<StoredEvent, String> {
    let at = row.integer("at")?;
    let digest = |column: &str| {
        Digest::from_slice(&row.bytes(column)?).ok_or_else(|| format!("column `{column}`: a digest has 32 bytes"))
    };
    Ok(StoredEvent {
        seq: row.count("seq")?,
        at: jiff::Timestamp::from_microsecond(at).map_err(|error| format!("column `at`: {error}"))?,
        actor: row.json("actor")?,
        kind: row.text("kind")?,
        body: row.json("body")?,
        prev_hash: digest("prev_hash")?,
        hash: digest("hash")?,
    })
}

fn decoded<T: DeserializeOwned>(row: &Fields<'_>, column: &str) -> (Option<T>, Vec<String>) {
    match row.json(column) {
        Ok(record) => (Some(record), Vec::new()),
        Err(fault) => (None, vec![fault]),
    }
}

fn shown(row: &Fields<'_>, name: impl Fn(Uuid) -> String) -> String {
    row.id("id").map_or_else(|_| format!("{:02x?}", row.bytes("id").unwrap_or_default()), name)
}

fn subject_of(key: &[u8]) -> Option<Subject> {
    let (letter, id) = key.split_first()?;
    match letter {
        b'r' => Some(Subject::Run(Uuid::from_slice(id).ok()?.into())),
        b'i' => Some(Subject::Incident(Uuid::from_slice(id).ok()?.into())),
        b'a' => Some(Subject::Agent(std::str::from_utf8(id).ok()?.parse().ok()?)),
        b'd' if id.is_empty() => Some(Subject::Daemon),
        _ => None,
    }
}

fn page<T>(
    found: &[impl Columns],
    key: &str,
    limit: u32,
    examine: impl Fn(&Fields<'_>) -> Examined<T>,
) -> ExaminedPage<T> {
    let full = found.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
    let next = found.last().filter(|_| full).and_then(|row| Fields(row).bytes(key).ok());
    ExaminedPage { rows: found.iter().map(|row| examine(&Fields(row))).collect(), next }
}

fn key(after: Option<Vec<u8>>) -> Cell {
    Cell::bytes(&after.unwrap_or_default())
}
