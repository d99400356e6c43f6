//! Copies the write-ahead log into the database while the writer goes on, over a connection of its own.
//!
//! The writer did it itself between two batches once: a twelfth of its time under load, and everybody who came meanwhile
//! waited some fifty milliseconds. What is written while the copy is made stands in the log afterwards; that little the
//! writer copies itself, so that the log is copied to its end, and begins anew, even if writing never pauses.

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::task::{JoinError, JoinSet};

/// The statement that copies what no reader and no other copy is in the way of.
pub const COPY: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// The connection after a copy.
type Copied = Result<SqliteConnection, sqlx::Error>;

/// What copies, and whether it does now. The connection is opened when it is needed first.
#[derive(Debug)]
pub struct Copier {
    connect: SqliteConnectOptions,
    idle: Option<SqliteConnection>,
    /// The copy that is being made; at most one.
    copying: JoinSet<Copied>,
}

impl Copier {
    /// A copier that opens its connection so.
    pub fn new(connect: SqliteConnectOptions) -> Self {
        Self { connect, idle: None, copying: JoinSet::new() }
    }

    /// Begins a copy, unless one is being made. It goes on whenever the writer waits for something.
    pub fn begin(&mut self) {
        if !self.copying.is_empty() {
            return;
        }
        let (idle, connect) = (self.idle.take(), self.connect.clone());
        self.copying.spawn(async move {
            let mut connection = match idle {
                Some(connection) => connection,
                None => connect.connect().await?,
            };
            sqlx::query(COPY).execute(&mut connection).await?;
            Ok(connection)
        });
    }

    /// Whether a copy has ended since this was asked last.
    pub fn has_ended(&mut self) -> bool {
        let ended = self.copying.try_join_next();
        ended.is_some_and(|ended| {
            self.put_back(ended);
            true
        })
    }

    /// Waits for the copy that is being made, if there is one.
    pub async fn wait(&mut self) {
        if let Some(ended) = self.copying.join_next().await {
            self.put_back(ended);
        }
    }

    /// Keeps the connection for the next copy, which opens one anew after an error.
    fn put_back(&mut self, ended: Result<Copied, JoinError>) {
        match ended {
            Ok(Ok(connection)) => self.idle = Some(connection),
            Ok(Err(error)) => {
                tracing::warn!(store.error = %error, "the write-ahead log could not be copied beside the writer");
            }
            Err(error) => tracing::warn!(store.error = %error, "the copy of the write-ahead log ended early"),
        }
    }

    /// Waits for the copy, and closes the connection.
    pub async fn close(mut self) {
        self.wait().await;
        if let Some(Err(error)) = futures_util::future::OptionFuture::from(self.idle.map(Connection::close)).await {
            tracing::warn!(store.error = %error, "the connection that copied the write-ahead log could not be closed");
        }
    }
}
