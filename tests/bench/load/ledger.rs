//! What the store holds, read beside the daemon: whether everything that was acknowledged is there, and how runs ended.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, Row as _, SqliteConnection};
use standdown::domain::AlertId;

pub enum Ledger {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// Runs by how they stand.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Standing {
    pub open: u64,
    pub completed: u64,
    pub otherwise: u64,
}

const IDS: &str = "SELECT id FROM alerts";
const OPEN: &str = "SELECT count(*) FROM runs WHERE open = 1";
const OPEN_POSTGRES: &str = "SELECT count(*) FROM runs WHERE open";
const RUNS: &str = "SELECT status, count(*) FROM runs GROUP BY status";

impl Ledger {
    pub async fn open(store: &str) -> anyhow::Result<Self> {
        match store.strip_prefix("sqlite:") {
            Some(path) => Ok(Self::Sqlite(SqliteConnectOptions::new().filename(path).read_only(true).connect().await?)),
            None => Ok(Self::Postgres(PgConnection::connect(store).await?)),
        }
    }

    /// How many of these alerts the store does not have.
    pub async fn missing(&mut self, acknowledged: &[AlertId]) -> anyhow::Result<usize> {
        let stored: HashSet<Vec<u8>> = match self {
            Self::Sqlite(connection) => {
                let rows = sqlx::query(IDS).fetch_all(connection).await?;
                rows.into_iter().map(|row| row.get::<Vec<u8>, _>(0)).collect()
            }
            Self::Postgres(connection) => {
                let rows = sqlx::query(IDS).fetch_all(connection).await?;
                rows.into_iter()
                    .map(|row| {
                        row.try_get::<Vec<u8>, _>(0)
                            .unwrap_or_else(|_| row.get::<uuid::Uuid, _>(0).into_bytes().to_vec())
                    })
                    .collect()
            }
        };
        Ok(acknowledged.iter().filter(|id| !stored.contains(id.as_bytes().as_slice())).count())
    }

    pub async fn open_runs(&mut self) -> anyhow::Result<i64> {
        Ok(match self {
            Self::Sqlite(connection) => sqlx::query_scalar(OPEN).fetch_one(connection).await?,
            Self::Postgres(connection) => match sqlx::query_scalar(OPEN_POSTGRES).fetch_one(&mut *connection).await {
                Ok(count) => count,
                Err(_) => sqlx::query_scalar(OPEN).fetch_one(connection).await?,
            },
        })
    }

    pub async fn runs(&mut self) -> anyhow::Result<Standing> {
        let rows: Vec<(String, i64)> = match self {
            Self::Sqlite(connection) => sqlx::query_as(RUNS).fetch_all(connection).await?,
            Self::Postgres(connection) => sqlx::query_as(RUNS).fetch_all(connection).await?,
        };
        let mut standing = Standing::default();
        for (status, count) in rows {
            let count = u64::try_from(count)?;
            match status.as_str() {
                "running" | "undoing" => standing.open += count,
                "completed" => standing.completed += count,
                _ => standing.otherwise += count,
            }
        }
        Ok(standing)
    }

    /// Waits until no run is open; false if some still are when the time is over.
    pub async fn wait_until_quiet(&mut self, limit: Duration) -> anyhow::Result<bool> {
        let began = Instant::now();
        while began.elapsed() < limit {
            if self.open_runs().await? == 0 {
                return Ok(true);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(false)
    }
}
