//! Messages that some replica is sending: the row says who, and until when by the clock of the database.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::postgres::PgRow;

use crate::domain::ReplicaId;
use crate::store::commit::CommitError;
use crate::store::ports::Read;
use crate::store::read::{Database, Decoder, Key, Place, one, passed_over, query};
use crate::store::rows::QueuedMessage;

use super::PostgresStore;
use super::readers::Readers;

const TAKE: &str = "UPDATE messages SET sender = $1,
        sent_until = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + $4
    WHERE id IN (SELECT id FROM messages
        WHERE status <> 'sent' AND status = 'queued' AND next_at <= $2 AND (sender IS NULL OR sender = $1
            OR sent_until < (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
        ORDER BY next_at, id LIMIT $3 FOR UPDATE SKIP LOCKED)
    RETURNING id, body, failures, next_at";
const NEXT: &str = "SELECT min(next_at) AS at FROM messages
    WHERE status <> 'sent' AND status = 'queued' AND (sender IS NULL OR sender = $1
        OR sent_until < (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)";

/// The statements of this file, for the test that prepares every statement.
pub const STATEMENTS: [&str; 2] = [TAKE, NEXT];

fn queued(row: &PgRow) -> Read<(Timestamp, QueuedMessage)> {
    let row = Decoder::new(row, "message");
    let queued = QueuedMessage { message: row.json("body")?, failures: row.small_count("failures")? };
    Ok((row.time("next_at")?, queued))
}

impl Database for PostgresStore {
    type Readers = Readers;

    fn readers(&self) -> &Readers {
        &self.inner.readers
    }

    fn replica(&self) -> ReplicaId {
        self.seat.replica()
    }

    fn place_of(&self, _key: &Key<'_>) -> Read<Place> {
        Ok(Place::Anywhere)
    }

    async fn take_messages(
        &self,
        now: Timestamp,
        limit: u32,
        lease: Duration,
    ) -> Result<Vec<QueuedMessage>, CommitError> {
        let replica = self.seat.replica();
        let lease_us = i64::try_from(lease.as_micros()).unwrap_or(i64::MAX / 2);
        let taken = self.inner.alone.run(move |connection| {
            Box::pin(async move {
                let query = sqlx::query(TAKE).bind(replica.as_bytes().as_slice()).bind(now.as_microsecond());
                Ok(query.bind(i64::from(limit)).bind(lease_us).fetch_all(connection).await?)
            })
        });
        let taken = taken.await?;
        let mut taken: Vec<_> = taken.iter().map(queued).filter_map(passed_over).collect();
        taken.sort_by_key(|(next_at, queued)| (*next_at, queued.message.id));
        Ok(taken.into_iter().map(|(_, queued)| queued).collect())
    }

    async fn next_free_message(&self) -> Read<Option<Timestamp>> {
        let query = query(NEXT, [self.seat.replica().as_bytes().into()]);
        one(self.readers(), "message", query, |row| row.optional_time("at")).await.map(Option::flatten)
    }
}
