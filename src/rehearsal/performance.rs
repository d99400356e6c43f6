//! One run of a rehearsal with the runs that its steps start: the machine's questions are answered at once, its calls by the
//! script, and time is moved.

mod answers;
mod births;
mod joined;
mod replaced;
mod sent;

pub use sent::{Sent, SentKind};

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::{
    Actor, Agent, AgentId, Alert, Attempt, Event, EventKind, HoldId, IncidentId, Mode, Run, RunId, StepPath, StepState,
};
use crate::engine::children::ended;
use crate::machine::{Driven, Effect, IllegalTransition, begin, drive, transition};
use crate::playbook::Playbook;

use super::place::covers;
use super::script::Script;
use super::world::{Cause, First, World};
use answers::Answering;

/// The most things that happen while time passes once.
const MOMENTS_MAX: usize = 10_000;

/// What a run begins with.
#[derive(Clone, Debug)]
pub struct Start<'a> {
    /// Whether it acts, whatever the playbook says.
    pub mode: Mode,
    /// Its incident.
    pub incident: IncidentId,
    /// The agent.
    pub agent: &'a Arc<Agent>,
    /// The alert.
    pub alert: &'a Arc<Alert>,
    /// Who or what starts it.
    pub actor: Actor,
    /// Holds of the run whose place it takes.
    pub inherits: Vec<HoldId>,
}

struct Pending {
    at: Timestamp,
    due: Due,
}

/// What happens by itself.
enum Due {
    /// The run hears of something.
    Event(EventKind),
    /// A run ends of which only that is said.
    WholeRun(EventKind),
    /// Runs begin that its steps wait to start.
    Births,
}

/// A run under way, and the runs that it started.
pub struct Performance {
    /// Its playbook.
    pub playbook: Arc<Playbook>,
    /// Its state.
    pub run: Run,
    /// Its history.
    pub events: Vec<Event>,
    /// Messages to people.
    pub sent: Vec<Sent>,
    /// Steps that were found undone.
    pub regressed: Vec<StepPath>,
    /// The runs that its steps started, oldest first.
    pub children: Vec<Self>,
    /// The steps that started it, outermost first; none if no run did.
    pub above: Vec<StepPath>,
    /// The run that nobody started, from which it comes.
    first: First,
    /// The agent that that run is about.
    subject: AgentId,
    pending: Vec<Pending>,
    at: Timestamp,
    /// Whether the run that started it knows that it is over.
    told: bool,
    /// Why a run could not be stopped with this one.
    broken: Option<IllegalTransition>,
}

impl Performance {
    /// Begins a run, and lets happen what happens at once.
    pub fn begin(
        playbook: &Arc<Playbook>,
        start: Start<'_>,
        world: &mut World,
        script: &mut Script,
        at: Timestamp,
    ) -> Result<Self, IllegalTransition> {
        let run = RunId::generate(at);
        let kind = EventKind::RunStarted {
            run,
            incident: start.incident,
            digest: playbook.digest,
            mode: start.mode,
            agent: Arc::clone(start.agent),
            alert: Arc::clone(start.alert),
            inherits: start.inherits,
            lineage: None,
            versions: std::collections::BTreeMap::new(),
        };
        let first = Event { at, actor: start.actor, kind };
        let family = First { run, began_at: at };
        let subject = start.agent.id.clone();
        let mut performance = Self::open(playbook, first, Vec::new(), (family, subject), world, script)?;
        performance.pass_until(world, script, at)?;
        Ok(performance)
    }

    /// Begins a run with its first event; its calls are still to be made.
    fn open(
        playbook: &Arc<Playbook>,
        first: Event,
        above: Vec<StepPath>,
        (family, subject): (First, AgentId),
        world: &mut World,
        script: &mut Script,
    ) -> Result<Self, IllegalTransition> {
        let (run, effects) = begin(playbook, &first)?;
        let at = first.at;
        let mut performance = Self {
            playbook: Arc::clone(playbook),
            run,
            events: vec![first],
            sent: Vec::new(),
            regressed: Vec::new(),
            children: Vec::new(),
            above,
            first: family,
            subject,
            pending: Vec::new(),
            at,
            told: false,
            broken: None,
        };
        performance.drive(world, script, effects)?;
        Ok(performance)
    }

    /// What led to what this run does.
    fn cause(&self) -> Cause {
        Cause { first: self.first, playbook: self.playbook.name.clone() }
    }

    /// The run that nobody started, from which it comes.
    pub(super) const fn first(&self) -> First {
        self.first
    }

    /// The time in the rehearsal.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.at
    }

    /// This run and all that came of it, each before those that it started.
    #[must_use]
    pub fn family(&self) -> Vec<&Self> {
        let mut family = vec![self];
        family.extend(self.children.iter().flat_map(Self::family));
        family
    }

    /// The last run that the steps of this path started, one below the other; this one for an empty path.
    #[must_use]
    pub fn find(&self, above: &[StepPath]) -> Option<&Self> {
        let Some((first, rest)) = above.split_first() else { return Some(self) };
        let mut started = self.children.iter().rev();
        started.find(|child| child.above.last().is_some_and(|path| covers(first, path)))?.find(rest)
    }

    /// Lets an event of one run of the family happen now, and what follows at once.
    pub fn submit(
        &mut self,
        run: RunId,
        world: &mut World,
        script: &mut Script,
        actor: Actor,
        kind: EventKind,
    ) -> Result<(), IllegalTransition> {
        let at = self.at;
        if let Some(meant) = self.member(run) {
            let event = Event { at, actor, kind };
            let (run, effects) = transition(&meant.playbook, meant.run.clone(), &event)?;
            meant.run = run;
            meant.events.push(event);
            meant.drive(world, script, effects)?;
        }
        self.pass_until(world, script, at)
    }

    fn member(&mut self, run: RunId) -> Option<&mut Self> {
        if self.run.id == run {
            return Some(self);
        }
        self.children.iter_mut().find_map(|child| child.member(run))
    }

    /// The next moment at which something happens by itself.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        let below = self.children.iter().filter_map(Self::next);
        self.pending.iter().map(|pending| pending.at).chain(self.run.wake_at()).chain(below).min()
    }

    /// Lets time pass, and everything happen that is due in it, in order.
    pub fn pass_until(
        &mut self,
        world: &mut World,
        script: &mut Script,
        until: Timestamp,
    ) -> Result<(), IllegalTransition> {
        for _ in 0..MOMENTS_MAX {
            self.hear_of_ends();
            let Some(next) = self.next().filter(|next| *next <= until) else { break };
            self.at = self.at.max(next);
            match self.take_due() {
                Some(Due::Event(kind) | Due::WholeRun(kind)) => {
                    self.happen(world, script, kind)?;
                    continue;
                }
                Some(Due::Births) => {
                    self.bear(world, script)?;
                    continue;
                }
                None => {}
            }
            let at = self.at;
            let due = |next: Option<Timestamp>| next.is_some_and(|next| next <= at);
            // A deadline that a tick leaves as it was would be ticked for ever.
            let stuck = if let Some(child) = self.children.iter_mut().find(|child| due(child.next())) {
                child.pass_until(world, script, at)?;
                due(child.next())
            } else {
                self.happen(world, script, EventKind::Ticked)?;
                self.pending.is_empty() && due(self.run.wake_at())
            };
            if stuck {
                break;
            }
        }
        self.be_at(until);
        Ok(())
    }

    fn be_at(&mut self, at: Timestamp) {
        self.at = self.at.max(at);
        self.children.iter_mut().for_each(|child| child.be_at(at));
    }

    /// The earliest thing that is due by now.
    fn take_due(&mut self) -> Option<Due> {
        let due = self.pending.iter().enumerate().filter(|(_, pending)| pending.at <= self.at);
        let (index, _) = due.min_by_key(|(index, pending)| (pending.at, *index))?;
        Some(self.pending.remove(index).due)
    }

    /// Hears of runs that are over, once each.
    fn hear_of_ends(&mut self) {
        for child in &mut self.children {
            if let Some((_, kind)) = ended(&child.run).filter(|_| !child.told) {
                child.told = true;
                self.pending.push(Pending { at: self.at, due: Due::Event(kind) });
            }
        }
    }

    /// Lets time pass until the run waits for people or for a planned time, or is over: until no call is under way and no
    /// further try is to come.
    pub fn settle(&mut self, world: &mut World, script: &mut Script) -> Result<(), IllegalTransition> {
        for _ in 0..MOMENTS_MAX {
            let Some(next) = self.busy_until() else { break };
            self.pass_until(world, script, next)?;
        }
        Ok(())
    }

    /// When the next call ends or the next try comes, in any run of the family.
    fn busy_until(&self) -> Option<Timestamp> {
        let tries = self.run.steps.values().filter_map(|record| match &record.state {
            StepState::Doing(Attempt::Backoff { until, .. }) | StepState::Undoing(Attempt::Backoff { until, .. }) => {
                Some(*until)
            }
            _ => None,
        });
        let below = self.children.iter().filter_map(Self::busy_until);
        let calls = self.pending.iter().filter(|pending| !matches!(pending.due, Due::WholeRun(_)));
        calls.map(|pending| pending.at).chain(tries).chain(below).min()
    }

    /// One thing that happens by itself. An answer that comes too late changes nothing, as in the engine.
    fn happen(&mut self, world: &mut World, script: &mut Script, kind: EventKind) -> Result<(), IllegalTransition> {
        let event = Event::by_system(self.at, kind);
        match transition(&self.playbook, self.run.clone(), &event) {
            Ok((run, effects)) => {
                self.run = run;
                self.events.push(event);
                self.drive(world, script, effects)
            }
            Err(IllegalTransition::Finished { .. } | IllegalTransition::WrongState { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn drive(&mut self, world: &mut World, script: &mut Script, effects: Vec<Effect>) -> Result<(), IllegalTransition> {
        let (playbook, at) = (Arc::clone(&self.playbook), self.at);
        let mut answers = Answering { performance: self, world, script };
        // What is cut off is never answered, as in the engine: it shows in the state.
        match drive(&playbook, &mut answers, effects, at)? {
            Driven::Settled | Driven::CutOff => self.broken.take().map_or(Ok(()), Err),
        }
    }
}
