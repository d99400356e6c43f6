//! Alerts as programs read them.

use serde::{Deserialize, Serialize};

use crate::domain::Alert;

/// A page of alerts, oldest first; the next page begins after the id of the last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertPage {
    /// The alerts, as intake normalised them.
    pub alerts: Vec<Alert>,
}
