//! A run's history read back, checked against its state, in words.

use serde_json::{Value, json};

use crate::domain::{Digest, Event, EventKind, Run, RunId};
use crate::machine::{Entry, replay};
use crate::store::{Claim, ClaimedRun, Claims, LateReply, ReadError, RunLog, StoredEvent, Subject};

use super::Engine;
use super::late;
use super::submit::SubmitError;

/// What a run's first fact says of agent and alert, in this order.
const FROZEN: [&str; 2] = ["agent", "alert"];

/// A run with its timeline.
#[derive(Clone, Debug)]
pub struct RunHistory {
    /// The run as it is stored.
    pub run: Run,
    /// What happened, in words, oldest first.
    pub entries: Vec<Entry>,
    /// Whether the history leads to the stored state.
    pub consistent: bool,
    /// Who performs for it.
    pub claim: Claim,
    /// What was heard of its calls when it was too late to count, oldest first; each is an entry too.
    pub late: Vec<LateReply>,
}

impl Engine {
    /// A run and how it came to where it is.
    pub async fn history(&self, id: RunId) -> Result<RunHistory, SubmitError> {
        let stored = self.inner.store.claimed_run(id).await?.ok_or(SubmitError::NoSuchRun(id))?;
        let ClaimedRun { run, claim } = stored;
        let late = self.inner.store.late_replies(id).await?;
        let stored = self.inner.store.events(&Subject::Run(id)).await?;
        let events = stored.into_iter().map(|stored| event(stored, &run)).collect::<Result<Vec<_>, _>>()?;
        // The run may have moved on between the two reads: compare at the version that was read.
        let known = usize::try_from(run.version).unwrap_or(usize::MAX).min(events.len());
        let playbook = self.inner.library.pinned(&self.inner.store, &run.digest).await?;
        match replay(&playbook, events.get(..known).unwrap_or_default()) {
            Ok((replayed, mut entries)) => {
                entries.extend(late.iter().map(late::entry));
                // Stable: what happened at the same time stays in its order.
                entries.sort_by_key(|entry| entry.at);
                Ok(RunHistory { consistent: replayed == run, run, entries, claim, late })
            }
            Err(error) => {
                tracing::error!(run.id = %id, %error, "a history does not lead to its state");
                Ok(RunHistory { run, entries: Vec::new(), consistent: false, claim, late })
            }
        }
    }
}

/// The fact as the history keeps it. Agent and alert stand once, in the run, where they never change: the first fact has
/// their digests, so that the history vouches for them.
pub(super) fn recorded(kind: &EventKind) -> Value {
    let EventKind::RunStarted { run, incident, digest, mode, agent, alert, inherits, lineage, versions } = kind else {
        return serde_json::to_value(kind).unwrap_or(Value::Null);
    };
    let mut fact = json!({
        "run": run,
        "incident": incident,
        "digest": digest,
        "mode": mode,
        "agent": Digest::of_json(&json!(agent)),
        "alert": Digest::of_json(&json!(alert)),
    });
    if let Some(fact) = fact.as_object_mut() {
        if !inherits.is_empty() {
            fact.insert("inherits".to_owned(), json!(inherits));
        }
        if let Some(lineage) = lineage {
            fact.insert("lineage".to_owned(), json!(lineage));
        }
        if !versions.is_empty() {
            fact.insert("versions".to_owned(), json!(versions));
        }
    }
    json!({ kind.as_str(): fact })
}

/// The fact that was kept, whole again.
pub(super) fn event(stored: StoredEvent, run: &Run) -> Result<Event, ReadError> {
    let damaged = |reason: String| ReadError::Damaged { what: "event", id: stored.seq.to_string(), reason };
    let mut body = stored.body.clone();
    if let Some(Value::Object(fact)) = body.get_mut("run_started") {
        for (name, frozen) in FROZEN.into_iter().zip([json!(run.agent), json!(run.alert)]) {
            if fact.get(name) != Some(&json!(Digest::of_json(&frozen))) {
                return Err(damaged(format!("the {name} of the run is not the one that it began with")));
            }
            fact.insert(name.to_owned(), frozen);
        }
    }
    let kind: EventKind = serde_json::from_value(body).map_err(|error| damaged(error.to_string()))?;
    Ok(Event { at: stored.at, actor: stored.actor, kind })
}
