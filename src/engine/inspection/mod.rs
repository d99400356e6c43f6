//! Whether a store says the same everywhere: what `standdown fsck` finds.
//!
//! It reads in pages, changes nothing, and may look on while a daemon works: each comparison is of one statement, or of a
//! state with the history that was read after it. Checked are the database file, rows that belong to nothing, columns
//! against the bodies that they repeat, every history's chain, and that the history of every run leads, through the
//! machine, to its stored state. Histories keep digests instead of the frozen agent and alert; those are taken from the
//! run and compared by digest. A run of other rules (`semantics`), or of a playbook version that no longer compiles, is
//! checked by its chain alone and counted as such.

mod histories;
mod report;
mod runs;

pub use report::{Fault, Inspection};

use crate::store::upkeep::{ExaminedPage, Record};
use crate::store::{Examination as _, Read, ReadError, Store};

use super::playbooks::Library;

/// How many rows are read in one go.
const PAGE: u32 = 100;
/// How many rows of each kind that belong to nothing are named.
const STRAYS_MAX: u32 = 100;

/// What to do about a fault that no command mends.
const RESTORE: &str = "keep a copy of the database, and restore a backup from before (`standdown restore`)";

/// Inspects a whole store. What can't be read is a fault, too, and does not keep the rest from being looked at.
pub async fn inspect(store: &Store, library: &Library) -> Inspection {
    let mut inspection = Inspection::default();
    match store.integrity().await {
        Ok(found) => {
            for fault in found {
                inspection.fault("file", "the database file", "integrity", fault, RESTORE);
            }
        }
        Err(error) => unread(&mut inspection, "the database file", &error),
    }
    match store.strays(STRAYS_MAX).await {
        Ok(strays) => {
            for stray in strays {
                let what = format!("{} is missing", stray.missing);
                inspection.fault("belonging", &stray.id, stray.table, what, RESTORE);
            }
        }
        Err(error) => unread(&mut inspection, "rows that belong to nothing", &error),
    }
    for kind in Record::ALL {
        if let Err(error) = records(store, kind, &mut inspection).await {
            unread(&mut inspection, kind.as_str(), &error);
        }
    }
    if let Err(error) = histories::look(store, &mut inspection).await {
        unread(&mut inspection, "histories", &error);
    }
    if let Err(error) = runs::look(store, library, &mut inspection).await {
        unread(&mut inspection, "runs", &error);
    }
    inspection
}

async fn records(store: &Store, kind: Record, inspection: &mut Inspection) -> Read<()> {
    let mut after = None;
    loop {
        let ExaminedPage { rows, next } = store.examined_records(kind, after, PAGE).await?;
        for row in rows {
            inspection.count(kind.as_str(), 1);
            for fault in row.faults {
                inspection.fault("row", &row.id, kind.as_str(), fault, RESTORE);
            }
        }
        match next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

fn unread(inspection: &mut Inspection, what: &str, error: &ReadError) {
    inspection.fault("unreadable", what, "", error.to_string(), RESTORE);
}
