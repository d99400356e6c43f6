//! Servers that can't be used, and databases that refuse.

use standdown::store::{CommitError, Inbox, OpenError, Subject, Writer};

use super::*;

async fn refused(url: &str) -> String {
    let error = Store::open(url, StoreOptions::default()).await.expect_err("the server can't be used");
    assert!(matches!(error, OpenError::Server { .. }), "{error}");
    error.to_string()
}

#[tokio::test]
async fn a_wrong_password_is_told_at_once_and_not_repeated() {
    let server = Postgres::start().await;
    let url = server.url().replace(Postgres::PASSWORD, "hunter2");
    let error =
        tokio::time::timeout(std::time::Duration::from_secs(5), refused(&url)).await.expect("it is told at once");
    assert!(error.contains("password authentication failed") && !error.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn a_server_that_could_lose_a_commit_is_refused() {
    let server = Postgres::start_with(&["synchronous_commit=off"]).await;
    opened(&server.url()).await.close().await;
    drop(server);
    // The last word of a command line counts.
    let server = Postgres::start_with(&["fsync=off"]).await;
    let error = refused(&server.url()).await;
    assert!(error.contains("fsync is off"), "{error}");
}

#[tokio::test]
async fn a_server_that_has_no_connection_left_is_told_so() {
    let server =
        Postgres::start_with(&["max_connections=5", "superuser_reserved_connections=0", "max_wal_senders=0"]).await;
    let mut all = Vec::new();
    while let Some(connection) = server.connection().await {
        all.push(connection);
    }
    let error = refused(&server.url()).await;
    assert!(error.contains("53300"), "{error}");
}

#[tokio::test]
async fn a_full_disk_is_an_honest_refusal_until_there_is_room_again() {
    let server = Postgres::start().await;
    let store = opened(&server.url()).await;
    // The server's own words for it, without filling the disk of the machine.
    server
        .execute(
            "CREATE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
            CREATE TRIGGER full_disk BEFORE INSERT ON deliveries EXECUTE FUNCTION disk_is_full()",
        )
        .await;
    let refused = store.commit(delivery("one")).await;
    let Err(CommitError::Unavailable(reason)) = &refused else { panic!("{refused:?}") };
    assert!(reason.contains("No space left"), "{reason}");
    assert!(!is_recorded(&store, "one").await, "reads go on");
    server.execute("DROP TRIGGER full_disk ON deliveries").await;
    store.commit(delivery("one")).await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn a_row_that_the_database_refuses_does_not_fail_its_neighbours() {
    let server = Postgres::start().await;
    let store = opened(&server.url()).await;
    let known = alert("known", 0);
    store.commit(rows([alert_row(&known, None)])).await.unwrap();
    let mut commits: Vec<_> = (0..40).map(|number| delivery(&format!("d{number}"))).collect();
    commits.insert(20, rows([alert_row(&known, None)]));
    let answers = futures_util::future::join_all(commits.into_iter().map(|commit| store.commit(commit))).await;
    let refused: Vec<_> = answers.iter().filter(|answer| answer.is_err()).collect();
    assert!(matches!(refused[..], [Err(CommitError::Unavailable(_))]), "{refused:?}");
    for number in 0..40 {
        assert!(is_recorded(&store, &format!("d{number}")).await);
    }
    store.close().await;
}

#[tokio::test]
async fn an_event_can_not_be_updated_even_from_outside() {
    let server = Postgres::start().await;
    let store = opened(&server.url()).await;
    store.commit(rows([event(&Subject::Daemon, "frozen", serde_json::json!({}), 0)])).await.unwrap();
    let mut outside = server.connection().await.unwrap();
    let refused = sqlx::query("UPDATE events SET kind = 'thawed'").execute(&mut outside).await.unwrap_err();
    assert!(refused.to_string().contains("an event is never changed"), "{refused}");
    store.close().await;
}

#[tokio::test]
async fn a_text_with_a_nul_is_kept_and_found_again() {
    let server = Postgres::start().await;
    let store = opened(&server.url()).await;
    store.commit(delivery("a\0b")).await.unwrap();
    assert!(store.delivery(&source(), "a\0b").await.unwrap().is_some());
    assert!(matches!(store.commit(delivery("a\0b")).await, Err(CommitError::Conflict(_))));
    store.close().await;
}
