//! What other replicas change: runs that they leave to us, messages, holds, the freeze, and places in the budgets.
//!
//! A word about a change is only a hint: it may be lost or come late. Whoever has to be right about a run is right by the
//! guards of the commit; whoever waits for something looks again from time to time. Holds, freeze and budgets are kept in
//! memory and are read again on a word and every [`REREAD_EVERY`]; the budgets of several replicas may so be exceeded by
//! what was contained within that time, never by more, because each reads what the others have committed.

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use crate::store::{Agents, Change, ReadError};

use super::Engine;
use super::freeze;

/// How often everything is looked at, whatever was heard.
const SWEEP_EVERY: Duration = Duration::from_secs(30);
/// How long what was heard is gathered before the next look.
const GATHER: Duration = Duration::from_millis(50);
/// How often holds, freeze and budgets are read where several processes write them.
const REREAD_EVERY: Duration = Duration::from_millis(500);
/// How far the clocks of two replicas may be apart for a containment to be found.
const SKEW_MAX: SignedDuration = SignedDuration::from_secs(5);

/// What to look at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct News {
    runs: bool,
    messages: bool,
    holds: bool,
}

impl News {
    const EVERYTHING: Self = Self { runs: true, messages: true, holds: true };

    fn add(&mut self, change: Change) {
        match change {
            Change::Runs => self.runs = true,
            Change::Messages => self.messages = true,
            Change::Holds => self.holds = true,
            Change::Everything => *self = Self::EVERYTHING,
        }
    }
}

impl Engine {
    /// Looks at what others change until a stop is asked for.
    pub(super) async fn listen(self) {
        let mut changes = self.inner.store.changes();
        loop {
            let mut news = News::default();
            tokio::select! {
                () = self.inner.supervisor.stopping() => return,
                () = tokio::time::sleep(SWEEP_EVERY) => news = News::EVERYTHING,
                heard = changes.recv() => match heard {
                    Ok(change) => news.add(change),
                    Err(RecvError::Lagged(_)) => news = News::EVERYTHING,
                    // Nobody will say anything any more; the sweep goes on.
                    Err(RecvError::Closed) => {
                        if !self.inner.supervisor.sleep(SWEEP_EVERY).await {
                            return;
                        }
                        news = News::EVERYTHING;
                    }
                },
            }
            if !self.inner.supervisor.sleep(GATHER).await {
                return;
            }
            loop {
                match changes.try_recv() {
                    Ok(change) => news.add(change),
                    Err(TryRecvError::Lagged(_)) => news = News::EVERYTHING,
                    Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                }
            }
            self.look_again(news).await;
        }
    }

    async fn look_again(&self, news: News) {
        if news.holds {
            self.reread().await;
        }
        if news.messages {
            self.inner.posted.notify_one();
        }
        if news == News::EVERYTHING {
            self.take_over().await;
        }
        if news.runs {
            self.look().await;
            self.inner.wake.ring();
        }
    }

    /// Reads what several processes write, again and again until a stop is asked for.
    pub(super) async fn keep_reading(self) {
        while self.inner.supervisor.sleep(REREAD_EVERY).await {
            self.reread().await;
        }
    }

    /// Reads holds, freeze and budgets once; whether that was possible. If it was not, the gate grows stale.
    pub async fn reread(&self) -> bool {
        match self.try_reread().await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "holds, freeze and budgets of other replicas could not be read");
                false
            }
        }
    }

    async fn try_reread(&self) -> Result<(), ReadError> {
        loop {
            let began = Instant::now();
            let seen = self.inner.holds.changes();
            let holds = self.inner.store.holds().await?;
            // A hold that this replica placed meanwhile may be missing in what was read.
            if self.inner.holds.replace(seen, holds) {
                self.refresh_gate();
                self.inner.gate.was_read(began);
                break;
            }
        }
        self.inner.gate.learn(self.inner.store.gate_sightings().await?);
        let seen = self.inner.freeze.changes();
        self.inner.freeze.follow(seen, self.inner.store.setting(freeze::SETTING).await?);
        let (newest, reach) = match self.inner.budget.newest() {
            Some(newest) => (newest, SKEW_MAX),
            None => (self.clock().now(), super::budget::WINDOW_MAX),
        };
        let since = newest.saturating_sub(reach).unwrap_or(newest);
        let found = self.inner.store.containments(since).await?;
        self.inner.budget.merge(found, |agent| self.inventory().agent(agent).is_some());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_everything() {
        let mut news = News::default();
        news.add(Change::Holds);
        assert_eq!(news, News { holds: true, ..News::default() });
        news.add(Change::Everything);
        assert_eq!(news, News::EVERYTHING);
    }
}
