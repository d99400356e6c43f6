//! Domain values of the engine's tests: an agent, its people, an alert about it.

use std::collections::BTreeMap;

pub(crate) use crate::domain::samples::alert;
use crate::domain::*;

pub fn agent_id(id: &str) -> AgentId {
    AgentId::parse(id).unwrap()
}

pub fn path(step: &str) -> StepPath {
    step.parse().unwrap()
}

pub fn ana() -> Actor {
    Actor::Person { id: PersonId::parse("ana").unwrap(), assurance: Assurance::Api }
}

/// A known, gated agent that ana owns.
pub fn agent(id: &str) -> Agent {
    Agent {
        known: true,
        owner: Some("user:ana".parse().unwrap()),
        tier: Tier::Autonomous,
        gated: true,
        ..Agent::unknown(agent_id(id))
    }
}

/// Ana, who owns agents, and sam, who is told of what nobody owns.
pub fn directory() -> Directory {
    let people = ["ana", "sam"].map(|id| {
        let id = PersonId::parse(id).unwrap();
        let email = Some(format!("{id}@example.com"));
        (id.clone(), Person { name: id.to_string(), id, email, webhook: None })
    });
    Directory { people: BTreeMap::from(people), groups: BTreeMap::new(), fallback: vec!["user:sam".parse().unwrap()] }
}
