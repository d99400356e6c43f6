//! Several hosts: the one that takes writes is found, also after it was lost, and a former one is not taken for it.

use standdown::store::{CommitError, Writer};

use super::*;
use crate::harness::servers::Ending;

#[tokio::test]
async fn a_standby_is_passed_over() {
    let primary = Postgres::start().await;
    let standby = primary.standby().await;
    let store = opened(&Postgres::url_of(&[standby.port(), primary.port()])).await;
    store.commit(delivery("one")).await.unwrap();
    assert!(is_recorded(&store, "one").await);
    store.close().await;
}

#[tokio::test]
async fn after_a_failover_the_store_goes_on_with_everything_that_was_acknowledged_and_never_back_to_the_former_primary()
{
    let mut primary = Postgres::start().await;
    let standby = primary.standby().await;
    let url = Postgres::url_of(&[primary.port(), standby.port()]);
    let store = opened(&url).await;
    for number in 0..50 {
        store.commit(delivery(&format!("before-{number}"))).await.unwrap();
    }
    assert!(is_recorded(&store, "before-0").await);
    primary.stop(Ending::Kill).await;
    let refused = store.commit(delivery("meanwhile")).await;
    assert!(matches!(refused, Err(CommitError::Unavailable(_))), "a standby takes nothing: {refused:?}");
    standby.promote().await;
    commit_in_the_end(&store, "after").await;
    for number in 0..50 {
        assert!(is_recorded(&store, &format!("before-{number}")).await, "{number}");
    }

    // The former primary comes back and would take writes.
    primary.restart().await;
    primary.execute("ALTER SYSTEM SET synchronous_standby_names = ''").await;
    primary.execute("SELECT pg_reload_conf()").await;
    store.commit(delivery("on-the-new-one")).await.unwrap();
    let newcomer = opened(&url).await;
    newcomer.commit(delivery("by-a-newcomer")).await.unwrap();
    for name in ["on-the-new-one", "by-a-newcomer"] {
        assert_eq!((count_of(&standby, name).await, count_of(&primary, name).await), (1, 0), "{name}");
    }
    newcomer.close().await;
    store.close().await;
}

#[tokio::test]
async fn a_server_that_was_made_read_only_is_left_and_found_again() {
    let server = Postgres::start().await;
    let store = opened(&server.url()).await;
    store.commit(delivery("before")).await.unwrap();
    server.execute("ALTER SYSTEM SET default_transaction_read_only = on").await;
    server.execute("SELECT pg_reload_conf()").await;
    let refused = poll(LIMIT, || async { store.commit(delivery(&fresh_name())).await.err() }).await.unwrap();
    let CommitError::Unavailable(reason) = &refused else { panic!("{refused}") };
    assert!(reason.contains("takes no writes") || reason.contains("read-only"), "{reason}");
    server.execute("ALTER SYSTEM RESET default_transaction_read_only").await;
    server.execute("SELECT pg_reload_conf()").await;
    commit_in_the_end(&store, "after").await;
    store.close().await;
}

fn fresh_name() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("fresh-{}", NUMBER.fetch_add(1, Ordering::Relaxed))
}
