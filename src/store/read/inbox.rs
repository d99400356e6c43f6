//! What intake asks.

use serde_json::Value;

use crate::domain::{Digest, Incident, IncidentId, SourceId};
use crate::store::ports::{Inbox, Read};
use crate::store::rows::{OpenRun, StoredAlert};

use super::{Cell, Database, Decoder, all, one, query};

const FIRING_ALERT: &str = "SELECT id, incident, count, last_seen_at, resolved_at, body FROM alerts
    WHERE substr(dedup, 1, 8) = substr($2, 1, 8) AND dedup = $2 AND source = $1 AND firing = 1
    ORDER BY id DESC LIMIT 1";
const LAST_ALERT: &str = "SELECT id, incident, count, last_seen_at, resolved_at, body FROM alerts
    WHERE substr(dedup, 1, 8) = substr($2, 1, 8) AND dedup = $2 AND source = $1 ORDER BY id DESC LIMIT 1";

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

impl<D: Database> Inbox for D {
    async fn delivery(&self, source: &SourceId, delivery: &str) -> Read<Option<Value>> {
        let query = query(
            "SELECT answer FROM deliveries WHERE source = $1 AND delivery = $2",
            [source.as_str().into(), delivery.into()],
        );
        one(self.readers(), "a delivery", query, |row| row.json("answer")).await
    }

    async fn firing_alert(&self, source: &SourceId, dedup: &Digest) -> Read<Option<StoredAlert>> {
        one(self.readers(), "alert", query(FIRING_ALERT, [source.as_str().into(), dedup.into()]), stored_alert).await
    }

    async fn last_alert(&self, source: &SourceId, dedup: &Digest) -> Read<Option<StoredAlert>> {
        one(self.readers(), "alert", query(LAST_ALERT, [source.as_str().into(), dedup.into()]), stored_alert).await
    }

    async fn open_incident(&self, key: &str) -> Read<Option<Incident>> {
        let query = query("SELECT id, body FROM incidents WHERE key = $1 AND open = 1", [key.into()]);
        one(self.readers(), "incident", query, |row| row.json("body")).await
    }

    async fn open_runs_of(&self, incident: IncidentId) -> Read<Vec<OpenRun>> {
        let query = query(
            "SELECT id, incident, playbook, agent FROM runs WHERE incident = $1 AND open = 1 ORDER BY id",
            [Cell::from(incident.as_bytes())],
        );
        all(self.readers(), "run", query, open_run).await
    }
}
