//! Bare SQLite: the same tables and the same bytes in batches, made beforehand; no guards, no hashes, no callers.

use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use standdown::domain::Digest;
use standdown::store::Row;

use crate::intake;

const SCHEMA: &str = include_str!("../../../migrations/sqlite/0001_first.sql");

/// The parts of one commit that do not change with its number.
struct Parts {
    alert: String,
    body: String,
    incident: String,
    run: String,
    event: String,
}

/// Writes batches until the time is over: how many commits, how long each batch took, how long all took.
pub async fn write(path: &Path, batch: usize, time: Duration) -> (u64, Vec<Duration>, Duration) {
    let mut connection = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("wal_autocheckpoint", "0")
        .page_size(8192)
        .pragma("cache_size", "-65536")
        .disable_statement_logging()
        .connect()
        .await
        .unwrap();
    sqlx::raw_sql(SCHEMA).execute(&mut connection).await.unwrap();
    let parts = parts();
    let (mut number, mut waits) = (0_u64, Vec::new());
    let start = Instant::now();
    while start.elapsed() < time {
        let begun = Instant::now();
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.unwrap();
        insert_batch(&mut transaction, &parts, number..number + batch as u64).await;
        transaction.commit().await.unwrap();
        waits.push(begun.elapsed());
        number += batch as u64;
        if number % 4096 < batch as u64 {
            sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&mut connection).await.unwrap();
        }
    }
    let wall = start.elapsed();
    connection.close().await.unwrap();
    waits.sort();
    (number, waits, wall)
}

fn parts() -> Parts {
    let mut parts = Parts {
        alert: String::new(),
        body: String::new(),
        incident: String::new(),
        run: String::new(),
        event: String::new(),
    };
    for row in intake::commit(1).rows {
        match row {
            Row::Alert { alert, raw, .. } => {
                parts.alert = serde_json::to_string(&alert).unwrap();
                parts.body = raw.to_string();
            }
            Row::Run(run) => parts.run = intake::run_without_alert(&run),
            Row::Incident(incident) => parts.incident = serde_json::to_string(&incident).unwrap(),
            Row::Event { body, .. } => parts.event = body.to_string(),
            _ => {}
        }
    }
    parts
}

async fn insert_batch(connection: &mut SqliteConnection, parts: &Parts, numbers: std::ops::Range<u64>) {
    let numbers: Vec<u64> = numbers.collect();
    let sorted = |number: &u64, kind: u8| {
        let mut id = number.to_be_bytes().to_vec();
        id.extend([kind; 8]);
        id
    };
    let random = |number: &u64| Digest::of(&number.to_be_bytes()).as_bytes().to_vec();
    macro_rules! insert {
        ($head:literal, $columns:literal, $per_commit:literal, |$query:ident, $number:ident, $index:ident| $bind:expr) => {{
            let tuple = format!("({})", vec!["?"; $columns].join(","));
            let text = format!("INSERT INTO {} VALUES {}", $head, vec![tuple; numbers.len() * $per_commit].join(","));
            let mut $query = sqlx::query(AssertSqlSafe(text));
            for $number in &numbers {
                for $index in 0..$per_commit {
                    $query = $bind;
                }
            }
            $query.execute(&mut *connection).await.unwrap();
        }};
    }
    // As many to an era as the store has while the database is small.
    let era = |number: &u64| i64::try_from(number / 4096).unwrap();
    insert!("alerts", 11, 1, |query, number, _index| query
        .bind(sorted(number, 1))
        .bind(era(number))
        .bind("grafana")
        .bind(random(number))
        .bind(sorted(number, 2))
        .bind(1_i64)
        .bind(1_i64)
        .bind(1_i64)
        .bind(None::<i64>)
        .bind(parts.alert.clone())
        .bind(parts.body.clone()));
    insert!("deliveries", 5, 1, |query, number, _index| query
        .bind(era(number))
        .bind("grafana")
        .bind(format!("delivery-{:?}", &random(number)[..6]))
        .bind(1_i64)
        .bind("{\"alerts\":1}"));
    insert!("incidents", 6, 1, |query, number, _index| query
        .bind(sorted(number, 2))
        .bind(era(number))
        .bind(1_i64)
        .bind(format!("agent-{:?}", &random(number)[..6]))
        .bind(1_i64)
        .bind(parts.incident.clone()));
    insert!("runs", 19, 1, |query, number, _index| query
        .bind(sorted(number, 3))
        .bind(1_i64)
        .bind(sorted(number, 2))
        .bind("contain-runaway")
        .bind(random(number))
        .bind("billing-bot")
        .bind("enforce")
        .bind("running")
        .bind(None::<String>)
        .bind(1_i64)
        .bind(None::<i64>)
        .bind(1_i64)
        .bind(0_i64)
        .bind(sorted(number, 4))
        .bind(1_i64)
        .bind(None::<i64>)
        .bind(sorted(number, 1))
        .bind(None::<String>)
        .bind(parts.run.clone()));
    insert!("events", 8, 3, |query, number, index| query
        .bind(sorted(number, if index == 0 { 2 } else { 3 }))
        .bind(i64::from(index.max(1)))
        .bind(1_i64)
        .bind("{\"source\":{\"id\":\"grafana\"}}")
        .bind("run_started")
        .bind(parts.event.clone())
        .bind(random(number))
        .bind(random(number)));
}
