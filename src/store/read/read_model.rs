//! Lists for people.

use serde_json::Value;

use crate::domain::{AlertId, Incident, IncidentId};
use crate::store::ports::{Read, ReadModel};
use crate::store::rows::{DeadLetter, RunSummary, StoredAlert};

use super::inbox::stored_alert;
use super::{Database, Decoder, Text, all, limited, one, query};

const OPEN_INCIDENTS: Text = Text {
    sqlite: "SELECT id, body FROM incidents INDEXED BY incidents_open WHERE open = 1 ORDER BY id DESC LIMIT $1",
    postgres: "SELECT id, body FROM incidents WHERE open = 1 ORDER BY id DESC LIMIT $1",
};
const INCIDENTS: &str = "SELECT id, body FROM incidents ORDER BY id DESC LIMIT $1";
const RUNS: &str = "SELECT id, incident, agent, playbook, status, mode, verdict, started_at, ended_at, quarantined
    FROM runs LEFT JOIN claims ON run = id ORDER BY id DESC LIMIT $1";
const RUNS_OF: &str = "SELECT id, incident, agent, playbook, status, mode, verdict, started_at, ended_at, quarantined
    FROM runs LEFT JOIN claims ON run = id WHERE incident = $2 ORDER BY id DESC LIMIT $1";
const ALERTS_OF: &str = "SELECT id, incident, count, last_seen_at, resolved_at, body FROM alerts
    WHERE incident = $1 ORDER BY id";
const ALERTS_AFTER: &str = "SELECT id, incident, count, last_seen_at, resolved_at, body FROM alerts
    WHERE id > $1 ORDER BY id LIMIT $2";

fn summary(row: &Decoder<'_>) -> Read<RunSummary> {
    let verdict = row.optional_text("verdict")?;
    let verdict = verdict.and_then(|word| serde_json::from_value(Value::String(word)).ok());
    Ok(RunSummary {
        id: row.id("id")?,
        incident: row.id("incident")?,
        agent: row.parse("agent")?,
        playbook: row.parse("playbook")?,
        status: row.text("status")?,
        mode: row.text("mode")?,
        verdict,
        started_at: row.time("started_at")?,
        ended_at: row.optional_time("ended_at")?,
        quarantined: row.optional_text("quarantined")?,
    })
}

impl<D: Database> ReadModel for D {
    async fn incident(&self, id: IncidentId) -> Read<Option<Incident>> {
        let query = query("SELECT id, body FROM incidents WHERE id = $1", [id.as_bytes().into()]);
        one(self.readers(), "incident", query, |row| row.json("body")).await
    }

    async fn incidents(&self, open: bool, limit: u32) -> Read<Vec<Incident>> {
        let text = if open { OPEN_INCIDENTS } else { INCIDENTS.into() };
        all(self.readers(), "incident", query(text, [limited(limit)]), |row| row.json("body")).await
    }

    async fn runs(&self, incident: Option<IncidentId>, limit: u32) -> Read<Vec<RunSummary>> {
        let query = match incident {
            Some(id) => query(RUNS_OF, [limited(limit), id.as_bytes().into()]),
            None => query(RUNS, [limited(limit)]),
        };
        all(self.readers(), "run", query, summary).await
    }

    async fn alerts_of(&self, incident: IncidentId) -> Read<Vec<StoredAlert>> {
        all(self.readers(), "alert", query(ALERTS_OF, [incident.as_bytes().into()]), stored_alert).await
    }

    async fn alerts_after(&self, after: AlertId, limit: u32) -> Read<Vec<StoredAlert>> {
        let query = query(ALERTS_AFTER, [after.as_bytes().into(), limited(limit)]);
        all(self.readers(), "alert", query, stored_alert).await
    }

    async fn alert_body(&self, id: AlertId) -> Read<Option<Value>> {
        let query = query("SELECT id, raw FROM alerts WHERE id = $1", [id.as_bytes().into()]);
        one(self.readers(), "alert", query, |row| row.json("raw")).await
    }

    async fn dead_letters(&self, limit: u32) -> Read<Vec<DeadLetter>> {
        let query = query("SELECT id, body FROM dead_letters ORDER BY id DESC LIMIT $1", [limited(limit)]);
        all(self.readers(), "a dead letter", query, |row| row.json("body")).await
    }

    async fn ping(&self) -> Read<()> {
        one(self.readers(), "the database", query("SELECT CAST(1 AS BIGINT) AS one", []), |row| row.count("one"))
            .await
            .map(drop)
    }
}
