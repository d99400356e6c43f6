//! Claims in SQLite: who is alive, who takes over, what is heard too late.
//!
//! A replica is alive while its row is there. Nobody but this process can have the file, because of the lock beside it:
//! so the rows of former lives are removed when it is opened, nothing must beat to stay alive, and a run is without an
//! owner exactly when its owner has no row. What changes claims is a transaction of its own on the writer's connection.

use std::time::Duration;

use sqlx::{Connection as _, Row as _, SqliteConnection};

use crate::domain::{ReplicaId, RunId};
use crate::store::claim::{Claim, ClaimedRun, LateReply, Quarantined, Renewal, Taken};
use crate::store::commit::CommitError;
use crate::store::ports::{Claims, Read, ReadError};
use crate::store::read::{self, Database as _};

use super::SqliteStore;
use crate::store::seat::Seat;
use crate::store::write::cell::Cell;

const REGISTER: &str = "INSERT INTO replicas (id, heartbeat_at, lease_ms)
    VALUES (?1, CAST(unixepoch('subsec') * 1000000 AS INTEGER), ?2)";
const ORPHANED: &str =
    "SELECT EXISTS (SELECT 1 FROM runs AS r INDEXED BY runs_live LEFT JOIN claims AS c ON c.run = r.id
    WHERE r.live = 1 AND c.quarantined IS NULL AND NOT EXISTS (SELECT 1 FROM replicas AS a
        WHERE a.id = CASE WHEN c.run IS NULL THEN r.owner ELSE c.owner END)) AS found";
const TAKE_OVER: &str = "INSERT INTO claims (run, owner, epoch, takeovers)
    SELECT r.id, ?1, coalesce(c.epoch, 1) + 1,
        coalesce(c.takeovers, 0) + (r.in_hand = 2 AND (c.run IS NULL OR c.owner IS NOT NULL))
    FROM runs AS r INDEXED BY runs_live LEFT JOIN claims AS c ON c.run = r.id
    WHERE r.live = 1 AND c.quarantined IS NULL AND EXISTS (SELECT 1 FROM replicas WHERE id = ?1)
        AND NOT EXISTS (SELECT 1 FROM replicas AS a
            WHERE a.id = CASE WHEN c.run IS NULL THEN r.owner ELSE c.owner END)
    LIMIT ?2
    ON CONFLICT (run) DO UPDATE SET owner = excluded.owner, epoch = excluded.epoch, takeovers = excluded.takeovers
    RETURNING run, epoch, takeovers";
const RELEASE_ALL: &str = "INSERT INTO claims (run, owner, epoch, takeovers)
    SELECT r.id, NULL, coalesce(c.epoch, 1), coalesce(c.takeovers, 0)
    FROM runs AS r INDEXED BY runs_live LEFT JOIN claims AS c ON c.run = r.id
    WHERE r.live = 1 AND CASE WHEN c.run IS NULL THEN r.owner ELSE c.owner END = ?1
    ON CONFLICT (run) DO UPDATE SET owner = NULL";

/// Removes the replicas of former lives, which the lock file proves dead.
pub async fn bury(writer: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM replicas").execute(writer).await.map(drop)
}

/// Gives a replica its row.
pub async fn register(
    writer: &mut SqliteConnection,
    replica: ReplicaId,
    lease: Duration,
) -> Result<ReplicaId, sqlx::Error> {
    let lease_ms = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
    sqlx::query(REGISTER).bind(Cell::from(replica.as_bytes())).bind(lease_ms).execute(writer).await?;
    Ok(replica)
}

async fn take_over(writer: &mut SqliteConnection, replica: ReplicaId, limit: u32) -> Result<Vec<Taken>, sqlx::Error> {
    let rows = sqlx::query(TAKE_OVER).bind(Cell::from(replica.as_bytes())).bind(limit).fetch_all(writer).await?;
    let taken = rows.iter().map(|row| {
        let id = uuid::Uuid::from_slice(row.try_get("run")?).unwrap_or_default();
        let epoch = u64::try_from(row.try_get::<i64, _>("epoch")?).unwrap_or(0);
        let takeovers = u32::try_from(row.try_get::<i64, _>("takeovers")?).unwrap_or(u32::MAX);
        Ok(Taken { run: RunId::from(id), epoch, takeovers })
    });
    taken.collect()
}

async fn release_all(writer: &mut SqliteConnection, replica: ReplicaId) -> Result<u64, sqlx::Error> {
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
    let id = Cell::from(replica.as_bytes());
    let released = sqlx::query(RELEASE_ALL).bind(id.clone()).execute(&mut *transaction).await?.rows_affected();
    sqlx::query("DELETE FROM replicas WHERE id = ?1").bind(id).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(released)
}

impl SqliteStore {
    /// Another replica over the same open database.
    pub async fn another_replica(&self) -> Result<Self, CommitError> {
        let (seat, lease) = (Seat::new(), self.inner.lease);
        let replica = seat.replica();
        self.inner.neighbours.join();
        self.inner.writer.alone(move |writer| Box::pin(register(writer, replica, lease))).await?;
        Ok(Self { inner: self.inner.clone(), seat: seat.into() })
    }
}

/// A fault of a read on the way to a write.
fn unavailable(error: &ReadError) -> CommitError {
    CommitError::Unavailable(error.to_string())
}

impl Claims for SqliteStore {
    async fn renew(&self) -> Result<Renewal, CommitError> {
        let stands = read::has_replica(self.readers(), self.replica()).await.map_err(|error| unavailable(&error))?;
        Ok(if stands { Renewal::Stands } else { Renewal::Removed })
    }

    async fn rejoin(&self) -> Result<ReplicaId, CommitError> {
        let (replica, lease) = (self.seat.renew(), self.inner.lease);
        self.inner.writer.alone(move |writer| Box::pin(register(writer, replica, lease))).await
    }

    async fn remove_replica(&self, replica: ReplicaId) -> Result<bool, CommitError> {
        let id = Cell::from(replica.as_bytes());
        let removed = self.inner.writer.alone(move |writer| {
            Box::pin(async move {
                let query = sqlx::query("DELETE FROM replicas WHERE id = ?1").bind(id);
                query.execute(writer).await.map(|done| done.rows_affected() > 0)
            })
        });
        removed.await
    }

    async fn take_over(&self, limit: u32) -> Result<Vec<Taken>, CommitError> {
        // Most looks find nothing, and need not wait for the writer.
        if !read::exists(self.readers(), ORPHANED).await.map_err(|error| unavailable(&error))? {
            return Ok(Vec::new());
        }
        let replica = self.replica();
        self.inner.writer.alone(move |writer| Box::pin(take_over(writer, replica, limit))).await
    }

    async fn release_all(&self) -> Result<u64, CommitError> {
        let replica = self.replica();
        self.inner.writer.alone(move |writer| Box::pin(release_all(writer, replica))).await
    }

    async fn claim(&self, run: RunId) -> Read<Option<Claim>> {
        read::claim(self.readers(), run).await
    }

    async fn claimed_run(&self, run: RunId) -> Read<Option<ClaimedRun>> {
        read::claimed_run(self.readers(), run).await
    }

    async fn runs_in_hand(&self, after: Option<RunId>, limit: u32) -> Read<Vec<RunId>> {
        read::runs_in_hand(self.readers(), self.replica(), after, limit).await
    }

    async fn quarantined_runs(&self, limit: u32) -> Read<Vec<Quarantined>> {
        read::quarantined_runs(self.readers(), limit).await
    }

    async fn late_replies(&self, run: RunId) -> Read<Vec<LateReply>> {
        read::late_replies(self.readers(), run).await
    }

    async fn late_reply_count(&self) -> Read<u64> {
        read::late_reply_count(self.readers()).await
    }
}
