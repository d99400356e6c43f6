//! Sends what the outbox holds: one message after the other, several at a time, until each is sent or given up.
//!
//! A message is a row that some commit wrote; this module only reads rows that are due, tries them once, and records what
//! came of it. A request for a decision gets its token here, at the moment of sending, and a fresh one at every attempt;
//! the token is on disk before its link leaves, and revoked if the attempt failed. A request that was decided meanwhile
//! is not sent: it ends as undelivered with [`NO_LONGER_NEEDED`] as the reason, because nobody got it.

mod attempt;
pub mod containment;
mod deeds;
mod mint;
pub mod moment;
pub mod outlook;
mod pause;
pub mod quoted;
mod record;
#[cfg(test)]
pub(crate) mod rehearsal;
mod request;
pub mod several;
#[cfg(test)]
mod tests;
pub mod wording;

pub use containment::Containment;
pub use wording::Wording;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use tokio::sync::Mutex;

use crate::channel::Channel;
use crate::store::Outbox;

use super::Engine;

/// The reason that stands at a request that was over before it could be sent.
pub const NO_LONGER_NEEDED: &str = "no longer needed: the request was over before it could be sent";

/// Messages that are claimed in one go; as many as are sent within [`LEASE`] if every one of them takes its time.
const BATCH: u32 = 16;

/// How long a message is this replica's to send; after a crash it is another's only then.
const LEASE: Duration = Duration::from_secs(90);

/// Messages that are under way at once.
const PARALLEL_MAX: usize = 8;

/// The longest sleep: a safety net under the bell and the arithmetic.
const SLEEP_MAX: Duration = Duration::from_secs(5);

/// The pause after a fault of the store, so that a broken disk does not make the loop spin.
const PAUSE_AFTER_FAULT: Duration = Duration::from_secs(1);

/// The pause after a look that settled nothing.
const PAUSE_AFTER_NOTHING: Duration = Duration::from_millis(250);

/// The configured ways to reach people.
#[derive(Debug, Default)]
pub struct Channels {
    /// E-mail, if it is configured.
    pub email: Option<Channel>,
    /// Webhooks by name.
    pub webhooks: BTreeMap<String, Channel>,
}

/// The sender of messages; cheap to clone.
#[derive(Clone)]
pub struct Delivery {
    engine: Engine,
    channels: Arc<Channels>,
    /// Messages are given up one after the other, so that exactly the last one of a request finds that nobody was asked.
    giving_up: Arc<Mutex<()>>,
}

impl Delivery {
    /// A sender over an engine's outbox. Nothing is sent until [`Delivery::run`] or [`Delivery::try_deliver_due`].
    #[must_use]
    pub fn new(engine: Engine, channels: Channels) -> Self {
        Self { engine, channels: Arc::new(channels), giving_up: Arc::default() }
    }

    /// Sends until a stop is asked for; a message that is under way then is finished first.
    pub async fn run(self) {
        while !self.engine.supervisor().is_stopping() {
            let (settled, fault) = self.deliver_due().await;
            let sleep = match (fault, settled) {
                (true, _) => PAUSE_AFTER_FAULT,
                // What is due and was not settled can't be read: looking again at once would find it again.
                (false, 0) => self.time_to_sleep().await.max(PAUSE_AFTER_NOTHING),
                (false, _) => self.time_to_sleep().await,
            };
            tokio::select! {
                () = self.engine.supervisor().stopping() => return,
                () = self.engine.posted(), if !fault => {}
                () = tokio::time::sleep(sleep) => {}
            }
        }
    }

    /// Tries every message that is due now, once. How many of them were sent, postponed or given up.
    pub async fn try_deliver_due(&self) -> usize {
        self.deliver_due().await.0
    }

    async fn deliver_due(&self) -> (usize, bool) {
        let (settled, fault) = (AtomicUsize::new(0), AtomicBool::new(false));
        let mut tried = BTreeSet::new();
        loop {
            let due = match self.engine.store().claim_messages(self.engine.clock().now(), BATCH, LEASE).await {
                Ok(due) => due,
                Err(error) => {
                    tracing::error!(%error, "messages could not be claimed");
                    return (settled.into_inner(), true);
                }
            };
            let fresh: Vec<_> = due.into_iter().filter(|queued| tried.insert(queued.message.id)).collect();
            if fresh.is_empty() || self.engine.supervisor().is_stopping() {
                return (settled.into_inner(), fault.into_inner());
            }
            let deliver = |queued| {
                let (settled, fault) = (&settled, &fault);
                async move {
                    match self.deliver(&queued).await {
                        Ok(()) => {
                            settled.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(error) => {
                            tracing::error!(message.id = %queued.message.id, %error, "what became of a message could not be recorded");
                            fault.store(true, Ordering::Relaxed);
                        }
                    }
                }
            };
            stream::iter(fresh).for_each_concurrent(PARALLEL_MAX, deliver).await;
        }
    }

    async fn time_to_sleep(&self) -> Duration {
        let next = self.engine.store().next_message().await.ok().flatten();
        let Some(next) = next else { return SLEEP_MAX };
        let left = next.duration_since(self.engine.clock().now());
        Duration::try_from(left).unwrap_or_default().clamp(Duration::from_millis(1), SLEEP_MAX)
    }
}
