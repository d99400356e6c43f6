//! A connection for what is a transaction of its own: claims, heartbeats, messages to be sent.
//!
//! It stands beside the writers, so that none of that waits behind a flood of alerts. Whoever asks may give up waiting, as
//! a heartbeat does; whoever asks next goes on making the connection, or a server that is slower would never be reached.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::store::commit::CommitError;

use super::connect::{Connected, Connector, Purpose};
use super::trouble::Trouble;

const TIMEOUT: Duration = Duration::from_secs(10);

/// The connection.
pub struct Alone {
    connector: Arc<Connector>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    kept: Option<Connected>,
    /// A connection that was begun to be made by somebody who gave up waiting.
    making: Option<BoxFuture<'static, Result<Connected, Trouble>>>,
}

impl std::fmt::Debug for Alone {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Alone")
    }
}

impl Alone {
    /// None is made before it is needed.
    pub fn new(connector: Arc<Connector>) -> Self {
        Self { connector, held: Mutex::default() }
    }

    /// Does something in one transaction. After an error it may or may not have been done; what is asked here may be
    /// asked again.
    pub async fn run<T: Send>(
        &self,
        work: impl for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, Result<T, Trouble>> + Send,
    ) -> Result<T, CommitError> {
        let mut held = self.held.lock().await;
        let connected = Box::pin(self.connected(&mut held)).await;
        let mut connected = connected.map_err(|trouble| unavailable(&trouble))?;
        let connection = &mut connected.connection;
        let done = timeout(TIMEOUT, async {
            sqlx::raw_sql("BEGIN").execute(&mut *connection).await?;
            let done = work(&mut *connection).await?;
            sqlx::raw_sql("COMMIT").execute(&mut *connection).await?;
            Ok(done)
        });
        // A connection that something went wrong on is dropped, and its transaction with it.
        let done = done.await.unwrap_or_else(|_| Err(Trouble::slow("a transaction")));
        let done = done.map_err(|trouble| unavailable(&trouble))?;
        held.kept = Some(connected);
        Ok(done)
    }

    /// Ends the connection.
    pub async fn close(&self) {
        let mut held = self.held.lock().await;
        held.making = None;
        if let Some(connected) = held.kept.take() {
            // The server notices either way.
            drop(timeout(Duration::from_secs(1), connected.connection.close()).await);
        }
    }

    async fn connected(&self, held: &mut Held) -> Result<Connected, Trouble> {
        if let Some(mut connected) = held.kept.take().filter(|connected| connected.moves == self.connector.moves())
            && matches!(timeout(TIMEOUT, connected.connection.ping()).await, Ok(Ok(())))
        {
            return Ok(connected);
        }
        let making = held.making.get_or_insert_with(|| {
            let connector = Arc::clone(&self.connector);
            Box::pin(async move { connector.connect(Purpose::Write).await })
        });
        let made = making.await;
        held.making = None;
        made
    }
}

fn unavailable(trouble: &Trouble) -> CommitError {
    CommitError::Unavailable(trouble.to_string())
}
