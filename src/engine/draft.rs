//! A change to one run before it is committed: the machine's answers to the first event and to all that follow from it.

use std::collections::BTreeMap;

use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;

use crate::domain::{Approval, ApprovalId, Attempt, Bundle, Event, Hold, HoldId, Run, RunId, StepPath, StepState};
use crate::machine::{ANSWERS_MAX, Call, Driven, Effect, IllegalTransition, begin, drive, transition};
use crate::playbook::Playbook;
use crate::store::{Claim as StoredClaim, Guard, Row, Subject};

use super::budget::Place;
use super::bundles::Seat;
use super::facts::Facts;
use super::history::recorded;
use super::{Engine, SystemAlert};

/// A change to one run before it is committed.
pub(super) struct Draft {
    pub run: Run,
    /// The version that the store must still have.
    pub expected: u64,
    /// The epoch under which this replica performs for the run; `None` if it does not: then nothing begins.
    pub epoch: Option<u64>,
    pub events: Vec<Event>,
    /// Rows beside the run, its events and its approvals: messages, holds, budgets.
    pub rows: Vec<Row>,
    /// To be made once this is committed.
    pub calls: Vec<Call>,
    /// Workers that were free for steps of this run.
    pub permits: BTreeMap<StepPath, OwnedSemaphorePermit>,
    /// Steps that wait for a worker.
    pub waiting: Vec<StepPath>,
    pub placed: Vec<Hold>,
    pub lifted: Vec<HoldId>,
    pub alerts: Vec<SystemAlert>,
    /// Places in the budgets; given back unless this is committed.
    pub places: Vec<Place>,
    /// Places in bundles of requests; likewise.
    pub seats: Vec<Seat>,
    /// Runs that begin or end with it, in the same commit.
    pub children: Vec<Draft>,
    /// Runs that are to end with it, and why.
    pub stops: Vec<(RunId, String)>,
    /// Whether steps of it wait for runs that are to begin once this is committed.
    pub bears: bool,
    /// Whether the run was under way before.
    pub was_open: bool,
    /// Whether people get messages by it.
    pub posts: bool,
    /// The claim to the run as it was read, if the run may be remembered with it.
    pub claim: Option<StoredClaim>,
    before: BTreeMap<ApprovalId, Approval>,
}

impl Draft {
    /// Whether this replica has something to perform for the run once this is committed.
    pub fn goes_on(&self) -> bool {
        self.epoch.is_some() && !(self.calls.is_empty() && self.waiting.is_empty())
    }

    /// A worker whose step makes no call any more.
    pub fn spare_permit(&mut self) -> Option<OwnedSemaphorePermit> {
        let steps = &self.run.steps;
        let spare = |path: &&StepPath| !steps.get(path).is_some_and(|record| needs_worker(&record.state));
        let path = self.permits.keys().find(spare)?.clone();
        self.permits.remove(&path)
    }

    /// Takes the drafts of all runs that begin or end with this one out of it, whoever started them.
    pub fn take_children(&mut self) -> Vec<Self> {
        let mut open = std::mem::take(&mut self.children);
        let mut taken = Vec::with_capacity(open.len());
        while let Some(mut child) = open.pop() {
            open.append(&mut child.children);
            taken.push(child);
        }
        taken
    }

    /// The requests of bundles that this changes.
    pub fn bundled(&self) -> impl Iterator<Item = (&Bundle, &Approval)> {
        let changed = self.run.approvals.values().filter(|approval| self.before.get(&approval.id) != Some(*approval));
        changed.filter_map(|approval| Some((approval.bundle.as_ref()?, approval)))
    }

    /// The guards and rows of the commit. They are taken out: a draft is committed once.
    pub fn commit_parts(&mut self) -> (Vec<Guard>, Vec<Row>) {
        let mut guards = vec![Guard::RunVersion { run: self.run.id, expected: self.expected }];
        // A run that is new in this commit is owned by whoever commits it.
        let epoch = self.epoch.filter(|_| self.expected > 0);
        guards.extend(epoch.map(|epoch| Guard::Claim { run: self.run.id, epoch }));
        let mut rows = vec![Row::Run(Box::new(self.run.clone()))];
        rows.extend(self.events.iter().map(|event| Row::Event {
            subject: Subject::Run(self.run.id),
            at: event.at,
            actor: event.actor.clone(),
            kind: event.kind.as_str(),
            body: recorded(&event.kind),
        }));
        let changed = self.run.approvals.values().filter(|approval| self.before.get(&approval.id) != Some(*approval));
        rows.extend(changed.map(|approval| Row::Approval {
            run: self.run.id,
            agent: self.run.agent.id.clone(),
            approval: Box::new(approval.clone()),
        }));
        rows.append(&mut self.rows);
        (guards, rows)
    }
}

impl Engine {
    /// The draft of a run's first event.
    pub(super) fn draft_start(&self, playbook: &Playbook, first: Event) -> Result<Draft, IllegalTransition> {
        let (run, effects) = begin(playbook, &first)?;
        let epoch = self.is_acting().then_some(1);
        let mut draft = empty(run, 0, epoch, BTreeMap::new(), BTreeMap::new());
        let owner = Some(self.inner.store.replica());
        draft.claim = Some(StoredClaim { owner, epoch: 1, takeovers: 0, quarantined: None });
        self.drive(playbook, &mut draft, first, effects)?;
        Ok(draft)
    }

    /// The draft of an event of a stored run. `permits` are workers that the caller holds already, and keeps if there is no
    /// draft; `epoch` is the one under which this replica performs for the run, if it does.
    pub(super) fn draft_event(
        &self,
        playbook: &Playbook,
        run: Run,
        event: Event,
        permits: &mut BTreeMap<StepPath, OwnedSemaphorePermit>,
        epoch: Option<u64>,
    ) -> Result<Draft, IllegalTransition> {
        let (expected, before) = (run.version, run.approvals.clone());
        let was_open = !run.status.is_finished();
        let (run, effects) = transition(playbook, run, &event)?;
        let mut draft = Draft { was_open, ..empty(run, expected, epoch, before, std::mem::take(permits)) };
        match self.drive(playbook, &mut draft, event, effects) {
            Ok(()) => Ok(draft),
            Err(error) => {
                *permits = std::mem::take(&mut draft.permits);
                Err(error)
            }
        }
    }

    /// Answers the machine's questions until it has none. The draft's run has taken `first` already.
    pub(super) fn drive(
        &self,
        playbook: &Playbook,
        draft: &mut Draft,
        first: Event,
        effects: Vec<Effect>,
    ) -> Result<(), IllegalTransition> {
        let at = first.at;
        draft.events.push(first);
        let mut facts = Facts { engine: self, playbook, draft, at };
        match drive(playbook, &mut facts, effects, at)? {
            Driven::Settled => {}
            Driven::CutOff => {
                tracing::error!(run.id = %draft.run.id, "one event led to more than {ANSWERS_MAX} others; the rest waits");
            }
        }
        Ok(())
    }
}

/// Whether a step is about to be, or is being, made by a worker. Looking for an effect needs none.
const fn needs_worker(state: &StepState) -> bool {
    matches!(
        state,
        StepState::Doing(attempt) | StepState::Undoing(attempt)
            if matches!(attempt, Attempt::Preparing { .. } | Attempt::Running { .. } | Attempt::Checking { .. })
    )
}

fn empty(
    run: Run,
    expected: u64,
    epoch: Option<u64>,
    before: BTreeMap<ApprovalId, Approval>,
    permits: BTreeMap<StepPath, OwnedSemaphorePermit>,
) -> Draft {
    Draft {
        run,
        expected,
        epoch,
        events: Vec::new(),
        rows: Vec::new(),
        calls: Vec::new(),
        permits,
        waiting: Vec::new(),
        placed: Vec::new(),
        lifted: Vec::new(),
        alerts: Vec::new(),
        places: Vec::new(),
        seats: Vec::new(),
        children: Vec::new(),
        stops: Vec::new(),
        bears: false,
        was_open: true,
        posts: false,
        claim: None,
        before,
    }
}

/// The fact of an agent's own history that a hold was placed or lifted.
pub(super) fn hold_event(hold: &Hold, kind: &'static str, at: jiff::Timestamp, by: crate::domain::Actor) -> Row {
    Row::Event { subject: Subject::Agent(hold.agent.clone()), at, actor: by, kind, body: json!(hold) }
}
