//! Forgetting what is over, by age, in small batches: a history that only grows ends on a full disk.
//!
//! Nothing that is open, pending or standing goes, and no history of an agent or of the daemon. A look now and then names
//! what is old enough; it goes through the one writer like every other change, at most some hundred rows at a time and
//! with a pause after each, so that alerts never wait for it. A guard keeps what changed between look and commit.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::store::upkeep::{Aged, AgedPage, Aging};
use crate::store::{Commit, CommitError, ReadError, Retention as _, Row, Writer};

use super::Engine;
use super::budget::WINDOW_MAX;

/// How many things are looked at in one go.
const PAGE: u32 = 200;
/// The most rows that one commit removes, unless a single thing has more.
const ROWS_MAX: u32 = 200;
/// The pause after a batch.
const PAUSE: Duration = Duration::from_millis(50);
/// How long after the start the first look is.
const FIRST_LOOK: Duration = Duration::from_mins(1);
/// How long between two looks.
const LOOK_EVERY: Duration = Duration::from_hours(1);

/// How long what is over is kept; `None` keeps it for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ages {
    /// Runs that are over, after their end.
    pub finished_runs: Option<SignedDuration>,
    /// Closed incidents with their alerts, after the last that happened to them.
    pub closed_incidents: Option<SignedDuration>,
    /// Holds, after they were lifted.
    pub lifted_holds: Option<SignedDuration>,
    /// Messages, after they were sent or given up.
    pub messages: Option<SignedDuration>,
    /// Deliveries, by which a replay is answered as the first time.
    pub deliveries: Option<SignedDuration>,
    /// Refused deliveries.
    pub dead_letters: Option<SignedDuration>,
}

impl Ages {
    fn of(&self, kind: Aging) -> Option<SignedDuration> {
        match kind {
            Aging::Runs => self.finished_runs,
            Aging::Alerts | Aging::Incidents => self.closed_incidents,
            Aging::Holds => self.lifted_holds,
            Aging::Messages => self.messages,
            Aging::Deliveries => self.deliveries,
            Aging::DeadLetters => self.dead_letters,
            // What the budgets no longer count; they look back no further.
            Aging::Containments => self.finished_runs.map(|age| age.max(WINDOW_MAX)),
        }
    }
}

/// How much was forgotten, by kind in the order of [`Aging::ALL`], since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten([u64; Aging::ALL.len()]);

impl Forgotten {
    /// How many things of each kind.
    pub fn counts(&self) -> impl Iterator<Item = (Aging, u64)> {
        Aging::ALL.into_iter().zip(self.0)
    }

    /// How many things of a kind.
    #[must_use]
    pub fn of(&self, kind: Aging) -> u64 {
        self.counts().find_map(|(other, count)| (other == kind).then_some(count)).unwrap_or(0)
    }
}

#[derive(Default)]
pub(super) struct Tally([AtomicU64; Aging::ALL.len()]);

impl Tally {
    fn add(&self, kind: Aging, count: u64) {
        for (other, total) in Aging::ALL.into_iter().zip(&self.0) {
            if other == kind {
                total.fetch_add(count, Ordering::Relaxed);
            }
        }
    }

    fn read(&self) -> Forgotten {
        let mut forgotten = Forgotten::default();
        for (slot, total) in forgotten.0.iter_mut().zip(&self.0) {
            *slot = total.load(Ordering::Relaxed);
        }
        forgotten
    }
}

/// Why a look ended early. The next one goes on where it matters.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ForgetError {
    /// What is old could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It could not be removed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl Engine {
    /// How much was forgotten since the process began.
    #[must_use]
    pub fn forgotten(&self) -> Forgotten {
        self.inner.forgotten.read()
    }

    pub(super) async fn forget_forever(self) {
        let mut pause = FIRST_LOOK;
        while self.inner.supervisor.sleep(pause).await {
            if let Err(error) = self.forget().await {
                tracing::warn!(%error, "what is old could not be forgotten; trying again later");
            }
            pause = LOOK_EVERY;
        }
    }

    /// Forgets everything that is old enough now.
    pub async fn forget(&self) -> Result<(), ForgetError> {
        let now = self.clock().now();
        for kind in Aging::ALL {
            let before = self.options().ages.of(kind).and_then(|age| now.checked_sub(age).ok());
            if let Some(before) = before {
                self.forget_kind(kind, before).await?;
            }
        }
        Ok(())
    }

    async fn forget_kind(&self, kind: Aging, before: Timestamp) -> Result<(), ForgetError> {
        let (mut after, mut total) = (None, 0);
        loop {
            let AgedPage { aged, next } = self.inner.store.aged(kind, before, after, PAGE).await?;
            // Moments of containments have no place to go on after: what went is not found again.
            let again = kind == Aging::Containments && aged.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
            for batch in batches(aged) {
                let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
                if self.remove(batch).await? {
                    self.inner.forgotten.add(kind, count);
                    total += count;
                }
                if !self.inner.supervisor.sleep(PAUSE).await {
                    return Ok(());
                }
            }
            if next.is_none() && !again {
                break;
            }
            after = next;
        }
        if total > 0 {
            tracing::info!(kind = kind.as_str(), total, %before, "forgot what was old");
        }
        Ok(())
    }

    /// Removes a batch; not if something in it has changed since it was looked at.
    async fn remove(&self, batch: Vec<Aged>) -> Result<bool, CommitError> {
        let guards = batch.iter().filter_map(|aged| aged.guard.clone()).collect();
        let rows = batch.into_iter().map(|aged| Row::Retired(Box::new(aged.retired))).collect();
        match self.inner.store.commit(Commit { guards, rows }).await {
            Ok(()) => Ok(true),
            Err(CommitError::Conflict(guard)) => {
                tracing::info!(?guard, "something old has changed; it is looked at again later");
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

/// Parts of at most [`ROWS_MAX`] rows, each of at least one thing.
fn batches(aged: Vec<Aged>) -> Vec<Vec<Aged>> {
    let mut batches: Vec<Vec<Aged>> = Vec::new();
    let mut rows = ROWS_MAX;
    for one in aged {
        rows = rows.saturating_add(one.rows);
        match batches.last_mut() {
            Some(last) if rows <= ROWS_MAX => last.push(one),
            _ => {
                rows = one.rows;
                batches.push(vec![one]);
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::MessageId;
    use crate::store::upkeep::Retired;

    #[test]
    fn batches_stay_small_and_keep_everything() {
        let one = |rows| {
            let retired = Retired::Message(MessageId::generate(Timestamp::UNIX_EPOCH));
            Aged { retired, guard: None, rows }
        };
        let sizes = |rows: &[u32]| {
            let batches = batches(rows.iter().map(|rows| one(*rows)).collect());
            batches.iter().map(Vec::len).collect::<Vec<_>>()
        };
        assert_eq!(sizes(&[]), Vec::<usize>::new());
        assert_eq!(sizes(&[1; 450]), [200, 200, 50]);
        assert_eq!(sizes(&[900, 30, 30, 150, 1]), [1, 2, 2]);
    }
}
