//! Chains of histories: those of incidents, agents and the daemon whole; those of runs are read along with the runs.

use crate::store::chain::ChainCheck;
use crate::store::upkeep::{Examined, ExaminedPage};
use crate::store::{Examination as _, Read, Store, StoredEvent, Subject};

use super::report::Inspection;
use super::{PAGE, RESTORE};

pub(super) async fn look(store: &Store, inspection: &mut Inspection) -> Read<()> {
    let mut after = None;
    loop {
        let ExaminedPage { rows, next } = store.subjects(after, PAGE).await?;
        for row in rows {
            for fault in row.faults {
                inspection.fault("history", &row.id, "events", fault, RESTORE);
            }
            if let Some(subject) = row.record {
                walk(store, subject, inspection, |_, _| {}).await?;
            }
        }
        match next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

/// Reads a history in pages, checks its chain, and shows every event that can be understood to `see`; gives the number of
/// the last event.
pub(super) async fn walk(
    store: &Store,
    subject: Subject,
    inspection: &mut Inspection,
    mut see: impl FnMut(StoredEvent, &mut Inspection),
) -> Read<u64> {
    let name = name(&subject);
    let mut chain = ChainCheck::new(subject.clone());
    let mut seq = 0;
    inspection.count("histories", 1);
    loop {
        let events = store.events_after(&subject, seq, PAGE).await?;
        let full = events.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
        let before = seq;
        for Examined { id, faults, record } in events {
            inspection.count("events", 1);
            seq = id.parse().unwrap_or(seq);
            for fault in faults {
                inspection.fault("history", &name, &format!("event {id}"), fault, RESTORE);
            }
            let Some(event) = record else { continue };
            if let Err(error) = chain.next(&event) {
                inspection.fault("history", &name, &format!("event {id}"), error.to_string(), RESTORE);
            }
            see(event, inspection);
        }
        // A number that can't be read would not lead on.
        if !full || seq == before {
            return Ok(chain.last_seq());
        }
    }
}

fn name(subject: &Subject) -> String {
    match subject {
        Subject::Run(id) => id.to_string(),
        Subject::Incident(id) => id.to_string(),
        Subject::Agent(id) => format!("agent {id}"),
        Subject::Daemon => "the daemon".to_owned(),
    }
}
