//! Commits that wait together. The write lock is held from outside while they queue up, so that the batch is certain.

use futures_util::future::join_all;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use standdown::domain::IncidentStatus;
use standdown::store::{Commit, CommitError, Guard, Row, RunLog, Store, StoreOptions, Subject, Writer, verify_chain};
use standdown::store::{Inbox, ReadModel};
use tempfile::TempDir;

use super::samples::*;
use super::{fresh_sqlite, url_in};

async fn hold_the_write_lock(directory: &TempDir) -> SqliteConnection {
    let path = directory.path().join("standdown.db");
    let mut connection = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await.unwrap();
    connection
}

async fn let_go(mut connection: SqliteConnection) {
    sqlx::query("ROLLBACK").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Commits that are applied in one transaction, after a first one that had to wait for the lock.
async fn together(directory: &TempDir, store: &Store, commits: Vec<Commit>) -> Vec<Result<(), CommitError>> {
    let lock = hold_the_write_lock(directory).await;
    let first = store.commit(rows([Row::Setting { key: "first".into(), value: 1.into() }]));
    let others = async {
        while store.queue_length() > 0 {
            tokio::task::yield_now().await;
        }
        // The first poll of every commit puts it into the queue; then the lock goes.
        let all = join_all(commits.into_iter().map(|commit| store.commit(commit)));
        tokio::join!(biased; all, let_go(lock)).0
    };
    let (first, verdicts) = tokio::join!(biased; first, others);
    first.unwrap();
    verdicts
}

#[tokio::test]
async fn the_first_of_two_that_exclude_each_other_wins() {
    let (directory, store) = fresh_sqlite().await;
    let guard = Guard::NoOpenIncident { key: "k".to_owned() };
    let incidents = [0, 1].map(|seconds| incident("k", seconds));
    let commits = incidents.iter().map(|incident| guarded(guard.clone(), [incident_row(incident)])).collect();
    let verdicts = together(&directory, &store, commits).await;
    assert_eq!(verdicts, [Ok(()), Err(CommitError::Conflict(guard))]);
    assert_eq!(store.open_incident("k").await.unwrap().as_ref(), incidents.first());
}

#[tokio::test]
async fn a_commit_is_judged_by_what_an_earlier_one_of_its_batch_wrote() {
    let (directory, store) = fresh_sqlite().await;
    let run = lone_run(0);
    let version = |version| standdown::domain::Run { version, ..run.clone() };
    let expects = |expected| Guard::RunVersion { run: run.id, expected };
    let fact = |kind| event(&Subject::Run(run.id), kind, serde_json::json!({}), 0);
    let mut closed = incident("k", 0);
    let opened = incident_row(&closed);
    closed.status = IncidentStatus::Closed;
    let reopened = incident("k", 1);
    let free = || Guard::NoOpenIncident { key: "k".to_owned() };
    let verdicts = together(
        &directory,
        &store,
        vec![
            guarded(expects(0), [run_row(&version(1)), fact("run_started")]),
            guarded(expects(1), [run_row(&version(2)), fact("step_began")]),
            guarded(expects(1), [run_row(&version(2)), fact("never")]),
            guarded(free(), [opened]),
            rows([incident_row(&closed)]),
            guarded(free(), [incident_row(&reopened)]),
        ],
    )
    .await;
    assert_eq!(verdicts, [Ok(()), Ok(()), Err(CommitError::Conflict(expects(1))), Ok(()), Ok(()), Ok(())]);
    assert_eq!(store.run(run.id).await.unwrap().unwrap().version, 2);
    assert_eq!(store.open_incident("k").await.unwrap(), Some(reopened));
    let events = store.events(&Subject::Run(run.id)).await.unwrap();
    assert_eq!(events.len(), 2);
    assert_eq!(verify_chain(&events, &Subject::Run(run.id)), Ok(()));
}

#[tokio::test]
async fn a_row_that_the_database_refuses_does_not_fail_its_neighbours() {
    let (directory, store) = fresh_sqlite().await;
    let known = alert("known", 0);
    store.commit(rows([alert_row(&known, None)])).await.unwrap();
    let runs = [1, 2].map(lone_run);
    let commits = vec![rows([run_row(&runs[0])]), rows([alert_row(&known, None)]), rows([run_row(&runs[1])])];
    let verdicts = together(&directory, &store, commits).await;
    assert!(matches!(verdicts[..], [Ok(()), Err(CommitError::Unavailable(_)), Ok(())]), "{verdicts:?}");
    for run in runs {
        assert_eq!(store.run(run.id).await.unwrap(), Some(run));
    }
    store.commit(rows([delivery_row("the writer goes on")])).await.unwrap();
    assert_eq!(store.writer_stats().failures, 1);
}

#[tokio::test]
async fn what_was_taken_back_is_not_remembered() {
    let (directory, store) = fresh_sqlite().await;
    let known = alert("known", 0);
    store.commit(rows([alert_row(&known, None)])).await.unwrap();
    let run = lone_run(0);
    let version = |version| standdown::domain::Run { version, ..run.clone() };
    let expects = |expected| Guard::RunVersion { run: run.id, expected };
    let fact = |kind| event(&Subject::Run(run.id), kind, serde_json::json!({}), 0);
    let began = || guarded(expects(0), [run_row(&version(1)), fact("run_started")]);
    store.commit(began()).await.unwrap();
    // The whole of the next transaction is taken back because of its last row, and this row's own commit with it.
    let goes_on = || guarded(expects(1), [run_row(&version(2)), fact("step_began")]);
    let spoiled = guarded(expects(2), [run_row(&version(3)), fact("never"), alert_row(&known, None)]);
    let verdicts = together(&directory, &store, vec![goes_on(), spoiled]).await;
    assert!(matches!(verdicts[..], [Ok(()), Err(CommitError::Unavailable(_))]), "{verdicts:?}");
    assert_eq!(store.commit(goes_on()).await, Err(CommitError::Conflict(expects(1))));
    let ends = guarded(expects(2), [run_row(&version(3)), fact("step_ended")]);
    store.commit(ends).await.unwrap();
    assert_eq!(store.run(run.id).await.unwrap().unwrap().version, 3);
    let events = store.events(&Subject::Run(run.id)).await.unwrap();
    let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["run_started", "step_began", "step_ended"]);
    assert_eq!(verify_chain(&events, &Subject::Run(run.id)), Ok(()));
}

#[tokio::test]
async fn a_full_queue_answers_at_once() {
    let directory = TempDir::new().unwrap();
    let options = StoreOptions { queue_length_max: 1, ..StoreOptions::default() };
    let store = Store::open(&url_in(&directory), options).await.unwrap();
    let commits =
        (0..10).map(|seconds| rows([incident_row(&incident(&format!("k{seconds}"), seconds))])).collect::<Vec<_>>();
    let lock = hold_the_write_lock(&directory).await;
    let all = join_all(commits.into_iter().map(|commit| store.commit(commit)));
    let (verdicts, ()) = tokio::join!(biased; all, let_go(lock));
    let accepted = verdicts.iter().filter(|verdict| verdict.is_ok()).count();
    let overloaded = Err(CommitError::Overloaded { retry_after_seconds: 1 });
    assert_eq!(verdicts.iter().filter(|verdict| **verdict == overloaded).count(), 10 - accepted);
    // One is at the writer, one waits, at most.
    assert!((1..=2).contains(&accepted), "{verdicts:?}");
    assert_eq!(store.incidents(false, 100).await.unwrap().len(), accepted);
}
