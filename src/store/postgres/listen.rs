//! Hearing what other replicas changed.
//!
//! Words that come while there is no connection are lost; so a listener that connects says that everything may have
//! changed. A connection on which nothing is heard is tried from time to time: a server that vanished says nothing either.

use std::sync::Arc;
use std::time::Duration;

use sqlx::Executor as _;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::sync::broadcast;
use tokio::time::{sleep, timeout};

use crate::store::rows::Change;

use super::announce::{CHANNEL, changes_in};
use super::connect::{Connector, Purpose};
use super::trouble::{Remedy, Trouble};

/// How long nothing may be heard before the connection is tried.
const SILENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(500);
const TIMEOUT: Duration = Duration::from_secs(10);

/// Who listens.
pub struct Listener {
    own_name: String,
    changes: Arc<broadcast::Sender<Change>>,
}

impl Listener {
    /// A listener that passes over the words of `own_name`.
    pub fn new(own_name: String, changes: Arc<broadcast::Sender<Change>>) -> Self {
        Self { own_name, changes }
    }

    /// Listens for ever.
    pub async fn run(&self, connector: &Connector) {
        loop {
            if let Err(trouble) = self.listen(connector).await {
                tracing::debug!(store.error = %trouble, "what other replicas change can't be heard now; it is looked for");
            }
            sleep(PAUSE).await;
        }
    }

    async fn listen(&self, connector: &Connector) -> Result<(), Trouble> {
        let mut listener = timeout(TIMEOUT, Self::connect(connector)).await.map_err(|_| Trouble::slow("a listener"))??;
        let moves = connector.moves();
        self.say(Change::Everything);
        while connector.moves() == moves {
            match timeout(SILENCE, listener.try_recv()).await {
                Ok(Ok(Some(word))) => {
                    changes_in(word.payload(), &self.own_name).into_iter().for_each(|change| self.say(change));
                }
                Ok(Ok(None)) => return Err(Trouble::new(Remedy::Reconnect, "the connection broke")),
                Ok(Err(error)) => return Err(error.into()),
                Err(_) => {
                    let alive = timeout(TIMEOUT, listener.execute("SELECT 1")).await;
                    alive.map_err(|_| Trouble::slow("a listener"))??;
                }
            }
        }
        Ok(())
    }

    /// The driver's listener wants a pool: one of a single connection to the server that takes writes now.
    async fn connect(connector: &Connector) -> Result<PgListener, Trouble> {
        use sqlx::Connection as _;
        connector.connect(Purpose::Other).await?.connection.close().await?;
        let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
        let pool = pool.connect_with(connector.last_good()?).await?;
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        Ok(listener)
    }

    fn say(&self, change: Change) {
        // An error means that nobody listens.
        self.changes.send(change).unwrap_or_default();
    }
}
