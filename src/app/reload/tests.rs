//! Playbooks that can't be loaded because the store does not answer: what was asked for is not forgotten.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicUsize;

use super::*;
use crate::action::{ActionOptions, Registry};
use crate::client::StaticSecrets;
use crate::clock::{Clock as _, TestClock};
use crate::domain::Directory;
use crate::engine::{self, Gate, Inventory, Supervisor};
use crate::store::{Store, StoreOptions};

/// A reloader over a store that went away after the start, and how often it tried since.
async fn reloader(folder: &std::path::Path) -> (Reloader, Arc<AtomicUsize>) {
    let clock = TestClock::at("2026-11-23T03:00:00Z".parse().unwrap());
    let secrets = Arc::new(StaticSecrets::parse([("env:NONE", "none")]).unwrap());
    let registry = Registry::build(&BTreeMap::new(), &ActionOptions { evidence_folder: None }, secrets).unwrap();
    let url = format!("sqlite:{}", folder.join("standdown.db").display());
    let store = Store::open(&url, StoreOptions::default()).await.unwrap();
    let tries = Arc::new(AtomicUsize::new(0));
    let tried = Arc::clone(&tries);
    let library = Library::new(registry.catalogue(), folder.to_owned()).reading_approvals(move || {
        tried.fetch_add(1, Ordering::SeqCst);
        None
    });
    library.load(&store, clock.now()).await.unwrap();
    let (engine, _loops) = Engine::build(engine::Parts {
        store: store.clone(),
        clock: Arc::new(clock),
        performer: Arc::new(registry),
        library: Arc::new(library),
        inventory: Inventory::new(Vec::new(), Directory::default()),
        gate: Arc::new(Gate::new(false)),
        options: engine::Options::default(),
        supervisor: Supervisor::default(),
        system_alerts: tokio::sync::mpsc::unbounded_channel().0,
    })
    .await
    .unwrap();
    store.close().await;
    (Reloader::new(engine, Arc::new(LastLoad::default())), tries)
}

#[tokio::test]
async fn a_load_that_the_store_did_not_take_is_tried_again_although_nothing_changes_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let (mut reloader, tries) = reloader(folder.path()).await;
    reloader.again = Duration::from_millis(1);
    let supervisor = reloader.engine.supervisor().clone();
    reloader.asked().ask();
    supervisor.spawn("reloader", reloader.run());
    let thrice = async {
        while tries.load(Ordering::SeqCst) < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LOOK / 2, thrice).await.unwrap();
    assert!(supervisor.stop(LOOK).await);
}

#[tokio::test]
async fn a_signal_stays_the_cause_until_the_playbooks_are_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let (reloader, _tries) = reloader(folder.path()).await;
    reloader.asked().ask();
    assert!(!reloader.reload().await);
    assert_eq!(reloader.asked.cause(), Cause::Signal);
    assert!(!reloader.reload().await);
    assert_eq!(reloader.asked.cause(), Cause::FileChange, "it is told once");
}
