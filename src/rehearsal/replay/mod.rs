//! Alerts of the past, taken by the playbooks of today: what would have run, who would have been contained, who asked.
//!
//! Every playbook acts in it, also one that only observes, and every call works. Nobody decides anything: requests end as
//! their silence says. Time passes from alert to alert, so that budgets, joined runs, corroboration and deadlines are as
//! they were, and schedules tick in it. What the runs do comes in again as the alerts of our own that the daemon would make of
//! it (`own`).

mod difference;
mod own;
mod report;
mod runs;
mod ticks;

pub use difference::{Change, Difference};
pub use report::{Contained, OfPlaybook, Report};

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::{AgentId, Alert, AlertStatus, IncidentId, Mode, PastRun, PlaybookName};
use crate::engine::Inventory;
use crate::intake::schedules::scheduled_by;
use crate::intake::subject::{self, Subject};
use crate::machine::IllegalTransition;
use crate::playbook::context::matching_values;
use crate::playbook::{OnAlert, Playbook, Rerun};

use super::family::Library;
use super::firing::{Firing, Heard};
use super::matching::{Taken, starter, taken};
use super::performance::{Performance, Start};
use super::script::Script;
use super::world::{HoldEnd, World};
use runs::Runs;
use ticks::Ticks;

/// What a replay is made of.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// The playbooks that take the alerts.
    pub playbooks: &'a [Arc<Playbook>],
    /// The playbooks that their steps may start runs of.
    pub family: &'a Arc<Library>,
    /// Agents and people.
    pub inventory: &'a Arc<Inventory>,
    /// How many agents may be contained in an hour without a person.
    pub contained_per_hour: u32,
    /// The time that is replayed; if it is not said, from the first alert to the last.
    pub span: Option<(Timestamp, Timestamp)>,
}

/// A replay under way.
struct Replay<'p> {
    playbooks: &'p [Arc<Playbook>],
    world: World,
    script: Script,
    runs: Runs,
    incidents: HashMap<String, IncidentId>,
    firing: Firing,
    /// The playbooks by their names.
    numbers: HashMap<PlaybookName, usize>,
    /// The last run of an incident key and a playbook with `rerun_when` about an agent, once it is over.
    last: HashMap<(String, usize, AgentId), PastRun>,
    /// Whether any playbook has `rerun_when`.
    reruns: bool,
    /// Holds whose planned time is over, by the run whose request is about them.
    absorbed: HashMap<usize, Vec<HoldEnd>>,
    /// The end of the time that is replayed.
    to: Timestamp,
    report: Report,
}

/// Replays alerts, in the order of their times, and the ticks of schedules between them.
#[must_use]
pub fn replay(setting: &Setting<'_>, alerts: &[Arc<Alert>]) -> Report {
    replay_with(setting, alerts, Script::default())
}

/// Replays alerts in a world that answers otherwise than "everything works".
pub(super) fn replay_with(setting: &Setting<'_>, alerts: &[Arc<Alert>], script: Script) -> Report {
    Replay { script, ..Replay::new(setting) }.all(setting, alerts)
}

impl<'p> Replay<'p> {
    fn all(mut self, setting: &Setting<'p>, alerts: &[Arc<Alert>]) -> Report {
        let mut order: Vec<&Arc<Alert>> = alerts.iter().collect();
        order.sort_by_key(|alert| alert.received_at);
        let first_and_last = order.first().zip(order.last()).map(|(first, last)| (first.received_at, last.received_at));
        let Some((from, to)) = setting.span.or(first_and_last) else { return self.finish() };
        self.to = to;
        let mut ticks = Ticks::from(setting.playbooks, from);
        for alert in order {
            self.tick_until(&mut ticks, alert.received_at);
            self.take(alert);
        }
        self.tick_until(&mut ticks, to);
        self.finish()
    }

    fn new(setting: &Setting<'p>) -> Self {
        let mut world = World::new(Arc::clone(setting.inventory), setting.contained_per_hour);
        world.playbooks = Arc::clone(setting.family);
        let report = Report::new(setting.playbooks, setting.family);
        let names = report.playbooks.iter().map(|of| of.name.clone());
        Self {
            playbooks: setting.playbooks,
            world,
            script: Script::default(),
            runs: Runs::default(),
            incidents: HashMap::new(),
            last: HashMap::new(),
            reruns: setting.playbooks.iter().any(|playbook| playbook.rerun_when.is_some()),
            firing: Firing::default(),
            absorbed: HashMap::new(),
            to: Timestamp::MIN,
            numbers: names.enumerate().map(|(index, name)| (name, index)).collect(),
            report,
        }
    }

    /// Lets schedules tick until a time.
    fn tick_until(&mut self, ticks: &mut Ticks, until: Timestamp) {
        while ticks.next().is_some_and(|next| next <= until) {
            let inventory = Arc::clone(&self.world.inventory);
            let Some(ticked) = ticks.take(self.playbooks, &inventory) else { return };
            self.pass_until(ticked.at);
            self.report.of(ticked.index).ticks += 1;
            if let Some(fault) = ticked.fault {
                self.report.fault(ticked.index, fault);
            }
            for alert in &ticked.alerts {
                self.judge(alert, false);
            }
        }
    }

    fn take(&mut self, alert: &Arc<Alert>) {
        let at = alert.received_at;
        self.pass_until(at);
        self.report.alert(at);
        if scheduled_by(alert).is_some() {
            // The schedules of today tick in its place.
            self.report.recorded_ticks += 1;
            return;
        }
        if self.makes_itself(alert) {
            self.report.recorded_own_alerts += 1;
            return;
        }
        let is_repeat = match self.firing.hear(alert, at) {
            Heard::Test => {
                self.report.tests += 1;
                return;
            }
            Heard::Over => {
                self.report.resolved += 1;
                return;
            }
            Heard::Repeat => true,
            Heard::New => false,
        };
        self.report.repeated += u64::from(is_repeat);
        // Nearly all repeats end here: only what starts again is asked about one.
        if is_repeat && self.last.is_empty() {
            return;
        }
        let any = self.judge(alert, is_repeat);
        self.report.unmatched += u64::from(!any && !is_repeat);
    }

    /// Starts what matches, of a repeat only what starts again; whether anything does.
    fn judge(&mut self, alert: &Arc<Alert>, is_repeat: bool) -> bool {
        let subject = subject::of(&self.world.inventory, alert);
        let values = matching_values(alert, &subject.agent);
        let mut any = false;
        for (index, playbook) in self.playbooks.iter().enumerate() {
            let again = self.again(index, playbook, alert, &subject, &values);
            if is_repeat && again == Rerun::Unsaid {
                continue;
            }
            match taken(playbook, alert, &values, alert.received_at) {
                Taken::No => {}
                Taken::Yes if alert.status == AlertStatus::Acknowledged => {}
                Taken::Yes | Taken::Silent(_) if matches!(again, Rerun::No(_)) => any = true,
                Taken::Silent(_) => {
                    any = true;
                    self.report.of(index).silenced += 1;
                }
                Taken::Yes => {
                    any = true;
                    self.report.of(index).matched += 1;
                    let (own, _) = subject.for_playbook(playbook, &values, alert.received_at);
                    if let Rerun::Fault(error) = again {
                        self.report.fault(index, error);
                    } else if let Err(error) = self.start(index, playbook, alert, &own) {
                        self.report.fault(index, error.to_string());
                    }
                }
                Taken::Fault(error) => self.report.fault(index, error),
            }
        }
        any
    }

    /// What a playbook that is not at it says of its last run for the incident of an alert.
    fn again(&self, index: usize, playbook: &Playbook, alert: &Alert, subject: &Subject, values: &Value) -> Rerun {
        if playbook.rerun_when.is_none() {
            return Rerun::Unsaid;
        }
        let (subject, _) = subject.for_playbook(playbook, values, alert.received_at);
        let key = (subject.key.clone(), index, subject.agent.id.clone());
        let at_it = || self.runs.under_way(&key.0, index, &playbook.name, &subject.agent.id).is_some();
        match (self.last.get(&key), self.incidents.get(&key.0)) {
            (Some(last), Some(incident)) if !at_it() => {
                playbook.again(alert, &subject.agent, *incident, last, alert.received_at)
            }
            _ => Rerun::Unsaid,
        }
    }

    fn start(
        &mut self,
        index: usize,
        playbook: &'p Arc<Playbook>,
        alert: &Arc<Alert>,
        subject: &Subject,
    ) -> Result<(), IllegalTransition> {
        let at = alert.received_at;
        let mut inherits = Vec::new();
        if let Some((number, run)) = self.runs.under_way(&subject.key, index, &playbook.name, &subject.agent.id) {
            match playbook.on_new_alert {
                OnAlert::Ignore => {
                    self.report.of(index).joined += 1;
                    return Ok(());
                }
                OnAlert::Join => {
                    self.report.of(index).joined += 1;
                    let joined = self.tell(number, at, |it, world, script| it.join(run, world, script, alert));
                    return joined.map(drop);
                }
                OnAlert::Restart => {
                    let left = self.tell(number, at, |it, world, script| it.make_way(run, world, script, alert))?;
                    let Some(Some(left)) = left else {
                        self.report.of(index).joined += 1;
                        return Ok(());
                    };
                    inherits = left;
                }
            }
        }
        let incident = *self.incidents.entry(subject.key.clone()).or_insert_with(|| IncidentId::generate(at));
        let start =
            Start { mode: Mode::Enforce, incident, agent: &subject.agent, alert, actor: starter(alert), inherits };
        let performance = Performance::begin(playbook, start, &mut self.world, &mut self.script, at)?;
        let number = self.runs.add(index, subject.key.clone(), performance);
        self.look_at(number, at);
        Ok(())
    }

    /// Tells a family of runs something, if it is still there.
    fn tell<T>(
        &mut self,
        number: usize,
        at: Timestamp,
        told: impl FnOnce(&mut Performance, &mut World, &mut Script) -> Result<T, IllegalTransition>,
    ) -> Result<Option<T>, IllegalTransition> {
        let Some(performance) = self.runs.get_mut(number) else { return Ok(None) };
        performance.pass_until(&mut self.world, &mut self.script, at)?;
        let came = told(performance, &mut self.world, &mut self.script)?;
        self.look_at(number, at);
        Ok(Some(came))
    }

    /// Lets time pass, and everything happen that is due in it, in order: runs go on, and holds come to their planned ends.
    fn pass_until(&mut self, until: Timestamp) {
        loop {
            self.take_own();
            let run = self.runs.next_until(until);
            let end = self.world.next_end().filter(|end| *end <= until);
            match (run, end) {
                (Some((at, number)), end) if end.is_none_or(|end| at <= end) => self.go_on(number, at),
                (_, Some(at)) => {
                    if let Some(end) = self.world.take_end() {
                        self.end_hold(end, at);
                    }
                }
                (_, None) => return,
            }
        }
    }

    /// Lets a run do what is due at a time.
    fn go_on(&mut self, number: usize, at: Timestamp) {
        self.runs.awake();
        let Some(performance) = self.runs.get_mut(number) else { return };
        let passed = performance.pass_until(&mut self.world, &mut self.script, at).map_err(|it| it.to_string());
        let stands = performance.next().is_some_and(|next| next <= at);
        match passed {
            Ok(()) if stands => self.give_up(number, "its time does not go on".to_owned()),
            Ok(()) => self.look_at(number, at),
            Err(error) => self.give_up(number, error),
        }
    }

    fn give_up(&mut self, number: usize, why: String) {
        if let Some(open) = self.runs.remove(number) {
            self.report.fault(open.index, why);
        }
    }

    /// Sees when a run goes on by itself; one that never does is counted.
    fn look_at(&mut self, number: usize, at: Timestamp) {
        self.remember(number);
        let over = self.runs.look_at(number);
        self.look_at_ends(number, at);
        if let Some(open) = over {
            self.count(open.index, &open.performance);
        }
    }

    /// Remembers runs of a family that are over, for playbooks that ask about their last one, whoever started it.
    fn remember(&mut self, number: usize) {
        let Some(open) = self.runs.get(number).filter(|_| self.reruns) else { return };
        for member in open.performance.family() {
            let Some(last) = PastRun::of(&member.run).filter(|_| member.playbook.rerun_when.is_some()) else {
                continue;
            };
            let Some(index) = self.numbers.get(&member.run.playbook) else { continue };
            let key = (open.key.clone(), *index, member.run.agent.id.clone());
            // A look after the end of an older run changes nothing for the later one.
            if self.last.get(&key).is_none_or(|it| it.started_at <= last.started_at) {
                self.last.insert(key, last);
            }
        }
    }

    /// Counts a run with those that it started, each for its own playbook.
    fn count(&mut self, index: usize, performance: &Performance) {
        self.report.run(index, performance);
        for child in &performance.children {
            let of = self.numbers.get(&child.run.playbook).copied().unwrap_or(index);
            self.count(of, child);
        }
    }

    fn finish(mut self) -> Report {
        self.pass_until(Timestamp::MAX);
        for open in self.runs.take_all() {
            self.count(open.index, &open.performance);
        }
        self.report.sort();
        self.report
    }
}
