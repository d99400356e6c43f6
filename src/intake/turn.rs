//! The turn of a delivery: alerts of one incident are taken one after the other, so that they do not lose commits to each
//! other until one is refused.
//!
//! The agents of a delivery are known before it is planned, and their turn is waited for first. By what else alerts belong
//! together (`incident.key`) only the plan says. So a plan that finds somebody at another incident waits for that one, too,
//! and is made again. What keeps incidents right are the guards of the commit; this only spares the retries.

use std::collections::BTreeSet;

use tokio::sync::MutexGuard;

use crate::engine::Engine;

/// The turn at some incidents.
pub(super) struct Turn<'e> {
    engine: &'e Engine,
    keys: BTreeSet<String>,
    held: Vec<MutexGuard<'e, ()>>,
}

impl<'e> Turn<'e> {
    /// Waits for the turn at these incidents.
    pub async fn at(engine: &'e Engine, keys: BTreeSet<String>) -> Self {
        let held = engine.turn(keys.iter()).await;
        Self { engine, keys, held }
    }

    /// Whether it is the turn at these incidents, too, from now on: nobody else is at them.
    pub fn covers<'k>(&mut self, keys: impl Iterator<Item = &'k String>) -> bool {
        let more: Vec<&String> = keys.filter(|key| !self.keys.contains(*key)).collect();
        if more.is_empty() {
            return true;
        }
        let Some(guards) = self.engine.try_turn(more.iter().copied()) else { return false };
        self.held.extend(guards);
        self.keys.extend(more.into_iter().cloned());
        true
    }

    /// Waits for the turn at these incidents, too.
    pub async fn wait_for<'k>(&mut self, keys: impl Iterator<Item = &'k String>) {
        self.keys.extend(keys.cloned());
        // What is held is let go first, and everything is asked for in one order: two never wait for each other.
        self.held.clear();
        self.held = self.engine.turn(self.keys.iter()).await;
    }
}
