//! What guards and histories of a batch ask, answered in its transaction after the locks on it were taken.
//!
//! Several replicas judge guards at the same time. Each first takes a lock on everything that its batch asks about, in one
//! order, so that two can neither judge the same guard at once nor wait for each other in a circle. Under READ COMMITTED
//! the look-up that follows sees what whoever had the lock before has committed.
//!
//! A claim is judged under a shared lock on the replica that has it, and holds only while the replica has its row. Whoever
//! takes that row away first has to have the lock alone: so nothing that was judged under a claim is written after others
//! may have taken it over.

use std::collections::BTreeSet;

use sqlx::Row as _;
use sqlx::postgres::PgConnection;

use crate::domain::{Digest, ReplicaId};
use crate::store::commit::Guard;
use crate::store::write::prepared::Prepared;
use crate::store::write::questions::{Answer, Questions};
use crate::store::write::world::World;

use super::cell::storable;
use super::trouble::Trouble;

const LOCK: &str = "SELECT
    (SELECT count(pg_advisory_xact_lock_shared(key)) FROM unnest($1::bigint[]) AS s (key)),
    (SELECT count(pg_advisory_xact_lock(key)) FROM unnest($2::bigint[]) AS k (key))";
// `LATERAL` and `LIMIT` have every row found by its own key: a join would be planned while the tables are small, and then
// read all of a table that no longer is.
const LOOK_UP: &str = "
    SELECT 'r' AS kind, f.id AS id, f.version AS number, NULL::bytea AS detail
        FROM unnest($1::bytea[]) AS q (id) CROSS JOIN LATERAL (
            SELECT r.id, r.version FROM runs AS r WHERE r.id = q.id LIMIT 1) AS f
    UNION ALL SELECT 'i', f.id, f.version, NULL
        FROM unnest($2::bytea[]) AS q (id) CROSS JOIN LATERAL (
            SELECT i.id, i.version FROM incidents AS i WHERE i.id = q.id LIMIT 1) AS f
    UNION ALL SELECT 'k', f.id, q.place - 1, NULL
        FROM unnest($3::text[]) WITH ORDINALITY AS q (key, place) CROSS JOIN LATERAL (
            SELECT i.id FROM incidents AS i WHERE i.key = q.key AND i.open = 1 LIMIT 1) AS f
    UNION ALL SELECT 'd', ''::bytea, q.place - 1, NULL
        FROM unnest($4::text[], $5::text[]) WITH ORDINALITY AS q (source, delivery, place) CROSS JOIN LATERAL (
            SELECT d.at FROM deliveries AS d WHERE d.source = q.source AND d.delivery = q.delivery LIMIT 1) AS f
    UNION ALL SELECT 'h', f.id, f.end_handled, NULL
        FROM unnest($6::bytea[]) AS q (id) CROSS JOIN LATERAL (
            SELECT h.id, h.end_handled FROM holds AS h WHERE h.id = q.id AND h.lifted_at IS NULL LIMIT 1) AS f
    UNION ALL SELECT 'e', f.subject, f.seq, f.hash
        FROM unnest($7::bytea[]) AS q (subject) CROSS JOIN LATERAL (
            SELECT e.subject, e.seq, e.hash FROM events AS e WHERE e.subject = q.subject
            ORDER BY e.seq DESC LIMIT 1) AS f
    UNION ALL SELECT 'c', f.id, f.epoch, f.owner
        FROM unnest($8::bytea[]) AS q (id) CROSS JOIN LATERAL (
            SELECT r.id, coalesce(c.epoch, 1) AS epoch, CASE WHEN c.run IS NULL THEN r.owner ELSE c.owner END AS owner
            FROM runs AS r LEFT JOIN claims AS c ON c.run = r.id
            WHERE r.id = q.id AND c.quarantined IS NULL LIMIT 1) AS f
        WHERE EXISTS (SELECT 1 FROM replicas AS a WHERE a.id = f.owner)
    UNION ALL SELECT 'q', f.run, 0, NULL
        FROM unnest($8::bytea[]) AS q (id) CROSS JOIN LATERAL (
            SELECT c.run FROM claims AS c WHERE c.run = q.id AND c.quarantined IS NOT NULL LIMIT 1) AS f
    UNION ALL SELECT 'a', ''::bytea, q.place - 1, NULL
        FROM unnest($9::text[], $10::bytea[]) WITH ORDINALITY AS q (source, dedup, place) CROSS JOIN LATERAL (
            SELECT a.id FROM alerts AS a WHERE substr(a.dedup, 1, 8) = substr(q.dedup, 1, 8) AND a.dedup = q.dedup
                AND a.source = q.source AND a.firing = 1 LIMIT 1) AS f";

/// The statements of this file, for the test that prepares every statement.
pub const STATEMENTS: [&str; 2] = [LOCK, LOOK_UP];

/// Takes the locks of a batch; they go with its transaction.
pub async fn lock(connection: &mut PgConnection, batch: &[&Prepared]) -> Result<(), Trouble> {
    let (replicas, keys) = (replicas(batch), keys(batch));
    if !replicas.is_empty() || !keys.is_empty() {
        let query = sqlx::query(LOCK).bind(replicas.into_iter().collect::<Vec<_>>());
        query.bind(keys.into_iter().collect::<Vec<_>>()).execute(connection).await?;
    }
    Ok(())
}

/// Looks up what the batch asks.
pub async fn look_up(connection: &mut PgConnection, batch: &[&Prepared]) -> Result<World, Trouble> {
    let questions = Questions::of(batch);
    let mut world = World::default();
    if questions.is_empty() {
        return Ok(world);
    }
    let listed = questions.listed();
    let found = sqlx::query(LOOK_UP)
        .bind(questions.runs.iter().map(|id| id.as_bytes().to_vec()).collect::<Vec<_>>())
        .bind(questions.incidents.iter().map(|id| id.as_bytes().to_vec()).collect::<Vec<_>>())
        .bind(listed.keys.iter().map(|key| storable(key).into_owned()).collect::<Vec<_>>())
        .bind(listed.deliveries.iter().map(|(source, _)| source.as_str().to_owned()).collect::<Vec<_>>())
        .bind(listed.deliveries.iter().map(|(_, delivery)| storable(delivery).into_owned()).collect::<Vec<_>>())
        .bind(questions.holds.iter().map(|id| id.as_bytes().to_vec()).collect::<Vec<_>>())
        .bind(questions.subjects.iter().map(|subject| subject.to_vec()).collect::<Vec<_>>())
        .bind(questions.claims.iter().map(|id| id.as_bytes().to_vec()).collect::<Vec<_>>())
        .bind(listed.firing.iter().map(|(source, _)| source.as_str().to_owned()).collect::<Vec<_>>())
        .bind(listed.firing.iter().map(|(_, dedup)| dedup.as_bytes().to_vec()).collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
    for row in &found {
        let (kind, id) = (row.try_get("kind")?, row.try_get("id")?);
        let (number, detail) = (row.try_get("number")?, row.try_get("detail")?);
        listed.learn(&mut world, &Answer { kind, id, number, detail });
    }
    Ok(world)
}

/// The replicas whose claims a batch is judged by, as numbers.
fn replicas(batch: &[&Prepared]) -> BTreeSet<i64> {
    let claims = |commit: &&&Prepared| commit.guards.iter().any(|guard| matches!(guard, Guard::Claim { .. }));
    batch.iter().filter(claims).map(|commit| replica_key(commit.replica)).collect()
}

/// What a batch asks about, as numbers. Two things that have the same number only wait for each other without need.
fn keys(batch: &[&Prepared]) -> BTreeSet<i64> {
    let mut keys = BTreeSet::new();
    for commit in batch {
        keys.extend(commit.guards.iter().map(key_of));
        keys.extend(commit.events.iter().map(|event| number(&[&event.subject])));
    }
    keys
}

fn key_of(guard: &Guard) -> i64 {
    match guard {
        // The letters are those of the subjects of histories: a run and its history are one thing.
        Guard::RunVersion { run, .. } | Guard::Claim { run, .. } | Guard::Quarantined { run } => {
            number(&[b"r", run.as_bytes()])
        }
        Guard::IncidentVersion { incident, .. } => number(&[b"i", incident.as_bytes()]),
        Guard::NoOpenIncident { key } => number(&[b"k", storable(key).as_bytes()]),
        Guard::NoFiringAlert { source, dedup } => number(&[b"f", source.as_str().as_bytes(), b"\0", dedup.as_bytes()]),
        Guard::NewDelivery { source, delivery } => {
            number(&[b"n", source.as_str().as_bytes(), b"\0", storable(delivery).as_bytes()])
        }
        Guard::HoldStands { hold } | Guard::HoldEndOpen { hold } => number(&[b"h", hold.as_bytes()]),
    }
}

/// The lock on a replica.
pub fn replica_key(replica: ReplicaId) -> i64 {
    number(&[b"p", replica.as_bytes()])
}

fn number(parts: &[&[u8]]) -> i64 {
    let digest = Digest::of(&parts.concat());
    digest.as_bytes().first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::RunId;
    use crate::store::rows::Subject;
    use crate::store::{Commit, Row};

    #[test]
    fn a_run_its_claim_and_its_history_are_one_lock() {
        let at = jiff::Timestamp::UNIX_EPOCH;
        let run = RunId::generate(at);
        let fact = Row::Event {
            subject: Subject::Run(run),
            at,
            actor: crate::domain::Actor::System,
            kind: "run_started",
            body: serde_json::Value::Null,
        };
        let guards = vec![Guard::RunVersion { run, expected: 1 }, Guard::Claim { run, epoch: 1 }];
        let prepared = Prepared::new(Commit { guards, rows: vec![fact] }, ReplicaId::generate(at)).unwrap();
        assert_eq!(keys(&[&prepared]).len(), 1);
        assert_eq!(replicas(&[&prepared]).len(), 1);
    }
}
