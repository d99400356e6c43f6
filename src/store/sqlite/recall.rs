//! What the writer itself wrote last: the versions, histories' heads and claims of runs and incidents, by which the next
//! commits about them are judged without looking them up.
//!
//! One writer writes everything, so what it remembers is what is stored, as long as it forgets all of it whenever something
//! was taken back, or was done on its connection by others. A run changes several times within a moment, and each change
//! asked for its version, its claim and its last event; that was a sixth of the writer's time and a trip to another thread.
//!
//! It also knows what is new. Ids are made of the time, so what is not remembered is stored only if its id is not beyond
//! the highest one that was forgotten; nearly every run and incident that a commit founds is beyond it.

use std::collections::HashMap;
use std::hash::Hash;

use sqlx::{Row as _, SqliteConnection};
use uuid::Uuid;

use crate::domain::{IncidentId, ReplicaId, RunId};
use crate::store::rows::Subject;
use crate::store::write::prepared::{Prepared, Touch, subject_key};
use crate::store::write::questions::Questions;
use crate::store::write::world::{Head, World};

/// How many runs, and how many incidents, are remembered at least; at most it is twice as many.
const REMEMBERED_MIN: usize = 4096;

/// A run as it was written.
#[derive(Clone, Copy, Debug)]
struct Run {
    version: u64,
    head: Option<Head>,
    /// Who owns it under which epoch, where that is known.
    claim: Option<(ReplicaId, u64)>,
}

/// An incident as it was written.
#[derive(Clone, Copy, Debug)]
struct Incident {
    version: u64,
    head: Option<Head>,
}

/// What the writer remembers.
#[derive(Debug)]
pub struct Recall {
    runs: Generations<RunId, Run>,
    incidents: Generations<IncidentId, Incident>,
}

impl Recall {
    /// Remembers nothing but which ids are stored at most.
    pub async fn read(connection: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        let row = sqlx::query("SELECT (SELECT max(id) FROM runs) AS run, (SELECT max(id) FROM incidents) AS incident")
            .fetch_one(connection)
            .await?;
        let id = |column: &str| {
            let bytes: Option<&[u8]> = row.try_get(column)?;
            // What is no id sorts anywhere: then everything is looked up.
            Ok::<_, sqlx::Error>(bytes.map(|bytes| Uuid::from_slice(bytes).unwrap_or(Uuid::max())))
        };
        Ok(Self {
            runs: Generations::after(id("run")?.map(RunId::from)),
            incidents: Generations::after(id("incident")?.map(IncidentId::from)),
        })
    }

    /// Answers what it can of the questions: they are taken out and their answers put into the world.
    pub fn answer(&self, questions: &mut Questions<'_>, world: &mut World) {
        questions.runs.retain(|id| {
            let Some(run) = self.runs.get(id) else { return self.runs.may_be_stored(id) };
            world.runs.insert(*id, run.version);
            false
        });
        questions.claims.retain(|id| {
            let Some(claim) = self.runs.get(id).and_then(|run| run.claim) else { return true };
            world.claims.insert(*id, claim);
            false
        });
        questions.incidents.retain(|id| {
            let Some(incident) = self.incidents.get(id) else { return self.incidents.may_be_stored(id) };
            world.incidents.insert(*id, incident.version);
            false
        });
        questions.subjects.retain(|subject| {
            let Some(head) = self.head(subject) else { return true };
            world.heads.insert(subject.to_vec(), head);
            false
        });
    }

    fn head(&self, subject: &[u8]) -> Option<Head> {
        let (letter, id) = subject.split_first()?;
        let id = uuid::Uuid::from_slice(id).ok()?;
        match letter {
            b'r' => self.runs.get(&id.into())?.head,
            b'i' => self.incidents.get(&id.into())?.head,
            _ => None,
        }
    }

    /// Remembers what commits write that were admitted, as the world is after them.
    pub fn learn(&mut self, admitted: &[&Prepared], world: &World) {
        for commit in admitted {
            for touch in &commit.touches {
                match touch {
                    Touch::Run(id, _) => self.learn_run(*id, commit, world),
                    Touch::Incident { id, .. } => {
                        let head = world.heads.get(&subject_key(&Subject::Incident(*id))).copied();
                        match world.incidents.get(id).copied() {
                            Some(version) => self.incidents.keep(*id, Incident { version, head }),
                            None => self.incidents.forget(id),
                        }
                    }
                    Touch::RunQuarantined(id) | Touch::RunReleased(id) | Touch::RunRetired(id) => self.runs.forget(id),
                    Touch::IncidentRetired(id) => self.incidents.forget(id),
                    Touch::AlertFires(..)
                    | Touch::Delivery(..)
                    | Touch::HoldPlaced(_)
                    | Touch::HoldLifted(_)
                    | Touch::HoldEndHandled(_) => {}
                }
            }
        }
    }

    fn learn_run(&mut self, id: RunId, commit: &Prepared, world: &World) {
        let Some(version) = world.runs.get(&id).copied() else { return self.runs.forget(&id) };
        let head = world.heads.get(&subject_key(&Subject::Run(id))).copied();
        // A run that is new is owned by whoever commits it.
        let first = commit.founds_run(id.as_bytes()).then_some((commit.replica, 1));
        let claim = world.claims.get(&id).copied().or(first).or_else(|| self.runs.get(&id)?.claim);
        self.runs.keep(id, Run { version, head, claim });
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.runs.clear();
        self.incidents.clear();
    }
}

/// A map that forgets what was not written for long: when the younger half is full, the older one goes.
#[derive(Debug)]
struct Generations<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    /// The highest key that is stored, or may be, and not remembered.
    forgotten: Option<K>,
}

impl<K: Copy + Eq + Hash + Ord, V> Generations<K, V> {
    /// An empty map, where nothing beyond that key is stored.
    fn after(forgotten: Option<K>) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), forgotten }
    }

    fn get(&self, key: &K) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    /// Whether what is stored under a key that is not remembered has to be looked up.
    fn may_be_stored(&self, key: &K) -> bool {
        self.forgotten.is_some_and(|forgotten| *key <= forgotten)
    }

    fn keep(&mut self, key: K, value: V) {
        if self.young.len() >= REMEMBERED_MIN {
            let old = std::mem::replace(&mut self.old, std::mem::take(&mut self.young));
            self.forgotten = self.forgotten.max(old.into_keys().max());
        }
        self.young.insert(key, value);
    }

    fn forget(&mut self, key: &K) {
        self.young.remove(key);
        self.old.remove(key);
        self.forgotten = self.forgotten.max(Some(*key));
    }

    fn clear(&mut self) {
        let keys = self.young.drain().chain(self.old.drain()).map(|(key, _)| key).max();
        self.forgotten = self.forgotten.max(keys);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_last_is_remembered_and_what_was_not_for_long_is_forgotten() {
        let mut kept = Generations::after(None);
        for number in 0..REMEMBERED_MIN * 3 {
            kept.keep(number, number);
            assert_eq!(kept.get(&number), Some(&number));
        }
        assert!(kept.get(&(REMEMBERED_MIN * 2)).is_some());
        assert!(kept.get(&0).is_none());
        assert!(kept.young.len() + kept.old.len() <= REMEMBERED_MIN * 2);
        kept.forget(&(REMEMBERED_MIN * 2));
        assert!(kept.get(&(REMEMBERED_MIN * 2)).is_none());
    }

    #[test]
    fn what_was_forgotten_may_be_stored_and_what_is_beyond_it_is_not() {
        let mut kept = Generations::after(Some(10));
        assert!(kept.may_be_stored(&10) && !kept.may_be_stored(&11));
        // Late ones come in between, and still nothing that is not there is looked up.
        kept.keep(14, ());
        kept.keep(12, ());
        assert!(!kept.may_be_stored(&11) && !kept.may_be_stored(&13));
        kept.forget(&12);
        assert!(kept.may_be_stored(&12) && !kept.may_be_stored(&13));
        kept.clear();
        assert!(kept.may_be_stored(&14) && !kept.may_be_stored(&15));
        for number in 20..20 + REMEMBERED_MIN * 2 {
            kept.keep(number, ());
        }
        assert!(!kept.may_be_stored(&(20 + REMEMBERED_MIN)), "it is remembered whether it is stored");
        kept.keep(usize::MAX, ());
        assert!(kept.may_be_stored(&20) && kept.get(&20).is_none());
    }
}
