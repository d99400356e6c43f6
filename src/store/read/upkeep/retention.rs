//! What is old enough to be forgotten. Ids begin with their time, so that only the old end of each table is read.

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::{ApprovalId, IncidentId, Run, RunId};
use crate::store::commit::Guard;
use crate::store::ports::{Read, ReadError};
use crate::store::upkeep::{Aged, AgedPage, AgedPlace, Aging, Retention, Retired};

use super::super::{Cell, Columns, Database, Text, limited};
use super::columns::{Fields, rows};

// A run's hold is found by what it says of its cause; a text that only looks so keeps a run a little longer.
const RUNS: Text = Text {
    sqlite: "SELECT r.id AS id, r.version AS version, (SELECT w.state FROM run_states AS w WHERE w.id = r.id) AS state,
            (SELECT count(*) FROM events AS e WHERE e.subject = CAST($5 || r.id AS BLOB)) AS events,
            (SELECT count(*) FROM messages AS m WHERE m.run = r.id) AS messages
        FROM runs AS r
        WHERE r.id > $1 AND r.id < $2 AND r.live = 0 AND r.ended_at < $3
            AND NOT EXISTS (SELECT 1 FROM incidents AS i WHERE i.id = r.incident AND i.open = 1)
            AND NOT EXISTS (SELECT 1 FROM messages AS m
                WHERE m.run = r.id AND m.status NOT IN ('sent', 'undelivered'))
            AND NOT EXISTS (SELECT 1 FROM holds AS h
                WHERE h.agent = r.agent AND h.lifted_at IS NULL AND h.body LIKE '%\"cause\":{\"run\":%')
        ORDER BY r.id LIMIT $4",
    postgres:
        "SELECT r.id AS id, r.version AS version, (SELECT w.state FROM run_states AS w WHERE w.id = r.id) AS state,
            (SELECT count(*) FROM events AS e WHERE e.subject = $5 || r.id) AS events,
            (SELECT count(*) FROM messages AS m WHERE m.run = r.id) AS messages
        FROM runs AS r
        WHERE r.id > $1 AND r.id < $2 AND r.live = 0 AND r.ended_at < $3
            AND NOT EXISTS (SELECT 1 FROM incidents AS i WHERE i.id = r.incident AND i.open = 1)
            AND NOT EXISTS (SELECT 1 FROM messages AS m
                WHERE m.run = r.id AND m.status NOT IN ('sent', 'undelivered'))
            AND NOT EXISTS (SELECT 1 FROM holds AS h
                WHERE h.agent = r.agent AND h.lifted_at IS NULL AND h.body LIKE '%\"cause\":{\"run\":%')
        ORDER BY r.id LIMIT $4",
};
const ALERTS: &str = "SELECT a.id AS id FROM alerts AS a
    WHERE a.id > $1 AND a.id < $2 AND a.firing = 0 AND a.last_seen_at < $3
        AND NOT EXISTS (SELECT 1 FROM incidents AS i WHERE i.id = a.incident AND i.open = 1)
        AND NOT EXISTS (SELECT 1 FROM runs AS r WHERE r.incident = a.incident)
    ORDER BY a.id LIMIT $4";
const INCIDENTS: Text = Text {
    sqlite: "SELECT i.id AS id, i.version AS version,
            (SELECT count(*) FROM events AS e WHERE e.subject = CAST($5 || i.id AS BLOB)) AS events
        FROM incidents AS i
        WHERE i.id > $1 AND i.id < $2 AND i.open = 0
            AND coalesce((SELECT max(e.at) FROM events AS e WHERE e.subject = CAST($5 || i.id AS BLOB)), 0) < $3
            AND NOT EXISTS (SELECT 1 FROM alerts AS a WHERE a.incident = i.id)
            AND NOT EXISTS (SELECT 1 FROM runs AS r WHERE r.incident = i.id)
        ORDER BY i.id LIMIT $4",
    postgres: "SELECT i.id AS id, i.version AS version,
            (SELECT count(*) FROM events AS e WHERE e.subject = $5 || i.id) AS events
        FROM incidents AS i
        WHERE i.id > $1 AND i.id < $2 AND i.open = 0
            AND coalesce((SELECT max(e.at) FROM events AS e WHERE e.subject = $5 || i.id), 0) < $3
            AND NOT EXISTS (SELECT 1 FROM alerts AS a WHERE a.incident = i.id)
            AND NOT EXISTS (SELECT 1 FROM runs AS r WHERE r.incident = i.id)
        ORDER BY i.id LIMIT $4",
};
// The id of a hold comes from what placed it, and says nothing of its time; holds are few.
const HOLDS: &str = "SELECT id FROM holds WHERE id > $1 AND lifted_at < $2 ORDER BY id LIMIT $3";
const MESSAGES: &str = "SELECT id FROM messages
    WHERE id > $1 AND id < $2 AND status IN ('sent', 'undelivered') AND ended_at < $3 ORDER BY id LIMIT $4";
const DEAD_LETTERS: &str = "SELECT id FROM dead_letters WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3";
const DELIVERIES: Text = Text {
    sqlite: "SELECT era, source, delivery, at FROM deliveries
        WHERE (era, source, delivery) > ($1, $2, $3) ORDER BY era, source, delivery LIMIT $4",
    postgres: "SELECT 0::bigint AS era, source, delivery, at FROM deliveries
        WHERE $1::bigint IS NOT NULL AND (source, delivery) > ($2, $3) ORDER BY source, delivery LIMIT $4",
};
const CONTAINMENTS: &str = "SELECT DISTINCT at FROM containments WHERE at < $1 ORDER BY at LIMIT $2";

impl<D: Database> Retention for D {
    async fn aged(&self, kind: Aging, before: Timestamp, after: Option<AgedPlace>, limit: u32) -> Read<AgedPage> {
        let place = match &after {
            Some(AgedPlace::Id(id)) => Cell::Id(id.into_bytes()),
            _ => Cell::bytes(&[]),
        };
        let (id, at, most) = (first_id_of(before), Cell::from(before), limited(limit));
        let what = kind.as_str();
        let found = match kind {
            Aging::Runs => rows(self, what, RUNS, [place, id, at, most, Cell::bytes(b"r")]).await?,
            Aging::Alerts => rows(self, what, ALERTS, [place, id, at, most]).await?,
            Aging::Incidents => rows(self, what, INCIDENTS, [place, id, at, most, Cell::bytes(b"i")]).await?,
            Aging::Holds => rows(self, what, HOLDS, [place, at, most]).await?,
            Aging::Messages => rows(self, what, MESSAGES, [place, id, at, most]).await?,
            Aging::DeadLetters => rows(self, what, DEAD_LETTERS, [place, id, most]).await?,
            Aging::Deliveries => return aged_deliveries(self, before, after, limit).await,
            Aging::Containments => {
                let found = rows(self, what, CONTAINMENTS, [at, most]).await?;
                let moments = found.iter().map(|row| Ok(alone(Retired::Containments { at: time(&Fields(row))? })));
                let aged = moments.collect::<Result<_, String>>().map_err(|fault| damaged(kind, fault))?;
                return Ok(AgedPage { aged, next: None });
            }
        };
        page(kind, &found, limit)
    }
}

async fn aged_deliveries(
    store: &impl Database,
    before: Timestamp,
    after: Option<AgedPlace>,
    limit: u32,
) -> Read<AgedPage> {
    let (era, source, delivery) = match after {
        Some(AgedPlace::Delivery { era, source, delivery }) => (era, source, delivery),
        _ => (i64::MIN, String::new(), String::new()),
    };
    let parameters = [Cell::Integer(era), Cell::text(source), Cell::text(delivery), limited(limit)];
    let found = rows(store, "deliveries", DELIVERIES, parameters).await?;
    let full = found.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
    let last = found.last().filter(|_| full).map(|row| Fields(row));
    let next = last.and_then(|row| {
        let era = row.integer("era").ok()?;
        Some(AgedPlace::Delivery { era, source: row.text("source").ok()?, delivery: row.text("delivery").ok()? })
    });
    let old = |row: &dyn Columns| {
        let row = Fields(row);
        let source = row.text("source")?.parse().map_err(|error| format!("column `source`: {error}"))?;
        let delivery = row.text("delivery")?;
        Ok((time(&row)? < before).then(|| alone(Retired::Delivery { source, delivery })))
    };
    let aged = found.iter().map(|row| old(row)).filter_map(Result::transpose).collect::<Result<_, String>>();
    Ok(AgedPage { aged: aged.map_err(|fault| damaged(Aging::Deliveries, fault))?, next })
}

/// One thing of a row.
fn aged(kind: Aging, id: Uuid, row: &Fields<'_>) -> Result<Aged, String> {
    let count = |column: &str| Ok::<_, String>(u32::try_from(row.count(column)?).unwrap_or(u32::MAX));
    Ok(match kind {
        Aging::Runs => {
            let run = RunId::from(id);
            let approvals: Vec<ApprovalId> = row.json::<Run>("state")?.approvals.into_keys().collect();
            // A request has a row and, with reminders, a few tokens.
            let asked = u32::try_from(approvals.len()).unwrap_or(u32::MAX).saturating_mul(4);
            let rows = count("events")?.saturating_add(count("messages")?).saturating_add(asked).saturating_add(1);
            let guard = Some(Guard::RunVersion { run, expected: row.count("version")? });
            Aged { retired: Retired::Run { run, approvals }, guard, rows }
        }
        Aging::Incidents => {
            let incident = IncidentId::from(id);
            let guard = Some(Guard::IncidentVersion { incident, expected: row.count("version")? });
            Aged { retired: Retired::Incident(incident), guard, rows: count("events")?.saturating_add(1) }
        }
        Aging::Alerts => Aged { rows: 2, ..alone(Retired::Alert(id.into())) },
        Aging::Holds => alone(Retired::Hold(id.into())),
        Aging::DeadLetters => alone(Retired::DeadLetter(id.into())),
        Aging::Messages | Aging::Deliveries | Aging::Containments => alone(Retired::Message(id.into())),
    })
}

fn time(row: &Fields<'_>) -> Result<Timestamp, String> {
    Timestamp::from_microsecond(row.integer("at")?).map_err(|error| format!("column `at`: {error}"))
}

fn damaged(kind: Aging, reason: String) -> ReadError {
    ReadError::Damaged { what: kind.as_str(), id: "with that key".to_owned(), reason }
}

const fn alone(retired: Retired) -> Aged {
    Aged { retired, guard: None, rows: 1 }
}

/// What may go of the rows; a damaged one stays, and is told of.
fn page(kind: Aging, found: &[impl Columns], limit: u32) -> Read<AgedPage> {
    let full = found.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
    let mut page = AgedPage { aged: Vec::with_capacity(found.len()), next: None };
    for row in found {
        let row = Fields(row);
        let id = row.id("id").map_err(|fault| damaged(kind, fault))?;
        page.next = full.then_some(AgedPlace::Id(id));
        match aged(kind, id, &row) {
            Ok(aged) => page.aged.push(aged),
            Err(fault) => {
                tracing::error!(kind = kind.as_str(), %id, fault, "a damaged row is kept; see `standdown fsck`");
            }
        }
    }
    Ok(page)
}

/// The smallest id that something could have which began at that time.
fn first_id_of(at: Timestamp) -> Cell {
    let milliseconds = u64::try_from(at.as_millisecond()).unwrap_or(0);
    let mut id = [0; 16];
    for (slot, byte) in id.iter_mut().zip(milliseconds.to_be_bytes().into_iter().skip(2)) {
        *slot = byte;
    }
    Cell::Id(id)
}
