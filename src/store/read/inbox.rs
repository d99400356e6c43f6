//! What intake asks.

use serde::Deserialize;
use serde_json::Value;

use crate::domain::{AgentId, Digest, Incident, IncidentId, PastRun, PlaybookName, Severity, SourceId};
use crate::store::ports::{Inbox, Read};
use crate::store::rows::{OpenRun, StoredAlert};

use super::{Cell, Database, Decoder, Key, Query, Text, all, keyed, one, query};

macro_rules! alert {
    ($era:literal, $and:literal) => {
        concat!(
            "SELECT id, incident, count, last_seen_at, resolved_at, body FROM alerts WHERE ",
            $era,
            "substr(dedup, 1, 8) = substr($2, 1, 8) AND dedup = $2 AND source = $1",
            $and,
            " ORDER BY id DESC LIMIT 1"
        )
    };
}

const FIRING_ALERT: Text = Text {
    sqlite: alert!("era IN (SELECT value FROM json_each($3)) AND ", " AND firing = 1"),
    postgres: alert!("", " AND firing = 1"),
};
const LAST_ALERT: Text =
    Text { sqlite: alert!("era IN (SELECT value FROM json_each($3)) AND ", ""), postgres: alert!("", "") };
const DELIVERY: Text = Text {
    sqlite: "SELECT answer FROM deliveries
        WHERE era IN (SELECT value FROM json_each($3)) AND source = $1 AND delivery = $2",
    postgres: "SELECT answer FROM deliveries WHERE source = $1 AND delivery = $2",
};
const OPEN_INCIDENT: Text = Text {
    sqlite: "SELECT id, body FROM incidents WHERE era IN (SELECT value FROM json_each($2)) AND key = $1 AND open = 1",
    postgres: "SELECT id, body FROM incidents WHERE key = $1 AND open = 1",
};

/// An alert of a row.
pub(super) fn stored_alert(row: &Decoder<'_>) -> Read<StoredAlert> {
    Ok(StoredAlert {
        alert: row.json("body")?,
        incident: row.optional_id("incident")?,
        count: row.count("count")?,
        last_seen_at: row.time("last_seen_at")?,
        resolved_at: row.optional_time("resolved_at")?,
    })
}

/// An open run of a row.
pub(super) fn open_run(row: &Decoder<'_>) -> Read<OpenRun> {
    Ok(OpenRun {
        id: row.id("id")?,
        incident: row.id("incident")?,
        playbook: row.parse("playbook")?,
        agent: row.parse("agent")?,
    })
}

// Of two that began at the same moment the later id counts.
const LAST_RUN: &str = "SELECT r.id AS id, r.status AS status, r.open AS open, r.verdict AS verdict,
        r.started_at AS started_at, r.ended_at AS ended_at, coalesce(r.alert, a.body) AS alert
    FROM runs AS r LEFT JOIN alerts AS a ON r.alert IS NULL AND a.id = r.alert_id
    WHERE r.incident = $1 AND r.playbook = $2 AND r.agent = $3 ORDER BY r.started_at DESC, r.id DESC LIMIT 1";

/// What a past run's alert is asked for.
#[derive(Deserialize)]
struct Weighed {
    severity: Severity,
}

/// A run of a row, if it is over.
fn past_run(row: &Decoder<'_>) -> Read<Option<PastRun>> {
    if row.flag("open")? {
        return Ok(None);
    }
    Ok(Some(PastRun {
        id: row.id("id")?,
        outcome: row.word("status")?,
        verdict: row.optional_word("verdict")?,
        severity: row.json::<Weighed>("alert")?.severity,
        started_at: row.time("started_at")?,
        ended_at: row.time("ended_at")?,
    }))
}

impl<D: Database> Inbox for D {
    async fn delivery(&self, source: &SourceId, delivery: &str) -> Read<Option<Value>> {
        let parameters = [source.as_str().into(), delivery.into()];
        let query = keyed(self, &Key::Delivery(source.as_str(), delivery), DELIVERY, parameters)?;
        found(self, "a delivery", query, |row| row.json("answer")).await
    }

    async fn firing_alert(&self, source: &SourceId, dedup: &Digest) -> Read<Option<StoredAlert>> {
        let query = keyed(self, &Key::alert(dedup), FIRING_ALERT, [source.as_str().into(), dedup.into()])?;
        found(self, "alert", query, stored_alert).await
    }

    async fn last_alert(&self, source: &SourceId, dedup: &Digest) -> Read<Option<StoredAlert>> {
        let query = keyed(self, &Key::alert(dedup), LAST_ALERT, [source.as_str().into(), dedup.into()])?;
        found(self, "alert", query, stored_alert).await
    }

    async fn open_incident(&self, key: &str) -> Read<Option<Incident>> {
        let query = keyed(self, &Key::Incident(key), OPEN_INCIDENT, [key.into()])?;
        found(self, "incident", query, |row| row.json("body")).await
    }

    async fn last_run_of(
        &self,
        incident: IncidentId,
        playbook: &PlaybookName,
        agent: &AgentId,
    ) -> Read<Option<PastRun>> {
        let parameters = [Cell::from(incident.as_bytes()), playbook.as_str().into(), agent.as_str().into()];
        one(self.readers(), "run", query(LAST_RUN, parameters), past_run).await.map(Option::flatten)
    }

    async fn open_runs_of(&self, incident: IncidentId) -> Read<Vec<OpenRun>> {
        let query = query(
            "SELECT id, incident, playbook, agent FROM runs WHERE incident = $1 AND open = 1 ORDER BY id",
            [Cell::from(incident.as_bytes())],
        );
        all(self.readers(), "run", query, open_run).await
    }
}

/// The row of a query, if there can be one.
async fn found<T>(
    database: &impl Database,
    what: &'static str,
    query: Option<Query>,
    decode: impl FnOnce(&Decoder<'_>) -> Read<T> + Send,
) -> Read<Option<T>> {
    match query {
        Some(query) => one(database.readers(), what, query, decode).await,
        None => Ok(None),
    }
}
