//! The connections that read: opened when first needed, then kept, each lent to one read at a time.
//!
//! A general pool asks a connection whether it still lives, when it is taken and when it is given back. A connection to a
//! file always does, and here each such question wakes a thread and waits for it: the two took longer than the read
//! between them, and most of what accepting an alert took. So there is no pool.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, SqlSafeStr as _};
use tokio::sync::{Mutex, MutexGuard};

use crate::store::read::{Query, Reader};

/// The connections that read.
#[derive(Debug)]
pub struct Readers {
    options: SqliteConnectOptions,
    slots: Vec<Mutex<Option<SqliteConnection>>>,
    next: AtomicUsize,
    closed: AtomicBool,
}

impl Readers {
    /// At most `count` connections, of which one is opened now.
    pub async fn open(options: SqliteConnectOptions, count: u32) -> Result<Self, sqlx::Error> {
        let first = Mutex::new(Some(options.connect().await?));
        let others = (1..count).map(|_| Mutex::new(None));
        let slots = std::iter::once(first).chain(others).collect();
        Ok(Self { options, slots, next: AtomicUsize::new(0), closed: AtomicBool::new(false) })
    }

    /// Waits for reads under way, and closes every connection. Later reads are errors.
    pub async fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        for slot in &self.slots {
            let connection = slot.lock().await.take();
            if let Some(connection) = connection
                && let Err(error) = connection.close().await
            {
                tracing::warn!(store.error = %error, "a connection that read could not be closed");
            }
        }
    }

    /// Has SQLite prepare a statement, and runs nothing.
    pub async fn prepare(&self, text: &'static str) -> Result<(), String> {
        let mut slot = self.lend().await?;
        let connection = connected(&self.options, &mut slot).await?;
        connection.prepare(text.into_sql_str()).await.map(drop).map_err(|error| error.to_string())
    }

    /// A connection that nobody uses, or the turn at one that somebody does.
    async fn lend(&self) -> Result<MutexGuard<'_, Option<SqliteConnection>>, String> {
        let closed = || "the store is closed".to_owned();
        let free = self.slots.iter().find_map(|slot| slot.try_lock().ok());
        let slot = if let Some(free) = free {
            free
        } else {
            let turn = self.next.fetch_add(1, Ordering::Relaxed).checked_rem(self.slots.len());
            let slot = turn.and_then(|turn| self.slots.get(turn));
            slot.ok_or_else(closed)?.lock().await
        };
        if self.closed.load(Ordering::SeqCst) { Err(closed()) } else { Ok(slot) }
    }
}

/// The connection of a slot, opened if it is not open yet.
async fn connected<'a>(
    options: &SqliteConnectOptions,
    slot: &'a mut Option<SqliteConnection>,
) -> Result<&'a mut SqliteConnection, String> {
    match slot {
        Some(connection) => Ok(connection),
        empty => Ok(empty.insert(options.connect().await.map_err(|error| error.to_string())?)),
    }
}

impl Reader for Readers {
    type Row = SqliteRow;

    async fn fetch(&self, query: Query) -> Result<Vec<SqliteRow>, String> {
        let mut slot = self.lend().await?;
        let connection = connected(&self.options, &mut slot).await?;
        let statement = sqlx::query(query.text.sqlite);
        let statement = query.parameters.into_iter().fold(statement, sqlx::query::Query::bind);
        statement.fetch_all(connection).await.map_err(|error| error.to_string())
    }
}
