//! Playbooks that change on disk are loaded again: whole, or the last good version keeps serving and the log shows why.

use std::sync::Arc;
use std::time::Duration;

use notify::{RecursiveMode, Watcher as _};
use tokio::sync::Notify;

use crate::engine::Engine;
use crate::language::render_human;
use crate::web::LastLoad;

/// How long a folder must be quiet: editors write a file in several moves.
const QUIET: Duration = Duration::from_millis(150);

/// Loads playbooks again whenever their folder changes.
pub(super) struct Reloader {
    engine: Engine,
    last_load: Arc<LastLoad>,
}

impl Reloader {
    pub const fn new(engine: Engine, last_load: Arc<LastLoad>) -> Self {
        Self { engine, last_load }
    }

    pub async fn run(self) {
        let bell = Arc::new(Notify::new());
        let ring = bell.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| !event.kind.is_access()) {
                ring.notify_one();
            }
        });
        let folder = self.engine.library().folder().to_owned();
        let watched = watcher.and_then(|mut watcher| {
            watcher.watch(&folder, RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
        let _watcher = match watched {
            Ok(watcher) => watcher,
            Err(error) => {
                tracing::warn!(%error, folder = %folder.display(), "the folder of the playbooks is not watched");
                return;
            }
        };
        loop {
            tokio::select! {
                () = self.engine.supervisor().stopping() => return,
                () = bell.notified() => {}
            }
            tokio::time::sleep(QUIET).await;
            self.reload().await;
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
