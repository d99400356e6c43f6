//! Alerts of our own: something that happened here and should come in by the door of all alerts.
//!
//! One is written in the commit that causes it, and taken away in the commit that takes it in: so no crash between the
//! two loses it, and it comes in once. The queue in memory only makes that quick.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::domain::{AgentId, AlertId, Hold, Run, StepPath};
use crate::store::{Agents, ReadError, Row};

use super::{Engine, words};

/// The rule of an alert that says that the planned time of a hold is over.
pub const HOLD_ENDED: &str = "hold_ended";
/// The rule of an alert that says that something contained was found undone.
pub const REGRESSED: &str = "regressed";

/// How the names of their rows begin.
const BEGINNING: &str = "own-alert/";

/// Something that happened here and should come in as an alert from the source `system`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemAlert {
    /// The id that the alert will have.
    pub id: AlertId,
    /// When it happened.
    pub at: Timestamp,
    /// `hold_ended` or `regressed`.
    pub rule: Cow<'static, str>,
    /// The agent that it is about.
    pub agent: AgentId,
    /// One line.
    pub title: String,
}

impl SystemAlert {
    fn new(rule: &'static str, agent: AgentId, title: String, at: Timestamp) -> Self {
        Self { id: AlertId::generate(at), at, rule: Cow::Borrowed(rule), agent, title }
    }

    /// Something contained was found undone.
    #[must_use]
    pub fn regressed(run: &Run, path: &StepPath, detail: &str, at: Timestamp) -> Self {
        let (title, _) = words::regressed(run, path, detail);
        Self::new(REGRESSED, run.agent.id.clone(), title, at)
    }

    /// The planned time of a hold is over.
    #[must_use]
    pub fn hold_ended(hold: &Hold, at: Timestamp) -> Self {
        Self::new(HOLD_ENDED, hold.agent.clone(), words::hold_ended_title(hold), at)
    }

    /// What keeps it until it is taken.
    pub(super) fn row(&self) -> Row {
        Row::Setting { key: self.key().into(), value: json!(self) }
    }

    /// What says that it was taken.
    #[must_use]
    pub fn taken(&self) -> Row {
        Row::SettingGone { key: self.key() }
    }

    fn key(&self) -> String {
        format!("{BEGINNING}{}", self.id)
    }
}

impl Engine {
    /// Alerts of our own that were not taken yet, oldest first. A damaged one is an error about that one alone.
    pub async fn system_alerts_left(&self) -> Result<Vec<SystemAlert>, ReadError> {
        let mut left = Vec::new();
        for key in self.inner.store.settings_named(BEGINNING).await? {
            match self.inner.store.setting(&key).await {
                Ok(Some(value)) => match serde_json::from_value(value) {
                    Ok(alert) => left.push(alert),
                    Err(error) => tracing::error!(key, %error, "an alert of our own can't be understood"),
                },
                Ok(None) => {}
                Err(error @ ReadError::Damaged { .. }) => {
                    tracing::error!(key, %error, "an alert of our own can't be read");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(left)
    }
}
