//! Holds in memory, as the gate and the pages need them, and those that people place by hand. How people lift holds stands beside (`lift`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::domain::approval::ApprovalStatus;
use crate::domain::{
    Actor, AgentId, ApprovalId, Hold, HoldCause, HoldId, HoldLevel, MessageKind, PersonId, Run, RunId, Standing,
    StepPath,
};
use crate::store::{Agents, Commit, CommitError, Guard, ReadError, Row, RunLog, Writer};

use super::draft::hold_event;
use super::gate::Known;
use super::submit::broken_off;
use super::{Engine, SystemAlert, words};

/// All holds that stand.
pub(super) struct Book {
    page: Mutex<Page>,
}

struct Page {
    holds: BTreeMap<HoldId, Hold>,
    /// How often this replica changed them.
    changes: u64,
}

impl Book {
    pub fn new(holds: Vec<Hold>) -> Self {
        for hold in holds.iter().filter(|hold| hold.cause == HoldCause::Unreadable) {
            tracing::error!(agent.id = %hold.agent, hold.id = %hold.id, reason = hold.reason, "a damaged hold stands");
        }
        Self { page: Mutex::new(Page { holds: by_id(holds), changes: 0 }) }
    }

    pub fn get(&self, id: HoldId) -> Option<Hold> {
        self.page().holds.get(&id).cloned()
    }

    pub fn change(&self, placed: Vec<Hold>, lifted: &[HoldId]) {
        let mut page = self.page();
        page.changes += 1;
        page.holds.extend(by_id(placed));
        for id in lifted {
            page.holds.remove(id);
        }
    }

    /// How often this replica changed them, to be given to [`Book::replace`].
    pub fn changes(&self) -> u64 {
        self.page().changes
    }

    /// Puts in what was read from the store, unless this replica changed something since `seen`.
    pub fn replace(&self, seen: u64, holds: Vec<Hold>) -> bool {
        let mut page = self.page();
        let unchanged = page.changes == seen;
        if unchanged {
            page.holds = by_id(holds);
        }
        unchanged
    }

    pub fn on(&self, agent: &AgentId) -> Vec<Hold> {
        self.page().holds.values().filter(|hold| hold.agent == *agent).cloned().collect()
    }

    pub fn all(&self) -> Vec<Hold> {
        self.page().holds.values().cloned().collect()
    }

    fn page(&self) -> MutexGuard<'_, Page> {
        self.page.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn by_id(holds: Vec<Hold>) -> BTreeMap<HoldId, Hold> {
    holds.into_iter().map(|hold| (hold.id, hold)).collect()
}

/// What a person asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldRequest {
    /// The agent.
    pub agent: AgentId,
    /// How much is taken from it.
    pub level: HoldLevel,
    /// Why.
    pub reason: String,
    /// When somebody is asked about it.
    pub until: Option<Timestamp>,
    /// Who asks for it.
    pub by: Actor,
}

/// Why a hold was not placed or lifted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum HoldError {
    /// The inventory has no such agent.
    #[error("failed to find agent {0}: the inventory does not have it; see `standdown agents list`")]
    NoSuchAgent(AgentId),
    /// Nothing holds the agent.
    #[error("failed to resume {0}: nothing holds it")]
    NotHeld(AgentId),
    /// A reason is missing.
    #[error("failed to change a hold: a reason must be given")]
    ReasonMissing,
    /// People are being asked about it, and whoever wants to lift it may not decide that.
    #[error(
        "failed to resume {agent}: {run} holds it, and request {approval} decides; vote there (asked: {}){}",
        names(asked), together(*.needed)
    )]
    AwaitsDecision {
        /// The agent.
        agent: AgentId,
        /// The run that holds it.
        run: RunId,
        /// The request.
        approval: ApprovalId,
        /// Who is asked.
        asked: BTreeSet<PersonId>,
        /// How many must say yes.
        needed: u32,
    },
    /// What holds it could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It could not be written.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

fn names(people: &BTreeSet<PersonId>) -> String {
    people.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// What to add where one voice does not decide.
fn together(needed: u32) -> String {
    if needed > 1 { format!("; it takes {needed} people") } else { String::new() }
}

impl Engine {
    /// The holds on an agent.
    #[must_use]
    pub fn holds_on(&self, agent: &AgentId) -> Vec<Hold> {
        self.inner.holds.on(agent)
    }

    /// What an agent may do now.
    #[must_use]
    pub fn standing(&self, agent: &AgentId) -> Standing {
        Standing::of(&self.holds_on(agent))
    }

    /// Places a hold for a person.
    pub async fn place_hold(&self, request: HoldRequest) -> Result<Hold, HoldError> {
        if request.reason.trim().is_empty() {
            return Err(HoldError::ReasonMissing);
        }
        if self.inventory().agent(&request.agent).is_none() {
            return Err(HoldError::NoSuchAgent(request.agent));
        }
        let at = self.clock().now();
        let hold = Hold {
            id: HoldId::generate(at),
            agent: request.agent,
            level: request.level,
            cause: HoldCause::Person,
            reason: request.reason,
            until: request.until,
            ask_at_end: request.until.is_some(),
            by: request.by.clone(),
            placed_at: at,
        };
        let rows = vec![Row::Hold(Box::new(hold.clone())), hold_event(&hold, "hold_placed", at, request.by)];
        self.commit_holds(Commit { guards: Vec::new(), rows }, vec![hold.clone()]).await?;
        Ok(hold)
    }

    /// Commits, and lets the gate follow even if the caller goes away.
    async fn commit_holds(&self, commit: Commit, placed: Vec<Hold>) -> Result<(), CommitError> {
        let engine = self.clone();
        let work = async move {
            engine.inner.store.commit(commit).await?;
            engine.inner.holds.change(placed, &[]);
            engine.refresh_gate();
            Ok(())
        };
        self.inner.supervisor.finish("holds", work).await.unwrap_or_else(|| Err(broken_off()))
    }

    /// Swaps the gate's map for the holds and the inventory as they are now. One at a time: a map that was made before
    /// another hold was placed must not be put in over the one that has it.
    pub(super) fn refresh_gate(&self) {
        let _turn = self.inner.refreshing.lock().unwrap_or_else(PoisonError::into_inner);
        let known = Known::of(self.inventory().agents());
        self.inner.gate.swap(known, self.inner.holds.all().iter());
    }

    /// Asks people about holds whose planned time is over; whether something went wrong. The holds stay.
    pub async fn ask_about_ended_holds(&self) -> bool {
        let now = self.clock().now();
        if !self.inner.holds.all().iter().any(|hold| hold.until.is_some_and(|until| until <= now)) {
            return false;
        }
        let ended = match self.inner.store.holds_ended(now).await {
            Ok(ended) => ended,
            Err(error) => {
                tracing::error!(%error, "holds could not be read");
                return true;
            }
        };
        let mut fault = false;
        for hold in ended {
            if let Err(error) = self.ask_about_ended_hold(&hold, now).await {
                tracing::error!(agent.id = %hold.agent, %error, "nobody could be asked about a hold whose time is over");
                fault = true;
            }
        }
        fault
    }

    async fn ask_about_ended_hold(&self, hold: &Hold, now: Timestamp) -> Result<(), EndError> {
        if self.is_absorbed(hold).await? {
            // Looked at again later: people may leave that question unanswered.
            return Ok(());
        }
        let mut rows = vec![Row::HoldEndHandled { hold: hold.id }];
        let mut own = None;
        if hold.ask_at_end {
            let agent = self.inventory().agent(&hold.agent);
            let owner = agent.as_ref().and_then(|agent| agent.owner.clone());
            let notice = words::hold_ended(hold);
            let people = self.inventory().directory().resolve(&notice.to, owner.as_ref());
            let kind = MessageKind::Notice { subject: notice.subject, text: notice.text };
            let messages = self.messages(&people, &kind, None, now);
            rows.extend(messages.into_iter().map(|message| Row::Message(Box::new(message))));
            rows.push(hold_event(hold, "hold_end_reached", now, Actor::System));
            let alert = SystemAlert::hold_ended(hold, now);
            rows.push(alert.row());
            own = Some(alert);
        }
        let guards = vec![Guard::HoldEndOpen { hold: hold.id }];
        match self.inner.store.commit(Commit { guards, rows }).await {
            // Somebody lifted it meanwhile, or another replica asks: there is nothing left to ask about.
            Err(CommitError::Conflict(_)) => return Ok(()),
            result => result?,
        }
        self.inner.posted.notify_one();
        if let Some(alert) = own {
            self.inner.system_alerts.send(alert).unwrap_or_default();
        }
        Ok(())
    }

    /// People who are being asked about the release of this very hold need no second question.
    async fn is_absorbed(&self, hold: &Hold) -> Result<bool, ReadError> {
        let HoldCause::Run { run, path } = &hold.cause else { return Ok(false) };
        let Some(run) = self.inner.store.run(*run).await? else { return Ok(false) };
        Ok(asks_about(&run, path))
    }
}

/// Whether a request of the run, which is open, would undo this step.
#[must_use]
pub fn asks_about(run: &Run, path: &StepPath) -> bool {
    let mut pending = run.approvals.values().filter(|approval| approval.status == ApprovalStatus::Pending);
    pending.any(|approval| approval.would_undo(path))
}

/// Why nobody was asked.
#[derive(Debug, thiserror::Error)]
enum EndError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Commit(#[from] CommitError),
}
