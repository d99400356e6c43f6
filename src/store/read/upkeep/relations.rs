//! Which row belongs to which: the tables name each other without foreign keys, because the one writer keeps them.

use uuid::Uuid;

use crate::domain::{AlertId, ApprovalId, IncidentId, MessageId, RunId};
use crate::store::ports::Read;
use crate::store::upkeep::Stray;

use super::super::{Cell, Database, limited};
use super::columns::{Fields, rows};

/// A kind of row that belongs to another.
struct Relation {
    table: &'static str,
    missing: &'static str,
    shown: fn(Uuid) -> String,
    /// Gives the ids of the rows that belong to nothing, at most `$1`.
    text: &'static str,
    /// The letter of the histories that are meant, if histories are; from it (`$2`) to the next one (`$3`).
    letter: Option<u8>,
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

static RELATIONS: [Relation; 13] = [
    Relation {
        table: "events",
        missing: "its run",
        letter: Some(b'r'),
        shown: run,
        text: "SELECT substr(s.subject, 2) AS id
            FROM (SELECT DISTINCT subject FROM events WHERE subject >= $2 AND subject < $3) AS s
            WHERE NOT EXISTS (SELECT 1 FROM runs AS r WHERE r.id = substr(s.subject, 2)) LIMIT $1",
    },
    Relation {
        table: "events",
        missing: "its incident",
        letter: Some(b'i'),
        shown: incident,
        text: "SELECT substr(s.subject, 2) AS id
            FROM (SELECT DISTINCT subject FROM events WHERE subject >= $2 AND subject < $3) AS s
            WHERE NOT EXISTS (SELECT 1 FROM incidents AS i WHERE i.id = substr(s.subject, 2)) LIMIT $1",
    },
    Relation {
        table: "runs",
        missing: "its incident",
        letter: None,
        shown: run,
        text: "SELECT id FROM runs AS r
            WHERE NOT EXISTS (SELECT 1 FROM incidents AS i WHERE i.id = r.incident) LIMIT $1",
    },
    Relation {
        table: "runs",
        missing: "the text of its playbook version",
        letter: None,
        shown: run,
        text: "SELECT id FROM runs AS r
            WHERE NOT EXISTS (SELECT 1 FROM playbooks AS p WHERE p.digest = r.digest) LIMIT $1",
    },
    Relation {
        table: "alerts",
        missing: "its incident",
        letter: None,
        shown: alert,
        text: "SELECT id FROM alerts AS a WHERE a.incident IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM incidents AS i WHERE i.id = a.incident) LIMIT $1",
    },
    Relation {
        table: "runs",
        missing: "its alert",
        letter: None,
        shown: run,
        text: "SELECT id FROM runs AS r WHERE r.alert IS NULL
            AND NOT EXISTS (SELECT 1 FROM alerts AS a WHERE a.id = r.alert_id) LIMIT $1",
    },
    // Guards see to it; SQLite's index holds it only within an era.
    Relation {
        table: "incidents",
        missing: "a key that no other open incident has",
        letter: None,
        shown: incident,
        text: "SELECT id FROM incidents WHERE open = 1
            AND key IN (SELECT key FROM incidents WHERE open = 1 GROUP BY key HAVING count(*) > 1) LIMIT $1",
    },
    Relation {
        table: "approvals",
        missing: "its run",
        letter: None,
        shown: approval,
        text: "SELECT id FROM approvals AS a
            WHERE NOT EXISTS (SELECT 1 FROM runs AS r WHERE r.id = a.run) LIMIT $1",
    },
    Relation {
        table: "tokens",
        missing: "its request",
        letter: None,
        shown: approval,
        text: "SELECT approval AS id FROM tokens AS t
            WHERE NOT EXISTS (SELECT 1 FROM approvals AS a WHERE a.id = t.approval) LIMIT $1",
    },
    Relation {
        table: "tokens",
        missing: "its run",
        letter: None,
        shown: run,
        text: "SELECT run AS id FROM tokens AS t
            WHERE NOT EXISTS (SELECT 1 FROM runs AS r WHERE r.id = t.run) LIMIT $1",
    },
    Relation {
        table: "messages",
        missing: "its run",
        letter: None,
        shown: message,
        text: "SELECT id FROM messages AS m WHERE m.run IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM runs AS r WHERE r.id = m.run) LIMIT $1",
    },
    Relation {
        table: "claims",
        missing: "its run",
        letter: None,
        shown: run,
        text: "SELECT run AS id FROM claims AS c
            WHERE NOT EXISTS (SELECT 1 FROM runs AS r WHERE r.id = c.run) LIMIT $1",
    },
    Relation {
        table: "late_replies",
        missing: "its run",
        letter: None,
        shown: run,
        text: "SELECT DISTINCT run AS id FROM late_replies AS l
            WHERE NOT EXISTS (SELECT 1 FROM runs AS r WHERE r.id = l.run) LIMIT $1",
    },
];

/// Rows that belong to nothing, at most `limit` of each kind.
pub async fn strays(store: &impl Database, limit: u32) -> Read<Vec<Stray>> {
    let mut strays = Vec::new();
    for Relation { table, missing, shown, text, letter } in &RELATIONS {
        let found = match letter {
            Some(letter) => {
                let range = [limited(limit), Cell::bytes(&[*letter]), Cell::bytes(&[letter.saturating_add(1)])];
                rows(store, table, *text, range).await?
            }
            None => rows(store, table, *text, [limited(limit)]).await?,
        };
        strays.extend(found.iter().map(|row| {
            // An id that is none is a fault of its own; here it is only shown.
            let id = Fields(row).bytes("id").unwrap_or_default();
            let id = Uuid::from_slice(&id).map_or_else(|_| format!("{id:02x?}"), shown);
            Stray { table, id, missing }
        }));
    }
    Ok(strays)
}
