//! Runs that steps start are born in commits of their own, a few at a time, and a family of runs is bounded: otherwise
//! playbooks that go through lists and run each other could make a million runs in one commit, and hold up every alert
//! beside them.
//!
//! A step that wants a run is committed as one that has begun and waits for an answer. The answer, whether that run
//! begins, is committed together with the run itself; so if the process dies between the two commits, the next look at
//! the parent finds the step as it stands and answers it. Nothing here knows what the other playbook does.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::inheritance::first_of;
use crate::domain::lineage::FAMILY_RUNS_MAX;
use crate::domain::{Event, EventKind, Run, RunId};
use crate::machine::{IllegalTransition, Wanted};
use crate::playbook::Playbook;
use crate::store::{ClaimedRun, Claims, Commit, CommitError, ReadError, ReadModel, RunLog};

use super::Engine;
use super::draft::Draft;
use super::submit::{Hands, SubmitError};
use super::words;

/// How many runs one commit starts.
const BIRTHS_MAX: usize = 32;
/// How often a lost race is decided again.
const CONFLICTS_MAX: u32 = 3;
/// How many runs of an incident are looked at to count a family.
const LOOKED_AT_MAX: u32 = 10_000;

impl Engine {
    /// Starts what steps of a run wait for, in a task of its own; what fails is found by the next look at the run.
    pub(super) fn bear(&self, parent: RunId) {
        let engine = self.clone();
        self.inner.supervisor.spawn("children", async move {
            match engine.start_children(parent).await {
                Ok(_) | Err(SubmitError::NotOurs(_) | SubmitError::Quarantined { .. }) => {}
                Err(error) => {
                    tracing::warn!(run.id = %parent, %error, "runs that a run starts could not begin yet; trying again later");
                }
            }
        });
    }

    /// Starts what steps of a run wait for; whether any step was answered.
    pub(super) async fn start_children(&self, parent: RunId) -> Result<bool, SubmitError> {
        let (mut any, mut conflicts) = (false, 0);
        loop {
            match self.start_some(parent).await {
                Ok(true) => any = true,
                Ok(false) => return Ok(any),
                Err(SubmitError::Commit(CommitError::Conflict(_))) if conflicts < CONFLICTS_MAX => {
                    conflicts += 1;
                    tokio::time::sleep(Duration::from_millis(u64::from(conflicts))).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Answers as many steps as one commit takes; whether there were any.
    async fn start_some(&self, id: RunId) -> Result<bool, SubmitError> {
        let _lock = self.inner.locks.lock(&id).await;
        drop(self.inner.known.take(id));
        let Some(ClaimedRun { run, claim }) = self.inner.store.claimed_run(id).await? else {
            return Err(SubmitError::NoSuchRun(id));
        };
        let playbook = self.inner.library.of_run(&self.inner.store, &run).await?;
        let wanted = wanted(&playbook, &run, self.clock().now())?;
        if wanted.is_empty() {
            return Ok(false);
        }
        let epoch = self.standing_to(id, &claim, &EventKind::Ticked, &Hands::default())?;
        let first = first_of(&run);
        let _family = self.inner.family_turns.lock(&first).await;
        let mut room = FAMILY_RUNS_MAX.saturating_sub(self.family_size(first, &run).await?);
        let mut draft: Option<Draft> = None;
        let mut refused_for_room = 0_usize;
        for wanted in wanted {
            let parent = draft.as_ref().map_or(&run, |draft| &draft.run).clone();
            let path = wanted.path.clone();
            let child = if room == 0 {
                refused_for_room += 1;
                Err(words::no_room())
            } else {
                self.draft_child(&playbook, &parent, wanted, self.clock().now()).await?
            };
            let (kind, child) = match child {
                Ok(child) => (EventKind::ChildStarted { path, run: child.run.id }, Some(child)),
                Err(reason) => (EventKind::ChildRefused { path, reason }, None),
            };
            let event = Event::by_system(self.clock().now(), kind);
            match &mut draft {
                None => {
                    draft = Some(self.draft_event(&playbook, run.clone(), event, &mut BTreeMap::new(), epoch)?);
                }
                Some(draft) => match self.tell_again(draft, event).await {
                    Ok(()) => {}
                    // An earlier answer ended what this one is for.
                    Err(SubmitError::Illegal(
                        IllegalTransition::Finished { .. } | IllegalTransition::WrongState { .. },
                    )) => continue,
                    Err(error) => return Err(error),
                },
            }
            if let (Some(draft), Some(child)) = (&mut draft, child) {
                draft.children.push(child);
                room -= 1;
            }
        }
        let Some(mut draft) = draft else { return Ok(false) };
        let full = (first, draft.run.playbook.clone());
        if refused_for_room > 0 && !self.inner.full_families.contains_key(&full) {
            self.tell_of_a_full_family(&playbook, &mut draft, refused_for_room);
        }
        draft.claim = Some(claim);
        let born: Vec<RunId> = draft.children.iter().map(|child| child.run.id).collect();
        self.write_drafts(Commit::default(), vec![draft]).await?;
        for child in born {
            self.inner.families.insert(child, first);
        }
        if refused_for_room > 0 {
            self.inner.full_families.insert(full, ());
        }
        Ok(true)
    }

    /// How many runs a family has, those that are over included.
    async fn family_size(&self, first: RunId, run: &Run) -> Result<usize, ReadError> {
        let mut size = 1;
        for summary in self.inner.store.runs(Some(run.incident), LOOKED_AT_MAX).await? {
            if summary.id != first && self.family_of(summary.id).await? == Some(first) {
                size += 1;
            }
        }
        Ok(size)
    }

    /// The first run of the family that a run belongs to; a run that can't be read belongs to none.
    pub(super) async fn family_of(&self, id: RunId) -> Result<Option<RunId>, ReadError> {
        if let Some(first) = self.inner.families.get(&id) {
            return Ok(Some(first));
        }
        match self.inner.store.run(id).await {
            Ok(Some(run)) => {
                let first = first_of(&run);
                self.inner.families.insert(id, first);
                Ok(Some(first))
            }
            Ok(None) => Ok(None),
            Err(error @ ReadError::Damaged { .. }) => {
                tracing::error!(run.id = %id, %error, "nobody can say which run led to this one");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Whoever answers for the playbook hears that some of what it starts was not started: once a family and playbook, as
    /// long as this process remembers, because what fills a family is refused again and again.
    fn tell_of_a_full_family(&self, playbook: &Playbook, draft: &mut Draft, refused: usize) {
        let notice = words::full_family(&draft.run, playbook, refused);
        self.alarm(draft, &notice, self.clock().now());
    }
}

/// What steps of a run wait to start, as much as one commit takes.
fn wanted(playbook: &Playbook, run: &Run, at: jiff::Timestamp) -> Result<Vec<Wanted>, IllegalTransition> {
    let mut wanted = crate::machine::wanted(playbook, run, at)?;
    wanted.truncate(BIRTHS_MAX);
    Ok(wanted)
}
