//! The mapping: expressions that say which part of a body is what, compiled once and applied to each delivery.
//!
//! A delivery comes from outside and may be written by the very agent that it is about. So an optional value that is
//! missing, or that has the wrong type, is simply missing, with a note for the engineer: a strange label must not make an
//! alert disappear. Only what has no identity is refused. Everything that is kept has a cap. This module must not know
//! the inventory, earlier alerts or playbooks.

mod agent;
mod apply;
mod caps;
mod compile;
mod credential;
mod facts;
mod items;
mod redact;
mod rule;
mod severity;
mod status;
mod time;

use super::refusal::Refusal;
use crate::domain::Alert;
use rule::Rule;
use serde_json::Value;
use std::sync::Arc;

pub(super) use compile::compile;
pub(super) use items::Delivery;

/// How many items one delivery may have.
pub(super) const ITEMS_MAX: usize = 2_000;

/// One alert of a delivery.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapped {
    /// The alert.
    pub alert: Arc<Alert>,
    /// The item that it was read from, without what the source declares secret.
    pub raw: Arc<Value>,
    /// What the mapping could not read, for the engineer who wrote it.
    pub notes: Vec<String>,
}

/// One item of a delivery that became no alert.
#[derive(Clone, Debug, PartialEq)]
pub struct RefusedItem {
    /// Which item, counted from 0.
    pub index: usize,
    /// Why.
    pub refusal: Refusal,
    /// The item, without what the source declares secret.
    pub raw: Value,
}

/// A compiled mapping.
#[derive(Debug)]
pub(super) struct Mapping {
    each: Option<Rule>,
    dedup: Vec<Rule>,
    title: Rule,
    severity: severity::SeverityRule,
    status: status::StatusRule,
    agent: agent::AgentRules,
    rule: Option<Rule>,
    event_id: Option<Rule>,
    delivery_id: Option<Rule>,
    group_key: Option<Rule>,
    occurred_at: Option<Rule>,
    ended_at: Option<Rule>,
    principal: Option<credential::PrincipalRules>,
    credential: Option<credential::CredentialRules>,
    owner: Option<Rule>,
    resources: Option<Rule>,
    labels: Option<Rule>,
    fields: facts::FieldRules,
    is_test: Option<Rule>,
    truncated: Option<Rule>,
    redaction: redact::Redaction,
}

impl Mapping {
    /// The value without what the source declares secret.
    pub(super) fn redact(&self, value: &Value) -> Value {
        self.redaction.redact(value)
    }

    /// Whether the source declares anything secret.
    pub(super) fn declares_secrets(&self) -> bool {
        !self.redaction.is_empty()
    }
}
