//! The one writer: a thread that takes everything that queued up during the last commit, applies it in one transaction
//! together with what comes meanwhile, and only then answers each caller.
//!
//! No timer delays a commit: while the disk is busy with one batch, the next one gathers by itself. Callers that were just
//! answered come back while the rows of the first of them are being written, so looking at the queue once more before the
//! sync makes the batches as large as there are callers (measured: 39 of 64 without it). The queue is
//! bounded; when it is full, callers are told at once instead of waiting. The writer is a thread and not a task, so that
//! what it began is finished when the runtime around it stops.

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::BoxFuture;
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use crate::store::backend::StoreOptions;
use crate::store::commit::CommitError;

use super::batch::{self, Memory};
use super::bundle::Bundles;
use super::copier::{COPY, Copier};
use super::eras::Eras;
use super::lock::LockFile;
use super::recall::Recall;
use crate::store::write::Verdicts;
use crate::store::write::prepared::Prepared;
use crate::store::write::stats::{SharedStats, Spent};

/// How much is written before the write-ahead log is copied into the database, in bytes of rows.
const CHECKPOINT_BYTES: usize = 32 * 1024 * 1024;
/// How much is written at most before the writer waits for that copy.
const LOG_BYTES_MAX: usize = 4 * CHECKPOINT_BYTES;
/// How often a transaction takes up what came while it was written, before it is committed.
const ROUNDS_MAX: usize = 3;
/// How long a caller should wait when the queue is full, in seconds.
const RETRY_AFTER_SECONDS: u32 = 1;

/// One waiting caller.
struct Request {
    commit: Prepared,
    /// The verdict, and the commit to be dropped by whoever made it: freeing it takes the writer a tenth of its time.
    answer: oneshot::Sender<(Result<(), CommitError>, Prepared)>,
}

/// A transaction of its own, between two batches.
type Alone = Box<dyn for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, ()> + Send>;

enum Order {
    Commit(Request),
    Later(Later),
}

/// What waits until the commits that came before it are on disk.
enum Later {
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
    copier: Copier,
    memory: Memory,
    orders: mpsc::Receiver<Order>,
    stats: Arc<SharedStats>,
    commits_max: usize,
    /// At the start, what former lives left in the log: one that is killed again and again before it wrote that much
    /// itself would never copy anything, and each start would read a longer log.
    bytes_since_checkpoint: usize,
    closers: Vec<oneshot::Sender<()>>,
    lock: LockFile,
}

impl WriterHandle {
    /// Starts the writer over its connection; it keeps the lock until the last write is done. `log_bytes` is the length of
    /// the write-ahead log as it was found, in bytes.
    pub fn start(
        connection: SqliteConnection,
        copier: Copier,
        recall: Recall,
        eras: Arc<Eras>,
        lock: LockFile,
        log_bytes: usize,
        options: &StoreOptions,
    ) -> std::io::Result<Self> {
        let (orders, receiver) = mpsc::channel(options.queue_length_max.max(1));
        let stats = Arc::new(SharedStats::default());
        let thread = WriterThread {
            connection,
            copier,
            memory: Memory { bundles: Bundles::default(), recall, eras },
            orders: receiver,
            stats: Arc::clone(&stats),
            commits_max: options.batch_commits_max.max(1),
            bytes_since_checkpoint: log_bytes,
            closers: Vec::new(),
            lock,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        std::thread::Builder::new()
            .name("standdown-writer".to_owned())
            .spawn(move || runtime.block_on(thread.run()))?;
        Ok(Self { orders, stats })
    }

    /// The handle of a store that is only read: what is committed is answered that the store is closed.
    pub fn absent() -> Self {
        Self { orders: mpsc::channel(1).0, stats: Arc::default() }
    }

    /// Queues a commit and waits until it is on disk.
    pub async fn commit(&self, commit: Prepared) -> Result<(), CommitError> {
        let (answer, answered) = oneshot::channel();
        match self.orders.try_send(Order::Commit(Request { commit, answer })) {
            Ok(()) => answered.await.map_or_else(|_| Err(closed()), |(verdict, _)| verdict),
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
        self.orders.send(Order::Later(Later::Alone(order))).await.map_err(|_| closed())?;
        let done = answered.await.map_err(|_| closed())?;
        done.map_err(|error| CommitError::Unavailable(error.to_string()))
    }

    /// Lets the writer finish what is queued, and waits for it.
    pub async fn close(&self) {
        let (done, finished) = oneshot::channel();
        if self.orders.send(Order::Later(Later::Close(done))).await.is_ok() {
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
        while self.orders.recv_many(&mut orders, self.commits_max).await > 0 {
            let mut later = Vec::new();
            let requests = sort(orders.drain(..), &mut later);
            self.serve(requests, &mut later).await;
            for order in later {
                match order {
                    Later::Alone(work) => {
                        work(&mut self.connection).await;
                        // It may have taken runs over.
                        self.memory.recall.clear();
                    }
                    Later::Close(done) => {
                        self.orders.close();
                        self.closers.push(done);
                    }
                }
            }
        }
        self.finish().await;
    }

    async fn serve(&mut self, mut requests: Vec<Request>, later: &mut Vec<Later>) {
        if requests.is_empty() {
            return;
        }
        let mut spent = Spent::default();
        let verdicts = match self.apply(&mut requests, later, &mut spent).await {
            Ok(verdicts) => verdicts,
            Err(error) => self.apply_apart(&requests, &error, &mut spent).await,
        };
        self.stats.count(&verdicts, &spent);
        let written: usize = requests.iter().map(|request| request.commit.byte_count()).sum();
        self.bytes_since_checkpoint = self.bytes_since_checkpoint.saturating_add(written);
        let start = Instant::now();
        for (request, verdict) in requests.into_iter().zip(verdicts) {
            // A caller that went away (its connection was closed) is not told; what it sent is on disk.
            drop(request.answer.send((verdict, request.commit)));
        }
        let answered = Instant::now();
        if self.copier.has_ended() || self.bytes_since_checkpoint >= LOG_BYTES_MAX {
            self.copier.wait().await;
            self.checkpoint().await;
        } else if self.bytes_since_checkpoint >= CHECKPOINT_BYTES {
            self.copier.begin();
        }
        self.stats.update(|stats| {
            stats.spent.answer += answered.duration_since(start);
            stats.spent.checkpoint += answered.elapsed();
        });
    }

    /// Applies what is asked in one transaction. Whatever comes while its rows are written goes in too, before the one
    /// sync that all of them wait for. On an error nothing was written.
    async fn apply(
        &mut self,
        requests: &mut Vec<Request>,
        later: &mut Vec<Later>,
        spent: &mut Spent,
    ) -> Result<Verdicts, sqlx::Error> {
        let applied = self.add_all(requests, later, spent).await;
        if applied.is_err() {
            batch::roll_back(&mut self.connection, &mut self.memory).await;
        }
        applied
    }

    async fn add_all(
        &mut self,
        requests: &mut Vec<Request>,
        later: &mut Vec<Later>,
        spent: &mut Spent,
    ) -> Result<Verdicts, sqlx::Error> {
        let (mut verdicts, mut begun) = (Verdicts::new(), false);
        for round in 1..=ROUNDS_MAX {
            let fresh: Vec<&Prepared> = requests.iter().skip(verdicts.len()).map(|request| &request.commit).collect();
            if fresh.is_empty() {
                break;
            }
            verdicts.extend(batch::add(&mut self.connection, &fresh, &mut begun, &mut self.memory, spent).await?);
            // What must be done alone comes after everything that was asked before it, and before what is asked after it.
            if round < ROUNDS_MAX && later.is_empty() {
                let room = self.commits_max.saturating_sub(requests.len());
                requests.extend(sort(std::iter::from_fn(|| self.orders.try_recv().ok()).take(room), later));
            }
        }
        if begun {
            batch::commit(&mut self.connection, spent).await?;
        }
        Ok(verdicts)
    }

    /// A transaction that one bad row spoiled is applied commit by commit, so that only the bad one fails.
    async fn apply_apart(&mut self, requests: &[Request], error: &sqlx::Error, spent: &mut Spent) -> Verdicts {
        if requests.len() == 1 || !is_about_rows(error) {
            tracing::error!(store.error = %error, store.commits = requests.len(), "the database did not take a batch");
            let unavailable = CommitError::Unavailable(error.to_string());
            return requests.iter().map(|_| Err(unavailable.clone())).collect();
        }
        tracing::warn!(store.error = %error, "a batch was refused; its commits are applied one by one");
        let mut verdicts = Vec::with_capacity(requests.len());
        for request in requests {
            let alone = self.apply_one(&request.commit, spent).await;
            verdicts.extend(alone.unwrap_or_else(|error| vec![Err(CommitError::Unavailable(error.to_string()))]));
        }
        verdicts
    }

    async fn apply_one(&mut self, commit: &Prepared, spent: &mut Spent) -> Result<Verdicts, sqlx::Error> {
        let mut begun = false;
        let applied = match batch::add(&mut self.connection, &[commit], &mut begun, &mut self.memory, spent).await {
            Ok(verdicts) if begun => batch::commit(&mut self.connection, spent).await.map(|()| verdicts),
            applied => applied,
        };
        if applied.is_err() {
            batch::roll_back(&mut self.connection, &mut self.memory).await;
        }
        applied
    }

    /// Copies what of the write-ahead log is not in the database yet.
    async fn checkpoint(&mut self) {
        if let Err(error) = sqlx::query(COPY).execute(&mut self.connection).await {
            tracing::warn!(store.error = %error, "the write-ahead log could not be copied; it grows until it can");
        }
        self.bytes_since_checkpoint = 0;
        if let Err(error) = self.memory.eras.drop_empty(&mut self.connection).await {
            tracing::warn!(store.error = %error, "it is not known which eras are empty; their keys stay in memory");
        }
    }

    async fn finish(mut self) {
        self.copier.close().await;
        if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut self.connection).await {
            tracing::warn!(store.error = %error, "the write-ahead log could not be copied; the next start does it");
        }
        if let Err(error) = self.connection.close().await {
            tracing::warn!(store.error = %error, "the database could not be closed");
        }
        // Whoever waits for the end may open the database again at once.
        drop(self.lock);
        for done in self.closers {
            // Whoever asked may have gone; the writer has ended all the same.
            done.send(()).unwrap_or_default();
        }
    }
}

/// The commits among orders; what is no commit is put aside.
fn sort(orders: impl Iterator<Item = Order>, later: &mut Vec<Later>) -> Vec<Request> {
    let mut requests = Vec::new();
    for order in orders {
        match order {
            Order::Commit(request) => requests.push(request),
            Order::Later(order) => later.push(order),
        }
    }
    requests
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
