//! `standdown restore`: a backup put in the place of the store, while no daemon runs.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::config::Configuration;
use crate::domain::actor::{Assurance, LOCAL_PREFIX};
use crate::domain::{Actor, Hold, PersonId};
use crate::engine::{RestoredState, settle_restored};
use crate::machine::Tone;
use crate::store::upkeep::{Restoration, Restored};
use crate::store::{Agents as _, Store, StoreOptions};

use super::context::{Context, store_options};
use super::exit::Error;
use super::render::{add, paint};

/// Put a backup in the place of the store. The store that was there is kept as *.before-restore.
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup
    #[arg(required_unless_present = "settle")]
    file: Option<PathBuf>,
    /// Let open runs go on at once. Without it the daemon starts frozen if there are any: what they are about to do may
    /// have been done after the backup was made
    #[arg(long)]
    go_on: bool,
    /// Put nothing in place: say to the store as it is, e.g. after `pg_restore`, that it was restored
    #[arg(long, conflicts_with = "file")]
    settle: bool,
}

impl Restore {
    pub async fn run(self, context: &Context) -> Result<(), Error> {
        let configuration = context.configuration().map_err(|faults| super::check::refused(&faults))?;
        let failed = |error: &dyn std::fmt::Display| Error::Failed(error.to_string());
        let Some(file) = &self.file else { return settle(context, &configuration, self.go_on).await };
        let restoration = Restoration::begin(&configuration.store, file).await.map_err(|error| failed(&error))?;
        let standing = holds_of(&configuration).await;
        let backup = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
        let store = Store::open(&restoration.staged_url(), StoreOptions::default()).await;
        let store = store.map_err(|error| failed(&error))?;
        let settled = settle_restored(&store, &caller(&configuration), context.now(), &backup, self.go_on).await;
        store.close().await;
        let settled = settled.map_err(|error| failed(&error))?;
        let restored = restoration.finish().await.map_err(|error| failed(&error))?;
        let lost = lost(standing.as_deref(), &settled.holds);
        let answer = json!({
            "database": restored.database, "kept": restored.kept, "runs_open": settled.runs_open,
            "frozen": settled.frozen, "holds_lost": lost,
        });
        context.show(&answer, |_| words(&restored, &settled, &lost))
    }
}

/// Readies a store that somebody restored by other means.
async fn settle(context: &Context, configuration: &Configuration, go_on: bool) -> Result<(), Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Failed(error.to_string());
    let store =
        Store::open(&configuration.store, store_options(configuration)).await.map_err(|error| failed(&error))?;
    let settled = settle_restored(&store, &caller(configuration), context.now(), "another program", go_on).await;
    store.close().await;
    let settled = settled.map_err(|error| failed(&error))?;
    let answer = json!({ "runs_open": settled.runs_open, "frozen": settled.frozen });
    context.show(&answer, |_| {
        let next = if settled.frozen {
            "The daemon starts frozen: look at the open runs (standdown runs list), then standdown thaw --reason \"...\".\n"
        } else {
            "The daemon may start.\n"
        };
        next.to_owned()
    })
}

/// Whoever restores, as the history names them.
fn caller(configuration: &Configuration) -> Actor {
    let uid = rustix::process::getuid().as_raw();
    let person = configuration.credentials.person_by_uid(uid);
    match person.or_else(|| PersonId::parse(&format!("{LOCAL_PREFIX}{uid}")).ok()) {
        Some(id) => Actor::Person { id, assurance: Assurance::Api },
        None => Actor::System,
    }
}

/// The holds that stand in the store as it is, if it can still be read.
async fn holds_of(configuration: &Configuration) -> Option<Vec<Hold>> {
    let store = Store::open_for_reading(&configuration.store, store_options(configuration)).await.ok()?;
    let holds = store.holds().await.ok();
    store.close().await;
    holds
}

/// Holds that stand now, and do not in the backup: whom the restore lets go.
fn lost<'a>(standing: Option<&'a [Hold]>, restored: &[Hold]) -> Vec<&'a Hold> {
    let known = |hold: &&Hold| !restored.iter().any(|other| other.id == hold.id);
    standing.unwrap_or_default().iter().filter(known).collect()
}

fn words(restored: &Restored, settled: &RestoredState, lost: &[&Hold]) -> String {
    let place = |path: &Path| path.display().to_string();
    let mut text = format!("restored {}\n", place(&restored.database));
    if let Some(kept) = &restored.kept {
        add(&mut text, format_args!("the store before it is kept as {}\n", place(kept)));
    }
    for hold in lost {
        let line = format!("✗ {} was held when you restored, and is not in the backup: {}", hold.agent, hold.id);
        text.push_str(&paint(Tone::Bad, &line));
        add(&mut text, format_args!("\n    standdown agents pause {} --reason \"...\"\n", hold.agent));
    }
    if settled.frozen {
        let line = "runs are open: the daemon starts frozen; look at them, then `standdown thaw --reason \"...\"`";
        text.push_str(&paint(Tone::Waiting, line));
        text.push('\n');
    }
    text
}
