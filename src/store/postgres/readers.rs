//! Connections for reads: a few, kept, and thrown away when they are no longer good.
//!
//! The driver's own pool knows one host. This one asks the [`Connector`], so that after a failover reads go where writes
//! go. A read that met a connection which had broken while nobody used it is done once more on a fresh one: a restart of
//! the server costs readers nothing but time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::Row as _;
use sqlx::postgres::PgRow;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::store::read::{Columns, Query, Reader};

use super::connect::{Connected, Connector, Purpose, READ_TIMEOUT_MS};
use super::trouble::{Remedy, Trouble};

const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// A little more than the server gives a read, so that its own word comes first.
const TIMEOUT: Duration = Duration::from_millis(READ_TIMEOUT_MS + 2_000);

/// The connections for reads.
#[derive(Debug)]
pub struct Readers {
    connector: Arc<Connector>,
    permits: Semaphore,
    idle: Mutex<Vec<Idle>>,
}

struct Idle(Connected);

impl std::fmt::Debug for Idle {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Idle")
    }
}

impl Readers {
    /// At most `connections` at the same time; none is made before it is needed.
    pub fn new(connector: Arc<Connector>, connections: u32) -> Self {
        let permits = Semaphore::new(usize::try_from(connections).unwrap_or(1).max(1));
        Self { connector, permits, idle: Mutex::default() }
    }

    /// Ends what is idle; later reads are refused.
    pub fn close(&self) {
        self.permits.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn take_idle(&self) -> Option<Connected> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // What belongs to a server that was left is dropped on the way.
        idle.retain(|Idle(connected)| connected.moves == self.connector.moves());
        idle.pop().map(|Idle(connected)| connected)
    }

    fn give_back(&self, connected: Connected) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(Idle(connected));
    }

    async fn read(&self, query: &Query) -> Result<Vec<PgRow>, Trouble> {
        let closed = |_| Trouble::new(Remedy::Wait, "the store is closed");
        let waited = timeout(ACQUIRE_TIMEOUT, self.permits.acquire()).await;
        let _permit = waited.map_err(|_| Trouble::new(Remedy::Wait, "every connection is busy"))?.map_err(closed)?;
        if let Some(connected) = self.take_idle() {
            match self.read_on(connected, query).await {
                Err(trouble) if trouble.remedy == Remedy::Reconnect => {}
                answer => return answer,
            }
        }
        let connected = self.connector.connect(Purpose::Read).await?;
        self.read_on(connected, query).await
    }

    /// The connection is given back only after a whole answer: one that a caller walked away from is dropped.
    async fn read_on(&self, mut connected: Connected, query: &Query) -> Result<Vec<PgRow>, Trouble> {
        let statement = sqlx::query(query.text.postgres);
        let statement = query.parameters.iter().cloned().fold(statement, sqlx::query::Query::bind);
        let answer = timeout(TIMEOUT, statement.fetch_all(&mut connected.connection)).await;
        let answer = answer.map_err(|_| Trouble::slow("a read"))?.map_err(Trouble::from);
        if !matches!(&answer, Err(trouble) if trouble.remedy == Remedy::Reconnect) {
            self.give_back(connected);
        }
        answer
    }
}

impl Reader for Readers {
    type Row = PgRow;

    async fn fetch(&self, query: Query) -> Result<Vec<PgRow>, String> {
        self.read(&query).await.map_err(|trouble| trouble.to_string())
    }
}

impl Columns for PgRow {
    fn integer(&self, column: &str) -> Result<Option<i64>, String> {
        // A yes or no takes two bytes as it is stored, and is a truth value or a short number as it is computed.
        let wide = self.try_get::<Option<i64>, _>(column);
        wide.or_else(|_| self.try_get::<Option<i16>, _>(column).map(|number| number.map(i64::from)))
            .or_else(|_| self.try_get::<Option<i32>, _>(column).map(|number| number.map(i64::from)))
            .or_else(|_| self.try_get::<Option<bool>, _>(column).map(|flag| flag.map(i64::from)))
            .map_err(|error| error.to_string())
    }

    fn text(&self, column: &str) -> Result<Option<&str>, String> {
        self.try_get(column).map_err(|error| error.to_string())
    }

    fn bytes(&self, column: &str) -> Result<Option<&[u8]>, String> {
        self.try_get(column).map_err(|error| error.to_string())
    }
}
