//! Runs: that each one's history leads through the machine to the state that is stored.

use std::sync::Arc;

use crate::domain::Run;
use crate::machine::{SEMANTICS, begin, transition};
use crate::playbook::Playbook;
use crate::store::upkeep::ExaminedPage;
use crate::store::{Approvals as _, Examination as _, Read, RunLog as _, Store, StoredEvent, Subject};

use super::super::history::event;
use super::super::playbooks::Library;
use super::histories::walk;
use super::report::Inspection;
use super::{PAGE, RESTORE};

/// A run that is made again from its history.
struct Replay<'a> {
    playbook: &'a Playbook,
    stored: &'a Run,
    made: Option<Run>,
    broken: bool,
}

pub(super) async fn look(store: &Store, library: &Library, inspection: &mut Inspection) -> Read<()> {
    let mut after = None;
    loop {
        let ExaminedPage { rows, next } = store.examined_runs(after, PAGE).await?;
        for row in rows {
            inspection.count("runs", 1);
            for fault in row.faults {
                inspection.fault("row", &row.id, "runs", fault, RESTORE);
            }
            if let Some(run) = row.record {
                let before = inspection.mark();
                look_at(store, library, &run, inspection).await?;
                // A run that is forgotten while this looks has lost its rows for a good reason.
                if inspection.mark() != before && matches!(store.run(run.id).await, Ok(None)) {
                    inspection.forget_since(before);
                }
            } else if let Ok(id) = row.id.parse() {
                // Its state is damaged; its history may still be whole.
                walk(store, Subject::Run(id), inspection, |_, _| {}).await?;
            }
        }
        match next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

async fn look_at(store: &Store, library: &Library, run: &Run, inspection: &mut Inspection) -> Read<()> {
    let id = run.id.to_string();
    for approval in run.approvals.keys() {
        match store.approval(*approval).await {
            Ok(Some(_)) => {}
            Ok(None) => {
                inspection.fault(
                    "belonging",
                    &approval.to_string(),
                    "approvals",
                    format!("a request of {id} is missing"),
                    RESTORE,
                );
            }
            // A row that can't be understood is told of with the others of its table.
            Err(error) => tracing::debug!(%error, "a request could not be read"),
        }
    }
    let subject = Subject::Run(run.id);
    let playbook = if run.semantics == SEMANTICS { playbook(store, library, run, inspection).await } else { None };
    let Some(playbook) = playbook else {
        inspection.count("runs_chain_only", 1);
        let last = walk(store, subject, inspection, |_, _| {}).await?;
        complete(run, last, inspection);
        return Ok(());
    };
    inspection.count("runs_replayed", 1);
    let mut replay = Replay { playbook: &playbook, stored: run, made: None, broken: false };
    let last = walk(store, subject, inspection, |event, inspection| replay.see(event, inspection)).await?;
    complete(run, last, inspection);
    if !replay.broken && last >= run.version && replay.made.as_ref() != Some(run) {
        let what = "its history leads to another state than the one that is stored".to_owned();
        inspection.fault("replay", &id, "state", what, RESTORE);
    }
    Ok(())
}

/// The playbook version of a run. One that no longer compiles matters only to a run that must go on.
async fn playbook(store: &Store, library: &Library, run: &Run, inspection: &mut Inspection) -> Option<Arc<Playbook>> {
    match library.pinned(store, &run.digest).await {
        Ok(playbook) => Some(playbook),
        Err(error) => {
            if !run.status.is_finished() {
                let hint = "the run can't go on: mend the connections that its playbook names, or cancel the run";
                inspection.fault("playbook", &run.id.to_string(), "playbooks", error.to_string(), hint);
            }
            None
        }
    }
}

/// A run of version n has n events; more may have been written while this looked.
fn complete(run: &Run, last: u64, inspection: &mut Inspection) {
    if last < run.version {
        let what = format!("it is of version {}, but its history ends with event {last}", run.version);
        inspection.fault("history", &run.id.to_string(), "events", what, RESTORE);
    }
}

impl Replay<'_> {
    fn see(&mut self, stored: StoredEvent, inspection: &mut Inspection) {
        if self.broken || stored.seq > self.stored.version {
            return;
        }
        let number = stored.seq;
        let moved = event(stored, self.stored).map_err(|error| error.to_string()).and_then(|event| {
            let moved = match self.made.take() {
                None => begin(self.playbook, &event),
                Some(run) => transition(self.playbook, run, &event),
            };
            moved.map_err(|error| error.to_string())
        });
        match moved {
            Ok((run, _)) => self.made = Some(run),
            Err(what) => {
                self.broken = true;
                let place = format!("event {number}");
                inspection.fault("replay", &self.stored.id.to_string(), &place, what, RESTORE);
            }
        }
    }
}
