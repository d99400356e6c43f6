//! What must happen because of a transition. The engine is the only performer of effects.
//!
//! Some effects are questions (`Authorize`, `Ask`, `Notify`, `Begin`): the engine answers them with an event in the same
//! commit. Some are rows of that commit (`PlaceHold`, `LiftHold`, `Alarm`). Only `Call` leaves the process, after it.

use std::collections::BTreeSet;

use crate::domain::{
    ApprovalCause, ApprovalId, Hold, HoldId, Impact, PersonId, PlaybookName, Principal, RunId, StepPath,
};
use crate::playbook::Threshold;

use super::call::Call;

/// Who may decide, before it is known which people that are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Who may vote.
    pub approvers: Vec<Principal>,
    /// Who may not.
    pub exclude: Vec<Principal>,
    /// A person who may not, because they triggered the run.
    pub exclude_person: Option<PersonId>,
    /// How many of whom decide; empty: any one of the approvers.
    pub thresholds: Vec<Threshold>,
}

/// Something to tell people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Who.
    pub to: Vec<Principal>,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
}

/// What must happen.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Ask whether a step may act: answered by `StepAuthorized`.
    Authorize {
        /// The step.
        path: StepPath,
        /// How strong it is.
        impact: Impact,
        /// Whether people have approved it already: then only the facts are wanted.
        approved: bool,
    },
    /// Find out whom to ask: answered by `ApprovalAsked`.
    Ask {
        /// The step that asks.
        path: StepPath,
        /// Why.
        cause: ApprovalCause,
        /// Who may decide.
        asked: Asked,
    },
    /// A request stands: its people get a message each.
    AskPeople {
        /// The request.
        approval: ApprovalId,
        /// Whom.
        people: BTreeSet<PersonId>,
    },
    /// Tell people: answered by `Notified`.
    Notify {
        /// The step.
        path: StepPath,
        /// What and to whom.
        notice: Notice,
    },
    /// Tell people of something that only a person can mend; nothing waits for it.
    Alarm(Notice),
    /// An attempt may begin: answered by `AttemptBegan` as soon as a worker is free.
    Begin {
        /// The step.
        path: StepPath,
    },
    /// Call something outside, once this is committed.
    Call(Box<Call>),
    /// A hold is placed.
    PlaceHold(Box<Hold>),
    /// A hold of this run is lifted.
    LiftHold {
        /// The hold.
        hold: HoldId,
        /// Why.
        reason: String,
    },
    /// A run of another playbook is to begin: answered by `ChildStarted` or `ChildRefused`, in the commit in which that
    /// run begins, which may be a later one.
    StartChild {
        /// The step that starts it.
        path: StepPath,
        /// Which time the step is done.
        generation: u32,
        /// The playbook.
        playbook: PlaybookName,
        /// The id of the agent, as the step renders it.
        agent: String,
    },
    /// A run that a step started ends with this one.
    StopChild {
        /// That run.
        run: RunId,
        /// Why.
        reason: String,
    },
    /// Something contained was found undone: a new alert from the source `system`.
    Regressed {
        /// The step.
        path: StepPath,
        /// What was seen.
        detail: String,
    },
}
