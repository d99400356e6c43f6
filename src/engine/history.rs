//! A run's history read back, checked against its state, in words.

use crate::domain::{Event, EventKind, Run, RunId};
use crate::machine::{Entry, replay};
use crate::store::{ReadError, RunLog, StoredEvent, Subject};

use super::Engine;
use super::submit::SubmitError;

/// A run with its timeline.
#[derive(Clone, Debug)]
pub struct RunHistory {
    /// The run as it is stored.
    pub run: Run,
    /// What happened, in words, oldest first.
    pub entries: Vec<Entry>,
    /// Whether the history leads to the stored state.
    pub consistent: bool,
}

impl Engine {
    /// A run and how it came to where it is.
    pub async fn history(&self, id: RunId) -> Result<RunHistory, SubmitError> {
        let run = self.inner.store.run(id).await?.ok_or(SubmitError::NoSuchRun(id))?;
        let stored = self.inner.store.events(&Subject::Run(id)).await?;
        let events = stored.into_iter().map(event).collect::<Result<Vec<_>, _>>()?;
        // The run may have moved on between the two reads: compare at the version that was read.
        let known = usize::try_from(run.version).unwrap_or(usize::MAX).min(events.len());
        let playbook = self.inner.library.pinned(&self.inner.store, &run.digest).await?;
        match replay(&playbook, events.get(..known).unwrap_or_default()) {
            Ok((replayed, entries)) => Ok(RunHistory { consistent: replayed == run, run, entries }),
            Err(error) => {
                tracing::error!(run.id = %id, %error, "a history does not lead to its state");
                Ok(RunHistory { run, entries: Vec::new(), consistent: false })
            }
        }
    }
}

fn event(stored: StoredEvent) -> Result<Event, ReadError> {
    let damaged = |reason: String| ReadError::Damaged { what: "event", id: stored.seq.to_string(), reason };
    let kind: EventKind = serde_json::from_value(stored.body).map_err(|error| damaged(error.to_string()))?;
    Ok(Event { at: stored.at, actor: stored.actor, kind })
}
