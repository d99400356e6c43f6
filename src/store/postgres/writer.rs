//! The writers: a thread with two connections, each of which takes what has queued up, writes it in one transaction, and
//! only then answers each caller.
//!
//! While one connection waits for the server's disk, the other gathers the next batch. Order holds per caller, for whoever
//! needs it waits for an answer before it commits again. The writers are a thread and not tasks, so that what was begun is
//! finished when the runtime around it stops. Who listens to other replicas and tells them lives on the same thread.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, oneshot};

use crate::store::backend::StoreOptions;
use crate::store::commit::CommitError;
use crate::store::rows::Change;
use crate::store::write::Verdicts;
use crate::store::write::prepared::Prepared;
use crate::store::write::stats::{SharedStats, Spent};

use super::announce::Announcer;
use super::attempt::Attempts;
use super::connect::Connector;
use super::listen::Listener;

/// How many connections write. With more, each would have smaller batches.
const CONNECTIONS: usize = 2;
/// The server keeps a lock for everything that a batch asks about, of which it has some thousands for everybody.
const COMMITS_MAX: usize = 128;
/// How long a caller should wait when the queue is full, in seconds.
const RETRY_AFTER_SECONDS: u32 = 1;
/// How long the last words to other replicas may take at the end.
const FAREWELL: Duration = Duration::from_millis(500);

/// One waiting caller.
struct Request {
    commit: Prepared,
    changes: Vec<Change>,
    answer: oneshot::Sender<Result<(), CommitError>>,
}

enum Order {
    Commit(Request),
    Close(oneshot::Sender<()>),
}

/// The way to the writers.
#[derive(Debug)]
pub struct WriterHandle {
    orders: mpsc::Sender<Order>,
    stats: Arc<SharedStats>,
}

/// What the writers share.
struct Shared {
    orders: Mutex<mpsc::Receiver<Order>>,
    closers: Mutex<Vec<oneshot::Sender<()>>>,
    stats: Arc<SharedStats>,
    connector: Arc<Connector>,
    announcer: Arc<Announcer>,
    commits_max: usize,
}

impl WriterHandle {
    /// Starts the writers, the announcer and the listener.
    pub fn start(
        connector: Arc<Connector>,
        announcer: Arc<Announcer>,
        listener: Listener,
        options: &StoreOptions,
    ) -> std::io::Result<Self> {
        let (orders, receiver) = mpsc::channel(options.queue_length_max.max(1));
        let stats = Arc::new(SharedStats::default());
        let shared = Shared {
            orders: Mutex::new(receiver),
            closers: Mutex::default(),
            stats: Arc::clone(&stats),
            connector: Arc::clone(&connector),
            announcer: Arc::clone(&announcer),
            commits_max: options.batch_commits_max.clamp(1, COMMITS_MAX),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("standdown-writer".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = shared.run() => {}
                    () = announcer.run(&connector) => {}
                    () = listener.run(&connector) => {}
                }
                tokio::time::timeout(FAREWELL, announcer.flush(&connector)).await.unwrap_or_default();
                for done in shared.closers.lock().await.drain(..) {
                    // Whoever asked may have gone; the writers have ended all the same.
                    done.send(()).unwrap_or_default();
                }
            });
        })?;
        Ok(Self { orders, stats })
    }

    /// Queues a commit and waits until it is on disk.
    pub async fn commit(&self, commit: Prepared, changes: Vec<Change>) -> Result<(), CommitError> {
        let (answer, answered) = oneshot::channel();
        match self.orders.try_send(Order::Commit(Request { commit, changes, answer })) {
            Ok(()) => answered.await.unwrap_or_else(|_| Err(closed())),
            Err(mpsc::error::TrySendError::Full(_)) => {
                Err(CommitError::Overloaded { retry_after_seconds: RETRY_AFTER_SECONDS })
            }
            Err(mpsc::error::TrySendError::Closed(_)) => Err(closed()),
        }
    }

    /// Lets the writers finish what is queued, and waits for it.
    pub async fn close(&self) {
        let (done, finished) = oneshot::channel();
        if self.orders.send(Order::Close(done)).await.is_ok() {
            // An error means that the writers have ended already, which is what was asked.
            finished.await.unwrap_or_default();
        }
    }

    /// What the writers did.
    pub fn stats(&self) -> &SharedStats {
        &self.stats
    }

    /// How many commits wait for a writer.
    pub fn queue_length(&self) -> usize {
        self.orders.max_capacity() - self.orders.capacity()
    }
}

fn closed() -> CommitError {
    CommitError::Unavailable("the store is closed".to_owned())
}

impl Shared {
    /// Runs every writer until the store is closed and the queue is empty.
    async fn run(&self) {
        let writers = (0..CONNECTIONS).map(|_| self.write());
        futures_util::future::join_all(writers).await;
    }

    async fn write(&self) {
        let mut attempts = Attempts::new(Arc::clone(&self.connector));
        let mut orders = Vec::new();
        loop {
            {
                let mut receiver = self.orders.lock().await;
                if receiver.recv_many(&mut orders, self.commits_max).await == 0 {
                    break;
                }
                if orders.iter().any(|order| matches!(order, Order::Close(_))) {
                    receiver.close();
                }
            }
            let mut requests = Vec::with_capacity(orders.len());
            for order in orders.drain(..) {
                match order {
                    Order::Commit(request) => requests.push(request),
                    Order::Close(done) => self.closers.lock().await.push(done),
                }
            }
            if !requests.is_empty() {
                self.serve(&mut attempts, &requests.iter().map(|request| &request.commit).collect::<Vec<_>>())
                    .await
                    .into_iter()
                    .zip(requests)
                    .for_each(|(verdict, request)| self.answer(verdict, request));
            }
        }
        attempts.close().await;
    }

    async fn serve(&self, attempts: &mut Attempts, batch: &[&Prepared]) -> Verdicts {
        let mut spent = Spent::default();
        let verdicts = attempts.apply(batch, &mut spent).await;
        self.stats.count(&verdicts, &spent);
        verdicts
    }

    fn answer(&self, verdict: Result<(), CommitError>, request: Request) {
        if verdict.is_ok() {
            self.announcer.note(&request.changes);
        }
        // A caller that went away (its connection was closed) is not told; what it sent is on disk.
        request.answer.send(verdict).unwrap_or_default();
    }
}
