//! The switch that stops the orchestrator from performing anything outside. Deadlines and votes go on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::domain::Actor;
use crate::store::{Commit, CommitError, Row, Subject, Writer};

use super::Engine;
use super::submit::broken_off;

/// The name of the switch in the store.
pub(super) const SETTING: &str = "freeze";

/// Who froze or thawed, when and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    /// Whether calls to the outside are stopped.
    pub frozen: bool,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

impl Freeze {
    /// What is written of it: the switch, and the fact in the daemon's history.
    pub(super) fn rows(&self) -> Vec<Row> {
        let kind = if self.frozen { "frozen" } else { "thawed" };
        let value = json!(self);
        vec![
            Row::Setting { key: SETTING.into(), value: value.clone() },
            Row::Event { subject: Subject::Daemon, at: self.at, actor: self.by.clone(), kind, body: value },
        ]
    }
}

pub(super) struct Switch {
    frozen: AtomicBool,
    thawed: Notify,
    word: Mutex<Word>,
    /// Switched by one at a time, so that memory and store end with the same word.
    turn: tokio::sync::Mutex<()>,
}

/// What the store was last known to say. Memory may say more: a freeze counts although it could not be stored.
#[derive(Default)]
struct Word {
    stored: Option<Value>,
    /// How often it was switched here: what was read from the store before is older.
    changes: u64,
}

impl Switch {
    pub fn new(stored: Option<Value>) -> Self {
        let frozen = AtomicBool::new(says_frozen(stored.as_ref()));
        let word = Mutex::new(Word { stored, changes: 0 });
        Self { frozen, thawed: Notify::new(), word, turn: tokio::sync::Mutex::default() }
    }

    pub fn is_frozen(&self) -> bool {
        self.frozen.load(Ordering::SeqCst)
    }

    /// Ready as soon as calls may be made.
    pub async fn wait_until_thawed(&self) {
        loop {
            let thawed = self.thawed.notified();
            if !self.is_frozen() {
                return;
            }
            thawed.await;
        }
    }

    /// How often it was switched here, for [`Switch::follow`].
    pub fn changes(&self) -> u64 {
        self.word().changes
    }

    /// Follows a new word of another replica, read after `seen` changes here, unless this one was switched since. What the
    /// store said before is no news: it does not undo a freeze that could not be stored.
    pub fn follow(&self, seen: u64, stored: Option<Value>) {
        let Ok(_turn) = self.turn.try_lock() else { return };
        let mut word = self.word();
        if word.changes != seen || word.stored == stored {
            return;
        }
        let frozen = says_frozen(stored.as_ref());
        word.stored = stored;
        if frozen != self.is_frozen() {
            tracing::warn!(frozen, "the switch was set by another replica");
            self.set(frozen);
        }
    }

    fn switched(&self, frozen: bool, stored: Option<Value>) {
        let mut word = self.word();
        word.changes = word.changes.wrapping_add(1);
        if stored.is_some() {
            word.stored = stored;
        }
        self.set(frozen);
    }

    fn set(&self, frozen: bool) {
        self.frozen.store(frozen, Ordering::SeqCst);
        self.thawed.notify_waiters();
    }

    fn word(&self) -> MutexGuard<'_, Word> {
        self.word.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the store says that calls are stopped. A word that can't be understood stops them: nothing is released because
/// a row is damaged.
fn says_frozen(stored: Option<&Value>) -> bool {
    stored.is_some_and(|value| Freeze::deserialize(value).map_or(true, |freeze| freeze.frozen))
}

impl Engine {
    /// Whether calls to the outside are stopped.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        self.inner.freeze.is_frozen()
    }

    /// Stops calls to the outside, or lets them go on. A freeze counts at once, also if it can't be stored.
    pub async fn set_frozen(&self, frozen: bool, by: Actor, reason: &str) -> Result<Freeze, CommitError> {
        let engine = self.clone();
        let reason = reason.to_owned();
        let work = async move { engine.switch(frozen, by, reason).await };
        self.inner.supervisor.finish("freeze", work).await.unwrap_or_else(|| Err(broken_off()))
    }

    async fn switch(&self, frozen: bool, by: Actor, reason: String) -> Result<Freeze, CommitError> {
        if frozen {
            self.inner.freeze.switched(true, None);
        }
        let _turn = self.inner.freeze.turn.lock().await;
        let at = self.clock().now();
        let freeze = Freeze { frozen, reason: reason.clone(), by, at };
        let rows = freeze.rows();
        self.inner.store.commit(Commit { guards: Vec::new(), rows }).await?;
        self.inner.freeze.switched(frozen, Some(json!(freeze)));
        tracing::warn!(frozen, reason, "the switch for calls to the outside was set");
        Ok(freeze)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(frozen: bool, second: i64) -> Option<Value> {
        let at = Timestamp::from_second(second).unwrap();
        Some(json!(Freeze { frozen, reason: "a test".to_owned(), by: Actor::System, at }))
    }

    #[test]
    fn an_old_word_of_the_store_does_not_undo_a_freeze_that_could_not_be_stored() {
        let switch = Switch::new(word(false, 1));
        switch.switched(true, None);
        switch.follow(switch.changes(), word(false, 1));
        assert!(switch.is_frozen());
        switch.follow(switch.changes(), word(false, 2));
        assert!(!switch.is_frozen(), "a new word counts");
    }

    #[test]
    fn what_was_read_before_a_change_here_is_not_followed() {
        let switch = Switch::new(None);
        let seen = switch.changes();
        switch.switched(true, word(true, 2));
        switch.follow(seen, word(false, 1));
        assert!(switch.is_frozen());
    }

    #[test]
    fn a_word_that_can_not_be_understood_stops_calls() {
        assert!(Switch::new(Some(json!({ "frozen": "perhaps" }))).is_frozen());
        assert!(!Switch::new(None).is_frozen());
    }
}
