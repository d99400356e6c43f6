//! The loop in which somebody answers the machine's questions until it has none.
//!
//! It stands here once, so that a run goes the same way for the engine, for a rehearsal and for the machine's own tests.
//! Which facts there are, and what is done about an effect, whoever drives knows: the loop has no store, no clock and no
//! people. What an answer leads to comes before the questions after it, so that a step which a limit stops finds the
//! request that the step before it has just made.

use std::collections::{BTreeSet, VecDeque};

use jiff::Timestamp;

use crate::domain::approval::Quorum;
use crate::domain::event::Grant;
use crate::domain::{
    ApprovalCause, ApprovalId, Bundle, Event, EventKind, Hold, HoldId, Impact, MessageId, PersonId, PlaybookName, Run,
    RunId, StepPath,
};
use crate::playbook::Playbook;

use super::call::Call;
use super::effect::{Asked, Effect, Notice};
use super::error::IllegalTransition;
use super::transition::transition;

/// The most answers that one event may lead to; more would be a loop in the machine.
pub const ANSWERS_MAX: usize = 1_000;

/// The run that a step asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The step.
    pub path: StepPath,
    /// Which time the step is done.
    pub generation: u32,
    /// The playbook.
    pub playbook: PlaybookName,
    /// The id of the agent, as the step renders it.
    pub agent: String,
}

/// Whom a request asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Electorate {
    /// The request's id.
    pub approval: ApprovalId,
    /// Everybody who may vote.
    pub people: BTreeSet<PersonId>,
    /// Any one that is reached decides.
    pub quorums: Vec<Quorum>,
    /// The requests that it is decided with, if it is above a budget.
    pub bundle: Option<Bundle>,
}

/// Whoever holds a run while it is driven: the facts that the machine asks for, and what is done of what it wants.
pub trait Answers {
    /// The run as it is.
    fn run(&self) -> &Run;
    /// The run has taken an event, and is this now.
    fn took(&mut self, run: Run, event: Event);

    /// Whether a step of that impact may act; `approved` if people have said yes already.
    fn grant(&mut self, impact: Impact, approved: bool) -> Grant;
    /// Whom a request of a step asks, and with which others it is decided.
    fn electorate(&mut self, path: &StepPath, cause: ApprovalCause, asked: &Asked) -> Electorate;
    /// Tells people; who they are, and the messages.
    fn notify(&mut self, notice: Notice) -> (BTreeSet<PersonId>, Vec<MessageId>);
    /// Whether a worker is free for a step.
    fn has_worker(&mut self, path: &StepPath) -> bool;
    /// Starts the run of another playbook, or says why it can't begin; nothing if that is answered later, when
    /// [`due`](super::due) says again that the step waits for it.
    fn start_child(&mut self, wanted: Wanted) -> Option<Result<RunId, String>>;

    /// A request stands: its people are to be asked.
    fn ask(&mut self, approval: ApprovalId, people: BTreeSet<PersonId>);
    /// People are to be told of something that only a person can mend.
    fn alarm(&mut self, notice: Notice);
    /// Something outside is to be called.
    fn call(&mut self, call: Call);
    /// A hold is placed.
    fn place(&mut self, hold: Box<Hold>);
    /// A hold of the run is lifted.
    fn lift(&mut self, hold: HoldId, reason: String);
    /// A run that a step started ends with this one.
    fn stop_child(&mut self, run: RunId, reason: String);
    /// Something contained was found undone.
    fn regressed(&mut self, path: StepPath, detail: String);
}

/// How driving a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Driven {
    /// The machine has no more questions.
    Settled,
    /// It had more than [`ANSWERS_MAX`]; the rest was not answered.
    CutOff,
}

/// Answers the machine's questions until it has none. The run has taken the event already that these effects are of.
pub fn drive<A: Answers>(
    playbook: &Playbook,
    answers: &mut A,
    effects: Vec<Effect>,
    at: Timestamp,
) -> Result<Driven, IllegalTransition> {
    let mut open = VecDeque::from(effects);
    let mut answered = 0;
    while let Some(effect) = open.pop_front() {
        let Some(kind) = answer(answers, effect) else { continue };
        if answered >= ANSWERS_MAX {
            return Ok(Driven::CutOff);
        }
        answered += 1;
        let event = Event::by_system(at, kind);
        let (run, effects) = match transition(playbook, answers.run().clone(), &event) {
            Ok(moved) => moved,
            // An earlier answer ended what this one is for: a failed step stopped the run, say. It is moot, not wrong.
            Err(IllegalTransition::Finished { .. } | IllegalTransition::WrongState { .. }) => continue,
            Err(error) => return Err(error),
        };
        answers.took(run, event);
        for effect in effects.into_iter().rev() {
            open.push_front(effect);
        }
    }
    Ok(Driven::Settled)
}

/// Does what an effect asks for, and answers it if it is a question.
fn answer<A: Answers>(answers: &mut A, effect: Effect) -> Option<EventKind> {
    match effect {
        Effect::Authorize { path, impact, approved } => {
            let grant = answers.grant(impact, approved);
            return Some(EventKind::StepAuthorized { path, grant });
        }
        Effect::Ask { path, asked, cause } => {
            let Electorate { approval, people, quorums, bundle } = answers.electorate(&path, cause, &asked);
            return Some(EventKind::ApprovalAsked { path, approval, people, quorums, bundle });
        }
        Effect::Notify { path, notice } => {
            let (people, messages) = answers.notify(notice);
            return Some(EventKind::Notified { path, people, messages });
        }
        Effect::Begin { path } => return answers.has_worker(&path).then_some(EventKind::AttemptBegan { path }),
        Effect::StartChild { path, generation, playbook, agent } => {
            let wanted = Wanted { path: path.clone(), generation, playbook, agent };
            return Some(match answers.start_child(wanted)? {
                Ok(run) => EventKind::ChildStarted { path, run },
                Err(reason) => EventKind::ChildRefused { path, reason },
            });
        }
        Effect::AskPeople { approval, people } => answers.ask(approval, people),
        Effect::Alarm(notice) => answers.alarm(notice),
        Effect::Call(call) => answers.call(*call),
        Effect::PlaceHold(hold) => answers.place(hold),
        Effect::LiftHold { hold, reason } => answers.lift(hold, reason),
        Effect::StopChild { run, reason } => answers.stop_child(run, reason),
        Effect::Regressed { path, detail } => answers.regressed(path, detail),
    }
    None
}
