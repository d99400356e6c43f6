//! The connection breaks around a `COMMIT`: whoever waits for it is told the truth, or told that it could not be had.

use standdown::store::{Guard, Writer};

use super::*;
use crate::harness::wire::{Cut, Wire};

async fn wired() -> (Postgres, Wire, Store) {
    let server = Postgres::start().await;
    let wire = Wire::to(server.port()).await;
    let store = opened(&Postgres::url_of(&[wire.port()])).await;
    // The writers have their connections.
    let warm = (0..8).map(|number| store.commit(delivery(&format!("warm-{number}"))));
    futures_util::future::try_join_all(warm.collect::<Vec<_>>()).await.unwrap();
    (server, wire, store)
}

#[tokio::test]
async fn a_commit_that_succeeded_is_acknowledged_although_its_answer_was_lost() {
    let (server, wire, store) = wired().await;
    wire.set(Cut::After);
    store.commit(delivery("one")).await.unwrap();
    assert_eq!(wire.cut(), Cut::Never, "the answer was lost on the way");
    assert_eq!(count_of(&server, "one").await, 1);
    store.commit(delivery("two")).await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn a_commit_that_never_reached_the_server_is_written_once() {
    let (server, wire, store) = wired().await;
    wire.set(Cut::Before);
    store.commit(delivery("one")).await.unwrap();
    assert_eq!(wire.cut(), Cut::Never, "the commit was lost on the way");
    assert_eq!(count_of(&server, "one").await, 1);
    store.close().await;
}

#[tokio::test]
async fn a_caller_that_was_told_an_error_although_the_commit_succeeded_loses_against_itself() {
    let (server, wire, store) = wired().await;
    wire.set(Cut::AfterAndForGood);
    let refused = store.commit(delivery("one")).await;
    let Err(CommitError::Unavailable(reason)) = &refused else { panic!("{refused:?}") };
    assert!(reason.contains("could not be found out"), "{reason}");
    assert_eq!(wire.cut(), Cut::Severed, "the server took it");
    assert_eq!(count_of(&server, "one").await, 1);

    wire.set(Cut::Never);
    let again = poll(LIMIT, || async {
        match store.commit(delivery("one")).await {
            Err(CommitError::Unavailable(_)) => None,
            other => Some(other),
        }
    });
    let guard = Guard::NewDelivery { source: source(), delivery: "one".to_owned() };
    assert_eq!(again.await, Some(Err(CommitError::Conflict(guard))));
    assert_eq!(count_of(&server, "one").await, 1);
    store.close().await;
}
