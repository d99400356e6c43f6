//! The `map:` of a source: which part of a body says what. Every text that is not a word or a pointer is an expression
//! over `body`, `item` and `headers`.

use crate::domain::{AlertStatus, Severity};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A mapping. Everything is optional here, because a preset may say the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapOptions {
    /// Gives the list of items, each of which becomes one alert; left out, the body is the one item.
    pub each: Option<String>,
    /// The parts of the identity: alerts with equal parts are the same thing.
    pub dedup: Option<Vec<String>>,
    /// One line for people.
    pub title: Option<String>,
    /// How bad.
    pub severity: Option<SeverityOptions>,
    /// Firing, resolved, ...
    pub status: Option<StatusOptions>,
    /// What the message says of the agent: an expression for its id, or one each for `id`, `instance` and `name`.
    pub agent: Option<AgentOptions>,
    /// The rule that fired.
    pub rule: Option<String>,
    /// The sender's id of the event.
    pub event_id: Option<String>,
    /// The sender's id of the delivery, if the authentication gives none.
    pub delivery_id: Option<String>,
    /// The sender's group.
    pub group_key: Option<String>,
    /// When it began: RFC 3339, or a number of seconds, milliseconds, microseconds or nanoseconds since the epoch.
    pub occurred_at: Option<String>,
    /// When it ended, likewise.
    pub ended_at: Option<String>,
    /// The identity that was used.
    pub principal: Option<PrincipalOptions>,
    /// The credential that was used.
    pub credential: Option<CredentialOptions>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// What was touched: gives a text or a list of texts.
    pub resources: Option<String>,
    /// Gives an object of labels.
    pub labels: Option<String>,
    /// Fields of the engineer's own, for conditions and templates: an expression for each, or one that gives an object.
    pub fields: Option<FieldsOptions>,
    /// Whether the sender says that this is a test.
    pub is_test: Option<String>,
    /// Whether (or how much) the sender says that it left out.
    pub truncated: Option<String>,
    /// JSON pointers to what must not be kept, into the body and into each item.
    pub secrets: Option<Vec<String>>,
}

/// How the sender's word becomes a severity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeverityOptions {
    /// Gives the sender's word; left out, every alert has the severity `missing`.
    pub from: Option<String>,
    /// The sender's words; letter case does not matter. INFO to CRITICAL mean themselves.
    #[serde(default)]
    pub table: BTreeMap<String, Severity>,
    /// The severity when the word is missing or unknown. Required: unknown is not low.
    pub missing: Option<Severity>,
}

/// How the sender's word becomes a status. The words firing, acknowledged, resolved and event mean themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusOptions {
    /// Gives the sender's word; left out, every alert has the status `missing`.
    pub from: Option<String>,
    /// Words for "it is so now".
    #[serde(default)]
    pub firing: Vec<String>,
    /// Words for "somebody has seen it".
    #[serde(default)]
    pub acknowledged: Vec<String>,
    /// Words for "it is over".
    #[serde(default)]
    pub resolved: Vec<String>,
    /// Words for "it happened; there is no over".
    #[serde(default)]
    pub event: Vec<String>,
    /// The status when the word is missing; `unknown` when left out.
    pub missing: Option<AlertStatus>,
}

/// Where the message names the agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentOptions {
    /// Gives the agent's id or alias.
    pub id: Option<String>,
    /// Gives the instance, process or session.
    pub instance: Option<String>,
    /// Gives the name that people see.
    pub name: Option<String>,
    /// Whether it was written as one expression, not as an object.
    pub short: bool,
}

/// Fields of the engineer's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldsOptions {
    /// One expression gives an object of all of them.
    All(String),
    /// An expression for each name.
    Each(BTreeMap<String, String>),
}

/// Where the message names the identity that was used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrincipalOptions {
    /// Gives its kind, such as `'service_account'`.
    pub kind: Option<String>,
    /// Gives its id.
    pub id: Option<String>,
}

/// Where the message names the credential that was used. Its value is never kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialOptions {
    /// Gives its kind, such as `'api_key'`.
    pub kind: Option<String>,
    /// Gives a hash of it in hexadecimal, as the sender computed it. What is no such hash is hashed here.
    pub hash: Option<String>,
    /// Gives the credential itself; only its SHA-256 is kept.
    pub value: Option<String>,
}

impl MapOptions {
    /// These options over others: a field that is given here replaces the whole field there.
    #[must_use]
    pub fn over(self, under: Self) -> Self {
        Self {
            each: self.each.or(under.each),
            dedup: self.dedup.or(under.dedup),
            title: self.title.or(under.title),
            severity: self.severity.or(under.severity),
            status: self.status.or(under.status),
            agent: self.agent.or(under.agent),
            rule: self.rule.or(under.rule),
            event_id: self.event_id.or(under.event_id),
            delivery_id: self.delivery_id.or(under.delivery_id),
            group_key: self.group_key.or(under.group_key),
            occurred_at: self.occurred_at.or(under.occurred_at),
            ended_at: self.ended_at.or(under.ended_at),
            principal: self.principal.or(under.principal),
            credential: self.credential.or(under.credential),
            owner: self.owner.or(under.owner),
            resources: self.resources.or(under.resources),
            labels: self.labels.or(under.labels),
            fields: self.fields.or(under.fields),
            is_test: self.is_test.or(under.is_test),
            truncated: self.truncated.or(under.truncated),
            secrets: self.secrets.or(under.secrets),
        }
    }
}
