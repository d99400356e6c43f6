//! Domain values that tests of several rooms start from.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Map;

use super::alert::{Authentication, Claimed};
use super::*;

/// A run of one alert about one agent, before anything of it has happened.
pub(crate) fn run(at: Timestamp) -> Run {
    Run {
        id: RunId::generate(at),
        version: 1,
        semantics: 1,
        incident: IncidentId::generate(at),
        playbook: PlaybookName::parse("contain").unwrap(),
        digest: Digest::of(b"playbook: contain"),
        mode: Mode::Enforce,
        agent: Agent::unknown(AgentId::parse("billing-bot").unwrap()).into(),
        alert: alert(at).into(),
        vars: Variables::default(),
        started_by: Actor::System,
        started_at: at,
        deadline: None,
        status: RunStatus::Running { stage: 0 },
        stages: Vec::new(),
        steps: BTreeMap::new(),
        approvals: BTreeMap::new(),
        rechecks: Vec::new(),
        inherits: Vec::new(),
        lineage: None,
        versions: BTreeMap::new(),
        sources: BTreeSet::new(),
        joined: 0,
        ended_at: None,
    }
}

/// A firing alert that says nothing of its agent.
pub(crate) fn alert(at: Timestamp) -> Alert {
    Alert {
        id: AlertId::generate(at),
        source: SourceId::parse("detector").unwrap(),
        trust: Trust::Contain,
        delivery_id: None,
        event_id: None,
        dedup_key: Digest::of(b"alert"),
        group_key: None,
        rule: Some("token_anomalous_use".into()),
        title: "token used from an unexpected place".into(),
        status: AlertStatus::Firing,
        severity: Severity::High,
        severity_raw: None,
        occurred_at: at,
        occurred_at_assumed: false,
        ended_at: None,
        received_at: at,
        agent: Claimed::default(),
        principal: None,
        credential: None,
        owner: None,
        resources: Vec::new(),
        labels: BTreeMap::new(),
        fields: Map::new(),
        is_test: false,
        notes: Vec::new(),
        truncated: false,
        auth: Authentication { scheme: "bearer".into(), key_id: None },
    }
}
