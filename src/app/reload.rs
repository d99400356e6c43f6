//! Playbooks that change on disk are loaded again: whole, or the last good version keeps serving and the log shows why.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use crate::config::{Configuration, excerpts};
use crate::engine::{Cause, Engine, Library, Occasion};
use crate::language::{Level, render_human};
use crate::playbook::Catalogue;
use crate::web::LastLoad;

use super::Reread;
use super::watch::Watch;

/// How long a folder must be quiet: editors write a file in several moves.
const QUIET: Duration = Duration::from_millis(150);

/// How often the folder is looked at, whatever the system says of it.
const LOOK: Duration = Duration::from_secs(30);

/// How long it is until playbooks are loaded again that could not be, because the store did not take them.
const AGAIN: Duration = Duration::from_secs(5);

/// Asks for the playbooks to be loaded again.
#[derive(Clone, Debug, Default)]
pub struct Reload {
    /// Rung by the watch of the folder, too.
    bell: Arc<Notify>,
    signalled: Arc<AtomicBool>,
}

impl Reload {
    /// Has them loaded soon, though nothing in their folder changed: the process was sent a signal.
    pub fn ask(&self) {
        self.signalled.store(true, Ordering::SeqCst);
        self.bell.notify_one();
    }

    /// Why they are loaded now.
    fn cause(&self) -> Cause {
        if self.signalled.swap(false, Ordering::SeqCst) { Cause::Signal } else { Cause::FileChange }
    }
}

/// Loads playbooks again whenever their folder changes.
pub(super) struct Reloader {
    engine: Engine,
    last_load: Arc<LastLoad>,
    asked: Reload,
    /// How long it is until what failed is tried again.
    again: Duration,
}

impl Reloader {
    pub fn new(engine: Engine, last_load: Arc<LastLoad>) -> Self {
        Self { engine, last_load, asked: Reload::default(), again: AGAIN }
    }

    pub fn asked(&self) -> Reload {
        self.asked.clone()
    }

    pub async fn run(self) {
        let folder = self.engine.library().folder().to_owned();
        let mut watch = Watch::new(&folder, LOOK, self.asked.bell.clone());
        let mut loaded = true;
        loop {
            tokio::select! {
                () = self.engine.supervisor().stopping() => return,
                () = watch.changed() => {}
                // What was seen to change is seen no second time.
                () = tokio::time::sleep(self.again), if !loaded => {}
            }
            tokio::time::sleep(QUIET).await;
            if !watch.seen() {
                let folder = folder.display();
                tracing::error!(%folder, "the folder of the playbooks can't be read; those that were loaded serve");
            }
            loaded = self.reload().await;
        }
    }

    /// Loads them; whether the store took part in it.
    async fn reload(&self) -> bool {
        let occasion = Occasion::system(self.asked.cause());
        let loaded = self.engine.library().reload(self.engine.store(), &occasion, self.engine.clock().now()).await;
        match loaded {
            Ok(loaded) => {
                let faults = render_human(&loaded.diagnostics, &loaded.sources, false);
                if loaded.diagnostics.is_empty() {
                    tracing::info!(playbooks = loaded.serving, "playbooks were loaded again");
                } else if loaded.diagnostics.iter().all(|fault| fault.level == Level::Warning) {
                    tracing::warn!(playbooks = loaded.serving, "playbooks were loaded again, with warnings:\n{faults}");
                } else {
                    let whole = if loaded.refused_whole { ", and the folder is refused as a whole" } else { "" };
                    tracing::error!(kept = ?loaded.kept, "playbooks have faults{whole}; the last good versions serve:\n{faults}");
                }
                self.last_load.set(loaded);
                true
            }
            Err(error) => {
                tracing::error!(%error, "playbooks could not be loaded again yet; the old ones serve meanwhile");
                if occasion.cause == Cause::Signal {
                    self.asked.signalled.store(true, Ordering::SeqCst);
                }
                false
            }
        }
    }
}

/// The playbooks of a daemon. They are compiled with the approvals of the configuration, so those are read again with them;
/// nothing else of it is.
pub(super) fn library(catalogue: Catalogue, configuration: &Configuration, reread: Option<Reread>) -> Library {
    let library = Library::new(catalogue, configuration.playbooks.clone());
    let Some(reread) = reread else { return library };
    library.reading_approvals(move || match reread() {
        Ok(configuration) => Some(configuration.approvals),
        Err(faults) => {
            let shown = render_human(&faults, &excerpts(&faults), false);
            tracing::error!("the configuration has faults; its approvals stay as they were:\n{shown}");
            None
        }
    })
}

#[cfg(test)]
mod tests;
