//! Alerts of the past, taken by the playbooks of today: what would have run, who would have been contained, who asked.
//!
//! Every playbook acts in it, also one that only observes, and every call works. Nobody decides anything: requests end as
//! their silence says. Time passes from alert to alert, so that budgets, joined runs and deadlines are as they were.

mod difference;
mod report;

pub use difference::{Change, Difference};
pub use report::{Contained, OfPlaybook, Report};

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::domain::{
    Actor, Alert, AlertStatus, Digest, EventKind, Hold, HoldCause, HoldId, IncidentId, Mode, RunId, SourceId,
};
use crate::engine::Inventory;
use crate::intake::subject::{self, Subject};
use crate::machine::IllegalTransition;
use crate::playbook::context::matching_values;
use crate::playbook::{OnAlert, Playbook};

use super::matching::{Taken, taken};
use super::performance::{Performance, Start};
use super::script::Script;
use super::world::World;

/// How long an alert counts as firing without being heard of again, as in intake.
const FIRING_TTL: SignedDuration = SignedDuration::from_hours(24);

/// A replay under way.
pub struct Replay<'p> {
    playbooks: &'p [Arc<Playbook>],
    world: World,
    script: Script,
    /// Runs that are not over, by their number.
    runs: HashMap<usize, Open<'p>>,
    begun: usize,
    wakes: BinaryHeap<Reverse<(Timestamp, usize)>>,
    /// The open run of an incident key and a playbook.
    open: HashMap<(String, usize), usize>,
    incidents: HashMap<String, IncidentId>,
    firing: HashMap<(SourceId, Digest), Timestamp>,
    report: Report,
}

/// A run that is not over.
struct Open<'p> {
    /// Which playbook.
    index: usize,
    /// The key of its incident.
    key: String,
    performance: Performance<'p>,
}

/// Replays alerts, in the order of their times.
#[must_use]
pub fn replay(
    playbooks: &[Arc<Playbook>],
    inventory: &Arc<Inventory>,
    contained_per_hour: u32,
    alerts: &[Arc<Alert>],
) -> Report {
    let mut order: Vec<&Arc<Alert>> = alerts.iter().collect();
    order.sort_by_key(|alert| alert.received_at);
    let mut replay = Replay::new(playbooks, inventory, contained_per_hour);
    for alert in order {
        replay.take(alert);
    }
    replay.finish()
}

impl<'p> Replay<'p> {
    fn new(playbooks: &'p [Arc<Playbook>], inventory: &Arc<Inventory>, contained_per_hour: u32) -> Self {
        Self {
            playbooks,
            world: World::new(Arc::clone(inventory), contained_per_hour),
            script: Script::default(),
            runs: HashMap::new(),
            begun: 0,
            wakes: BinaryHeap::new(),
            open: HashMap::new(),
            incidents: HashMap::new(),
            firing: HashMap::new(),
            report: Report::new(playbooks),
        }
    }

    fn take(&mut self, alert: &Arc<Alert>) {
        let at = alert.received_at;
        self.pass_until(at);
        self.report.alert(at);
        let identity = (alert.source.clone(), alert.dedup_key);
        if alert.is_test {
            self.report.tests += 1;
            return;
        }
        if alert.status == AlertStatus::Resolved {
            self.firing.remove(&identity);
            self.report.resolved += 1;
            return;
        }
        let heard_of = |last: Timestamp| last.saturating_add(FIRING_TTL).unwrap_or(last) >= at;
        if self.firing.insert(identity, at).is_some_and(heard_of) {
            self.report.repeated += 1;
            return;
        }
        let subject = subject::of(&self.world.inventory, alert);
        let values = matching_values(alert, &subject.agent);
        let mut any = false;
        for (index, playbook) in self.playbooks.iter().enumerate() {
            match taken(playbook, alert, &values, at) {
                Taken::No => {}
                Taken::Yes if alert.status == AlertStatus::Acknowledged => {}
                Taken::Silent(_) => any = true,
                Taken::Yes => {
                    any = true;
                    self.report.of(index).matched += 1;
                    if let Err(error) = self.start(index, playbook, alert, &subject) {
                        self.report.fault(index, error.to_string());
                    }
                }
                Taken::Fault(error) => self.report.fault(index, error),
            }
        }
        self.report.unmatched += u64::from(!any);
    }

    fn start(
        &mut self,
        index: usize,
        playbook: &'p Playbook,
        alert: &Arc<Alert>,
        subject: &Subject,
    ) -> Result<(), IllegalTransition> {
        let at = alert.received_at;
        let key = (subject.key.clone(), index);
        let mut inherits = Vec::new();
        if let Some(number) = self.open.get(&key).copied() {
            match playbook.on_new_alert {
                OnAlert::Ignore => {
                    self.report.of(index).joined += 1;
                    return Ok(());
                }
                OnAlert::Join => {
                    self.report.of(index).joined += 1;
                    let kind = EventKind::AlertJoined { alert: alert.id, source: Some(alert.source.clone()) };
                    return self.tell(number, at, Actor::Source { id: alert.source.clone() }, kind);
                }
                OnAlert::Restart => {
                    inherits = self.holds_of(number);
                    self.tell(number, at, Actor::System, EventKind::RunSuperseded { by: RunId::generate(at) })?;
                }
            }
        }
        let incident = *self.incidents.entry(key.0.clone()).or_insert_with(|| IncidentId::generate(at));
        let start = Start {
            mode: Mode::Enforce,
            incident,
            agent: &subject.agent,
            alert,
            actor: Actor::Source { id: alert.source.clone() },
            inherits,
        };
        let performance = Performance::begin(playbook, start, &mut self.world, &mut self.script, at)?;
        let number = self.begun;
        self.begun += 1;
        self.runs.insert(number, Open { index, key: key.0.clone(), performance });
        self.open.insert(key, number);
        self.look_at(number);
        Ok(())
    }

    /// Tells a run of something.
    fn tell(&mut self, number: usize, at: Timestamp, actor: Actor, kind: EventKind) -> Result<(), IllegalTransition> {
        let Some(open) = self.runs.get_mut(&number) else { return Ok(()) };
        open.performance.pass_until(&mut self.world, &mut self.script, at)?;
        open.performance.submit(&mut self.world, &mut self.script, actor, kind)?;
        self.look_at(number);
        Ok(())
    }

    fn holds_of(&self, number: usize) -> Vec<HoldId> {
        let Some(open) = self.runs.get(&number) else { return Vec::new() };
        let run = &open.performance.run;
        let own = |hold: &&Hold| matches!(&hold.cause, HoldCause::Run { run: id, .. } if *id == run.id);
        let holds = self.world.holds_on(&run.agent.id).iter().filter(own).map(|hold| hold.id);
        holds.chain(run.inherits.iter().copied()).collect()
    }

    /// Lets time pass, and every run do what is due in it, in order.
    fn pass_until(&mut self, until: Timestamp) {
        while let Some(Reverse((at, number))) = self.wakes.peek().copied() {
            if at > until {
                break;
            }
            self.wakes.pop();
            let Some(open) = self.runs.get_mut(&number) else { continue };
            // It was told something meanwhile, and goes on at another time.
            if open.performance.next() != Some(at) {
                continue;
            }
            let passed =
                open.performance.pass_until(&mut self.world, &mut self.script, at).map_err(|it| it.to_string());
            let stands = open.performance.next().is_some_and(|next| next <= at);
            let index = open.index;
            match passed {
                Ok(()) if stands => self.give_up(number, index, "its time does not go on".to_owned()),
                Ok(()) => self.look_at(number),
                Err(error) => self.give_up(number, index, error),
            }
        }
    }

    fn give_up(&mut self, number: usize, index: usize, why: String) {
        self.report.fault(index, why);
        if let Some(open) = self.runs.remove(&number) {
            self.open.remove(&(open.key, index));
        }
    }

    /// Sees when a run goes on by itself; one that never does is counted.
    fn look_at(&mut self, number: usize) {
        let Some(open) = self.runs.get(&number) else { return };
        if open.performance.run.status.is_finished() {
            let key = (open.key.clone(), open.index);
            if self.open.get(&key) == Some(&number) {
                self.open.remove(&key);
            }
        }
        if let Some(next) = open.performance.next() {
            self.wakes.push(Reverse((next, number)));
            return;
        }
        // A run that waits for a person alone may still be told of alerts.
        if !open.performance.run.status.is_finished() {
            return;
        }
        if let Some(open) = self.runs.remove(&number) {
            self.report.run(open.index, &open.performance);
        }
    }

    fn finish(mut self) -> Report {
        self.pass_until(Timestamp::MAX);
        let left: BTreeMap<usize, Open<'p>> = self.runs.drain().collect();
        for open in left.values() {
            self.report.run(open.index, &open.performance);
        }
        self.report.sort();
        self.report
    }
}
