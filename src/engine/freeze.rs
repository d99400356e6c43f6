//! The switch that stops the orchestrator from performing anything outside. Deadlines and votes go on.

use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::domain::Actor;
use crate::store::{Commit, CommitError, Row, Subject, Writer};

use super::Engine;
use super::submit::stopping;

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
            Row::Setting { key: SETTING, value: value.clone() },
            Row::Event { subject: Subject::Daemon, at: self.at, actor: self.by.clone(), kind, body: value },
        ]
    }
}

pub(super) struct Switch {
    frozen: AtomicBool,
    thawed: Notify,
    /// Switched by one at a time, so that memory and store end with the same word.
    turn: tokio::sync::Mutex<()>,
}

impl Switch {
    pub fn new(stored: Option<Value>) -> Self {
        let stored = stored.and_then(|value| serde_json::from_value::<Freeze>(value).ok());
        let frozen = AtomicBool::new(stored.is_some_and(|freeze| freeze.frozen));
        Self { frozen, thawed: Notify::new(), turn: tokio::sync::Mutex::default() }
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

    /// Follows what another replica wrote, unless this one is switching just now.
    pub fn follow(&self, stored: Option<Value>) {
        let Ok(_turn) = self.turn.try_lock() else { return };
        let Some(stored) = stored.and_then(|value| serde_json::from_value::<Freeze>(value).ok()) else { return };
        if stored.frozen != self.is_frozen() {
            tracing::warn!(frozen = stored.frozen, reason = stored.reason, "the switch was set by another replica");
            self.set(stored.frozen);
        }
    }

    fn set(&self, frozen: bool) {
        self.frozen.store(frozen, Ordering::SeqCst);
        self.thawed.notify_waiters();
    }
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
        self.inner.supervisor.finish("freeze", work).await.unwrap_or_else(|| Err(stopping()))
    }

    async fn switch(&self, frozen: bool, by: Actor, reason: String) -> Result<Freeze, CommitError> {
        if frozen {
            self.inner.freeze.set(true);
        }
        let _turn = self.inner.freeze.turn.lock().await;
        let at = self.clock().now();
        let freeze = Freeze { frozen, reason: reason.clone(), by, at };
        let rows = freeze.rows();
        self.inner.store.commit(Commit { guards: Vec::new(), rows }).await?;
        self.inner.freeze.set(frozen);
        tracing::warn!(frozen, reason, "the switch for calls to the outside was set");
        Ok(freeze)
    }
}
