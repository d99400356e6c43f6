//! What SQLite promises beyond the ports: one daemon, nothing acknowledged is lost, a clear word when it can't be used.

use std::os::unix::fs::PermissionsExt;

use standdown::domain::Digest;
use standdown::store::{
    Claims, CommitError, OpenError, Outbox, Renewal, Row, RunLog, Store, StoreOptions, Subject, Taken, Writer,
    verify_chain,
};
use tempfile::TempDir;

use crate::harness::database;

use super::samples::*;
use super::{fresh_sqlite, url_in};

#[tokio::test]
async fn a_second_daemon_is_refused_and_told_who_has_the_database() {
    let (directory, store) = fresh_sqlite().await;
    let refused = Store::open(&url_in(&directory), StoreOptions::default()).await.unwrap_err();
    let OpenError::Locked { pid, .. } = &refused else { panic!("{refused}") };
    assert_eq!(*pid, Some(std::process::id()));
    assert!(refused.to_string().contains(&format!("process {}", std::process::id())), "{refused}");
    store.close().await;
    Store::open(&url_in(&directory), StoreOptions::default()).await.unwrap().close().await;
}

#[tokio::test]
async fn everything_acknowledged_is_there_after_the_store_was_dropped_and_opened_again() {
    let (directory, store) = fresh_sqlite().await;
    let runs: Vec<_> = (0..50).map(lone_run).collect();
    for run in &runs {
        let fact = event(&Subject::Run(run.id), "run_started", serde_json::json!({}), 0);
        store.commit(rows([run_row(run), fact])).await.unwrap();
    }
    // What a crash leaves: the files as they are while the store is still open, its log not copied.
    let crashed = TempDir::new().unwrap();
    for file in ["standdown.db", "standdown.db-wal"] {
        std::fs::copy(directory.path().join(file), crashed.path().join(file)).unwrap();
    }
    store.close().await;
    for directory in [directory, crashed] {
        let store = Store::open(&url_in(&directory), StoreOptions::default()).await.unwrap();
        for run in &runs {
            assert_eq!(store.run(run.id).await.unwrap().as_ref(), Some(run));
            let events = store.events(&Subject::Run(run.id)).await.unwrap();
            assert_eq!((events.len(), verify_chain(&events, &Subject::Run(run.id))), (1, Ok(())));
        }
        store.close().await;
    }
}

#[tokio::test]
async fn runs_of_a_former_life_are_taken_over_as_soon_as_the_file_is_opened_again() {
    let (directory, store) = fresh_sqlite().await;
    let (run, former) = (lone_run(0), store.replica());
    store.commit(rows([run_row(&run)])).await.unwrap();
    store.close().await;
    let store = Store::open(&url_in(&directory), StoreOptions::default()).await.unwrap();
    assert_ne!(store.replica(), former);
    assert_eq!(store.renew().await.unwrap(), Renewal::Stands);
    assert_eq!(store.take_over(10).await.unwrap(), [Taken { run: run.id, epoch: 2, takeovers: 0 }]);
    assert_eq!(store.take_over(10).await.unwrap(), []);
    store.close().await;
    assert!(store.renew().await.is_err() && store.take_over(10).await.is_err() && store.release_all().await.is_err());
}

#[tokio::test]
async fn a_closed_store_finishes_what_was_queued_and_takes_nothing_more() {
    let (directory, store) = fresh_sqlite().await;
    let runs: Vec<_> = (0..20).map(lone_run).collect();
    let queued = futures_util::future::join_all(runs.iter().map(|run| store.commit(rows([run_row(run)]))));
    let (verdicts, ()) = tokio::join!(biased; queued, store.close());
    assert!(verdicts.iter().all(Result::is_ok), "{verdicts:?}");
    let late = store.commit(rows([delivery_row("late")])).await;
    assert_eq!(late, Err(CommitError::Unavailable("the store is closed".to_owned())));
    store.close().await;
    let wal = directory.path().join("standdown.db-wal");
    assert!(!wal.exists() || wal.metadata().unwrap().len() == 0, "the log was copied");
}

#[tokio::test]
async fn the_database_is_its_owners_alone() {
    let (directory, store) = fresh_sqlite().await;
    store.commit(rows([delivery_row("first")])).await.unwrap();
    for file in ["standdown.db", "standdown.db-wal", "standdown.db.lock"] {
        let mode = directory.path().join(file).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    store.close().await;
}

#[tokio::test]
async fn a_file_that_is_no_database_and_a_url_that_is_none_are_refused() {
    let directory = TempDir::new().unwrap();
    std::fs::write(directory.path().join("standdown.db"), "this is a text, and long enough to be looked at".repeat(99))
        .unwrap();
    let refused = Store::open(&url_in(&directory), StoreOptions::default()).await.unwrap_err();
    assert!(matches!(refused, OpenError::Unusable { .. }), "{refused}");
    let missing = Store::open("sqlite:/nowhere/at/all/standdown.db", StoreOptions::default()).await.unwrap_err();
    assert!(missing.to_string().starts_with("failed to open the store at /nowhere/at/all"), "{missing}");
    assert_eq!(Store::open("mysql://db", StoreOptions::default()).await.unwrap_err(), OpenError::Url);
}

#[tokio::test]
async fn an_event_can_not_be_updated_even_from_outside() {
    use sqlx::ConnectOptions;
    let (directory, store) = fresh_sqlite().await;
    store.commit(rows([event(&Subject::Daemon, "frozen", serde_json::json!({}), 0)])).await.unwrap();
    let path = directory.path().join("standdown.db");
    let mut outside = sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    let refused = sqlx::query("UPDATE events SET kind = 'thawed'").execute(&mut outside).await.unwrap_err();
    assert!(refused.to_string().contains("an event is never changed"), "{refused}");
    store.close().await;
}

#[tokio::test]
async fn a_message_that_is_damaged_keeps_no_other_from_being_sent() {
    let (directory, store) = fresh_sqlite().await;
    let (damaged, whole) = (message(None, 1), message(None, 2));
    let both = [&damaged, &whole].map(|message| Row::Message(Box::new(message.clone())));
    store.commit(rows(both)).await.unwrap();
    store.close().await;
    let earliest = "UPDATE messages SET body = '{' WHERE next_at = (SELECT min(next_at) FROM messages)";
    database::change(&database::file(directory.path()), earliest).await;
    let store = Store::open(&url_in(&directory), StoreOptions::default()).await.unwrap();
    let due = store.claim_messages(at(9), 10, std::time::Duration::from_secs(9)).await.unwrap();
    assert_eq!(due.into_iter().map(|due| due.message).collect::<Vec<_>>(), [whole]);
    store.close().await;
}

#[tokio::test]
async fn the_log_is_copied_while_writing_never_pauses_so_that_it_does_not_grow_without_end() {
    const BLOB_BYTES: usize = 512 * 1024;
    let (directory, store) = fresh_sqlite().await;
    let length = |file: &str| directory.path().join(file).metadata().map_or(0, |file| file.len());
    let mut longest = 0;
    for round in 0..75_u64 {
        let blobs = (0..8_u64).map(|place| {
            let mut bytes = vec![0; BLOB_BYTES];
            bytes[..8].copy_from_slice(&(round * 8 + place).to_be_bytes());
            store.commit(rows([Row::Blob { digest: Digest::of(&bytes), bytes }]))
        });
        let verdicts = futures_util::future::join_all(blobs).await;
        assert!(verdicts.iter().all(Result::is_ok), "{verdicts:?}");
        longest = longest.max(length("standdown.db-wal"));
    }
    // 300 MiB were written; the writer waits for a copy at 128, and what comes meanwhile is a batch.
    assert!(longest < 160 * 1024 * 1024, "the log became {longest} bytes long");
    assert!(length("standdown.db") > 128 * 1024 * 1024, "{} bytes were copied", length("standdown.db"));
    store.close().await;
}
