//! The server restarts, and nobody restarts the store.

use standdown::store::{Change, CommitError, ReadError, ReadModel, Writer};

use super::*;
use crate::harness::servers::Ending;

#[tokio::test]
async fn what_can_not_be_committed_is_refused_and_the_store_goes_on_when_the_server_is_back() {
    let mut server = Postgres::start().await;
    let store = opened(&server.url()).await;
    store.commit(delivery("before")).await.unwrap();
    store.ping().await.unwrap();
    server.stop(Ending::Fast).await;
    let refused = store.commit(delivery("meanwhile")).await;
    assert!(matches!(refused, Err(CommitError::Unavailable(_))), "{refused:?}");
    let refused = store.ping().await;
    assert!(matches!(refused, Err(ReadError::Unavailable { .. })), "{refused:?}");
    server.restart().await;
    commit_in_the_end(&store, "after").await;
    for (name, recorded) in [("before", true), ("meanwhile", false), ("after", true)] {
        assert_eq!(is_recorded(&store, name).await, recorded, "{name}");
    }
    store.close().await;
}

#[tokio::test]
async fn a_restart_that_nobody_noticed_costs_no_error() {
    let mut server = Postgres::start().await;
    let store = opened(&server.url()).await;
    store.commit(delivery("before")).await.unwrap();
    store.ping().await.unwrap();
    server.stop(Ending::Fast).await;
    server.restart().await;
    store.ping().await.unwrap();
    store.commit(delivery("after")).await.unwrap();
    assert!(is_recorded(&store, "before").await && is_recorded(&store, "after").await);
    store.close().await;
}

#[tokio::test]
async fn nothing_that_was_acknowledged_is_lost_when_the_server_is_killed_under_load() {
    let mut server = Postgres::start().await;
    let store = opened(&server.url()).await;
    let commits = (0..2_000).map(|number| {
        let store = store.clone();
        async move {
            let name = format!("d{number}");
            // Some at a time, so that the server dies among them.
            (name.clone(), store.commit(delivery(&name)).await)
        }
    });
    let all = futures_util::StreamExt::collect::<Vec<_>>(futures_util::StreamExt::buffer_unordered(
        futures_util::stream::iter(commits),
        32,
    ));
    let kill = async {
        let begun = poll(LIMIT, || async { (store.writer_stats().commits >= 100).then_some(()) });
        begun.await.expect("commits are taken");
        server.stop(Ending::Kill).await;
    };
    let (answers, ()) = tokio::join!(all, kill);
    server.restart().await;
    commit_in_the_end(&store, "after").await;
    let (mut taken, mut refused) = (0, 0);
    for (name, answer) in answers {
        match answer {
            Ok(()) => {
                assert_eq!(count_of(&server, &name).await, 1, "{name} was acknowledged");
                taken += 1;
            }
            Err(CommitError::Unavailable(_)) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(taken >= 100 && refused > 0, "{taken} taken, {refused} refused: the server did not die among them");
    store.close().await;
}

#[tokio::test]
async fn a_listener_that_connects_again_says_that_everything_may_have_changed() {
    let mut server = Postgres::start().await;
    let store = opened(&server.url()).await;
    let mut changes = store.changes();
    server.stop(Ending::Fast).await;
    server.restart().await;
    let heard = tokio::time::timeout(LIMIT, changes.recv()).await.expect("something is heard").unwrap();
    assert_eq!(heard, Change::Everything);
    store.close().await;
}
