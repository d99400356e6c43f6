//! How SQLite runs the reads that every database shares.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::domain::{MessageId, ReplicaId};
use crate::store::commit::CommitError;
use crate::store::ports::{Outbox as _, Read, ReadError};
use crate::store::read::{Columns, Database, Key, Place, all, limited, query};
use crate::store::rows::QueuedMessage;
use crate::store::write::cell::Cell;

use super::SqliteStore;
use super::readers::Readers;

const NEXT: &str = "SELECT id, failures, next_at FROM messages WHERE status <> 'sent' AND status = 'queued'
    ORDER BY next_at, id LIMIT $1";

impl Database for SqliteStore {
    type Readers = Readers;

    fn readers(&self) -> &Readers {
        &self.inner.readers
    }

    fn replica(&self) -> ReplicaId {
        self.seat.replica()
    }

    fn place_of(&self, key: &Key<'_>) -> Read<Place> {
        let unknown = || ReadError::Unavailable { what: "a key", reason: "the store is open for looking only".into() };
        let eras = self.inner.eras.as_ref().ok_or_else(unknown)?.of(key);
        Ok(if eras.is_empty() { Place::Nowhere } else { Place::In(Cell::json(&json!(eras))) })
    }

    async fn take_messages(
        &self,
        now: Timestamp,
        limit: u32,
        lease: Duration,
    ) -> Result<Vec<QueuedMessage>, CommitError> {
        let sending = &self.inner.sending;
        let enough = limit.saturating_add(u32::try_from(sending.len()).unwrap_or(u32::MAX));
        let due = self.messages_due(now, enough).await.map_err(|error| CommitError::Unavailable(error.to_string()))?;
        Ok(sending.take(due, self.seat.replica(), limit, lease))
    }

    async fn next_free_message(&self) -> Read<Option<Timestamp>> {
        let enough = u32::try_from(self.inner.sending.len()).unwrap_or(u32::MAX).saturating_add(1);
        let waiting = all(self.readers(), "message", query(NEXT, [limited(enough)]), |row| {
            Ok((row.id::<MessageId>("id")?, row.small_count("failures")?, row.time("next_at")?))
        });
        let replica = self.seat.replica();
        let free = |(id, failures, at)| (!self.inner.sending.is_taken((id, failures), replica)).then_some(at);
        Ok(waiting.await?.into_iter().find_map(free))
    }
}

impl Columns for SqliteRow {
    fn integer(&self, column: &str) -> Result<Option<i64>, String> {
        self.try_get(column).map_err(|error| error.to_string())
    }

    fn text(&self, column: &str) -> Result<Option<&str>, String> {
        self.try_get(column).map_err(|error| error.to_string())
    }

    fn bytes(&self, column: &str) -> Result<Option<&[u8]>, String> {
        self.try_get(column).map_err(|error| error.to_string())
    }
}
