//! Whether this replica may act at all: it must have been heard of by the database within two thirds of its lease.
//!
//! Others may take its runs when the lease is over by the database's clock. This side counts by the monotonic clock and
//! from before the heartbeat was sent, and stops a third of a lease earlier, so that it has stopped when they begin. The
//! guards of its commits are what keeps runs right; this keeps it from calling the outside in vain.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::store::{Claims, Renewal};

use super::Engine;

/// Heartbeats in one lease.
const BEATS_A_LEASE: u32 = 5;

/// The time for which this replica may act.
pub(super) struct Tenure {
    lease: Duration,
    /// When the last heartbeat that was answered was sent; `None` once we were declared dead.
    heard: Mutex<Option<Instant>>,
    renewed: Notify,
}

impl Tenure {
    /// Of a replica whose row was written no earlier than now.
    pub fn new(lease: Duration) -> Self {
        Self { lease, heard: Mutex::new(Some(Instant::now())), renewed: Notify::new() }
    }

    fn renew(&self, sent: Instant) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(sent);
        self.renewed.notify_waiters();
    }

    fn end(&self) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whether this replica may act now.
    pub fn is_acting(&self) -> bool {
        let heard = *self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.is_some_and(|heard| heard.elapsed() < self.lease * 2 / 3)
    }

    /// Ready as soon as this replica may act.
    pub async fn wait_until_acting(&self) {
        loop {
            let renewed = self.renewed.notified();
            if self.is_acting() {
                return;
            }
            renewed.await;
        }
    }
}

impl Engine {
    /// Whether this replica may act: whether the database has heard of it lately.
    #[must_use]
    pub fn is_acting(&self) -> bool {
        self.inner.tenure.is_acting()
    }

    /// Tells the database that this replica lives, again and again until everything has ended: calls that are under way
    /// when a stop is asked for still need their claims.
    pub(super) async fn keep_beating(self) {
        let pause = self.inner.store.lease() / BEATS_A_LEASE;
        loop {
            self.beat().await;
            tokio::time::sleep(pause).await;
        }
    }

    /// Tells the database once; whether this replica may act. Whoever was declared dead comes back under a new id,
    /// without a claim to anything.
    pub async fn beat(&self) -> bool {
        let sent = Instant::now();
        let answer = tokio::time::timeout(self.inner.store.lease() / 3, self.inner.store.renew()).await;
        match answer {
            Ok(Ok(Renewal::Stands)) => self.inner.tenure.renew(sent),
            Ok(Ok(Renewal::Removed)) => {
                self.inner.tenure.end();
                tracing::error!(
                    replica.id = %self.inner.store.replica(),
                    "this replica was declared dead, and others may have its runs; it comes back under a new id"
                );
                self.come_back().await;
            }
            Ok(Err(error)) => tracing::error!(%error, "the heartbeat could not be written"),
            Err(_) => tracing::error!("the heartbeat was not answered in time"),
        }
        self.is_acting()
    }

    async fn come_back(&self) {
        let sent = Instant::now();
        match self.inner.store.rejoin().await {
            Ok(replica) => {
                tracing::warn!(replica.id = %replica, "this replica is back");
                self.inner.tenure.renew(sent);
            }
            Err(error) => tracing::error!(%error, "this replica could not come back yet"),
        }
    }

    /// Gives up every run, so that the next start or another replica takes them over at once and without counting it.
    /// For the very end: after this nothing acts any more.
    pub async fn leave(&self) {
        self.inner.tenure.end();
        self.inner.supervisor.end();
        match self.inner.store.release_all().await {
            Ok(runs) => tracing::info!(runs, "runs were given up for whoever comes next"),
            Err(error) => tracing::warn!(%error, "runs could not be given up; they are taken over after the lease"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_stops_before_its_lease_is_over() {
        let tenure = Tenure::new(Duration::from_secs(30));
        assert!(tenure.is_acting());
        let ago = |seconds| Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap();
        tenure.renew(ago(19));
        assert!(tenure.is_acting());
        tenure.renew(ago(20));
        assert!(!tenure.is_acting());
        tenure.renew(ago(0));
        assert!(tenure.is_acting());
        tenure.end();
        assert!(!tenure.is_acting());
    }
}
