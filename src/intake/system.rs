//! Alerts of Standdown's own: the end of a hold, something found undone. They come in by the same door as all others.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, json};

use crate::domain::alert::{Authentication, Claimed};
use crate::domain::{Alert, AlertId, AlertStatus, Digest, Severity, SourceId, Trust};
use crate::engine::SystemAlert;
use crate::source::{Authenticated, Mapped};

use super::Intake;
use super::answer::Refused;
use super::schedules::INTERNAL;

impl Intake {
    /// Takes an alert of our own from the source `system`.
    pub async fn receive_system(&self, own: SystemAlert) -> Result<(), Refused> {
        let Ok(source) = SourceId::parse("system") else { return Ok(()) };
        let identity = json!({ "rule": own.rule, "agent": own.agent, "at": self.engine.clock().now() });
        let claimed = Claimed { id: Some(own.agent.to_string()), ..Claimed::default() };
        let alert = Arc::new(self.own_alert(&source, own.rule, &own.title, claimed, &identity));
        let authenticated = Authenticated { authentication: alert.auth.clone(), delivery_id: None };
        let mapped = [Mapped { alert, raw: Arc::new(identity), notes: Vec::new() }];
        self.take(&source, 202, &authenticated, &mapped, Vec::new()).await?;
        Ok(())
    }

    /// An alert that did not come from outside.
    pub(super) fn own_alert(
        &self,
        source: &SourceId,
        rule: &str,
        title: &str,
        agent: Claimed,
        identity: &serde_json::Value,
    ) -> Alert {
        own_alert(source, rule, title, agent, identity, self.engine.clock().now())
    }
}

/// An alert that did not come from outside, at a time.
pub(super) fn own_alert(
    source: &SourceId,
    rule: &str,
    title: &str,
    agent: Claimed,
    identity: &serde_json::Value,
    at: Timestamp,
) -> Alert {
    Alert {
        id: AlertId::generate(at),
        source: source.clone(),
        trust: Trust::Contain,
        delivery_id: None,
        event_id: None,
        dedup_key: Digest::of_json(identity),
        group_key: None,
        rule: Some(rule.to_owned()),
        title: title.to_owned(),
        status: AlertStatus::Event,
        severity: Severity::High,
        severity_raw: None,
        occurred_at: at,
        occurred_at_assumed: false,
        ended_at: None,
        received_at: at,
        agent,
        principal: None,
        credential: None,
        owner: None,
        resources: Vec::new(),
        labels: BTreeMap::new(),
        fields: Map::new(),
        is_test: false,
        truncated: false,
        auth: Authentication { scheme: INTERNAL.to_owned(), key_id: None },
    }
}
