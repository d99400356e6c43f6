//! The inventory of a test: its agents, and people as far as they are named.
//!
//! People need no list of their own: whoever owns an agent, is member of a group or is named by the playbook is there.
//! Without a fallback owner it is a person called `fallback`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use crate::domain::{AgentId, Directory, GroupName, HoldLevel, Person, PersonId, Principal};
use crate::engine::Inventory;
use crate::playbook::{Body, Fields, Node, Playbook, Report};
use crate::rehearsal::codes;
use crate::rehearsal::family::Library;

use super::agent::TestAgent;

/// The name of the fallback owner, if a test does not say.
const FALLBACK: &str = "fallback";

/// What a test says of its surroundings.
#[derive(Clone, Debug)]
pub(super) struct TestInventory {
    pub agents: Vec<TestAgent>,
    people: BTreeSet<PersonId>,
    groups: BTreeMap<GroupName, BTreeSet<PersonId>>,
    fallback: Vec<Principal>,
    contained: u32,
    contained_per_hour: u32,
}

/// The surroundings of one case.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Agents and people.
    pub inventory: Arc<Inventory>,
    /// The playbooks that steps may start runs of.
    pub playbooks: Arc<Library>,
    /// How many agents may be contained in an hour without a person.
    pub contained_per_hour: u32,
    /// How many other agents this playbook contained a moment before.
    pub contained: u32,
    /// Gated agents that the gate has never seen.
    pub unseen: BTreeSet<AgentId>,
    /// Holds that people placed before.
    pub held: Vec<(AgentId, HoldLevel)>,
}

impl Default for TestInventory {
    fn default() -> Self {
        Self {
            agents: Vec::new(),
            people: BTreeSet::new(),
            groups: BTreeMap::new(),
            fallback: Vec::new(),
            contained: 0,
            contained_per_hour: crate::engine::Options::default().contained_per_hour,
        }
    }
}

impl TestInventory {
    /// Reads an inventory over this one: agents by their id, everything else in place of what was there.
    pub fn patched(mut self, report: &mut Report, node: &Node<'_>) -> Self {
        let keys = ["agents", "people", "groups", "fallback_owner", "contained", "contained_per_hour"];
        let Some(fields) = Fields::open_named(report, node, &keys, &[]) else { return self };
        if let Some(node) = fields.get("agents") {
            for item in node.items(report, "a list of agents").unwrap_or_default() {
                let known = |id: &AgentId| self.agents.iter().find(|entry| entry.agent.id == *id).cloned();
                if let Some(read) = TestAgent::read(report, &item, known) {
                    self.put(read);
                }
            }
        }
        if let Some(node) = fields.get("people") {
            self.people = node.one_or_more().iter().filter_map(|node| node.name(report, PersonId::parse)).collect();
        }
        if let Some(node) = fields.get("groups") {
            self.groups = groups(report, &node);
        }
        if let Some(node) = fields.get("fallback_owner") {
            self.fallback = node.principals(report);
        }
        if let Some(count) = fields.get("contained").and_then(|node| node.count(report, &(0..=100_000))) {
            self.contained = count;
        }
        if let Some(count) = fields.get("contained_per_hour").and_then(|node| node.count(report, &(0..=100_000))) {
            self.contained_per_hour = count;
        }
        self
    }

    /// Changes the agent that the case is about.
    pub fn patch_agent(&mut self, report: &mut Report, id: Option<&AgentId>, node: &Node<'_>) {
        let found = self.agents.iter().find(|entry| id.is_none_or(|id| entry.agent.id == *id)).cloned();
        if let Some(entry) = found {
            let patched = entry.patched(report, node);
            self.put(patched);
        } else {
            let message = "there is no agent that this could change";
            report.error_at_key(&node.pointer, codes::UNKNOWN_AGENT, message).hint("add it under `inventory: agents:`");
        }
    }

    fn put(&mut self, entry: TestAgent) {
        match self.agents.iter_mut().find(|known| known.agent.id == entry.agent.id) {
            Some(known) => *known = entry,
            None => self.agents.push(entry),
        }
    }

    /// The surroundings that this describes.
    pub fn surroundings(&self, playbook: &Playbook, family: &Arc<Library>) -> Surroundings {
        let agents: Vec<_> = self.agents.iter().map(|entry| entry.agent.clone()).collect();
        let gone = self.agents.iter().filter(|entry| !entry.gate_seen).map(|entry| entry.agent.id.clone());
        let held = self.agents.iter().filter_map(|entry| Some((entry.agent.id.clone(), entry.held?)));
        Surroundings {
            inventory: Arc::new(Inventory::new(agents, self.directory(playbook, family))),
            playbooks: Arc::clone(family),
            contained_per_hour: self.contained_per_hour,
            contained: self.contained,
            unseen: gone.collect(),
            held: held.collect(),
        }
    }

    fn directory(&self, playbook: &Playbook, family: &Library) -> Directory {
        let fallback_person = PersonId::parse(FALLBACK).ok();
        let fallback = match (self.fallback.is_empty(), fallback_person) {
            (true, Some(person)) => vec![Principal::User(person)],
            _ => self.fallback.clone(),
        };
        let owners = self.agents.iter().filter_map(|entry| entry.agent.owner.as_ref());
        let others = family.values().flat_map(|playbook| named_by(playbook));
        let named =
            owners.chain(&fallback).chain(named_by(playbook)).chain(others).filter_map(|principal| match principal {
                Principal::User(id) => Some(id),
                Principal::Owner | Principal::Fallback | Principal::Group(_) => None,
            });
        let ids: BTreeSet<&PersonId> = named.chain(&self.people).chain(self.groups.values().flatten()).collect();
        let person = |id: &PersonId| Person { id: id.clone(), name: id.to_string(), email: None, webhook: None };
        Directory {
            people: ids.into_iter().map(|id| (id.clone(), person(id))).collect(),
            groups: self.groups.clone(),
            fallback,
        }
    }
}

/// Everybody whom the playbook asks or tells.
fn named_by(playbook: &Playbook) -> impl Iterator<Item = &Principal> {
    playbook.steps().flat_map(|step| named_by_step(&step.body))
}

fn named_by_step(body: &Body) -> Vec<&Principal> {
    match body {
        Body::Action(action) => {
            let told = action.notice.iter().flat_map(|notice| &notice.to);
            told.chain(action.guard.iter().flat_map(|guard| guard.approvers.iter().chain(guard.more()))).collect()
        }
        Body::Approval(spec) => spec.approvers.iter().chain(spec.more()).collect(),
        Body::Wait(_) => Vec::new(),
    }
}

fn groups(report: &mut Report, node: &Node<'_>) -> BTreeMap<GroupName, BTreeSet<PersonId>> {
    let Value::Object(map) = node.value else {
        node.expected(report, "a mapping of groups to their members");
        return BTreeMap::new();
    };
    let mut found = BTreeMap::new();
    for (name, value) in map {
        let inner = Node::of(value, &node.pointer, name);
        let members = inner.one_or_more().iter().filter_map(|node| node.name(report, PersonId::parse)).collect();
        let named = Value::String(name.clone());
        let group = Node { value: &named, pointer: inner.pointer.clone() }.name(report, GroupName::parse);
        found.extend(group.map(|group| (group, members)));
    }
    found
}
