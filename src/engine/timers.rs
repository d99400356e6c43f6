//! Deadlines: the engine sleeps until the earliest one, and tells the runs that it has passed.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use crate::domain::{Event, EventKind, RunId};
use crate::store::{Commit, Row, RunLog, Writer};

use super::Engine;
use super::submit::SubmitError;

/// The longest sleep: a safety net under the arithmetic.
const SLEEP_MAX: Duration = Duration::from_secs(5);

/// The pause after a run that could not be ticked, so that a broken one does not make the loop spin.
const PAUSE_AFTER_FAULT: Duration = Duration::from_secs(1);

/// Runs that are ticked in one go.
const BATCH: u32 = 256;

/// How often what the gate saw is written down.
const SIGHTINGS_EVERY: Duration = Duration::from_secs(2);

/// When the timer loop next wakes, and the bell that wakes it earlier.
pub(super) struct Wake {
    planned: AtomicI64,
    bell: Notify,
}

impl Default for Wake {
    fn default() -> Self {
        Self { planned: AtomicI64::new(i64::MIN), bell: Notify::new() }
    }
}

impl Wake {
    /// Something is due at `at`: the loop is woken if it would sleep longer.
    pub fn at(&self, at: Timestamp) {
        if at.as_microsecond() < self.planned.load(Ordering::SeqCst) {
            self.bell.notify_one();
        }
    }

    /// Deadlines came in by another way than a commit of this replica.
    pub fn ring(&self) {
        self.bell.notify_one();
    }
}

impl Engine {
    pub(super) async fn keep_time(self) {
        loop {
            let fault = self.tick_due().await | self.ask_about_ended_holds().await;
            let sleep = if fault { PAUSE_AFTER_FAULT } else { self.time_to_sleep().await };
            tokio::select! {
                () = self.inner.supervisor.stopping() => return,
                () = self.inner.wake.bell.notified() => {}
                () = tokio::time::sleep(sleep) => {}
            }
        }
    }

    /// Tells every due run that its time has passed; whether something went wrong.
    pub async fn tick_due(&self) -> bool {
        let mut fault = false;
        let mut tried = BTreeSet::new();
        // A decision that was made before a crash comes before the deadlines that passed since.
        self.inner.carried.get_or_init(|| self.keep_bundles()).await;
        loop {
            if !self.is_acting() {
                return fault;
            }
            let now = self.clock().now();
            let due: Vec<RunId> = match self.inner.store.runs_due(now, BATCH).await {
                Ok(due) => due.into_iter().filter(|run| tried.insert(*run)).collect(),
                Err(error) => {
                    tracing::error!(%error, "deadlines could not be read");
                    return true;
                }
            };
            if due.is_empty() {
                return fault;
            }
            for run in due {
                let event = Event::by_system(now, EventKind::Ticked);
                match self.submit(run, event).await {
                    // It is somebody else's since it was looked up, or nobody's to touch.
                    Ok(_) | Err(SubmitError::NotOurs(_) | SubmitError::Quarantined { .. }) => {}
                    Err(error) => {
                        fault = true;
                        tracing::error!(run.id = %run, %error, "a deadline could not be dealt with");
                    }
                }
            }
        }
    }

    async fn time_to_sleep(&self) -> Duration {
        // Whatever is committed while the next deadline is being read rings the bell.
        self.inner.wake.planned.store(i64::MAX, Ordering::SeqCst);
        let next = self.inner.store.next_wake().await.ok().flatten();
        let now = self.clock().now();
        let limit = SignedDuration::try_from(SLEEP_MAX).unwrap_or(SignedDuration::ZERO);
        let latest = now.saturating_add(limit).unwrap_or(now);
        let planned = next.map_or(latest, |next| next.min(latest));
        self.inner.wake.planned.store(planned.as_microsecond(), Ordering::SeqCst);
        Duration::try_from(planned.duration_since(now))
            .unwrap_or(Duration::from_millis(1))
            .max(Duration::from_millis(1))
    }

    /// Writes down, coarsely, whom the gate saw, so that a restart does not forget it.
    pub(super) async fn keep_sightings(self) {
        while self.inner.supervisor.sleep(SIGHTINGS_EVERY).await {
            self.store_sightings().await;
        }
        self.store_sightings().await;
    }

    async fn store_sightings(&self) {
        let fresh = self.inner.gate.unstored_sightings();
        if fresh.is_empty() {
            return;
        }
        let rows = fresh.into_iter().map(|sight| Row::GateSight {
            agent: sight.agent,
            seen_at: sight.seen_at,
            refused_at: sight.refused_at,
        });
        let commit = Commit { guards: Vec::new(), rows: rows.collect() };
        if let Err(error) = self.inner.store.commit(commit).await {
            tracing::warn!(%error, "what the gate saw could not be written down");
        }
    }
}
