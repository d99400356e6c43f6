//! One writer's attempts at a batch: until it is written, refused, or given up in time, and always with a true answer.
//!
//! A connection that breaks while a batch is written has written nothing, for the batch was not committed. One that breaks
//! during `COMMIT` may have: the writer then connects again and asks for the number of its last batch, and waits there
//! until the transaction of it is over. Only when that can't be found out in time is the caller told that the database did
//! not take it; a caller that comes again with the same guards then loses against what it wrote itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};

use crate::store::commit::CommitError;
use crate::store::write::Verdicts;
use crate::store::write::prepared::Prepared;
use crate::store::write::stats::Spent;

use super::batch::{self, Number};
use super::connect::{Connected, Connector, Purpose};
use super::trouble::{Remedy, Trouble};

/// How often a batch is tried that met another transaction or a broken connection.
const TRIES_MAX: u32 = 5;
/// How long writing a batch may take, `COMMIT` apart.
const WRITE_TIMEOUT: Duration = Duration::from_secs(15);
/// How long `COMMIT` may take: a standby may have to answer.
const COMMIT_TIMEOUT: Duration = Duration::from_secs(20);
/// How long it may take to find out what became of a batch.
const DOUBT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one word in the log has to do.
const TOLD_AGAIN: Duration = Duration::from_secs(5);
const DOUBT_PAUSE: Duration = Duration::from_millis(200);

/// A writer.
pub struct Attempts {
    connector: Arc<Connector>,
    connected: Option<Connected>,
    writer: Number,
    told: Option<Instant>,
}

/// How an attempt ended that did not succeed.
enum Failure {
    /// Nothing was written.
    Undone(Trouble),
    /// `COMMIT` was sent and not answered.
    Unknown(Trouble, Verdicts),
}

impl Attempts {
    /// A writer that has no connection yet.
    pub fn new(connector: Arc<Connector>) -> Self {
        Self { connector, connected: None, writer: fresh(), told: None }
    }

    /// Applies a batch; a commit that spoils it is refused alone.
    pub async fn apply(&mut self, batch: &[&Prepared], spent: &mut Spent) -> Verdicts {
        let trouble = match self.persist(batch, spent).await {
            Ok(verdicts) => return verdicts,
            Err(trouble) => trouble,
        };
        if batch.len() == 1 || trouble.remedy != Remedy::Split {
            self.tell(&trouble, batch.len());
            let unavailable = CommitError::Unavailable(trouble.to_string());
            return batch.iter().map(|_| Err(unavailable.clone())).collect();
        }
        tracing::warn!(store.error = %trouble, "a batch was refused; its commits are applied one by one");
        let mut verdicts = Vec::with_capacity(batch.len());
        for commit in batch {
            let alone = self.persist(std::slice::from_ref(commit), spent).await;
            verdicts.extend(alone.unwrap_or_else(|trouble| vec![Err(CommitError::Unavailable(trouble.to_string()))]));
        }
        verdicts
    }

    /// Says in the log that nothing can be written; not for every batch, of which there may be very many.
    fn tell(&mut self, trouble: &Trouble, commits: usize) {
        if self.told.is_none_or(|told| told.elapsed() >= TOLD_AGAIN) {
            self.told = Some(Instant::now());
            tracing::error!(store.error = %trouble, store.commits = commits, "the database did not take a batch");
        }
    }

    /// Ends the connection.
    pub async fn close(mut self) {
        use sqlx::Connection as _;
        if let Some(Connected { connection, .. }) = self.connected.take() {
            // The server notices either way.
            drop(timeout(Duration::from_secs(1), connection.close()).await);
        }
    }

    async fn persist(&mut self, batch: &[&Prepared], spent: &mut Spent) -> Result<Verdicts, Trouble> {
        let mut tries = 1;
        loop {
            let fresh = self.connected.is_none();
            let number = self::fresh();
            let trouble = match self.attempt(batch, number, spent).await {
                Ok(verdicts) => return Ok(verdicts),
                Err(Failure::Undone(trouble)) => trouble,
                Err(Failure::Unknown(trouble, verdicts)) => {
                    tracing::warn!(store.error = %trouble, "the connection broke during a commit; looking what became of it");
                    if self.find_out(number, &trouble).await? {
                        return Ok(verdicts);
                    }
                    // Nothing was written, and there is a fresh connection.
                    Trouble::new(Remedy::Again, trouble.reason)
                }
            };
            let again = match trouble.remedy {
                Remedy::Again => true,
                // A server that can't be reached by a fresh connection is not asked over and over while callers wait.
                Remedy::Reconnect | Remedy::OtherHost => !fresh,
                Remedy::Split | Remedy::Wait => false,
            };
            if !again || tries >= TRIES_MAX {
                return Err(trouble);
            }
            tries += 1;
        }
    }

    /// One attempt. The connection is kept only if it is good and no transaction is open on it.
    async fn attempt(&mut self, batch: &[&Prepared], number: Number, spent: &mut Spent) -> Result<Verdicts, Failure> {
        let mut connected = self.connected().await.map_err(Failure::Undone)?;
        let connection = &mut connected.connection;
        let written = timeout(WRITE_TIMEOUT, batch::write(connection, batch, (self.writer, number), spent)).await;
        let verdicts = match written.unwrap_or_else(|_| Err(Trouble::slow("a batch"))) {
            Ok(verdicts) => verdicts,
            Err(trouble) => {
                self.roll_back(connected, &trouble).await;
                return Err(Failure::Undone(trouble));
            }
        };
        let committed = timeout(COMMIT_TIMEOUT, batch::commit(connection, spent)).await;
        match committed.unwrap_or_else(|_| Err(Trouble::slow("a commit"))) {
            Ok(()) => {
                self.connected = Some(connected);
                Ok(verdicts)
            }
            Err(trouble) if trouble.remedy == Remedy::Reconnect => Err(Failure::Unknown(trouble, verdicts)),
            Err(trouble) => Err(Failure::Undone(trouble)),
        }
    }

    async fn connected(&mut self) -> Result<Connected, Trouble> {
        match self.connected.take() {
            // Another connection found that another server takes the writes now.
            Some(connected) if connected.moves == self.connector.moves() => Ok(connected),
            _ => {
                let mut connected = self.connector.connect(Purpose::Write).await?;
                // The row of this writer must be there before its first batch: it is what a doubtful commit locks.
                let prepared = timeout(WRITE_TIMEOUT, batch::enter(&mut connected.connection, self.writer, fresh()));
                prepared.await.unwrap_or_else(|_| Err(Trouble::slow("a statement")))?;
                if let Ok(Err(trouble)) = timeout(WRITE_TIMEOUT, batch::prune(&mut connected.connection)).await {
                    tracing::debug!(%trouble, "numbers of former writers could not be removed");
                }
                Ok(connected)
            }
        }
    }

    async fn roll_back(&mut self, mut connected: Connected, trouble: &Trouble) {
        if matches!(trouble.remedy, Remedy::Reconnect | Remedy::OtherHost) {
            return;
        }
        let done = timeout(WRITE_TIMEOUT, sqlx::raw_sql("ROLLBACK").execute(&mut connected.connection)).await;
        if matches!(done, Ok(Ok(_))) {
            self.connected = Some(connected);
        }
    }

    /// Whether the batch was committed; an error if that can't be found out in time.
    async fn find_out(&mut self, number: Number, why: &Trouble) -> Result<bool, Trouble> {
        let start = Instant::now();
        while start.elapsed() < DOUBT_TIMEOUT {
            let left = DOUBT_TIMEOUT.saturating_sub(start.elapsed());
            let asked = timeout(left, async {
                let mut connected = self.connector.connect(Purpose::Write).await?;
                let committed = batch::was_committed(&mut connected.connection, self.writer, number).await?;
                Ok::<_, Trouble>((connected, committed))
            });
            if let Ok(Ok((connected, committed))) = asked.await {
                self.connected = Some(connected);
                return Ok(committed);
            }
            sleep(DOUBT_PAUSE).await;
        }
        // The next batch gets another writer's name: nobody must take an old number for an answer.
        self.writer = fresh();
        let reason = format!("{why}; whether it was written could not be found out");
        Err(Trouble::new(Remedy::Wait, reason))
    }
}

/// A number that never was before.
fn fresh() -> Number {
    use crate::clock::{Clock as _, SystemClock};
    let id = crate::domain::ReplicaId::generate(SystemClock.now());
    *id.as_bytes()
}
