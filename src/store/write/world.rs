//! What guards and histories of a batch ask, as it is while its commits are judged one after the other.
//!
//! A commit that wins changes what the commits after it in the same batch are judged by, although none of it has been
//! written yet; so the first of two that exclude each other wins, as if they had come one after the other. How the answers
//! are looked up is each database's own.

use std::collections::{HashMap, HashSet};

use crate::domain::{Digest, HoldId, IncidentId, ReplicaId, RunId, SourceId};
use crate::store::commit::{CommitError, Guard};

use super::Verdicts;
use super::cell::Cell;
use super::prepared::{Prepared, PreparedEvent, Touch};

/// The last event of a history: its number and its hash.
pub type Head = (u64, Digest);

/// What guards and histories of a batch ask, as it is after the commits that were admitted so far.
#[derive(Debug, Default)]
pub struct World {
    pub runs: HashMap<RunId, u64>,
    pub incidents: HashMap<IncidentId, u64>,
    pub open_keys: HashMap<String, IncidentId>,
    /// Sources and identities of alerts that fire.
    pub firing: HashSet<(SourceId, Digest)>,
    pub deliveries: HashSet<(SourceId, String)>,
    pub standing_holds: HashSet<HoldId>,
    pub handled_ends: HashSet<HoldId>,
    /// Owner and epoch of runs that somebody owns and that are not quarantined.
    pub claims: HashMap<RunId, (ReplicaId, u64)>,
    pub quarantined: HashSet<RunId>,
    /// The heads of histories that are not new.
    pub heads: HashMap<Vec<u8>, Head>,
}

impl World {
    /// Judges the commits of a batch in their order: what becomes of each, and those that are written.
    pub fn judge<'b>(&mut self, batch: &[&'b Prepared]) -> (Verdicts, Vec<&'b Prepared>) {
        let verdicts: Verdicts = batch.iter().map(|commit| self.admit(commit).map_err(CommitError::Conflict)).collect();
        let admitted = batch.iter().zip(&verdicts).filter(|(_, verdict)| verdict.is_ok());
        let admitted = admitted.map(|(commit, _)| *commit).collect();
        (verdicts, admitted)
    }

    /// Numbers an event and links it to the one before it: its cells.
    pub fn chain(&mut self, event: &PreparedEvent) -> [Cell; 8] {
        let (last_seq, prev_hash) = self.heads.get(&event.subject).copied().unwrap_or((0, Digest::ZERO));
        let seq = last_seq + 1;
        let hash = match event.foreseen {
            Some((foreseen_seq, foreseen_prev, hash)) if (foreseen_seq, foreseen_prev) == (seq, prev_hash) => hash,
            _ => event.link.hash(&prev_hash, seq),
        };
        self.heads.insert(event.subject.clone(), (seq, hash));
        [
            event.subject_cell.clone(),
            Cell::count(seq),
            event.at.clone(),
            event.actor.clone(),
            event.kind.clone(),
            event.body.clone(),
            Cell::from(&prev_hash),
            Cell::from(&hash),
        ]
    }

    /// Admits a commit whose guards all hold, or says which does not.
    fn admit(&mut self, commit: &Prepared) -> Result<(), Guard> {
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
            Guard::NoFiringAlert { source, dedup } => !self.firing.contains(&(source.clone(), *dedup)),
            Guard::NewDelivery { source, delivery } => !self.deliveries.contains(&(source.clone(), delivery.clone())),
            Guard::HoldStands { hold } => self.standing_holds.contains(hold),
            Guard::HoldEndOpen { hold } => self.standing_holds.contains(hold) && !self.handled_ends.contains(hold),
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
            Touch::AlertFires(source, dedup) => {
                self.firing.insert((source.clone(), *dedup));
            }
            Touch::Delivery(source, delivery) => {
                self.deliveries.insert((source.clone(), delivery.clone()));
            }
            Touch::HoldEndHandled(id) => {
                self.handled_ends.insert(*id);
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
            Touch::RunRetired(id) => {
                self.runs.remove(id);
            }
            Touch::IncidentRetired(id) => {
                self.incidents.remove(id);
            }
        }
    }
}
