//! The least that "durable" can mean: two rows an alert, in batches, with the log synced before the batch is done.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use uuid::Uuid;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS alerts (id BLOB NOT NULL PRIMARY KEY, body TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS events (id BLOB NOT NULL PRIMARY KEY, alert BLOB NOT NULL, kind TEXT NOT NULL) STRICT;";

/// How many rows one statement takes: few lengths, so that all are prepared once.
const LENGTHS: [usize; 5] = [256, 64, 16, 4, 1];

pub struct Pair {
    connection: SqliteConnection,
    texts: Vec<(String, String)>,
}

impl Pair {
    pub async fn open(path: &Path) -> anyhow::Result<Self> {
        let mut connection = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("wal_autocheckpoint", "8192")
            .pragma("cache_size", "-65536")
            .disable_statement_logging()
            .connect()
            .await?;
        sqlx::raw_sql(SCHEMA).execute(&mut connection).await?;
        let texts = LENGTHS.map(|rows| {
            (
                format!("INSERT INTO alerts (id, body) VALUES {}", vec!["(?, ?)"; rows].join(", ")),
                format!("INSERT INTO events (id, alert, kind) VALUES {}", vec!["(?, ?, ?)"; rows].join(", ")),
            )
        });
        Ok(Self { connection, texts: texts.into() })
    }

    /// Writes a batch; it is on disk when this returns.
    pub async fn write(&mut self, bodies: &[&str]) -> anyhow::Result<()> {
        let mut transaction = self.connection.begin_with("BEGIN IMMEDIATE").await?;
        let mut left = bodies;
        while !left.is_empty() {
            let at = LENGTHS.iter().position(|length| *length <= left.len()).unwrap_or(LENGTHS.len() - 1);
            let (now, later) = left.split_at(LENGTHS[at]);
            let ids: Vec<Vec<u8>> = now.iter().map(|_| Uuid::now_v7().into_bytes().to_vec()).collect();
            let (alerts, events) = &self.texts[at];
            let mut query = sqlx::query(AssertSqlSafe(alerts.clone()));
            for (id, body) in ids.iter().zip(now) {
                query = query.bind(id.clone()).bind((*body).to_owned());
            }
            query.execute(&mut *transaction).await?;
            let mut query = sqlx::query(AssertSqlSafe(events.clone()));
            for id in &ids {
                query = query.bind(Uuid::now_v7().into_bytes().to_vec()).bind(id.clone()).bind("alert_accepted");
            }
            query.execute(&mut *transaction).await?;
            left = later;
        }
        transaction.commit().await?;
        Ok(())
    }
}
