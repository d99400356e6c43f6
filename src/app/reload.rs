//! Playbooks that change on disk are loaded again: whole, or the last good version keeps serving and the log shows why.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::engine::Engine;
use crate::language::render_human;
use crate::web::LastLoad;

use super::watch::Watch;

/// How long a folder must be quiet: editors write a file in several moves.
const QUIET: Duration = Duration::from_millis(150);

/// How often the folder is looked at, whatever the system says of it.
const LOOK: Duration = Duration::from_secs(30);

/// Asks for the playbooks to be loaded again.
#[derive(Clone, Debug, Default)]
pub struct Reload(Arc<Notify>);

impl Reload {
    /// Has them loaded soon, though nothing in their folder changed.
    pub fn ask(&self) {
        self.0.notify_one();
    }
}

/// Loads playbooks again whenever their folder changes.
pub(super) struct Reloader {
    engine: Engine,
    last_load: Arc<LastLoad>,
    asked: Reload,
}

impl Reloader {
    pub fn new(engine: Engine, last_load: Arc<LastLoad>) -> Self {
        Self { engine, last_load, asked: Reload::default() }
    }

    pub fn asked(&self) -> Reload {
        self.asked.clone()
    }

    pub async fn run(self) {
        let folder = self.engine.library().folder().to_owned();
        let mut watch = Watch::new(&folder, LOOK, self.asked.0.clone());
        loop {
            tokio::select! {
                () = self.engine.supervisor().stopping() => return,
                () = watch.changed() => {}
            }
            tokio::time::sleep(QUIET).await;
            if watch.seen() {
                self.reload().await;
            } else {
                let folder = folder.display();
                tracing::error!(%folder, "the folder of the playbooks can't be read; those that were loaded serve");
            }
        }
    }

    async fn reload(&self) {
        let loaded = self.engine.library().load(self.engine.store(), self.engine.clock().now()).await;
        match loaded {
            Ok(loaded) => {
                if loaded.diagnostics.is_empty() {
                    tracing::info!(playbooks = loaded.serving, "playbooks were loaded again");
                } else {
                    let faults = render_human(&loaded.diagnostics, &loaded.sources, false);
                    tracing::error!(kept = ?loaded.kept, "playbooks have faults; the last good versions serve:\n{faults}");
                }
                self.last_load.set(loaded);
            }
            Err(error) => tracing::error!(%error, "playbooks could not be loaded again; the old ones serve"),
        }
    }
}
