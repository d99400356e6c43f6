//! Alerts that are not over, as the daemon's intake knows them: which further ones are repeats, and which end them.
//!
//! Nothing here knows playbooks: what a repeat may start again is decided by whoever asks.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::domain::{Alert, AlertStatus, Digest, SourceId};
use crate::intake::still_fires;

/// What an alert is among those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A test of the sender: it is recorded, and that is all.
    Test,
    /// Its sender says that it is over.
    Over,
    /// It is known, and not over.
    Repeat,
    /// It is new, or was over.
    New,
}

/// Alerts that are not over.
#[derive(Default)]
pub(super) struct Firing(HashMap<(SourceId, Digest), Known>);

#[derive(Clone, Copy)]
struct Known {
    occurred_at: Timestamp,
    seen_at: Timestamp,
}

impl Firing {
    /// Hears of an alert at a time, and remembers it.
    pub fn hear(&mut self, alert: &Alert, at: Timestamp) -> Heard {
        if alert.is_test {
            return Heard::Test;
        }
        let identity = (alert.source.clone(), alert.dedup_key);
        let known = self.0.get_mut(&identity).filter(|known| still_fires(known.seen_at, at));
        match (alert.status, known) {
            (AlertStatus::Resolved, known) => {
                let ended = alert.ended_at.unwrap_or(at);
                // An end that is older than the last time it began is none.
                if known.is_some_and(|known| ended >= known.occurred_at) {
                    self.0.remove(&identity);
                }
                Heard::Over
            }
            (_, Some(known)) => {
                known.seen_at = at;
                Heard::Repeat
            }
            (_, None) => {
                self.0.insert(identity, Known { occurred_at: alert.occurred_at, seen_at: at });
                Heard::New
            }
        }
    }
}
