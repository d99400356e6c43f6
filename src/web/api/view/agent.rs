//! Agents as answers show them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{Agent, AgentId, Hold, Principal, Standing, Tier};

/// When the gate met an agent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateView {
    /// Last seen; never, if nothing: then a hold has not been seen to stop it.
    pub seen_at: Option<Timestamp>,
    /// Last refused.
    pub refused_at: Option<Timestamp>,
}

/// An agent in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentLine {
    /// Its id.
    pub id: AgentId,
    /// Whether the inventory has it; a held agent is listed even if it has not.
    pub known: bool,
    /// The name that people read.
    pub name: String,
    /// Who answers for it.
    pub owner: Option<Principal>,
    /// How much it may do without a person.
    pub tier: Tier,
    /// Where it runs.
    pub environment: Option<String>,
    /// Whether its calls pass the gate.
    pub gated: bool,
    /// Whether nothing contains it without a person.
    pub protected: bool,
    /// What it may do now.
    pub standing: Standing,
    /// When the gate met it.
    pub gate: GateView,
}

/// `GET /agents`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentList {
    /// By id.
    pub agents: Vec<AgentLine>,
}

/// `GET /agents/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentView {
    /// What the inventory says.
    pub agent: Agent,
    /// What it may do now.
    pub standing: Standing,
    /// Why.
    pub holds: Vec<Hold>,
    /// When the gate met it.
    pub gate: GateView,
}
