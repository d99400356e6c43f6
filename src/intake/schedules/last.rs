//! What is kept of each schedule: the tick that was done last, a row a playbook.
//!
//! A row is written by whoever serves the playbook and by nobody else: that it does not serve here for a moment, or is not
//! known to another replica yet, forgets nothing. A copy is remembered, so that looking at the schedules costs no read;
//! before a tick is done, or the row written, it is read again, because another replica may have been first.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::domain::PlaybookName;
use crate::store::{Agents, ReadError, Row, Store};

/// For how long a schedule that serves nowhere is remembered: what it missed meanwhile is caught up if it comes back.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 31);
/// How often it is written down that a schedule still serves.
const SERVED_EVERY: SignedDuration = SignedDuration::from_hours(12);

/// How the names of the rows begin.
const BEGINNING: &str = "schedule/";

/// What is kept of a schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::intake) struct Last {
    /// The tick that was done last, or when it began to serve.
    pub at: Timestamp,
    /// The schedule as the playbook writes it: one that has changed begins anew.
    pub schedule: String,
    /// When it was last written down that it serves.
    pub served_at: Timestamp,
}

impl Last {
    /// A schedule that begins now.
    pub fn new(schedule: &str, now: Timestamp) -> Self {
        Self { at: now, schedule: schedule.to_owned(), served_at: now }
    }

    /// The row that keeps it.
    pub fn row(&self, playbook: &PlaybookName) -> Row {
        Row::Setting { key: key(playbook).into(), value: json!(self) }
    }

    /// Whether it should be written down again that it serves.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        now.duration_since(self.served_at) >= SERVED_EVERY
    }
}

/// What this process remembers of the rows.
#[derive(Debug, Default)]
pub(in crate::intake) struct Remembered {
    last: Mutex<BTreeMap<PlaybookName, Last>>,
    /// When rows that are too old were looked for.
    looked_at: Mutex<Option<Timestamp>>,
}

impl Remembered {
    /// What is remembered of this schedule.
    pub fn get(&self, playbook: &PlaybookName, schedule: &str) -> Option<Last> {
        let known = self.last.lock().unwrap_or_else(PoisonError::into_inner).get(playbook).cloned();
        known.filter(|last| last.schedule == schedule)
    }

    /// Remembers what was written.
    pub fn keep(&self, playbook: &PlaybookName, last: Last) {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).insert(playbook.clone(), last);
    }

    /// Whether rows that are too old are to be looked for now. It is asked once for every look.
    pub fn looks_for_old(&self, now: Timestamp) -> bool {
        let mut looked_at = self.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = looked_at.is_none_or(|at| now.duration_since(at) >= SERVED_EVERY);
        if is_due {
            *looked_at = Some(now);
        }
        is_due
    }

    /// Forgets those that do not serve here: when one comes back, its row is read.
    pub fn retain(&self, serves: impl Fn(&PlaybookName) -> bool) {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).retain(|playbook, _| serves(playbook));
    }
}

/// What is stored of this schedule of a playbook; nothing if it is new, has changed, or served nowhere for long. A damaged
/// row is an error about that schedule alone, which begins anew.
pub(in crate::intake) async fn stored(
    store: &Store,
    playbook: &PlaybookName,
    schedule: &str,
    now: Timestamp,
) -> Result<Option<Last>, ReadError> {
    let value = match store.setting(&key(playbook)).await {
        Ok(Some(value)) => value,
        Ok(None) => return Ok(None),
        Err(error @ ReadError::Damaged { .. }) => {
            tracing::error!(playbook.name = %playbook, %error, "its schedule begins anew: missed ticks are not caught up");
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let last: Last = match serde_json::from_value(value) {
        Ok(last) => last,
        Err(error) => {
            tracing::error!(
                playbook.name = %playbook,
                %error,
                "what is stored of its schedule can't be understood; it begins anew, and missed ticks are not caught up"
            );
            return Ok(None);
        }
    };
    let served = now.duration_since(last.served_at) <= KEPT;
    Ok(Some(last).filter(|last| last.schedule == schedule && served))
}

/// What takes away the rows of schedules that served nowhere for so long that they would begin anew. What can't be understood
/// stays: whoever serves that playbook says so, and writes it anew.
pub(in crate::intake) async fn old(store: &Store, now: Timestamp) -> Result<Vec<Row>, ReadError> {
    let mut old = Vec::new();
    for key in store.settings_named(BEGINNING).await? {
        let value = match store.setting(&key).await {
            Ok(value) => value,
            Err(ReadError::Damaged { .. }) => None,
            Err(error) => return Err(error),
        };
        let last = value.and_then(|value| serde_json::from_value::<Last>(value).ok());
        if last.is_some_and(|last| now.duration_since(last.served_at) > KEPT) {
            old.push(Row::SettingGone { key });
        }
    }
    Ok(old)
}

fn key(playbook: &PlaybookName) -> String {
    format!("{BEGINNING}{playbook}")
}
