//! The one writer: a thread that takes everything that queued up during the last commit, applies it in one transaction,
//! and only then answers each caller.
//!
//! No timer delays a commit: while the disk is busy with one batch, the next one gathers by itself. The queue is
//! bounded; when it is full, callers are told at once instead of waiting. The writer is a thread and not a task, so that
//! what it began is finished when the runtime around it stops.

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::BoxFuture;
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use crate::store::backend::StoreOptions;
use crate::store::commit::CommitError;

use super::batch::{Verdicts, apply};
use super::lock::LockFile;
use super::prepared::Prepared;
use super::stats::{SharedStats, Spent};

/// How much is written before the write-ahead log is copied into the database, in bytes of rows.
const CHECKPOINT_BYTES: usize = 32 * 1024 * 1024;
/// How long a caller should wait when the queue is full, in seconds.
const RETRY_AFTER_SECONDS: u32 = 1;

/// One waiting caller.
struct Request {
    commit: Prepared,
    answer: oneshot::Sender<Result<(), CommitError>>,
}

/// A transaction of its own, between two batches.
type Alone = Box<dyn for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, ()> + Send>;

enum Order {
    Commit(Request),
    Alone(Alone),
    Close(oneshot::Sender<()>),
}

/// The way to the writer.
#[derive(Debug)]
pub struct WriterHandle {
    orders: mpsc::Sender<Order>,
    stats: Arc<SharedStats>,
}

struct WriterThread {
    connection: SqliteConnection,
    orders: mpsc::Receiver<Order>,
    stats: Arc<SharedStats>,
    commits_max: usize,
    bytes_since_checkpoint: usize,
    _lock: LockFile,
}

impl WriterHandle {
    /// Starts the writer over its connection; it keeps the lock until the last write is done.
    pub fn start(connection: SqliteConnection, lock: LockFile, options: &StoreOptions) -> std::io::Result<Self> {
        let (orders, receiver) = mpsc::channel(options.queue_length_max.max(1));
        let stats = Arc::new(SharedStats::default());
        let thread = WriterThread {
            connection,
            orders: receiver,
            stats: Arc::clone(&stats),
            commits_max: options.batch_commits_max.max(1),
            bytes_since_checkpoint: 0,
            _lock: lock,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        std::thread::Builder::new()
            .name("standdown-writer".to_owned())
            .spawn(move || runtime.block_on(thread.run()))?;
        Ok(Self { orders, stats })
    }

    /// Queues a commit and waits until it is on disk.
    pub async fn commit(&self, commit: Prepared) -> Result<(), CommitError> {
        let (answer, answered) = oneshot::channel();
        match self.orders.try_send(Order::Commit(Request { commit, answer })) {
            Ok(()) => answered.await.unwrap_or_else(|_| Err(closed())),
            Err(mpsc::error::TrySendError::Full(_)) => {
                Err(CommitError::Overloaded { retry_after_seconds: RETRY_AFTER_SECONDS })
            }
            Err(mpsc::error::TrySendError::Closed(_)) => Err(closed()),
        }
    }

    /// Does something alone on the writer's connection, after the commits that were queued before it. If it fails,
    /// nothing of it may stay written: it opens a transaction of its own.
    pub async fn alone<T: Send + 'static>(
        &self,
        work: impl for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, sqlx::Error>> + Send + 'static,
    ) -> Result<T, CommitError> {
        let (answer, answered) = oneshot::channel();
        let order: Alone = Box::new(move |connection| {
            Box::pin(async move {
                // Whoever asked may have gone; it is done all the same.
                answer.send(work(connection).await).unwrap_or_default();
            })
        });
        self.orders.send(Order::Alone(order)).await.map_err(|_| closed())?;
        let done = answered.await.map_err(|_| closed())?;
        done.map_err(|error| CommitError::Unavailable(error.to_string()))
    }

    /// Lets the writer finish what is queued, and waits for it.
    pub async fn close(&self) {
        let (done, finished) = oneshot::channel();
        if self.orders.send(Order::Close(done)).await.is_ok() {
            // An error means that the writer has ended already, which is what was asked.
            finished.await.unwrap_or_default();
        }
    }

    /// What the writer did.
    pub fn stats(&self) -> &SharedStats {
        &self.stats
    }

    /// How many commits wait for the writer.
    pub fn queue_length(&self) -> usize {
        self.orders.max_capacity() - self.orders.capacity()
    }
}

fn closed() -> CommitError {
    CommitError::Unavailable("the store is closed".to_owned())
}

impl WriterThread {
    async fn run(mut self) {
        let mut orders = Vec::new();
        let mut closers = Vec::new();
        while self.orders.recv_many(&mut orders, self.commits_max).await > 0 {
            let mut requests = Vec::with_capacity(orders.len());
            let mut alone = Vec::new();
            for order in orders.drain(..) {
                match order {
                    Order::Commit(request) => requests.push(request),
                    Order::Alone(work) => alone.push(work),
                    Order::Close(done) => {
                        self.orders.close();
                        closers.push(done);
                    }
                }
            }
            self.serve(requests).await;
            for work in alone {
                work(&mut self.connection).await;
            }
        }
        self.finish().await;
        for done in closers {
            // Whoever asked may have gone; the writer has ended all the same.
            done.send(()).unwrap_or_default();
        }
    }

    async fn serve(&mut self, requests: Vec<Request>) {
        if requests.is_empty() {
            return;
        }
        let (commits, answers): (Vec<_>, Vec<_>) =
            requests.into_iter().map(|request| (request.commit, request.answer)).unzip();
        let batch: Vec<&Prepared> = commits.iter().collect();
        let mut spent = Spent::default();
        let verdicts = self.apply_or_split(&batch, &mut spent).await;
        self.count(&verdicts, spent);
        for (answer, verdict) in answers.into_iter().zip(verdicts) {
            // A caller that went away (its connection was closed) is not told; what it sent is on disk.
            answer.send(verdict).unwrap_or_default();
        }
        self.bytes_since_checkpoint += commits.iter().map(Prepared::byte_count).sum::<usize>();
        if self.bytes_since_checkpoint >= CHECKPOINT_BYTES {
            self.checkpoint().await;
        }
    }

    /// A batch that one bad row spoiled is applied commit by commit, so that only the bad one fails.
    async fn apply_or_split(&mut self, batch: &[&Prepared], spent: &mut Spent) -> Verdicts {
        let error = match apply(&mut self.connection, batch, spent).await {
            Ok(verdicts) => return verdicts,
            Err(error) => error,
        };
        if batch.len() == 1 || !is_about_rows(&error) {
            tracing::error!(store.error = %error, store.commits = batch.len(), "the database did not take a batch");
            let unavailable = CommitError::Unavailable(error.to_string());
            return batch.iter().map(|_| Err(unavailable.clone())).collect();
        }
        tracing::warn!(store.error = %error, "a batch was refused; its commits are applied one by one");
        let mut verdicts = Vec::with_capacity(batch.len());
        for commit in batch {
            let alone = apply(&mut self.connection, std::slice::from_ref(commit), spent).await;
            verdicts.extend(alone.unwrap_or_else(|error| vec![Err(CommitError::Unavailable(error.to_string()))]));
        }
        verdicts
    }

    fn count(&self, verdicts: &Verdicts, spent: Spent) {
        self.stats.update(|stats| {
            stats.batches += 1;
            for verdict in verdicts {
                match verdict {
                    Ok(()) => stats.commits += 1,
                    Err(CommitError::Conflict(_)) => stats.conflicts += 1,
                    Err(_) => stats.failures += 1,
                }
            }
            stats.spent.add(&spent);
        });
    }

    async fn checkpoint(&mut self) {
        let start = Instant::now();
        if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&mut self.connection).await {
            tracing::warn!(store.error = %error, "the write-ahead log could not be copied; it grows until it can");
        }
        self.bytes_since_checkpoint = 0;
        self.stats.update(|stats| stats.spent.checkpoint += start.elapsed());
    }

    async fn finish(mut self) {
        if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut self.connection).await {
            tracing::warn!(store.error = %error, "the write-ahead log could not be copied; the next start does it");
        }
        if let Err(error) = self.connection.close().await {
            tracing::warn!(store.error = %error, "the database could not be closed");
        }
    }
}

/// Whether the error is one of what was written (a constraint, a type, a size), and not one of the disk.
fn is_about_rows(error: &sqlx::Error) -> bool {
    const TOO_BIG: u32 = 18;
    const CONSTRAINT: u32 = 19;
    const MISMATCH: u32 = 20;
    let code = match error {
        sqlx::Error::Database(error) => error.code().and_then(|code| code.parse::<u32>().ok()),
        _ => None,
    };
    // The low byte of an extended code is the primary one.
    code.is_some_and(|code| [TOO_BIG, CONSTRAINT, MISMATCH].contains(&(code & 0xff)))
}
