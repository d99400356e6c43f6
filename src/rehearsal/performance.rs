//! One run of a rehearsal: the machine's questions are answered at once, its calls by the script, and time is moved.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::event::Grant;
use crate::domain::{
    Actor, Agent, Alert, ApprovalId, Attempt, Event, EventKind, HoldId, IncidentId, MessageId, Mode, Outcome, PersonId,
    Run, RunId, StepPath, StepState,
};
use crate::engine::electorate::electorate;
use crate::engine::{event_of, words};
use crate::machine::{Call, Effect, IllegalTransition, Notice, begin, transition};
use crate::playbook::Playbook;

use super::script::Script;
use super::world::World;

/// The most events that one event may lead to; more would be a loop in the machine.
const ANSWERS_MAX: usize = 1_000;
/// The most things that happen while time passes once.
const MOMENTS_MAX: usize = 10_000;

/// What a person was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SentKind {
    /// Something to know.
    Notice,
    /// Something to decide: the request of this step.
    Request(StepPath),
}

/// A message that a person would have got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// When.
    pub at: Timestamp,
    /// To whom.
    pub to: PersonId,
    /// What it is.
    pub kind: SentKind,
    /// One line; the question, if it is a request.
    pub subject: String,
    /// Plain text.
    pub text: String,
}

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
    kind: EventKind,
}

/// A run under way.
pub struct Performance<'p> {
    /// Its playbook.
    pub playbook: &'p Playbook,
    /// Its state.
    pub run: Run,
    /// Its history.
    pub events: Vec<Event>,
    /// Messages to people.
    pub sent: Vec<Sent>,
    /// Steps that were found undone.
    pub regressed: Vec<StepPath>,
    pending: Vec<Pending>,
    at: Timestamp,
}

impl<'p> Performance<'p> {
    /// Begins a run, and lets happen what happens at once.
    pub fn begin(
        playbook: &'p Playbook,
        start: Start<'_>,
        world: &mut World,
        script: &mut Script,
        at: Timestamp,
    ) -> Result<Self, IllegalTransition> {
        let kind = EventKind::RunStarted {
            run: RunId::generate(at),
            incident: start.incident,
            digest: playbook.digest,
            mode: start.mode,
            agent: Arc::clone(start.agent),
            alert: Arc::clone(start.alert),
            inherits: start.inherits,
            lineage: None,
        };
        let first = Event { at, actor: start.actor, kind };
        let (run, effects) = begin(playbook, &first)?;
        let mut performance = Self {
            playbook,
            run,
            events: vec![first],
            sent: Vec::new(),
            regressed: Vec::new(),
            pending: Vec::new(),
            at,
        };
        performance.drive(world, script, effects)?;
        performance.pass_until(world, script, at)?;
        Ok(performance)
    }

    /// The time in the rehearsal.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.at
    }

    /// Lets an event happen now, and what follows at once.
    pub fn submit(
        &mut self,
        world: &mut World,
        script: &mut Script,
        actor: Actor,
        kind: EventKind,
    ) -> Result<(), IllegalTransition> {
        let event = Event { at: self.at, actor, kind };
        let (run, effects) = transition(self.playbook, self.run.clone(), &event)?;
        self.run = run;
        self.events.push(event);
        self.drive(world, script, effects)?;
        self.pass_until(world, script, self.at)
    }

    /// The next moment at which something happens by itself.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.pending.iter().map(|pending| pending.at).chain(self.run.wake_at()).min()
    }

    /// Lets time pass, and everything happen that is due in it, in order.
    pub fn pass_until(
        &mut self,
        world: &mut World,
        script: &mut Script,
        until: Timestamp,
    ) -> Result<(), IllegalTransition> {
        for _ in 0..MOMENTS_MAX {
            let Some(next) = self.next().filter(|next| *next <= until) else { break };
            self.at = self.at.max(next);
            let due = self.pending.iter().enumerate().filter(|(_, pending)| pending.at <= self.at);
            let earliest = due.min_by_key(|(index, pending)| (pending.at, *index)).map(|(index, _)| index);
            let Some(index) = earliest else {
                self.happen(world, script, EventKind::Ticked)?;
                // A deadline that a tick leaves as it was would be ticked for ever.
                if self.pending.is_empty() && self.next() == Some(next) {
                    break;
                }
                continue;
            };
            let kind = self.pending.remove(index).kind;
            self.happen(world, script, kind)?;
        }
        self.at = self.at.max(until);
        Ok(())
    }

    /// Lets time pass until the run waits for people or for a planned time, or is over: until no call is under way and no
    /// further try is to come.
    pub fn settle(&mut self, world: &mut World, script: &mut Script) -> Result<(), IllegalTransition> {
        for _ in 0..MOMENTS_MAX {
            let tries = self.run.steps.values().filter_map(|record| match &record.state {
                StepState::Doing(Attempt::Backoff { until, .. })
                | StepState::Undoing(Attempt::Backoff { until, .. }) => Some(*until),
                _ => None,
            });
            let Some(next) = self.pending.iter().map(|pending| pending.at).chain(tries).min() else { break };
            self.pass_until(world, script, next)?;
        }
        Ok(())
    }

    /// One thing that happens by itself. An answer that comes too late changes nothing, as in the engine.
    fn happen(&mut self, world: &mut World, script: &mut Script, kind: EventKind) -> Result<(), IllegalTransition> {
        let event = Event::by_system(self.at, kind);
        match transition(self.playbook, self.run.clone(), &event) {
            Ok((run, effects)) => {
                self.run = run;
                self.events.push(event);
                self.drive(world, script, effects)
            }
            Err(IllegalTransition::Finished { .. } | IllegalTransition::WrongState { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Answers the machine's questions until it has none; what an answer leads to comes before the questions after it.
    fn drive(&mut self, world: &mut World, script: &mut Script, effects: Vec<Effect>) -> Result<(), IllegalTransition> {
        let mut open = VecDeque::from(effects);
        let mut answers = 0;
        while let Some(effect) = open.pop_front() {
            let Some(kind) = self.answer(world, script, effect) else { continue };
            answers += 1;
            if answers > ANSWERS_MAX {
                break;
            }
            let event = Event::by_system(self.at, kind);
            let effects = match transition(self.playbook, self.run.clone(), &event) {
                Ok((run, effects)) => {
                    self.run = run;
                    effects
                }
                // An earlier answer ended what this one is for. It is moot, not wrong.
                Err(IllegalTransition::Finished { .. } | IllegalTransition::WrongState { .. }) => continue,
                Err(error) => return Err(error),
            };
            self.events.push(event);
            for effect in effects.into_iter().rev() {
                open.push_front(effect);
            }
        }
        Ok(())
    }

    fn answer(&mut self, world: &mut World, script: &mut Script, effect: Effect) -> Option<EventKind> {
        let at = self.at;
        match effect {
            Effect::Authorize { path, impact, approved } => {
                let gate = world.gate_sight(&self.run, at);
                let asked = world.authority(&self.run).ask(self.playbook, &self.run, impact, approved, at);
                let grant = match asked {
                    Ok(mut place) => {
                        place.iter_mut().for_each(crate::engine::Place::keep);
                        Grant::Granted { gate }
                    }
                    Err(cause) => Grant::Withheld { cause },
                };
                Some(EventKind::StepAuthorized { path, grant })
            }
            Effect::Ask { path, asked, cause: _ } => {
                let owner = self.run.agent.owner.as_ref();
                let (people, quorums) = electorate(world.inventory.directory(), &asked, owner);
                Some(EventKind::ApprovalAsked { path, approval: ApprovalId::generate(at), people, quorums })
            }
            Effect::AskPeople { approval, people } => {
                self.ask_people(approval, people);
                None
            }
            Effect::Notify { path, notice } => {
                let people = self.tell(world, &notice);
                let messages = people.iter().map(|_| MessageId::generate(at)).collect();
                Some(EventKind::Notified { path, people, messages })
            }
            Effect::Alarm(notice) => {
                self.tell(world, &notice);
                None
            }
            Effect::Begin { path } => Some(EventKind::AttemptBegan { path }),
            Effect::Call(call) => {
                self.call(script, &call);
                None
            }
            Effect::PlaceHold(hold) => {
                world.place(*hold);
                None
            }
            Effect::LiftHold { hold, reason: _ } => {
                world.lift(&self.run.agent.id, hold);
                None
            }
            Effect::StartChild { path, .. } => Some(self.start_child(path)),
            // The other playbook is not rehearsed, so there is nothing to stop.
            Effect::StopChild { .. } => None,
            Effect::Regressed { path, detail } => {
                let (_, notice) = words::regressed(&self.run, &path, &detail);
                self.tell(world, &notice);
                self.regressed.push(path);
                None
            }
        }
    }

    /// The other playbook is not rehearsed here: its run completes at once, and has contained nothing.
    fn start_child(&mut self, path: StepPath) -> EventKind {
        let (at, run) = (self.at, RunId::generate(self.at));
        let outcome = Outcome::Completed;
        let kind = EventKind::ChildEnded { path: path.clone(), run, outcome, verdict: None, contained_at: None };
        self.pending.push(Pending { at, kind });
        EventKind::ChildStarted { path, run }
    }

    fn ask_people(&mut self, approval: ApprovalId, people: BTreeSet<PersonId>) {
        let Some(approval) = self.run.approvals.get(&approval) else { return };
        let (path, ask) = (approval.path.clone(), approval.ask.clone());
        self.sent.extend(people.into_iter().map(|to| Sent {
            at: self.at,
            to,
            kind: SentKind::Request(path.clone()),
            subject: ask.clone(),
            text: ask.clone(),
        }));
    }

    fn tell(&mut self, world: &World, notice: &Notice) -> BTreeSet<PersonId> {
        let people = world.inventory.directory().resolve(&notice.to, self.run.agent.owner.as_ref());
        self.sent.extend(people.iter().map(|to| Sent {
            at: self.at,
            to: to.clone(),
            kind: SentKind::Notice,
            subject: notice.subject.clone(),
            text: notice.text.clone(),
        }));
        people
    }

    fn call(&mut self, script: &mut Script, call: &Call) {
        let reply = script.reply(self.playbook, call, self.at);
        let at = self.at.saturating_add(reply.after).unwrap_or(Timestamp::MAX);
        let kind = match reply.result {
            Some(result) => event_of(call, result),
            None => EventKind::AttemptLost { path: call.path.clone() },
        };
        self.pending.push(Pending { at, kind });
    }
}
