//! Runs that runs start. A child begins in the commit in which its parent's step starts to wait for it (`births` says
//! when that is), and is stopped in the commit in which its parent ends. That a child is over is told to its parent after
//! the child's commit; if the process dies between the two, the parent's next look finds it.
//!
//! A child runs in the version that served when the first run of its family began, whatever stands on disk by now: a run
//! finishes on the text that it started with, and what people approved is what is done.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::lineage::{DEPTH_MAX, Lineage, SharedBudget};
use crate::domain::{Agent, AgentId, Event, EventKind, Mode, PlaybookName, Run, RunId, RunStatus, StepState, Waiting};
use crate::machine::Wanted;
use crate::playbook::{Budget, Playbook};
use crate::store::{Claims, ReadError};

use super::draft::Draft;
use super::start::Started;
use super::submit::SubmitError;
use super::{Engine, Inventory};

/// The playbooks that a run's containments count for, each with its limit: that of the first run of its family, those of
/// the runs between, and its own.
pub(super) fn budgets_of(run: &Run, playbook: &Playbook) -> Vec<(PlaybookName, Option<Budget>)> {
    let above = run.lineage.iter().flat_map(|lineage| std::iter::once(&lineage.budget).chain(&lineage.nearer));
    let mut budgets: Vec<(PlaybookName, Option<Budget>)> = above
        .map(|shared| {
            let limit = shared.contain.zip(shared.per).map(|(contain, per)| Budget { contain, per });
            (shared.playbook.clone(), limit)
        })
        .collect();
    // A playbook that stands in its family twice counts once, as the version that came first says.
    if budgets.iter().all(|(name, _)| *name != run.playbook) {
        budgets.push((run.playbook.clone(), playbook.budget));
    }
    budgets
}

/// Why no run begins of a playbook that does not serve.
#[must_use]
pub fn not_serving(name: &PlaybookName) -> String {
    format!("no playbook `{name}` serves; see `standdown playbooks list`")
}

/// The first event of the run that a step of `parent` asks for, or why it can't begin. `playbook` is the parent's,
/// `theirs` the one that it asks for, and `mode` says whether the run acts.
pub fn first_event_of_child(
    parent: &Run,
    playbook: &Playbook,
    wanted: Wanted,
    theirs: &Playbook,
    inventory: &Inventory,
    mode: Mode,
    at: Timestamp,
) -> Result<Event, String> {
    let depth = parent.lineage.as_ref().map_or(1, |lineage| lineage.depth);
    if depth >= DEPTH_MAX {
        return Err(format!("runs start each other at most {DEPTH_MAX} deep"));
    }
    let agent = agent_of_child(parent, inventory, &wanted.agent)?;
    let mut budgets = budgets_of(parent, playbook).into_iter().map(|(playbook, limit)| SharedBudget {
        playbook,
        contain: limit.map(|limit| limit.contain),
        per: limit.map(|limit| limit.per),
    });
    // There always is one: that of the parent itself.
    let budget = budgets.next().unwrap_or_else(|| SharedBudget::unlimited(parent.playbook.clone()));
    let lineage = Lineage {
        parent: parent.id,
        path: wanted.path,
        generation: wanted.generation,
        depth: depth + 1,
        first: parent.lineage.as_ref().map(Lineage::first),
        sources: parent.sources.clone(),
        budget,
        nearer: budgets.collect(),
    };
    let kind = EventKind::RunStarted {
        run: RunId::generate(at),
        incident: parent.incident,
        digest: theirs.digest,
        mode,
        agent,
        alert: Arc::clone(&parent.alert),
        inherits: Vec::new(),
        lineage: Some(lineage),
        versions: BTreeMap::new(),
    };
    // Whoever started the family stays who they are: they never vote in any run of it.
    Ok(Event { at, actor: parent.started_by.clone(), kind })
}

/// An agent by the id that a step renders; nothing acts on a name that the inventory does not have.
fn agent_of_child(parent: &Run, inventory: &Inventory, id: &str) -> Result<Arc<Agent>, String> {
    let known = AgentId::parse(id).ok().and_then(|id| inventory.agent(&id));
    match known {
        Some(agent) => Ok(agent),
        None if parent.agent.id.as_str() == id => Ok(Arc::clone(&parent.agent)),
        None => Err(format!("the inventory has no agent `{}`", crate::machine::notice::one_line(id))),
    }
}

impl Engine {
    /// Drafts the run that a step of another starts, or says why it can't begin.
    pub(super) async fn draft_child(
        &self,
        playbook: &Playbook,
        parent: &Run,
        wanted: Wanted,
        at: Timestamp,
    ) -> Result<Result<Draft, String>, ReadError> {
        let (theirs, mut first) = match self.first_event_of_child(playbook, parent, wanted, at) {
            Ok(found) => found,
            Err(reason) => return Ok(Err(reason)),
        };
        if let EventKind::RunStarted { agent, inherits, .. } = &mut first.kind {
            *inherits = self.inheritance_of_child(parent, &theirs.name, &agent.id).await?;
        }
        let draft = match self.draft_start(&theirs, first) {
            Ok(draft) => draft,
            Err(error) => return Ok(Err(error.to_string())),
        };
        // One that the store refuses would take those that begin beside it with it, now and at every further look.
        let fitting = Started::new(draft).fitting(true);
        Ok(fitting.map(Started::into_draft).map_err(|error| error.to_string()))
    }

    fn first_event_of_child(
        &self,
        playbook: &Playbook,
        parent: &Run,
        wanted: Wanted,
        at: Timestamp,
    ) -> Result<(Arc<Playbook>, Event), String> {
        let library = &self.inner.library;
        let missing = || format!("no playbook `{}` served when this run began", wanted.playbook);
        let version = parent.versions.get(&wanted.playbook).ok_or_else(missing)?;
        let unusable = || format!("version {} of `{}` can't be used; see the log", version.prefix(), wanted.playbook);
        let theirs = library.remembered(version).ok_or_else(unusable)?;
        let observes = parent.mode == Mode::Observe || theirs.mode == Mode::Observe;
        let mode = if observes { Mode::Observe } else { Mode::Enforce };
        let mut event = first_event_of_child(parent, playbook, wanted, &theirs, &self.inventory(), mode, at)?;
        if let EventKind::RunStarted { versions, .. } = &mut event.kind {
            *versions = library.versions_within(&theirs, &parent.versions);
        }
        Ok((theirs, event))
    }

    /// Adds the end of the runs that end with a draft. One that can't be used is left to its own end, and said so; where
    /// nothing can be read at the moment, nothing is decided either.
    pub(super) async fn add_stopped(&self, draft: &mut Draft) -> Result<(), SubmitError> {
        let mut stops = std::mem::take(&mut draft.stops);
        while let Some((id, reason)) = stops.pop() {
            let event = Event::by_system(self.clock().now(), EventKind::RunCancelled { reason });
            if let Some(child) = draft.children.iter_mut().find(|child| child.run.id == id) {
                if !child.run.status.is_finished() {
                    self.tell_again(child, event).await?;
                    stops.append(&mut child.stops);
                }
                continue;
            }
            match self.draft_stopped(id, event).await {
                Ok(Some(mut child)) => {
                    stops.append(&mut child.stops);
                    draft.children.push(child);
                }
                Ok(None) => {}
                Err(error) if error.unread().is_some() => return Err(error),
                Err(error) => {
                    tracing::error!(run.id = %id, %error, "a run could not be stopped with the one that started it");
                }
            }
        }
        Ok(())
    }

    async fn draft_stopped(&self, id: RunId, event: Event) -> Result<Option<Draft>, SubmitError> {
        let Some(stored) = self.inner.store.claimed_run(id).await? else { return Ok(None) };
        if stored.run.status.is_finished() {
            return Ok(None);
        }
        if let Some(reason) = stored.claim.quarantined {
            return Err(SubmitError::Quarantined { run: id, reason });
        }
        let playbook = self.inner.library.of_run(&self.inner.store, &stored.run).await?;
        Ok(Some(self.draft_event(&playbook, stored.run, event, &mut BTreeMap::new(), None)?))
    }

    /// Tells the run that started this one that it is over, once its own end is on disk.
    pub(super) fn tell_parent(&self, run: &Run) {
        let Some((parent, kind)) = ended(run) else { return };
        let engine = self.clone();
        self.inner.supervisor.spawn("child-ended", async move {
            engine.submit_child_ended(parent, kind).await;
        });
    }

    async fn submit_child_ended(&self, parent: RunId, kind: EventKind) {
        match self.submit(parent, Event::by_system(self.clock().now(), kind)).await {
            // It has been told before, or does not wait any more.
            Ok(_) | Err(SubmitError::Illegal(_)) => {}
            Err(error) => {
                tracing::warn!(run.id = %parent, %error, "a run was not told of its child yet; trying again later");
            }
        }
    }

    /// Looks whether runs that this one waits for are over, and tells it so; whether any was.
    pub(super) async fn look_at_children(&self, run: &Run) -> Result<bool, SubmitError> {
        let mut told = false;
        for record in run.steps.values() {
            let StepState::Waiting(Waiting::Run { run: child, .. }) = record.state else { continue };
            let stored = self.inner.store.claimed_run(child).await?;
            if let Some((parent, kind)) = stored.and_then(|stored| ended(&stored.run)) {
                self.submit_child_ended(parent, kind).await;
                told = true;
            }
        }
        Ok(told)
    }
}

/// What the parent of a run that is over is told.
#[must_use]
pub fn ended(run: &Run) -> Option<(RunId, EventKind)> {
    let (lineage, RunStatus::Finished(outcome)) = (run.lineage.as_ref()?, &run.status) else { return None };
    let path = lineage.path.clone();
    let (verdict, contained_at) = run.containment().unzip();
    let contained_at = contained_at.flatten();
    let (outcome, unanswered) = (*outcome, run.unanswered());
    let kind = EventKind::ChildEnded { path, run: run.id, outcome, verdict, contained_at, unanswered };
    Some((lineage.parent, kind))
}
