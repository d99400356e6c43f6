//! An entry of the inventory: an agent, who owns it, what it may touch and by which handles it can be stopped.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::directory::Principal;
use super::names::{AgentId, ConnectionName};

/// How much an agent may do without a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Reads only.
    ReadOnly,
    /// Acts with a person in the loop.
    Supervised,
    /// Acts alone.
    Autonomous,
    /// Not in the inventory: nobody said.
    Unknown,
}

impl Tier {
    /// The word as the inventory writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "read_only",
            Self::Supervised => "supervised",
            Self::Autonomous => "autonomous",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How a connector finds the agent at one configured endpoint, e.g. `{connection: okta, app: 0oa1}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handle {
    /// The connection that reaches the system.
    pub connection: ConnectionName,
    /// What the system calls the agent, by name of the reference.
    pub references: BTreeMap<String, String>,
}

/// A credential of the agent: where its value can be read when it is sent, and a digest to recognise it. Never the value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// Where the value is: `env:NAME` or `file:/path`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// A keyed digest of the value, to recognise it in an alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

/// An agent as the inventory describes it, or as an alert named it (`known: false`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Its id.
    pub id: AgentId,
    /// Whether the inventory has it.
    pub known: bool,
    /// The name that people read.
    pub name: String,
    /// Other names that alerts use for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Principal>,
    /// Who or what deployed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployed_by: Option<String>,
    /// How much it may do without a person.
    pub tier: Tier,
    /// Where it runs, e.g. `production`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Systems that it uses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub systems: Vec<String>,
    /// What it needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
    /// Agents that it starts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<AgentId>,
    /// How connectors find it, by connector.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub handles: BTreeMap<String, Handle>,
    /// Its credentials, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub credentials: BTreeMap<String, Credential>,
    /// Whether its calls pass the gate, so that a hold stops them.
    pub gated: bool,
    /// Whether nothing may contain it without a person (the protected list).
    pub protected: bool,
    /// When a person last looked at this entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_at: Option<Timestamp>,
}

impl Agent {
    /// An agent that the inventory does not have: unowned, of unknown tier.
    #[must_use]
    pub fn unknown(id: AgentId) -> Self {
        Self {
            name: id.to_string(),
            id,
            known: false,
            aliases: Vec::new(),
            owner: None,
            deployed_by: None,
            tier: Tier::Unknown,
            environment: None,
            systems: Vec::new(),
            depends_on: Vec::new(),
            children: Vec::new(),
            handles: BTreeMap::new(),
            credentials: BTreeMap::new(),
            gated: false,
            protected: false,
            reviewed_at: None,
        }
    }
}
