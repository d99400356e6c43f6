//! Claims in PostgreSQL: who is alive, who takes over, what is heard too late.
//!
//! A replica is alive while its lease is not over, by the clock of the database and no other. Its row is taken away under
//! a lock that nobody has while a commit under its claims is written; from then on such commits are refused. So whoever
//! takes its runs over need not lock them one by one.

use std::time::Duration;

use sqlx::Row as _;
use sqlx::postgres::PgConnection;

use crate::domain::{ReplicaId, RunId};
use crate::store::claim::{Claim, ClaimedRun, LateReply, Quarantined, Renewal, Taken};
use crate::store::commit::CommitError;
use crate::store::ports::{Claims, Read, ReadError};
use crate::store::read::{self, Database as _, Text};

use super::PostgresStore;
use super::look_up::replica_key;
use super::trouble::Trouble;

const REGISTER: &str = "INSERT INTO replicas (id, heartbeat_at, lease_ms)
    VALUES ($1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, $2)";
const RENEW: &str = "UPDATE replicas SET heartbeat_at = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
    WHERE id = $1";
const REMOVE: &str = "DELETE FROM replicas WHERE id = $1";
const ALONE: &str = "SELECT pg_advisory_xact_lock($1)";
const REPLICAS: &str = "SELECT id,
    heartbeat_at + lease_ms * 1000 < (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS dead
    FROM replicas ORDER BY id";
const TRY_ALONE: &str = "SELECT pg_try_advisory_xact_lock($1)";
const REMOVE_DEAD: &str = "DELETE FROM replicas
    WHERE id = $1 AND heartbeat_at + lease_ms * 1000 < (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
/// Whoever removes a row waits until this transaction is over.
const STAND: &str = "SELECT id FROM replicas WHERE id = $1 FOR KEY SHARE";
const FREED: &str = "SELECT EXISTS (SELECT 1 FROM claims AS c JOIN runs AS r ON r.id = c.run
    WHERE c.owner IS NULL AND c.quarantined IS NULL AND r.live = 1) AS found";
/// Of two that take over the same run at the same time the second changes nothing.
const TAKE_OVER: &str = "INSERT INTO claims (run, owner, epoch, takeovers)
    SELECT r.id, $1, coalesce(c.epoch, 1) + 1, coalesce(c.takeovers, 0)
        + CASE WHEN r.in_hand = 2 AND (c.run IS NULL OR c.owner IS NOT NULL) THEN 1 ELSE 0 END
    FROM runs AS r LEFT JOIN claims AS c ON c.run = r.id
    WHERE r.live = 1 AND r.id > $2 AND c.quarantined IS NULL AND NOT EXISTS (SELECT 1 FROM replicas AS a
        WHERE a.id = CASE WHEN c.run IS NULL THEN r.owner ELSE c.owner END)
    ORDER BY r.id LIMIT $3
    ON CONFLICT (run) DO UPDATE SET owner = excluded.owner, epoch = excluded.epoch, takeovers = excluded.takeovers
        WHERE claims.epoch < excluded.epoch AND claims.quarantined IS NULL
    RETURNING run, epoch, takeovers";
const RELEASE_ALL: &str = "INSERT INTO claims (run, owner, epoch, takeovers)
    SELECT r.id, NULL, coalesce(c.epoch, 1), coalesce(c.takeovers, 0)
    FROM runs AS r LEFT JOIN claims AS c ON c.run = r.id
    WHERE r.live = 1 AND CASE WHEN c.run IS NULL THEN r.owner ELSE c.owner END = $1
    ON CONFLICT (run) DO UPDATE SET owner = NULL WHERE claims.owner = $1";

/// The statements of this file, for the test that prepares every statement.
pub const STATEMENTS: [&str; 11] =
    [REGISTER, RENEW, REMOVE, ALONE, REPLICAS, TRY_ALONE, REMOVE_DEAD, STAND, FREED, TAKE_OVER, RELEASE_ALL];

/// Gives a replica its row.
async fn register(connection: &mut PgConnection, replica: ReplicaId, lease: Duration) -> Result<(), Trouble> {
    let lease_ms = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX / 2_000);
    sqlx::query(REGISTER).bind(replica.as_bytes().as_slice()).bind(lease_ms).execute(connection).await?;
    Ok(())
}

/// Removes replicas whose lease is over, but for those that are just writing something they may still write.
async fn remove_dead(connection: &mut PgConnection) -> Result<(), Trouble> {
    for row in sqlx::query(REPLICAS).fetch_all(&mut *connection).await? {
        if !row.try_get::<bool, _>("dead")? {
            continue;
        }
        let id: Vec<u8> = row.try_get("id")?;
        let replica = ReplicaId::from(uuid::Uuid::from_slice(&id).unwrap_or_default());
        let query = sqlx::query_scalar(TRY_ALONE).bind(replica_key(replica));
        if query.fetch_one(&mut *connection).await? {
            sqlx::query(REMOVE_DEAD).bind(id).execute(&mut *connection).await?;
        }
    }
    Ok(())
}

async fn take_over(
    connection: &mut PgConnection,
    replica: ReplicaId,
    after: Vec<u8>,
    limit: u32,
) -> Result<Vec<Taken>, Trouble> {
    let own = replica.as_bytes().as_slice();
    if sqlx::query(STAND).bind(own).fetch_optional(&mut *connection).await?.is_none() {
        return Ok(Vec::new());
    }
    let query = sqlx::query(TAKE_OVER).bind(own).bind(after).bind(i64::from(limit));
    let rows = query.fetch_all(connection).await?;
    let taken = rows.iter().map(|row| {
        let id = uuid::Uuid::from_slice(row.try_get("run")?).unwrap_or_default();
        let epoch = u64::try_from(row.try_get::<i64, _>("epoch")?).unwrap_or(0);
        let takeovers = u32::try_from(row.try_get::<i64, _>("takeovers")?).unwrap_or(u32::MAX);
        Ok(Taken { run: RunId::from(id), epoch, takeovers })
    });
    taken.collect()
}

impl PostgresStore {
    /// Gives this replica its row, when the store is opened. By the connection of the heartbeats, so that the first of them
    /// finds it made.
    pub(super) async fn join(&self) -> Result<(), CommitError> {
        let (replica, lease) = (self.replica(), self.inner.options.lease);
        self.inner.heart.run(move |connection| Box::pin(register(connection, replica, lease))).await
    }

    /// Where to look for runs to take over, if it is worth it: looking through every live run is not, as long as every
    /// replica is alive and the same as at the last look.
    async fn worth_a_look(&self) -> Result<Option<Vec<u8>>, CommitError> {
        let unavailable = |error: ReadError| CommitError::Unavailable(error.to_string());
        let replicas = read::all(self.readers(), "a replica", read::query(REPLICAS, []), |row| {
            Ok((row.bytes("id")?, row.flag("dead")?))
        });
        let replicas = replicas.await.map_err(unavailable)?;
        let freed = read::exists(self.readers(), Text::from(FREED)).await.map_err(unavailable)?;
        Ok(self.inner.looks.begin(replicas, freed))
    }
}

impl Claims for PostgresStore {
    async fn renew(&self) -> Result<Renewal, CommitError> {
        let replica = self.replica();
        let stands = self.inner.heart.run(move |connection| {
            Box::pin(async move {
                let done = sqlx::query(RENEW).bind(replica.as_bytes().as_slice()).execute(connection).await?;
                Ok(done.rows_affected() > 0)
            })
        });
        let stands = stands.await?;
        Ok(if stands { Renewal::Stands } else { Renewal::Removed })
    }

    async fn rejoin(&self) -> Result<ReplicaId, CommitError> {
        let replica = self.seat.renew();
        self.join().await?;
        Ok(replica)
    }

    async fn remove_replica(&self, replica: ReplicaId) -> Result<bool, CommitError> {
        let removed = self.inner.alone.run(move |connection| {
            Box::pin(async move {
                sqlx::query(ALONE).bind(replica_key(replica)).execute(&mut *connection).await?;
                let done = sqlx::query(REMOVE).bind(replica.as_bytes().as_slice()).execute(connection).await?;
                Ok(done.rows_affected() > 0)
            })
        });
        removed.await
    }

    async fn take_over(&self, limit: u32) -> Result<Vec<Taken>, CommitError> {
        let Some(after) = self.worth_a_look().await? else { return Ok(Vec::new()) };
        let replica = self.replica();
        // In a transaction before the takeover, so that nobody waits for it longer than it takes.
        self.inner.alone.run(move |connection| Box::pin(remove_dead(connection))).await?;
        let begin = after.clone();
        let taken =
            self.inner.alone.run(move |connection| Box::pin(take_over(connection, replica, begin, limit))).await?;
        self.inner.looks.note(&after, &taken, limit);
        Ok(taken)
    }

    async fn release_all(&self) -> Result<u64, CommitError> {
        let replica = self.replica();
        let released = self.inner.alone.run(move |connection| {
            Box::pin(async move {
                let own = replica.as_bytes().as_slice();
                sqlx::query(ALONE).bind(replica_key(replica)).execute(&mut *connection).await?;
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
