//! Keys of an earlier era: what came in long ago is found, refused and forgotten like what came in just now.
//!
//! Only SQLite has eras, and one takes a few hundred keys; so only a test that writes that many sees a second one.

use serde_json::json;
use standdown::domain::{Incident, IncidentStatus};
use standdown::store::upkeep::Retired;
use standdown::store::{Commit, CommitError, Guard, Inbox as _, Row, Store, StoreOptions, Writer as _};
use tempfile::TempDir;

use super::samples::*;
use super::{fresh_sqlite, url_in};
use crate::harness::database::number;

/// More keys than one era takes, and than several that have been drawn together into an age.
const MANY: usize = 5_000;
/// The key of the incident of these tests.
const KEY: &str = "agent:billing-bot";

fn new_delivery() -> Guard {
    Guard::NewDelivery { source: source(), delivery: "first".to_owned() }
}

fn no_firing() -> Guard {
    Guard::NoFiringAlert { source: source(), dedup: alert("first", 0).dedup_key }
}

fn no_open() -> Guard {
    Guard::NoOpenIncident { key: KEY.to_owned() }
}

/// A store whose first keys are of an era that is over.
async fn aged() -> (TempDir, Store, Incident) {
    let (directory, store) = fresh_sqlite().await;
    let (alert, incident) = (alert("first", 0), incident(KEY, 0));
    let first = [delivery_row("first"), incident_row(&incident), alert_row(&alert, Some(incident.id))];
    store.commit(rows(first)).await.unwrap();
    let many = (0..MANY).map(|number| delivery_row(&format!("many-{number}")));
    store.commit(Commit { guards: Vec::new(), rows: many.collect() }).await.unwrap();
    let file = directory.path().join("standdown.db");
    assert!(number(&file, "SELECT count(DISTINCT era) FROM deliveries").await >= 2, "an era takes more keys now");
    assert_eq!(number(&file, "SELECT max(era) FROM alerts").await, 0);
    (directory, store, incident)
}

async fn again(directory: &TempDir, store: Store) -> Store {
    store.close().await;
    drop(store);
    Store::open(&url_in(directory), StoreOptions::default()).await.unwrap()
}

async fn refused(store: &Store, guard: Guard) {
    let verdict = store.commit(guarded(guard.clone(), [])).await;
    assert_eq!(verdict, Err(CommitError::Conflict(guard)));
}

#[tokio::test]
async fn a_repeat_and_a_replay_of_what_came_in_an_earlier_era_are_known() {
    let (directory, mut store, _) = aged().await;
    for repeats in 1..=2 {
        refused(&store, new_delivery()).await;
        refused(&store, no_firing()).await;
        assert!(store.delivery(&source(), "first").await.unwrap().is_some());
        assert_eq!(store.delivery(&source(), "never").await.unwrap(), None);
        let firing = store.firing_alert(&source(), &alert("first", 0).dedup_key).await.unwrap().unwrap();
        store.commit(rows([Row::AlertRepeated { alert: firing.alert.id, at: at(repeats) }])).await.unwrap();
        let counted = store.firing_alert(&source(), &firing.alert.dedup_key).await.unwrap().unwrap();
        assert_eq!(i64::try_from(counted.count).unwrap(), 1 + repeats);
        store = again(&directory, store).await;
    }
    store.close().await;
}

#[tokio::test]
async fn an_incident_that_changes_eras_after_it_was_opened_stays_the_open_one_of_its_key() {
    let (directory, mut store, mut incident) = aged().await;
    for version in 2..=3 {
        refused(&store, no_open()).await;
        let guard = Guard::IncidentVersion { incident: incident.id, expected: version - 1 };
        (incident.version, incident.alerts) = (version, 7 * version);
        store.commit(guarded(guard, [incident_row(&incident)])).await.unwrap();
        assert_eq!(store.open_incident(KEY).await.unwrap(), Some(incident.clone()));
        refused(&store, no_open()).await;
        store = again(&directory, store).await;
        assert_eq!(store.open_incident(KEY).await.unwrap(), Some(incident.clone()));
    }
    (incident.version, incident.status) = (4, IncidentStatus::Closed);
    store.commit(rows([incident_row(&incident)])).await.unwrap();
    let next = super::samples::incident(KEY, 1);
    store.commit(guarded(no_open(), [incident_row(&next)])).await.unwrap();
    for _ in 0..2 {
        assert_eq!(store.open_incident(KEY).await.unwrap(), Some(next.clone()));
        refused(&store, no_open()).await;
        store = again(&directory, store).await;
    }
    store.close().await;
}

#[tokio::test]
async fn what_is_forgotten_of_an_earlier_era_is_gone_and_may_come_again() {
    let (directory, store, _) = aged().await;
    let alert = store.firing_alert(&source(), &alert("first", 0).dedup_key).await.unwrap().unwrap().alert;
    let delivery = Retired::Delivery { source: source(), delivery: "first".to_owned() };
    let gone = [delivery, Retired::Alert(alert.id)].map(|retired| Row::Retired(Box::new(retired)));
    store.commit(rows(gone)).await.unwrap();
    let store = again(&directory, store).await;
    let file = directory.path().join("standdown.db");
    assert_eq!(number(&file, "SELECT count(*) FROM deliveries WHERE delivery = 'first'").await, 0);
    assert_eq!(store.delivery(&source(), "first").await.unwrap(), None);
    assert_eq!(store.firing_alert(&source(), &alert.dedup_key).await.unwrap(), None);
    let back = Commit {
        guards: vec![new_delivery(), no_firing()],
        rows: vec![delivery_row("first"), alert_row(&alert, None)],
    };
    store.commit(back).await.unwrap();
    let store = again(&directory, store).await;
    refused(&store, new_delivery()).await;
    refused(&store, no_firing()).await;
    assert_eq!(store.delivery(&source(), "first").await.unwrap(), Some(json!({ "alerts": 1 })));
    store.close().await;
}
