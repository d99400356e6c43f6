//! One case performed: its alert comes in, things happen, and what is expected is compared on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::domain::approval::ApprovalStatus;
use crate::domain::{
    Actor, AgentId, Alert, AlertStatus, Approval, Assurance, EventKind, Hold, HoldCause, HoldId, HoldLevel, IncidentId,
    PastRun, PersonId, Run, RunId,
};
use crate::engine::electorate::eligible;
use crate::engine::{HOLD_ENDED, REGRESSED, asks_about};
use crate::intake::subject::{self, Subject};
use crate::machine::IllegalTransition;
use crate::playbook::context::matching_values;
use crate::playbook::{OnAlert, Playbook, Rerun};
use crate::rehearsal::firing::{Firing, Heard};
use crate::rehearsal::matching::{Taken, starter, taken as takes};
use crate::rehearsal::performance::{Performance, Sent, Start};
use crate::rehearsal::place::{Place, covers, covers_all};
use crate::rehearsal::script::Script;
use crate::rehearsal::world::World;
use crate::store::ContainmentRecord;

use super::Case;
use super::compare::{Mismatch, Seen, compare};
use super::happening::{Act, Happening};

/// What came of a case.
pub struct Performed {
    /// What is otherwise than expected; none if the case passed.
    pub mismatches: Vec<Mismatch>,
    /// Whether the playbook matched any of its alerts.
    pub matched: bool,
    /// Whether it did not match one of them.
    pub passed_over: bool,
    /// The runs that the alerts began, oldest first.
    pub runs: Vec<Performance>,
}

/// Performs a case and compares it with what it expects.
#[must_use]
pub fn perform(playbook: &Arc<Playbook>, case: &Case) -> Performed {
    let mut story = Story::new(playbook, case);
    let mut mismatches = Vec::new();
    let began = story.receive(&case.alert);
    mismatches.extend(began.err().map(|error| Mismatch::refused(&case.pointer, &error)));
    for happening in &case.then {
        mismatches.extend(story.happens(happening));
        mismatches.extend(compare(&happening.expect, &story.seen()));
    }
    mismatches.extend(compare(&case.expect, &story.seen()));
    Performed { mismatches, matched: story.matched, passed_over: story.passed_over, runs: story.runs }
}

struct Story<'p> {
    playbook: &'p Arc<Playbook>,
    case: &'p Case,
    world: World,
    script: Script,
    agent: AgentId,
    /// The incidents by their keys.
    incidents: BTreeMap<String, IncidentId>,
    runs: Vec<Performance>,
    /// The key of the incident of each.
    keys: Vec<String>,
    matched: bool,
    passed_over: bool,
    at: Timestamp,
    firing: Firing,
    /// Messages and alerts that came of no run, but of the end of a hold.
    sent: Vec<Sent>,
    ended: BTreeSet<HoldId>,
    alerts: Vec<&'static str>,
}

impl<'p> Story<'p> {
    fn new(playbook: &'p Arc<Playbook>, case: &'p Case) -> Self {
        let surroundings = &case.surroundings;
        let mut world = World::new(surroundings.inventory.clone(), surroundings.contained_per_hour);
        world.unseen.clone_from(&surroundings.unseen);
        world.playbooks = Arc::clone(&surroundings.playbooks);
        let before = case.at.saturating_sub(SignedDuration::from_secs(60)).unwrap_or(case.at);
        for (agent, level) in &surroundings.held {
            world.place(held_by_a_person(agent, *level, before));
        }
        for number in 0..surroundings.contained {
            let Ok(agent) = AgentId::parse(&format!("contained-before-{number}")) else { continue };
            let (run, name) = (RunId::generate(before), playbook.name.clone());
            let mut place = world.ledger.record(&ContainmentRecord { agent, run, playbook: name, at: before });
            place.keep();
        }
        let agent = subject::of(&world.inventory, &case.alert).agent.id.clone();
        Self {
            playbook,
            case,
            world,
            script: case.script.clone(),
            agent,
            incidents: BTreeMap::new(),
            runs: Vec::new(),
            keys: Vec::new(),
            matched: false,
            passed_over: false,
            at: case.at,
            firing: Firing::default(),
            sent: Vec::new(),
            ended: BTreeSet::new(),
            alerts: Vec::new(),
        }
    }

    fn seen(&self) -> Seen<'_> {
        let all: Vec<&Performance> = self.runs.iter().flat_map(Performance::family).collect();
        let sent = all.iter().flat_map(|run| &run.sent).chain(&self.sent).collect();
        let regressed = all.iter().flat_map(|run| &run.regressed).map(|_| REGRESSED);
        Seen {
            matched: self.matched,
            runs: &self.runs,
            sent,
            world: &self.world,
            agent: &self.agent,
            alerts: regressed.chain(self.alerts.iter().copied()).collect(),
        }
    }

    /// An alert comes in: it is a repeat, or it may match.
    fn receive(&mut self, alert: &Arc<Alert>) -> Result<(), String> {
        let is_repeat = match self.firing.hear(alert, self.at) {
            Heard::Test => return Ok(()),
            Heard::Over => {
                self.passed_over = true;
                return Ok(());
            }
            Heard::Repeat => true,
            Heard::New => false,
        };
        if is_repeat && self.playbook.rerun_when.is_none() {
            return Ok(());
        }
        let subject = subject::of(&self.world.inventory, alert);
        let values = matching_values(alert, &subject.agent);
        let (subject, _) = subject.for_playbook(self.playbook, &values, self.at);
        let mut runs = self.runs.iter().zip(&self.keys).rev();
        let last = runs.find(|(run, key)| **key == subject.key && run.run.agent.id == subject.agent.id);
        let last = last.and_then(|(run, _)| PastRun::of(&run.run));
        if is_repeat && last.is_none() {
            return Ok(());
        }
        let matched = match takes(self.playbook, alert, &values, self.at) {
            Taken::Yes => true,
            Taken::No | Taken::Silent(_) => false,
            Taken::Fault(error) => return Err(format!("the condition of the match could not be evaluated: {error}")),
        };
        if !matched || alert.status == AlertStatus::Acknowledged {
            self.passed_over = true;
            return Ok(());
        }
        self.matched = true;
        let incident = *self.incidents.entry(subject.key.clone()).or_insert_with(|| IncidentId::generate(self.at));
        match last.map(|last| self.playbook.again(alert, &subject.agent, incident, &last, self.at)) {
            Some(Rerun::No(_)) => {
                self.passed_over = true;
                return Ok(());
            }
            Some(Rerun::Fault(error)) => return Err(error),
            Some(Rerun::Unsaid | Rerun::Yes(_)) | None => {}
        }
        let Some(inherits) = self.meet(alert, &subject)? else { return Ok(()) };
        let (key, agent) = (subject.key, subject.agent);
        let start = Start { mode: self.case.mode, incident, agent: &agent, alert, actor: starter(alert), inherits };
        let begun = Performance::begin(self.playbook, start, &mut self.world, &mut self.script, self.at);
        self.runs.push(begun.map_err(|error| error.to_string())?);
        self.keys.push(key);
        self.settle()
    }

    /// What a run under way for the same incident does with a further alert: nothing if the alert is dealt with thereby,
    /// otherwise the holds that a new run takes over.
    fn meet(&mut self, alert: &Arc<Alert>, subject: &Subject) -> Result<Option<Vec<HoldId>>, String> {
        let mut known = self.runs.iter_mut().zip(&self.keys).rev().filter(|(run, _)| !run.run.status.is_finished());
        let open = known.find(|(run, of)| **of == subject.key && run.run.agent.id == subject.agent.id);
        let Some((run, _)) = open else { return Ok(Some(Vec::new())) };
        let id = run.run.id;
        match self.playbook.on_new_alert {
            OnAlert::Ignore => Ok(None),
            OnAlert::Join => {
                taken(run.join(id, &mut self.world, &mut self.script, alert))?;
                Ok(None)
            }
            OnAlert::Restart => taken(run.make_way(id, &mut self.world, &mut self.script, alert)),
        }
    }

    fn happens(&mut self, happening: &Happening) -> Vec<Mismatch> {
        let passed = happening.after.map_or(Ok(()), |after| {
            let until = self.at.checked_add(after).unwrap_or(self.at);
            self.pass_until(until)
        });
        let done = passed.and_then(|()| match &happening.act {
            Some(act) => self.act(act),
            None => Ok(()),
        });
        let done = done.and_then(|()| self.settle());
        match (done, &happening.refused) {
            (Ok(()), None) => Vec::new(),
            (Ok(()), Some(words)) => vec![Mismatch::not_refused(&happening.pointer, words)],
            (Err(error), Some(words)) if error.contains(words.as_str()) => Vec::new(),
            (Err(error), _) => vec![Mismatch::refused(&happening.pointer, &error)],
        }
    }

    fn act(&mut self, act: &Act) -> Result<(), String> {
        if let Act::Alert(alert) = act {
            return self.receive(alert);
        }
        let Some(performance) = self.runs.last_mut() else { return Err("there is no run".to_owned()) };
        let directory = self.world.inventory.directory();
        let (run, actor, kind) = match act {
            Act::Vote { step, by, choice, reason, identity } => {
                let (run, approval) = pending(performance, step)?;
                let person = by.clone().or_else(|| approval.people.first().cloned()).ok_or("nobody may vote on it")?;
                let assurance = identity.unwrap_or(approval.identity);
                let eligible = eligible(directory, approval, run.agent.owner.as_ref());
                let kind = EventKind::Voted {
                    approval: approval.id,
                    person: person.clone(),
                    choice: *choice,
                    reason: reason.clone(),
                    assurance,
                    plan: approval.plan.hash,
                    eligible,
                    together: None,
                };
                (run.id, Actor::Person { id: person, assurance }, kind)
            }
            Act::Escalate { step, by } => {
                let (run, approval) = pending(performance, step)?;
                let person = by.clone().or_else(|| approval.people.first().cloned()).ok_or("nobody may vote on it")?;
                let kind = EventKind::Escalated { approval: approval.id, person: person.clone() };
                (run.id, Actor::Person { id: person, assurance: approval.identity }, kind)
            }
            Act::Resolve { step, resolution, reason } => {
                let run = &run_of(performance, step)?.run;
                let (path, resolution) = (step.path.clone(), *resolution);
                let kind = EventKind::Resolved { path, resolution, reason: reason.clone() };
                (run.id, a_person(directory.people.keys()), kind)
            }
            Act::Cancel(reason) => {
                let kind = EventKind::RunCancelled { reason: reason.clone() };
                (performance.run.id, a_person(directory.people.keys()), kind)
            }
            Act::Alert(_) => return Ok(()),
        };
        taken(performance.submit(run, &mut self.world, &mut self.script, actor, kind))
    }

    /// Lets happen what needs no person and no planned time.
    fn settle(&mut self) -> Result<(), String> {
        for performance in &mut self.runs {
            taken(performance.settle(&mut self.world, &mut self.script))?;
            self.at = self.at.max(performance.now());
        }
        self.pass_until(self.at)
    }

    fn pass_until(&mut self, until: Timestamp) -> Result<(), String> {
        loop {
            let ends = self.world.holds().filter_map(|hold| hold.until);
            let next = ends.filter(|end| *end > self.at && *end <= until).min().unwrap_or(until);
            for performance in &mut self.runs {
                taken(performance.pass_until(&mut self.world, &mut self.script, next))?;
            }
            self.at = next;
            self.end_holds();
            if next == until {
                return Ok(());
            }
        }
    }

    /// Holds whose planned time is over stay, and somebody is asked; unless people are being asked about it already.
    fn end_holds(&mut self) {
        let over = |hold: &&Hold| hold.until.is_some_and(|until| until <= self.at) && !self.ended.contains(&hold.id);
        let absorbed = |hold: &Hold| match &hold.cause {
            HoldCause::Run { run: id, path } => {
                let all = self.runs.iter().flat_map(Performance::family);
                all.filter(|performance| performance.run.id == *id).any(|it| asks_about(&it.run, path))
            }
            HoldCause::Person | HoldCause::Unreadable => false,
        };
        let over: Vec<Hold> = self.world.holds().filter(over).cloned().collect();
        let ended: Vec<Hold> = over.into_iter().filter(|hold| !absorbed(hold)).collect();
        for hold in ended {
            self.ended.insert(hold.id);
            if !hold.ask_at_end {
                continue;
            }
            self.sent.extend(self.world.told_of_end(&hold, self.at));
            self.alerts.push(HOLD_ENDED);
        }
    }
}

fn taken<T>(result: Result<T, IllegalTransition>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}

fn a_person<'a>(mut people: impl Iterator<Item = &'a PersonId>) -> Actor {
    people.next().map_or(Actor::System, |id| Actor::Person { id: id.clone(), assurance: Assurance::Api })
}

/// The run of a place's step.
fn run_of<'r>(performance: &'r Performance, place: &Place) -> Result<&'r Performance, String> {
    let above = || place.above.last().map(ToString::to_string).unwrap_or_default();
    performance.find(&place.above).ok_or_else(|| format!("`{}` has started no run", above()))
}

/// The request of a step that is open, with its run. Where no item is named, the first one that asks is meant.
fn pending<'r>(performance: &'r Performance, place: &Place) -> Result<(&'r Run, &'r Approval), String> {
    let of_place = performance.family().into_iter().filter(|it| covers_all(&place.above, &it.above));
    let open = of_place.flat_map(|it| it.run.approvals.values().map(move |approval| (&it.run, approval)));
    let mut open = open.filter(|(_, approval)| approval.status == ApprovalStatus::Pending);
    let about = |approval: &Approval| {
        covers(&place.path, &approval.path) || approval.releases.iter().any(|path| covers(&place.path, path))
    };
    let found = open.find(|(_, approval)| about(approval));
    let status =
        || run_of(performance, place).map_or_else(|no_run| no_run, |it| format!("the run is {}", it.run.status));
    found.ok_or_else(|| format!("`{place}` asks nobody now; {}", status()))
}

fn held_by_a_person(agent: &AgentId, level: HoldLevel, at: Timestamp) -> Hold {
    Hold {
        id: HoldId::generate(at),
        agent: agent.clone(),
        level,
        cause: HoldCause::Person,
        reason: "held before the case".to_owned(),
        until: None,
        ask_at_end: false,
        by: Actor::System,
        placed_at: at,
    }
}
