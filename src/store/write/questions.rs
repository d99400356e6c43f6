//! What a batch asks of the database before it is judged, and what the database answers.
//!
//! Every database answers in the same words: rows of a kind, an id, a number and a detail. What they mean stands here once.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::domain::{Digest, HoldId, IncidentId, RunId, SourceId};
use crate::store::commit::Guard;

use super::prepared::Prepared;
use super::world::World;

/// What is asked of the database.
#[derive(Default)]
pub struct Questions<'a> {
    pub runs: BTreeSet<RunId>,
    pub incidents: BTreeSet<IncidentId>,
    pub open_keys: BTreeSet<&'a str>,
    pub firing: BTreeSet<(&'a SourceId, Digest)>,
    pub deliveries: BTreeSet<(&'a SourceId, &'a str)>,
    pub holds: BTreeSet<HoldId>,
    pub claims: BTreeSet<RunId>,
    pub subjects: BTreeSet<&'a [u8]>,
}

/// Questions whose answers name them by their place.
pub struct Listed<'a> {
    /// Keys of incidents.
    pub keys: Vec<&'a str>,
    /// Sources and identities of alerts.
    pub firing: Vec<(&'a SourceId, Digest)>,
    /// Deliveries.
    pub deliveries: Vec<(&'a SourceId, &'a str)>,
}

/// One answer.
pub struct Answer<'r> {
    /// `r`un, `i`ncident, open `k`ey, firing `a`lert, `d`elivery, standing `h`old, last `e`vent, `c`laim or `q`uarantined.
    pub kind: &'r str,
    /// The id of what was found, or the subject of a history.
    pub id: &'r [u8],
    /// A version, a number in a history, an epoch, a place in [`Listed`], or whether a hold's end was dealt with.
    pub number: i64,
    /// The hash of an event, or the owner of a run.
    pub detail: Option<&'r [u8]>,
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
            Guard::NoFiringAlert { source, dedup } => drop(self.firing.insert((source, *dedup))),
            Guard::NewDelivery { source, delivery } => drop(self.deliveries.insert((source, delivery))),
            Guard::HoldStands { hold } | Guard::HoldEndOpen { hold } => drop(self.holds.insert(*hold)),
            Guard::Claim { run, .. } | Guard::Quarantined { run } => drop(self.claims.insert(*run)),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
            && self.incidents.is_empty()
            && self.open_keys.is_empty()
            && self.firing.is_empty()
            && self.deliveries.is_empty()
            && self.holds.is_empty()
            && self.claims.is_empty()
            && self.subjects.is_empty()
    }

    /// What is asked by place.
    pub fn listed(&self) -> Listed<'a> {
        Listed {
            keys: self.open_keys.iter().copied().collect(),
            firing: self.firing.iter().copied().collect(),
            deliveries: self.deliveries.iter().copied().collect(),
        }
    }
}

impl Listed<'_> {
    /// Puts an answer into the world.
    pub fn learn(&self, world: &mut World, answer: &Answer<'_>) {
        let id = Uuid::from_slice(answer.id).unwrap_or_default();
        let number = u64::try_from(answer.number).unwrap_or(0);
        let place = usize::try_from(answer.number).unwrap_or(usize::MAX);
        match answer.kind {
            "r" => drop(world.runs.insert(id.into(), number)),
            "i" => drop(world.incidents.insert(id.into(), number)),
            "h" => {
                world.standing_holds.insert(id.into());
                world.handled_ends.extend((number > 0).then(|| HoldId::from(id)));
            }
            "q" => drop(world.quarantined.insert(id.into())),
            "c" => {
                let owner = answer.detail.and_then(|owner| Uuid::from_slice(owner).ok());
                world.claims.extend(owner.map(|owner| (id.into(), (owner.into(), number))));
            }
            "k" => world.open_keys.extend(self.keys.get(place).map(|key| ((*key).to_owned(), id.into()))),
            "a" => world.firing.extend(self.firing.get(place).map(|(source, dedup)| ((*source).clone(), *dedup))),
            "d" => {
                let known = self.deliveries.get(place).map(|(source, id)| ((*source).clone(), (*id).to_owned()));
                world.deliveries.extend(known);
            }
            _ => {
                let hash = answer.detail.and_then(Digest::from_slice).unwrap_or(Digest::ZERO);
                world.heads.insert(answer.id.to_vec(), (number, hash));
            }
        }
    }
}
