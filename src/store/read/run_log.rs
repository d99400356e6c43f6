//! What the engine asks of runs.

use jiff::Timestamp;

use crate::domain::{Digest, Run, RunId};
use crate::store::ports::{Read, RunLog};
use crate::store::rows::{OpenRun, StoredEvent, Subject};

use super::inbox::open_run;
use super::{Cell, Database, Decoder, Text, all, limited, one, query, subject_key};

const RUN: &str = "SELECT id, state FROM run_states WHERE id = $1";
const EVENTS: &str = "SELECT seq, at, actor, kind, body, prev_hash, hash FROM events WHERE subject = $1 ORDER BY seq";
// `live = 1` is what makes SQLite read only the index of live runs, which is small.
const RUNS_DUE: &str = "SELECT r.id FROM runs AS r LEFT JOIN claims AS c ON c.run = r.id
    WHERE r.live = 1 AND r.wake_at <= $1 AND c.quarantined IS NULL
        AND CASE WHEN c.run IS NULL THEN r.owner ELSE c.owner END = $3
    ORDER BY r.wake_at LIMIT $2";
const NEXT_WAKE: &str = "SELECT r.wake_at AS at FROM runs AS r LEFT JOIN claims AS c ON c.run = r.id
    WHERE r.live = 1 AND r.wake_at IS NOT NULL AND c.quarantined IS NULL
        AND CASE WHEN c.run IS NULL THEN r.owner ELSE c.owner END = $1
    ORDER BY r.wake_at LIMIT 1";
const OPEN_RUNS: Text = Text {
    sqlite: "SELECT id, incident, playbook, agent FROM runs INDEXED BY runs_live
        WHERE live = 1 AND open = 1 AND id > $1 ORDER BY id LIMIT $2",
    postgres: "SELECT id, incident, playbook, agent FROM runs WHERE live = 1 AND open = 1 AND id > $1 ORDER BY id LIMIT $2",
};

pub(super) fn stored_event(row: &Decoder<'_>) -> Read<StoredEvent> {
    Ok(StoredEvent {
        seq: row.count("seq")?,
        at: row.time("at")?,
        actor: row.json("actor")?,
        kind: row.text("kind")?,
        body: row.json("body")?,
        prev_hash: row.digest("prev_hash")?,
        hash: row.digest("hash")?,
    })
}

impl<D: Database> RunLog for D {
    async fn run(&self, id: RunId) -> Read<Option<Run>> {
        one(self.readers(), "run", query(RUN, [id.as_bytes().into()]), |row| row.json("state")).await
    }

    async fn events(&self, subject: &Subject) -> Read<Vec<StoredEvent>> {
        let query = query(EVENTS, [Cell::bytes(&subject_key(subject))]);
        all(self.readers(), "event", query, stored_event).await
    }

    async fn runs_due(&self, now: Timestamp, limit: u32) -> Read<Vec<RunId>> {
        let query = query(RUNS_DUE, [now.into(), limited(limit), self.replica().as_bytes().into()]);
        all(self.readers(), "run", query, |row| row.id("id")).await
    }

    async fn next_wake(&self) -> Read<Option<Timestamp>> {
        let query = query(NEXT_WAKE, [self.replica().as_bytes().into()]);
        one(self.readers(), "run", query, |row| row.optional_time("at")).await.map(Option::flatten)
    }

    async fn open_runs(&self, after: Option<RunId>, limit: u32) -> Read<Vec<OpenRun>> {
        let after = after.map_or_else(|| Cell::bytes(&[]), |id| id.as_bytes().into());
        all(self.readers(), "run", query(OPEN_RUNS, [after, limited(limit)]), open_run).await
    }

    async fn blob(&self, digest: &Digest) -> Read<Option<Vec<u8>>> {
        let query = query("SELECT bytes FROM blobs WHERE digest = $1", [digest.into()]);
        one(self.readers(), "a blob", query, |row| row.bytes("bytes")).await
    }
}
