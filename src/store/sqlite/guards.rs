//! Judging guards: one look at the database for a whole batch, then commit by commit in memory.
//!
//! A commit that wins changes what the commits after it in the same batch are judged by, although none of it has been
//! written yet; so the first of two that exclude each other wins, as if they had come one after the other.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::json;
use sqlx::{Row as _, SqliteConnection};

use crate::domain::{Digest, HoldId, IncidentId, ReplicaId, RunId, SourceId};
use crate::store::commit::Guard;

use super::prepared::{Prepared, Touch};

/// The last event of a history: its number and its hash.
pub type Head = (u64, Digest);

/// What guards and histories of a batch ask, as it is after the commits that were admitted so far.
#[derive(Debug, Default)]
pub struct World {
    pub runs: HashMap<RunId, u64>,
    pub incidents: HashMap<IncidentId, u64>,
    pub open_keys: HashMap<String, IncidentId>,
    pub deliveries: HashSet<(SourceId, String)>,
    pub standing_holds: HashSet<HoldId>,
    /// Owner and epoch of runs that somebody owns and that are not quarantined.
    pub claims: HashMap<RunId, (ReplicaId, u64)>,
    pub quarantined: HashSet<RunId>,
    /// The heads of histories that are not new.
    pub heads: HashMap<Vec<u8>, Head>,
}

/// What is asked of the database.
#[derive(Default)]
pub struct Questions<'a> {
    pub runs: BTreeSet<RunId>,
    pub incidents: BTreeSet<IncidentId>,
    pub open_keys: BTreeSet<&'a str>,
    pub deliveries: BTreeSet<(&'a SourceId, &'a str)>,
    pub holds: BTreeSet<HoldId>,
    pub claims: BTreeSet<RunId>,
    pub subjects: BTreeSet<&'a [u8]>,
}

const LOOK_UP: &str = "
    SELECT 'r' AS kind, r.id AS id, r.version AS number, NULL AS detail
        FROM json_each(?1) AS j CROSS JOIN runs AS r ON r.id = unhex(j.value)
    UNION ALL SELECT 'i', i.id, i.version, NULL
        FROM json_each(?2) AS j CROSS JOIN incidents AS i ON i.id = unhex(j.value)
    UNION ALL SELECT 'k', i.id, j.key, NULL
        FROM json_each(?3) AS j CROSS JOIN incidents AS i ON i.key = j.value AND i.open = 1
    UNION ALL SELECT 'd', x'', j.key, NULL
        FROM json_each(?4) AS j CROSS JOIN deliveries AS d ON d.source = j.value ->> 0 AND d.delivery = j.value ->> 1
    UNION ALL SELECT 'h', h.id, 0, NULL
        FROM json_each(?5) AS j CROSS JOIN holds AS h ON h.id = unhex(j.value) AND h.lifted_at IS NULL
    UNION ALL SELECT 'e', e.subject, e.seq, e.hash
        FROM json_each(?6) AS j CROSS JOIN events AS e ON e.subject = unhex(j.value)
            AND e.seq = (SELECT max(seq) FROM events WHERE subject = unhex(j.value))
    UNION ALL SELECT 'c', r.id, coalesce(c.epoch, 1), CASE WHEN c.run IS NULL THEN r.owner ELSE c.owner END
        FROM json_each(?7) AS j CROSS JOIN runs AS r ON r.id = unhex(j.value) LEFT JOIN claims AS c ON c.run = r.id
        WHERE c.quarantined IS NULL
    UNION ALL SELECT 'q', c.run, 0, NULL
        FROM json_each(?7) AS j CROSS JOIN claims AS c ON c.run = unhex(j.value) AND c.quarantined IS NOT NULL";

impl World {
    /// Looks up what the batch asks, inside its transaction.
    pub async fn look_up(connection: &mut SqliteConnection, batch: &[&Prepared]) -> Result<Self, sqlx::Error> {
        let questions = Questions::of(batch);
        let mut world = Self::default();
        if questions.is_empty() {
            return Ok(world);
        }
        let keys: Vec<&str> = questions.open_keys.iter().copied().collect();
        let deliveries: Vec<_> = questions.deliveries.iter().copied().collect();
        let found = sqlx::query(LOOK_UP)
            .bind(hex_list(questions.runs.iter().map(|id| id.as_bytes().as_slice())))
            .bind(hex_list(questions.incidents.iter().map(|id| id.as_bytes().as_slice())))
            .bind(json!(keys).to_string())
            .bind(json!(deliveries).to_string())
            .bind(hex_list(questions.holds.iter().map(|id| id.as_bytes().as_slice())))
            .bind(hex_list(questions.subjects.iter().copied()))
            .bind(hex_list(questions.claims.iter().map(|id| id.as_bytes().as_slice())))
            .fetch_all(connection)
            .await?;
        for row in found {
            let id: Vec<u8> = row.try_get("id")?;
            let number: i64 = row.try_get("number")?;
            let version = u64::try_from(number).unwrap_or(0);
            let index = usize::try_from(number).unwrap_or(usize::MAX);
            let uuid = uuid::Uuid::from_slice(&id).unwrap_or_default();
            match row.try_get::<&str, _>("kind")? {
                "r" => drop(world.runs.insert(uuid.into(), version)),
                "i" => drop(world.incidents.insert(uuid.into(), version)),
                "h" => drop(world.standing_holds.insert(uuid.into())),
                "c" => {
                    let owner: Option<&[u8]> = row.try_get("detail")?;
                    let owner = owner.and_then(|owner| uuid::Uuid::from_slice(owner).ok());
                    world.claims.extend(owner.map(|owner| (uuid.into(), (owner.into(), version))));
                }
                "q" => drop(world.quarantined.insert(uuid.into())),
                "k" => world.open_keys.extend(keys.get(index).map(|key| ((*key).to_owned(), uuid.into()))),
                "d" => {
                    let known = deliveries.get(index).map(|(source, id)| ((*source).clone(), (*id).to_owned()));
                    world.deliveries.extend(known);
                }
                _ => {
                    let hash = Digest::from_slice(row.try_get("detail")?).unwrap_or(Digest::ZERO);
                    world.heads.insert(id, (version, hash));
                }
            }
        }
        Ok(world)
    }

    /// Admits a commit whose guards all hold, or says which does not.
    pub fn admit(&mut self, commit: &Prepared) -> Result<(), Guard> {
        if let Some(broken) = commit.guards.iter().find(|guard| !self.holds(guard, commit.replica)) {
            return Err(broken.clone());
        }
        for touch in &commit.touches {
            self.touch(touch);
        }
        Ok(())
    }

    fn holds(&self, guard: &Guard, replica: ReplicaId) -> bool {
        match guard {
            Guard::RunVersion { run, expected } => self.runs.get(run).copied().unwrap_or(0) == *expected,
            Guard::IncidentVersion { incident, expected } => {
                self.incidents.get(incident).copied().unwrap_or(0) == *expected
            }
            Guard::NoOpenIncident { key } => !self.open_keys.contains_key(key),
            Guard::NewDelivery { source, delivery } => !self.deliveries.contains(&(source.clone(), delivery.clone())),
            Guard::HoldStands { hold } => self.standing_holds.contains(hold),
            Guard::Claim { run, epoch } => self.claims.get(run) == Some(&(replica, *epoch)),
            Guard::Quarantined { run } => self.quarantined.contains(run),
        }
    }

    fn touch(&mut self, touch: &Touch) {
        match touch {
            Touch::Run(id, version) => {
                self.runs.insert(*id, *version);
            }
            Touch::Incident { id, version, key, open } => {
                self.incidents.insert(*id, *version);
                if *open {
                    self.open_keys.insert(key.clone(), *id);
                } else if self.open_keys.get(key) == Some(id) {
                    self.open_keys.remove(key);
                }
            }
            Touch::Delivery(source, delivery) => {
                self.deliveries.insert((source.clone(), delivery.clone()));
            }
            Touch::RunQuarantined(id) => {
                self.claims.remove(id);
                self.quarantined.insert(*id);
            }
            Touch::RunReleased(id) => {
                self.claims.remove(id);
                self.quarantined.remove(id);
            }
            Touch::HoldPlaced(id) => {
                self.standing_holds.insert(*id);
            }
            Touch::HoldLifted(id) => {
                self.standing_holds.remove(id);
            }
        }
    }
}

impl<'a> Questions<'a> {
    pub fn of(batch: &[&'a Prepared]) -> Self {
        let mut questions = Self::default();
        for commit in batch {
            for guard in &commit.guards {
                questions.ask(guard);
            }
            for event in &commit.events {
                if !commit.founds(&event.subject) {
                    questions.subjects.insert(&event.subject);
                }
            }
        }
        questions
    }

    fn ask(&mut self, guard: &'a Guard) {
        match guard {
            Guard::RunVersion { run, .. } => drop(self.runs.insert(*run)),
            Guard::IncidentVersion { incident, .. } => drop(self.incidents.insert(*incident)),
            Guard::NoOpenIncident { key } => drop(self.open_keys.insert(key)),
            Guard::NewDelivery { source, delivery } => drop(self.deliveries.insert((source, delivery))),
            Guard::HoldStands { hold } => drop(self.holds.insert(*hold)),
            Guard::Claim { run, .. } | Guard::Quarantined { run } => drop(self.claims.insert(*run)),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
            && self.incidents.is_empty()
            && self.open_keys.is_empty()
            && self.deliveries.is_empty()
            && self.holds.is_empty()
            && self.claims.is_empty()
            && self.subjects.is_empty()
    }
}

/// Byte strings as a JSON list of hexadecimal texts.
fn hex_list<'a>(items: impl Iterator<Item = &'a [u8]>) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0'));
    let mut list = String::from("[");
    for item in items {
        if list.len() > 1 {
            list.push(',');
        }
        list.push('"');
        for byte in item {
            list.push(digit(byte >> 4));
            list.push(digit(byte & 15));
        }
        list.push('"');
    }
    list.push(']');
    list
}
