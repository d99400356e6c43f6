//! What guards and histories of a batch ask, answered in its transaction after the locks on it were taken.
//!
//! Several replicas judge guards at the same time. Each first takes a lock on everything that its batch asks about, in one
//! order, so that two can neither judge the same guard at once nor wait for each other in a circle. Under READ COMMITTED
//! the look-up that follows sees what whoever had the lock before has committed.

use std::collections::BTreeSet;

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{FromRow, Row as _};

use crate::domain::Digest;
use crate::store::commit::Guard;
use crate::store::sqlite::guards::{Questions, World};
use crate::store::sqlite::prepared::Prepared;

use super::cell::storable;
use super::trouble::Trouble;

const LOCK: &str = "SELECT count(pg_advisory_xact_lock(key)) FROM unnest($1::bigint[]) AS k (key)";
const LOOK_UP: &str = "
    SELECT 'r' AS kind, r.id AS id, r.version AS number, NULL::bytea AS detail
        FROM unnest($1::bytea[]) AS q (id) JOIN runs AS r ON r.id = q.id
    UNION ALL SELECT 'i', i.id, i.version, NULL
        FROM unnest($2::bytea[]) AS q (id) JOIN incidents AS i ON i.id = q.id
    UNION ALL SELECT 'k', i.id, q.place - 1, NULL
        FROM unnest($3::text[]) WITH ORDINALITY AS q (key, place) JOIN incidents AS i ON i.key = q.key AND i.open = 1
    UNION ALL SELECT 'd', ''::bytea, q.place - 1, NULL
        FROM unnest($4::text[], $5::text[]) WITH ORDINALITY AS q (source, delivery, place)
            JOIN deliveries AS d ON d.source = q.source AND d.delivery = q.delivery
    UNION ALL SELECT 'h', h.id, 0, NULL
        FROM unnest($6::bytea[]) AS q (id) JOIN holds AS h ON h.id = q.id AND h.lifted_at IS NULL
    UNION ALL SELECT 'e', e.subject, e.seq, e.hash
        FROM unnest($7::bytea[]) AS q (subject) CROSS JOIN LATERAL (
            SELECT events.subject, events.seq, events.hash FROM events WHERE events.subject = q.subject
            ORDER BY events.seq DESC LIMIT 1) AS e
    UNION ALL SELECT 'c', r.id, coalesce(c.epoch, 1), CASE WHEN c.run IS NULL THEN r.owner ELSE c.owner END
        FROM unnest($8::bytea[]) AS q (id) JOIN runs AS r ON r.id = q.id LEFT JOIN claims AS c ON c.run = r.id
        WHERE c.quarantined IS NULL
    UNION ALL SELECT 'q', c.run, 0, NULL
        FROM unnest($8::bytea[]) AS q (id) JOIN claims AS c ON c.run = q.id AND c.quarantined IS NOT NULL";

/// The statements of this file, for the test that prepares every statement.
pub const STATEMENTS: [&str; 2] = [LOCK, LOOK_UP];

/// Takes the locks of a batch; they go with its transaction.
pub async fn lock(connection: &mut PgConnection, batch: &[&Prepared]) -> Result<(), Trouble> {
    let keys: Vec<i64> = keys(batch).into_iter().collect();
    if !keys.is_empty() {
        sqlx::query(LOCK).bind(keys).execute(connection).await?;
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
    let keys: Vec<&str> = questions.open_keys.iter().copied().collect();
    let deliveries: Vec<_> = questions.deliveries.iter().copied().collect();
    let found = sqlx::query(LOOK_UP)
        .bind(questions.runs.iter().map(|id| id.as_bytes().to_vec()).collect::<Vec<_>>())
        .bind(questions.incidents.iter().map(|id| id.as_bytes().to_vec()).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| storable(key).into_owned()).collect::<Vec<_>>())
        .bind(deliveries.iter().map(|(source, _)| source.as_str().to_owned()).collect::<Vec<_>>())
        .bind(deliveries.iter().map(|(_, delivery)| storable(delivery).into_owned()).collect::<Vec<_>>())
        .bind(questions.holds.iter().map(|id| id.as_bytes().to_vec()).collect::<Vec<_>>())
        .bind(questions.subjects.iter().map(|subject| subject.to_vec()).collect::<Vec<_>>())
        .bind(questions.claims.iter().map(|id| id.as_bytes().to_vec()).collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
    for row in &found {
        let found = Found::from_row(row)?;
        let uuid = uuid::Uuid::from_slice(&found.id).unwrap_or_default();
        let version = u64::try_from(found.number).unwrap_or(0);
        let index = usize::try_from(found.number).unwrap_or(usize::MAX);
        match found.kind.as_str() {
            "r" => drop(world.runs.insert(uuid.into(), version)),
            "i" => drop(world.incidents.insert(uuid.into(), version)),
            "h" => drop(world.standing_holds.insert(uuid.into())),
            "q" => drop(world.quarantined.insert(uuid.into())),
            "c" => {
                let owner = found.detail.and_then(|owner| uuid::Uuid::from_slice(&owner).ok());
                world.claims.extend(owner.map(|owner| (uuid.into(), (owner.into(), version))));
            }
            "k" => world.open_keys.extend(keys.get(index).map(|key| ((*key).to_owned(), uuid.into()))),
            "d" => {
                let known = deliveries.get(index).map(|(source, id)| ((*source).clone(), (*id).to_owned()));
                world.deliveries.extend(known);
            }
            _ => {
                let hash = found.detail.as_deref().and_then(Digest::from_slice).unwrap_or(Digest::ZERO);
                world.heads.insert(found.id, (version, hash));
            }
        }
    }
    Ok(world)
}

/// One answer.
struct Found {
    kind: String,
    id: Vec<u8>,
    number: i64,
    detail: Option<Vec<u8>>,
}

impl FromRow<'_, PgRow> for Found {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        let (kind, id, number) = (row.try_get("kind")?, row.try_get("id")?, row.try_get("number")?);
        Ok(Self { kind, id, number, detail: row.try_get("detail")? })
    }
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
            run_key(run.as_bytes())
        }
        Guard::IncidentVersion { incident, .. } => number(&[b"i", incident.as_bytes()]),
        Guard::NoOpenIncident { key } => number(&[b"k", storable(key).as_bytes()]),
        Guard::NewDelivery { source, delivery } => {
            number(&[b"n", source.as_str().as_bytes(), b"\0", storable(delivery).as_bytes()])
        }
        Guard::HoldStands { hold } => number(&[b"h", hold.as_bytes()]),
    }
}

/// The key of a run by the bytes of its id.
pub fn run_key(id: &[u8]) -> i64 {
    number(&[b"r", id])
}

fn number(parts: &[&[u8]]) -> i64 {
    let digest = Digest::of(&parts.concat());
    digest.as_bytes().first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ReplicaId, RunId};
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
    }
}
