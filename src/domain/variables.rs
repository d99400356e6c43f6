//! What a playbook's variables came to when its run began: evaluated once, and never again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The variables of a run. At most 16 KiB as JSON; a secret is a reference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variables {
    /// What each came to.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub values: Map<String, Value>,
    /// Those without a value, and why: whatever uses one fails by itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unset: BTreeMap<String, String>,
}

impl Variables {
    /// Whether the playbook has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty() && self.unset.is_empty()
    }
}
