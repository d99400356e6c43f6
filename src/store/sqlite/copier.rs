//! Copies the write-ahead log into the database while the writer goes on, over a connection of its own.
//!
//! The writer did it itself between two batches once: a twelfth of its time under load, and everybody who came meanwhile
//! waited some fifty milliseconds. What is written while the copy is made stands in the log afterwards; that little the
//! writer copies itself, so that the log is copied to its end, and begins anew, even if writing never pauses.

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::task::JoinHandle;

/// The statement that copies what no reader and no other copy is in the way of.
pub const COPY: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// What copies, and whether it does now. The connection is opened when it is needed first.
#[derive(Debug)]
pub struct Copier {
    connect: SqliteConnectOptions,
    idle: Option<SqliteConnection>,
    copying: Option<JoinHandle<Result<SqliteConnection, sqlx::Error>>>,
}

impl Copier {
    /// A copier that opens its connection so.
    pub fn new(connect: SqliteConnectOptions) -> Self {
        Self { connect, idle: None, copying: None }
    }

    /// Begins a copy, unless one is being made. It goes on whenever the writer waits for something.
    pub fn begin(&mut self) {
        if self.copying.is_some() {
            return;
        }
        let (idle, connect) = (self.idle.take(), self.connect.clone());
        self.copying = Some(tokio::spawn(async move {
            let mut connection = match idle {
                Some(connection) => connection,
                None => connect.connect().await?,
            };
            sqlx::query(COPY).execute(&mut connection).await?;
            Ok(connection)
        }));
    }

    /// Whether a copy has ended that nobody has waited for.
    pub fn has_ended(&self) -> bool {
        self.copying.as_ref().is_some_and(JoinHandle::is_finished)
    }

    /// Waits for the copy that is being made, if there is one. After an error the next one opens its connection anew.
    pub async fn wait(&mut self) {
        let Some(copying) = self.copying.take() else { return };
        match copying.await {
            Ok(Ok(connection)) => self.idle = Some(connection),
            Ok(Err(error)) => {
                tracing::warn!(store.error = %error, "the write-ahead log could not be copied beside the writer")
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
