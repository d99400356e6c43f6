//! Which row belongs to which: the tables name each other without foreign keys, because the one writer keeps them.

use uuid::Uuid;

use crate::domain::{AlertId, ApprovalId, IncidentId, MessageId, RunId};
use crate::store::ports::Read;
use crate::store::upkeep::Stray;

use super::super::SqliteStore;
use super::super::cell::Cell;
use super::columns::{Columns, rows};

/// A kind of row that belongs to another.
struct Relation {
    table: &'static str,
    missing: &'static str,
    shown: fn(Uuid) -> String,
    /// Gives the ids of the rows that belong to nothing.
    text: &'static str,
}

fn run(id: Uuid) -> String {
    RunId::from(id).to_string()
}

fn incident(id: Uuid) -> String {
    IncidentId::from(id).to_string()
}

fn alert(id: Uuid) -> String {
    AlertId::from(id).to_string()
}

fn approval(id: Uuid) -> String {
    ApprovalId::from(id).to_string()
}

fn message(id: Uuid) -> String {
    MessageId::from(id).to_string()
}

static RELATIONS: [Relation; 11] = [
    Relation {
        table: "events",
        missing: "its run",
        shown: run,
        text: "SELECT substr(s.subject, 2) AS id
            FROM (SELECT DISTINCT subject FROM events WHERE subject >= x'72' AND subject < x'73') AS s
            WHERE NOT EXISTS (SELECT 1 FROM runs AS r WHERE r.id = substr(s.subject, 2)) LIMIT ?1",
    },
    Relation {
        table: "events",
        missing: "its incident",
        shown: incident,
        text: "SELECT substr(s.subject, 2) AS id
            FROM (SELECT DISTINCT subject FROM events WHERE subject >= x'69' AND subject < x'6a') AS s
            WHERE NOT EXISTS (SELECT 1 FROM incidents AS i WHERE i.id = substr(s.subject, 2)) LIMIT ?1",
    },
    Relation {
        table: "runs",
        missing: "its incident",
        shown: run,
        text: "SELECT id FROM runs AS r
            WHERE NOT EXISTS (SELECT 1 FROM incidents AS i WHERE i.id = r.incident) LIMIT ?1",
    },
    Relation {
        table: "runs",
        missing: "the text of its playbook version",
        shown: run,
        text: "SELECT id FROM runs AS r
            WHERE NOT EXISTS (SELECT 1 FROM playbooks AS p WHERE p.digest = r.digest) LIMIT ?1",
    },
    Relation {
        table: "alerts",
        missing: "its incident",
        shown: alert,
        text: "SELECT id FROM alerts AS a WHERE a.incident IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM incidents AS i WHERE i.id = a.incident) LIMIT ?1",
    },
    Relation {
        table: "alerts",
        missing: "its body",
        shown: alert,
        text: "SELECT id FROM alerts AS a
            WHERE NOT EXISTS (SELECT 1 FROM alert_bodies AS b WHERE b.id = a.id) LIMIT ?1",
    },
    Relation {
        table: "alert_bodies",
        missing: "its alert",
        shown: alert,
        text: "SELECT id FROM alert_bodies AS b
            WHERE NOT EXISTS (SELECT 1 FROM alerts AS a WHERE a.id = b.id) LIMIT ?1",
    },
    Relation {
        table: "approvals",
        missing: "its run",
        shown: approval,
        text: "SELECT id FROM approvals AS a
            WHERE NOT EXISTS (SELECT 1 FROM runs AS r WHERE r.id = a.run) LIMIT ?1",
    },
    Relation {
        table: "tokens",
        missing: "its request",
        shown: approval,
        text: "SELECT approval AS id FROM tokens AS t
            WHERE NOT EXISTS (SELECT 1 FROM approvals AS a WHERE a.id = t.approval) LIMIT ?1",
    },
    Relation {
        table: "tokens",
        missing: "its run",
        shown: run,
        text: "SELECT run AS id FROM tokens AS t
            WHERE NOT EXISTS (SELECT 1 FROM runs AS r WHERE r.id = t.run) LIMIT ?1",
    },
    Relation {
        table: "messages",
        missing: "its run",
        shown: message,
        text: "SELECT id FROM messages AS m WHERE m.run IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM runs AS r WHERE r.id = m.run) LIMIT ?1",
    },
];

/// Rows that belong to nothing, at most `limit` of each kind.
pub async fn strays(store: &SqliteStore, limit: u32) -> Read<Vec<Stray>> {
    let mut strays = Vec::new();
    for Relation { table, missing, shown, text } in &RELATIONS {
        let found = rows(store, table, text, [Cell::Integer(i64::from(limit))]).await?;
        strays.extend(found.iter().map(|row| {
            // An id that is none is a fault of its own; here it is only shown.
            let id = Columns(row).bytes("id").unwrap_or_default();
            let id = Uuid::from_slice(&id).map_or_else(|_| format!("{id:02x?}"), shown);
            Stray { table, id, missing }
        }));
    }
    Ok(strays)
}
