//! Claims in PostgreSQL: who is alive, who takes over, what is heard too late.
//!
//! A replica is alive while its lease is not over, by the clock of the database and no other. Whoever takes over first
//! takes the lock under which commits about a run are judged, and passes over a run whose lock another has: so no commit
//! of the former owner can be judged before the takeover and written after it.

use std::time::Duration;

use sqlx::Row as _;
use sqlx::postgres::PgConnection;

use crate::domain::{ReplicaId, RunId};
use crate::store::claim::{Claim, ClaimedRun, LateReply, Quarantined, Renewal, Taken};
use crate::store::commit::CommitError;
use crate::store::ports::{Claims, Read};
use crate::store::read::{self, Database as _, Text};

use super::PostgresStore;
use super::look_up::run_key;
use super::trouble::Trouble;

const REGISTER: &str = "INSERT INTO replicas (id, heartbeat_at, lease_ms)
    VALUES ($1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, $2)";
const RENEW: &str = "UPDATE replicas SET heartbeat_at = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
    WHERE id = $1";
const REMOVE: &str = "DELETE FROM replicas WHERE id = $1";
const REMOVE_DEAD: &str = "DELETE FROM replicas
    WHERE heartbeat_at + lease_ms * 1000 < (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
/// Whoever removes a row waits until this transaction is over.
const STAND: &str = "SELECT id FROM replicas WHERE id = $1 FOR SHARE";
const ORPHANED: &str = "SELECT EXISTS (SELECT 1 FROM runs AS r LEFT JOIN claims AS c ON c.run = r.id
        WHERE r.live = 1 AND c.quarantined IS NULL AND NOT EXISTS (SELECT 1 FROM replicas AS a
            WHERE a.id = CASE WHEN c.run IS NULL THEN r.owner ELSE c.owner END))
    OR EXISTS (SELECT 1 FROM replicas
        WHERE heartbeat_at + lease_ms * 1000 < (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) AS found";
const CANDIDATES: &str = "SELECT r.id FROM runs AS r LEFT JOIN claims AS c ON c.run = r.id
    WHERE r.live = 1 AND c.quarantined IS NULL AND NOT EXISTS (SELECT 1 FROM replicas AS a
        WHERE a.id = CASE WHEN c.run IS NULL THEN r.owner ELSE c.owner END)
    ORDER BY r.id LIMIT $1";
const TRY_LOCKS: &str = "SELECT q.id FROM unnest($1::bytea[], $2::bigint[]) AS q (id, key)
    WHERE pg_try_advisory_xact_lock(q.key)";
const TAKE_OVER: &str = "INSERT INTO claims (run, owner, epoch, takeovers)
    SELECT r.id, $1, coalesce(c.epoch, 1) + 1, coalesce(c.takeovers, 0)
        + CASE WHEN r.in_hand = 2 AND (c.run IS NULL OR c.owner IS NOT NULL) THEN 1 ELSE 0 END
    FROM unnest($2::bytea[]) AS q (id) JOIN runs AS r ON r.id = q.id LEFT JOIN claims AS c ON c.run = r.id
    WHERE r.live = 1 AND c.quarantined IS NULL AND NOT EXISTS (SELECT 1 FROM replicas AS a
        WHERE a.id = CASE WHEN c.run IS NULL THEN r.owner ELSE c.owner END)
    ON CONFLICT (run) DO UPDATE SET owner = excluded.owner, epoch = excluded.epoch, takeovers = excluded.takeovers
    RETURNING run, epoch, takeovers";
const RELEASE_ALL: &str = "INSERT INTO claims (run, owner, epoch, takeovers)
    SELECT r.id, NULL, coalesce(c.epoch, 1), coalesce(c.takeovers, 0)
    FROM runs AS r LEFT JOIN claims AS c ON c.run = r.id
    WHERE r.live = 1 AND CASE WHEN c.run IS NULL THEN r.owner ELSE c.owner END = $1
    ON CONFLICT (run) DO UPDATE SET owner = NULL WHERE claims.owner = $1";

/// The statements of this file, for the test that prepares every statement.
pub const STATEMENTS: [&str; 10] =
    [REGISTER, RENEW, REMOVE, REMOVE_DEAD, STAND, ORPHANED, CANDIDATES, TRY_LOCKS, TAKE_OVER, RELEASE_ALL];

/// Gives a replica its row.
async fn register(connection: &mut PgConnection, replica: ReplicaId, lease: Duration) -> Result<(), Trouble> {
    let lease_ms = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX / 2_000);
    sqlx::query(REGISTER).bind(replica.as_bytes().as_slice()).bind(lease_ms).execute(connection).await?;
    Ok(())
}

async fn take_over(connection: &mut PgConnection, replica: ReplicaId, limit: u32) -> Result<Vec<Taken>, Trouble> {
    let own = replica.as_bytes().as_slice();
    sqlx::query(REMOVE_DEAD).execute(&mut *connection).await?;
    if sqlx::query(STAND).bind(own).fetch_optional(&mut *connection).await?.is_none() {
        return Ok(Vec::new());
    }
    let candidates = sqlx::query(CANDIDATES).bind(i64::from(limit)).fetch_all(&mut *connection).await?;
    let candidates = candidates.iter().map(|row| row.try_get("id")).collect::<Result<Vec<Vec<u8>>, _>>()?;
    let keys: Vec<i64> = candidates.iter().map(|id| run_key(id)).collect();
    let locked = sqlx::query(TRY_LOCKS).bind(candidates).bind(keys).fetch_all(&mut *connection).await?;
    let locked = locked.iter().map(|row| row.try_get("id")).collect::<Result<Vec<Vec<u8>>, _>>()?;
    // What was read before the locks may no longer be true; this statement reads again.
    let rows = sqlx::query(TAKE_OVER).bind(own).bind(locked).fetch_all(connection).await?;
    let taken = rows.iter().map(|row| {
        let id = uuid::Uuid::from_slice(row.try_get("run")?).unwrap_or_default();
        let epoch = u64::try_from(row.try_get::<i64, _>("epoch")?).unwrap_or(0);
        let takeovers = u32::try_from(row.try_get::<i64, _>("takeovers")?).unwrap_or(u32::MAX);
        Ok(Taken { run: RunId::from(id), epoch, takeovers })
    });
    taken.collect()
}

impl PostgresStore {
    /// Gives this replica its row, when the store is opened.
    pub(super) async fn join(&self) -> Result<(), CommitError> {
        let (replica, lease) = (self.replica(), self.inner.options.lease);
        self.inner.alone.run(move |connection| Box::pin(register(connection, replica, lease))).await
    }

    /// One statement about a replica; whether there was one.
    async fn about(&self, replica: ReplicaId, text: &'static str) -> Result<bool, CommitError> {
        let done = self.inner.alone.run(move |connection| {
            Box::pin(async move {
                let done = sqlx::query(text).bind(replica.as_bytes().as_slice()).execute(connection).await?;
                Ok(done.rows_affected() > 0)
            })
        });
        done.await
    }
}

impl Claims for PostgresStore {
    async fn renew(&self) -> Result<Renewal, CommitError> {
        let stands = self.about(self.replica(), RENEW).await?;
        Ok(if stands { Renewal::Stands } else { Renewal::Removed })
    }

    async fn rejoin(&self) -> Result<ReplicaId, CommitError> {
        let replica = self.seat.renew();
        self.join().await?;
        Ok(replica)
    }

    async fn remove_replica(&self, replica: ReplicaId) -> Result<bool, CommitError> {
        self.about(replica, REMOVE).await
    }

    async fn take_over(&self, limit: u32) -> Result<Vec<Taken>, CommitError> {
        // Most looks find nothing, and write nothing.
        let found = read::exists(self.readers(), Text::from(ORPHANED)).await;
        if !found.map_err(|error| CommitError::Unavailable(error.to_string()))? {
            return Ok(Vec::new());
        }
        let replica = self.replica();
        self.inner.alone.run(move |connection| Box::pin(take_over(connection, replica, limit))).await
    }

    async fn release_all(&self) -> Result<u64, CommitError> {
        let replica = self.replica();
        let released = self.inner.alone.run(move |connection| {
            Box::pin(async move {
                let own = replica.as_bytes().as_slice();
                let released = sqlx::query(RELEASE_ALL).bind(own).execute(&mut *connection).await?;
                sqlx::query(REMOVE).bind(own).execute(connection).await?;
                Ok(released.rows_affected())
            })
        });
        released.await
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
