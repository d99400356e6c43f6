//! The alert of a case: fields as the playbook sees them, or a payload that goes through its source.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::domain::alert::{Authentication, Claimed};
use crate::domain::{Alert, AlertId, AlertStatus, Digest, Severity, SourceId, Trust};
use crate::playbook::{Fields, Node, Report};

use super::payload::Payloads;
use super::words::{SEVERITIES, TRUSTS, texts};

const KEYS: [&str; 17] = [
    "payload",
    "source",
    "trust",
    "id",
    "rule",
    "title",
    "severity",
    "status",
    "agent",
    "labels",
    "fields",
    "resources",
    "principal",
    "credential",
    "event_id",
    "group_key",
    "owner",
];
/// The first three say where it comes from; all others a payload says itself.
const ABOUT_WHERE_FROM: usize = 3;
const STATUSES: [(&str, AlertStatus); 5] = [
    ("firing", AlertStatus::Firing),
    ("acknowledged", AlertStatus::Acknowledged),
    ("resolved", AlertStatus::Resolved),
    ("event", AlertStatus::Event),
    ("unknown", AlertStatus::Unknown),
];

/// What a test says of an alert. A case's own words stand over those of the file.
#[derive(Clone, Debug, Default)]
pub(super) struct TestAlert {
    payload: Option<(String, String)>,
    source: Option<String>,
    trust: Option<Trust>,
    id: Option<String>,
    rule: Option<String>,
    title: Option<String>,
    severity: Option<Severity>,
    status: Option<AlertStatus>,
    agent: Option<String>,
    labels: BTreeMap<String, String>,
    fields: Map<String, Value>,
    resources: Option<Vec<String>>,
    principal: Option<Value>,
    credential: Option<Value>,
    event_id: Option<String>,
    group_key: Option<String>,
    owner: Option<String>,
}

impl TestAlert {
    /// Reads an alert over this one.
    pub fn patched(mut self, report: &mut Report, node: &Node<'_>) -> Self {
        let Some(fields) = Fields::open_named(report, node, &KEYS, &[]) else { return self };
        let (_, of_payload) = KEYS.split_at(ABOUT_WHERE_FROM);
        let text = |report: &mut Report, key: &str| fields.get(key)?.text(report).map(str::to_owned);
        if let Some(node) = fields.get("payload") {
            let hint = "the payload says it; leave it out, or write the alert's fields instead of `payload`";
            fields.refuse(report, of_payload, "beside a payload", hint);
            self.payload = node.text(report).map(|path| (path.to_owned(), node.pointer.clone()));
        } else if of_payload.iter().any(|key| fields.has(key)) {
            self.payload = None;
        }
        for (key, slot) in [
            ("source", &mut self.source),
            ("id", &mut self.id),
            ("rule", &mut self.rule),
            ("title", &mut self.title),
            ("agent", &mut self.agent),
            ("event_id", &mut self.event_id),
            ("group_key", &mut self.group_key),
            ("owner", &mut self.owner),
        ] {
            *slot = text(report, key).or(slot.take());
        }
        let severity = fields.get("severity").and_then(|node| node.word_of(report, &SEVERITIES));
        self.severity = severity.or(self.severity);
        self.status = fields.get("status").and_then(|node| node.word_of(report, &STATUSES)).or(self.status);
        self.trust = fields.get("trust").and_then(|node| node.word_of(report, &TRUSTS)).or(self.trust);
        self.principal = fields.get("principal").map(|node| node.value.clone()).or(self.principal);
        self.credential = fields.get("credential").map(|node| node.value.clone()).or(self.credential);
        self.resources = fields.get("resources").map(|node| texts(report, &node)).or(self.resources);
        if let Some(node) = fields.get("labels") {
            for (name, value) in entries(report, &node) {
                let text = Node::of(value, &node.pointer, name).text(report);
                self.labels.extend(text.map(|text| (name.clone(), text.to_owned())));
            }
        }
        if let Some(node) = fields.get("fields") {
            self.fields.extend(entries(report, &node).into_iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        self
    }

    /// The agent that the alert names.
    pub fn agent(&self) -> Option<&str> {
        self.agent.as_deref()
    }

    /// The alert, received at a time. `only` is the agent that it means if it names none; `serial` tells alerts of one case
    /// apart.
    pub fn alert(
        &self,
        report: &mut Report,
        payloads: &mut Payloads<'_>,
        only: Option<&str>,
        serial: usize,
        at: Timestamp,
    ) -> Option<Arc<Alert>> {
        if let Some((path, pointer)) = &self.payload {
            let trust = self.trust.unwrap_or(Trust::Contain);
            return payloads.alert(report, path, pointer, self.source.as_deref(), trust, at);
        }
        let source = self.source.as_deref().and_then(|name| SourceId::parse(name).ok());
        let source = source.or_else(|| SourceId::parse("test").ok())?;
        let identity = self.id.clone().unwrap_or_else(|| format!("alert {serial}"));
        let agent = self.agent.as_deref().or(only).map(str::to_owned);
        Some(Arc::new(Alert {
            id: AlertId::generate(at),
            dedup_key: Digest::of_json(&json!({ "source": source, "key": [identity] })),
            source,
            trust: self.trust.unwrap_or(Trust::Contain),
            delivery_id: None,
            event_id: self.event_id.clone(),
            group_key: self.group_key.clone(),
            rule: self.rule.clone(),
            title: self.title.clone().or_else(|| self.rule.clone()).unwrap_or_else(|| "a test alert".to_owned()),
            status: self.status.unwrap_or(AlertStatus::Firing),
            severity: self.severity.unwrap_or(Severity::High),
            severity_raw: None,
            occurred_at: at,
            occurred_at_assumed: false,
            ended_at: None,
            received_at: at,
            agent: Claimed { id: agent, ..Claimed::default() },
            principal: self.principal.clone(),
            credential: self.credential.clone(),
            owner: self.owner.clone(),
            resources: self.resources.clone().unwrap_or_default(),
            labels: self.labels.clone(),
            fields: self.fields.clone(),
            is_test: false,
            notes: Vec::new(),
            truncated: false,
            auth: Authentication { scheme: "test".to_owned(), key_id: None },
        }))
    }
}

fn entries<'v>(report: &mut Report, node: &Node<'v>) -> Vec<(&'v String, &'v Value)> {
    match node.value {
        Value::Object(map) => map.iter().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            node.expected(report, "a mapping of names to values");
            Vec::new()
        }
    }
}
