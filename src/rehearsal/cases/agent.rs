//! An agent of a test: the entry of the inventory, and what a rehearsal must know besides.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::client::SecretReference;
use crate::domain::agent::{Credential, Handle};
use crate::domain::{Agent, AgentId, ConnectionName, HoldLevel, Principal, Tier};
use crate::playbook::{Fields, Node, Report};
use crate::rehearsal::codes;

use super::words::texts;

const KEYS: [&str; 16] = [
    "id",
    "name",
    "aliases",
    "owner",
    "deployed_by",
    "tier",
    "environment",
    "systems",
    "depends_on",
    "children",
    "handles",
    "credentials",
    "gated",
    "protected",
    "gate_seen",
    "held",
];
const TIERS: [(&str, Tier); 3] =
    [("read_only", Tier::ReadOnly), ("supervised", Tier::Supervised), ("autonomous", Tier::Autonomous)];
const LEVELS: [(&str, HoldLevel); 3] =
    [("restricted", HoldLevel::Restricted), ("paused", HoldLevel::Paused), ("retired", HoldLevel::Retired)];

/// An agent as a test describes it.
#[derive(Clone, Debug)]
pub(super) struct TestAgent {
    pub agent: Agent,
    /// Whether the gate has seen it.
    pub gate_seen: bool,
    /// A hold that a person placed before.
    pub held: Option<HoldLevel>,
}

impl TestAgent {
    /// Reads an entry; over `base`, if the agent stands in the inventory already.
    pub fn read(report: &mut Report, node: &Node<'_>, base: impl Fn(&AgentId) -> Option<Self>) -> Option<Self> {
        let fields = Fields::open_named(report, node, &KEYS, &[])?;
        let id = fields.require(report, "id")?.name(report, AgentId::parse)?;
        let found = base(&id).unwrap_or_else(|| Self {
            agent: Agent { known: true, ..Agent::unknown(id) },
            gate_seen: true,
            held: None,
        });
        Some(found.with(report, &fields))
    }

    /// Reads what differs of an agent, whose id is known.
    pub fn patched(self, report: &mut Report, node: &Node<'_>) -> Self {
        let keys: Vec<&str> = KEYS.into_iter().filter(|key| *key != "id").collect();
        match Fields::open_named(report, node, &keys, &[]) {
            Some(fields) => self.with(report, &fields),
            None => self,
        }
    }

    fn with(mut self, report: &mut Report, fields: &Fields<'_>) -> Self {
        let agent = &mut self.agent;
        let text = |report: &mut Report, key: &str| fields.get(key)?.text(report).map(str::to_owned);
        if let Some(name) = text(report, "name") {
            agent.name = name;
        }
        if let Some(owner) = fields.get("owner") {
            agent.owner = if owner.value.is_null() { None } else { owned_by(report, &owner) };
        }
        agent.deployed_by = text(report, "deployed_by").or(agent.deployed_by.take());
        agent.environment = text(report, "environment").or(agent.environment.take());
        for (key, list) in
            [("aliases", &mut agent.aliases), ("systems", &mut agent.systems), ("depends_on", &mut agent.depends_on)]
        {
            if let Some(node) = fields.get(key) {
                *list = texts(report, &node);
            }
        }
        if let Some(node) = fields.get("children") {
            agent.children = node.one_or_more().iter().filter_map(|node| node.name(report, AgentId::parse)).collect();
        }
        if let Some(tier) = fields.get("tier").and_then(|node| node.word_of(report, &TIERS)) {
            agent.tier = tier;
        }
        if let Some(node) = fields.get("handles") {
            agent.handles = handles(report, &node);
        }
        if let Some(node) = fields.get("credentials") {
            agent.credentials = credentials(report, &node);
        }
        for (key, flag) in
            [("gated", &mut agent.gated), ("protected", &mut agent.protected), ("gate_seen", &mut self.gate_seen)]
        {
            if let Some(value) = fields.get(key).and_then(|node| node.flag(report)) {
                *flag = value;
            }
        }
        if let Some(node) = fields.get("held") {
            self.held = if node.value.is_null() { None } else { node.word_of(report, &LEVELS) };
        }
        self
    }
}

fn owned_by(report: &mut Report, node: &Node<'_>) -> Option<Principal> {
    match node.principal(report)? {
        Principal::Owner | Principal::Fallback => {
            let entry = report.error(&node.pointer, codes::CASE, "an agent is owned by a person or a group");
            entry.hint("write user:NAME or group:NAME, or null for an agent that nobody owns");
            None
        }
        owner => Some(owner),
    }
}

fn handles(report: &mut Report, node: &Node<'_>) -> BTreeMap<String, Handle> {
    let Value::Object(map) = node.value else {
        node.expected(report, "a mapping of connectors to handles");
        return BTreeMap::new();
    };
    let mut found = BTreeMap::new();
    for (connector, value) in map {
        let inner = Node::of(value, &node.pointer, connector);
        let Value::Object(entries) = value else {
            inner.expected(report, "a mapping with `connection` and what that system calls the agent");
            continue;
        };
        let connection = if let Some(value) = entries.get("connection") {
            Node::of(value, &inner.pointer, "connection").name(report, ConnectionName::parse)
        } else {
            inner.expected(report, "a mapping with `connection`");
            None
        };
        let named = entries.iter().filter(|(name, _)| *name != "connection");
        let references = named.filter_map(|(name, value)| {
            let text = Node::of(value, &inner.pointer, name).text(report)?;
            Some((name.clone(), text.to_owned()))
        });
        let references: BTreeMap<String, String> = references.collect();
        found.extend(connection.map(|connection| (connector.clone(), Handle { connection, references })));
    }
    found
}

fn credentials(report: &mut Report, node: &Node<'_>) -> BTreeMap<String, Credential> {
    let Value::Object(map) = node.value else {
        node.expected(report, "a mapping of names to references");
        return BTreeMap::new();
    };
    let mut found = BTreeMap::new();
    for (name, value) in map {
        let inner = Node::of(value, &node.pointer, name);
        let Some(fields) = Fields::open_named(report, &inner, &["ref"], &[]) else { continue };
        let Some(node) = fields.require(report, "ref") else { continue };
        let Some(text) = node.text(report) else { continue };
        if let Ok(reference) = SecretReference::parse(text) {
            found.insert(name.clone(), Credential { reference: Some(reference.to_string()), hash: None });
        } else {
            let message = "this is no reference to a secret (the text is withheld)";
            report.error(&node.pointer, codes::CASE, message).hint("write env:NAME or file:/path");
        }
    }
    found
}
