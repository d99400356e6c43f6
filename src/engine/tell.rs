//! Events for runs under way that are committed together with what caused them: an alert joins a run, or a new run takes
//! the place of another. One commit over both, so that a crash between them can't leave one without the other.

use crate::domain::{Event, EventKind, MessageKind, Principal, Run, RunId, StepState, Waiting};
use crate::machine::transition;
use crate::store::{Claims, Commit, CommitError, Guard, RUN_STATE_BYTES_MAX, ReadError, Row, RunLog, state_bytes};

use super::Engine;
use super::draft::Draft;
use super::start::Started;
use super::submit::{Hands, SubmitError, broken_off};
use super::takeover::unusable;

/// What a run under way is told by the commit that also writes the cause.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The run; it may be one that begins in the same commit.
    pub run: RunId,
    /// What happened.
    pub kind: EventKind,
}

impl Engine {
    /// Commits what intake writes together with the runs that it starts and those that it tells of it, all or nothing;
    /// then the runs go on. What was begun is finished even if the caller goes away. A run that is over by now is a
    /// conflict: read again and decide again. One that nobody may touch is left out, and said so in the log; so is one that
    /// would grow too large to be kept, if that is measured (`measures`): then the commit was too large without it.
    pub async fn commit_telling(
        &self,
        commit: Commit,
        started: Vec<Started>,
        told: Vec<Told>,
        measures: bool,
    ) -> Result<Vec<Run>, CommitError> {
        let engine = self.clone();
        let work = async move { engine.commit_drafts(commit, started, told, measures).await };
        self.inner.supervisor.finish("commit", work).await.unwrap_or_else(|| Err(broken_off()))
    }

    async fn commit_drafts(
        &self,
        mut commit: Commit,
        started: Vec<Started>,
        told: Vec<Told>,
        measures: bool,
    ) -> Result<Vec<Run>, CommitError> {
        let count = started.len();
        let mut drafts: Vec<Draft> = started.into_iter().map(Started::into_draft).collect();
        let _locks = self.inner.locks.lock_all(told.iter().map(|told| &told.run)).await;
        let heard: Vec<Told> = told.clone();
        for told in told {
            self.tell(&mut drafts, told.clone()).await?;
            self.tell_children(&mut drafts, &heard, told).await?;
        }
        if measures {
            self.leave_out_too_large(&mut commit, &mut drafts, count).await;
        }
        self.end_with(&mut drafts).await?;
        self.check_left_behind(&drafts, &heard).await?;
        let mut runs = self.write_drafts(commit, drafts).await?;
        runs.truncate(count);
        Ok(runs)
    }

    /// That runs take over everything that those leave whose place they take. All that end stand in
    /// `drafts`, so that what one of them does from now on is a conflict; what it did until now is found here.
    async fn check_left_behind(&self, drafts: &[Draft], heard: &[Told]) -> Result<(), CommitError> {
        for told in heard {
            let EventKind::RunSuperseded { by } = told.kind else { continue };
            let Some(next) = drafts.iter().find(|draft| draft.run.id == by) else { continue };
            let leaves = self.leaves_behind(&next.run, told.run).await;
            if leaves.map_err(|error| CommitError::Unavailable(error.to_string()))? {
                tracing::debug!(run.id = %told.run, "a run did more since its successor was decided on");
                let version = drafts.iter().find(|draft| draft.run.id == told.run).map_or(0, |old| old.run.version);
                return Err(CommitError::Conflict(Guard::RunVersion { run: told.run, expected: version }));
            }
        }
        Ok(())
    }

    /// Adds the runs that end with those of some drafts.
    async fn end_with(&self, drafts: &mut Vec<Draft>) -> Result<(), CommitError> {
        let mut children = Vec::new();
        for draft in drafts.iter_mut() {
            if !draft.stops.is_empty() {
                Box::pin(self.add_stopped(draft)).await.map_err(not_stopped)?;
            }
            children.extend(draft.take_children());
        }
        drafts.extend(children);
        Ok(())
    }

    /// Commits drafts with the runs that begin or end with them, and lets everything follow; the runs in their order, then
    /// those others.
    pub(super) async fn write_drafts(
        &self,
        mut commit: Commit,
        mut drafts: Vec<Draft>,
    ) -> Result<Vec<Run>, CommitError> {
        self.end_with(&mut drafts).await?;
        for draft in &mut drafts {
            let (guards, rows) = draft.commit_parts();
            commit.guards.extend(guards);
            commit.rows.extend(rows);
        }
        let posts = commit.rows.iter().any(|row| matches!(row, Row::Message(_)));
        let claims: Vec<_> = drafts.iter().map(|draft| self.claims(draft, None)).collect();
        self.write(commit).await?;
        if posts {
            self.inner.posted.notify_one();
        }
        let mut runs = Vec::with_capacity(drafts.len());
        for (draft, claims) in drafts.into_iter().zip(claims) {
            let (run, jobs) = self.committed(draft, claims, None);
            self.dispatch(jobs);
            runs.push(run);
        }
        Ok(runs)
    }

    /// An alert that joins a run joins the runs under way that it started, too: one of them may wait for its source. One
    /// that the alert joins by itself hears of it once.
    pub(super) async fn tell_children(
        &self,
        drafts: &mut Vec<Draft>,
        heard: &[Told],
        told: Told,
    ) -> Result<(), CommitError> {
        if !matches!(told.kind, EventKind::AlertJoined { .. }) {
            return Ok(());
        }
        let mut parents = vec![told.run];
        while let Some(parent) = parents.pop() {
            let Some(draft) = drafts.iter().find(|draft| draft.run.id == parent) else { continue };
            let states = draft.run.steps.values().map(|record| &record.state);
            let children: Vec<RunId> = states
                .filter_map(|state| match state {
                    StepState::Waiting(Waiting::Run { run, .. }) => Some(*run),
                    _ => None,
                })
                .collect();
            for run in children {
                let child = Told { run, kind: told.kind.clone() };
                let goes_on = match self.inner.store.run(run).await {
                    Ok(stored) => stored.is_some_and(|child| !child.status.is_finished()),
                    Err(error @ ReadError::Unavailable { .. }) => {
                        return Err(CommitError::Unavailable(error.to_string()));
                    }
                    // Whoever performs for it says so, and quarantines it.
                    Err(ReadError::Damaged { .. }) => false,
                };
                if goes_on && !heard.contains(&child) {
                    self.tell(drafts, child).await?;
                    parents.push(run);
                }
            }
        }
        Ok(())
    }

    /// Leaves out the runs under way (those after the first `count`) that would be too large to be kept with what they are
    /// told: no alert must be lost for it. They go on without it, and somebody is told.
    async fn leave_out_too_large(&self, commit: &mut Commit, drafts: &mut Vec<Draft>, count: usize) {
        for draft in drafts.split_off(count.min(drafts.len())) {
            let bytes = state_bytes(&draft.run);
            if bytes <= RUN_STATE_BYTES_MAX {
                drafts.push(draft);
                continue;
            }
            tracing::error!(run.id = %draft.run.id, bytes, "a run under way could not be told: it would be too large");
            commit.rows.extend(self.words_of_too_large(&draft.run).await);
        }
    }

    /// The messages that a run has no room left for what it would have been told.
    async fn words_of_too_large(&self, run: &Run) -> Vec<Row> {
        let text = format!(
            "An alert is about what {} of playbook {} is at, for agent {}. The run has no room left to keep that, and goes on \
             without it.\n\nThe alert itself was taken, and stands with {}. Look at both: the run may wait for something \
             that the alert would have told it.\n",
            run.id, run.playbook, run.agent.id, run.incident,
        );
        let subject = format!("Run is full: {}", run.playbook);
        // Where its playbook can't be read, the fallback owner is left.
        let playbook = self.inner.library.of_run(&self.inner.store, run).await;
        let owners = playbook.iter().map(|playbook| playbook.owner.clone()).chain([Principal::Fallback]);
        let people = self.inventory().directory().resolve(&owners.collect::<Vec<_>>(), None);
        let messages = self.messages(&people, &MessageKind::Notice { subject, text }, Some(run), self.clock().now());
        messages.into_iter().map(|message| Row::Message(Box::new(message))).collect()
    }

    /// Adds an event to the draft of its run, which is made if there is none yet.
    async fn tell(&self, drafts: &mut Vec<Draft>, told: Told) -> Result<(), CommitError> {
        let event = Event::by_system(self.clock().now(), told.kind);
        let id = told.run;
        let done = match drafts.iter_mut().find(|draft| draft.run.id == id) {
            Some(draft) => self.tell_again(draft, event).await,
            None => self.tell_first(id, event).await.map(|draft| drafts.push(draft)),
        };
        let Err(error) = done else { return Ok(()) };
        if let Some(unread) = error.unread() {
            return Err(CommitError::Unavailable(unread.to_string()));
        }
        match error {
            SubmitError::Commit(error) => return Err(error),
            error => {
                tracing::error!(run.id = %id, %error, "a run under way could not be told");
                if let Some(reason) = unusable(None, &error) {
                    self.quarantine(id, reason).await;
                }
            }
        }
        Ok(())
    }

    async fn tell_first(&self, id: RunId, event: Event) -> Result<Draft, SubmitError> {
        drop(self.inner.known.take(id));
        let stored = self.inner.store.claimed_run(id).await?.ok_or(SubmitError::NoSuchRun(id))?;
        if stored.run.status.is_finished() {
            let over = Guard::RunVersion { run: id, expected: stored.run.version };
            return Err(CommitError::Conflict(over).into());
        }
        let epoch = self.standing_to(id, &stored.claim, &event.kind, &Hands::default())?;
        let playbook = self.inner.library.of_run(&self.inner.store, &stored.run).await?;
        Ok(self.draft_event(&playbook, stored.run, event, &mut std::collections::BTreeMap::new(), epoch)?)
    }

    pub(super) async fn tell_again(&self, draft: &mut Draft, event: Event) -> Result<(), SubmitError> {
        let playbook = self.inner.library.of_run(&self.inner.store, &draft.run).await?;
        let (run, effects) = transition(&playbook, draft.run.clone(), &event)?;
        draft.run = run;
        Ok(self.drive(&playbook, draft, event, effects)?)
    }
}

/// A run that ends with another one could not be made to end: nothing is written, and the caller decides again.
fn not_stopped(error: SubmitError) -> CommitError {
    match error {
        SubmitError::Commit(error) => error,
        error => CommitError::Unavailable(error.to_string()),
    }
}
