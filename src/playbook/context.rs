//! The variables that expressions and templates of a playbook see, their types, and their values.
//!
//! The types ([`environment`]) and the values ([`matching_values`], [`agent_values`], [`alert_values`]) stand side by
//! side, because the compiler is only as right as they agree. Secrets appear as references, never as values.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::domain::{Agent, Alert, Incident, IncidentId, PastRun, Verdict};
use crate::language::{Environment, Type};

fn object(fields: &[(&str, Type)]) -> Type {
    Type::Object(Arc::new(fields.iter().map(|(name, ty)| ((*name).to_owned(), ty.clone())).collect()))
}

fn alert_type() -> Type {
    object(&[
        ("id", Type::String),
        ("source", Type::String),
        ("rule", Type::String),
        ("title", Type::String),
        ("status", Type::String),
        ("severity", Type::Severity),
        ("occurred_at", Type::Timestamp),
        ("received_at", Type::Timestamp),
        ("labels", Type::Map(Box::new(Type::String))),
        ("fields", Type::Map(Box::new(Type::Any))),
        ("resources", Type::List(Box::new(Type::String))),
        ("principal", Type::Any),
        ("credential", Type::Any),
        ("event_id", Type::String),
        ("group_key", Type::String),
    ])
}

fn agent_type() -> Type {
    object(&[
        ("id", Type::String),
        ("known", Type::Bool),
        ("name", Type::String),
        ("owner", Type::String),
        ("deployed_by", Type::String),
        ("tier", Type::String),
        ("environment", Type::String),
        ("systems", Type::List(Box::new(Type::String))),
        ("depends_on", Type::List(Box::new(Type::String))),
        ("children", Type::List(Box::new(Type::String))),
        ("handles", Type::Map(Box::new(Type::Map(Box::new(Type::String))))),
        ("credentials", Type::Map(Box::new(Type::Secret))),
        ("gated", Type::Bool),
        ("protected", Type::Bool),
    ])
}

fn incident_type() -> Type {
    object(&[("id", Type::String)])
}

/// What one step shows to the steps after it.
#[must_use]
pub fn step_type() -> Type {
    object(&[("state", Type::String), ("verdict", Type::String), ("decision", Type::String), ("output", Type::Any)])
}

/// The variables of `match.when`.
#[must_use]
pub fn matching_environment() -> Environment {
    Environment::new().with("alert", alert_type()).with("agent", agent_type())
}

/// The last run of a playbook for an incident.
fn last_type() -> Type {
    object(&[
        ("outcome", Type::String),
        ("verdict", Type::String),
        ("severity", Type::Severity),
        ("started_at", Type::Timestamp),
        ("ended_at", Type::Timestamp),
    ])
}

/// The variables of `rerun_when`.
#[must_use]
pub fn rerun_environment() -> Environment {
    matching_environment().with("incident", incident_type()).with("last", last_type())
}

/// The variables of `for_each_agent`.
#[must_use]
pub fn agent_environment() -> Environment {
    Environment::new().with("agent", agent_type())
}

/// The variables of a playbook's own variables; `vars` are those above.
#[must_use]
pub fn starting_environment(vars: &BTreeMap<String, Type>) -> Environment {
    matching_environment().with("incident", incident_type()).with("vars", Type::Object(Arc::new(vars.clone())))
}

/// The variables of conditions and templates in a playbook with these variables, after steps of these names.
#[must_use]
pub fn environment<'a>(vars: &BTreeMap<String, Type>, steps: impl Iterator<Item = &'a str>) -> Environment {
    let steps: BTreeMap<String, Type> = steps.map(|name| (name.to_owned(), step_type())).collect();
    starting_environment(vars).with("steps", Type::Object(Arc::new(steps)))
}

/// A value that may be missing: empty text, so that a comparison with it is simply false.
fn text(value: Option<&str>) -> Value {
    Value::String(value.unwrap_or_default().to_owned())
}

/// Takes out of a value from outside whatever could pass for a reference to a secret; see [`without_references`].
fn take_references_out(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.remove("$secret");
            map.values_mut().for_each(take_references_out);
        }
        Value::Array(items) => items.iter_mut().for_each(take_references_out),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A value from outside without anything that could pass for a reference to a secret.
///
/// A reference is `{"$secret": ...}`, and an action resolves it when it sends. Whatever an alert or an answer supplies
/// is data, so this key is taken out of it before it can stand in a parameter.
#[must_use]
pub fn without_references(value: &Value) -> Value {
    let mut value = value.clone();
    take_references_out(&mut value);
    value
}

/// The values of `alert`.
#[must_use]
pub fn alert_values(alert: &Alert) -> Value {
    let mut values = json!({
        "id": alert.id,
        "source": alert.source,
        "rule": text(alert.rule.as_deref()),
        "title": alert.title,
        "status": alert.status.as_str(),
        "severity": alert.severity,
        "occurred_at": alert.occurred_at,
        "received_at": alert.received_at,
        "labels": alert.labels,
        "fields": alert.fields,
        "resources": alert.resources,
        "principal": alert.principal,
        "credential": alert.credential,
        "event_id": text(alert.event_id.as_deref()),
        "group_key": text(alert.group_key.as_deref()),
    });
    take_references_out(&mut values);
    values
}

/// The values of `agent`. A credential is `{"$secret": "<reference>"}`.
#[must_use]
pub fn agent_values(agent: &Agent) -> Value {
    let credentials: Map<String, Value> = agent
        .credentials
        .iter()
        .filter_map(|(name, credential)| {
            credential.reference.as_ref().map(|reference| (name.clone(), json!({ "$secret": reference })))
        })
        .collect();
    let handles: Map<String, Value> = agent
        .handles
        .iter()
        .map(|(name, handle)| {
            let mut values: Map<String, Value> =
                handle.references.iter().map(|(key, value)| (key.clone(), Value::String(value.clone()))).collect();
            values.insert("connection".to_owned(), Value::String(handle.connection.to_string()));
            (name.clone(), Value::Object(values))
        })
        .collect();
    json!({
        "id": agent.id,
        "known": agent.known,
        "name": agent.name,
        "owner": agent.owner.as_ref().map(ToString::to_string).unwrap_or_default(),
        "deployed_by": text(agent.deployed_by.as_deref()),
        "tier": agent.tier,
        "environment": text(agent.environment.as_deref()),
        "systems": agent.systems,
        "depends_on": agent.depends_on,
        "children": agent.children,
        "handles": handles,
        "credentials": credentials,
        "gated": agent.gated,
        "protected": agent.protected,
    })
}

/// The values of `incident`.
#[must_use]
pub fn incident_values(incident: IncidentId) -> Value {
    json!({ "id": incident })
}

/// The values that `for_each_agent` sees.
#[must_use]
pub fn agent_variables(agent: &Agent) -> Value {
    json!({ "agent": agent_values(agent) })
}

/// The values that `match.when` sees.
#[must_use]
pub fn matching_values(alert: &Alert, agent: &Agent) -> Value {
    named([("alert", alert_values(alert)), ("agent", agent_values(agent))])
}

/// The values that `rerun_when` sees.
#[must_use]
pub fn rerun_values(alert: &Alert, agent: &Agent, incident: IncidentId, last: &PastRun) -> Value {
    let past = json!({
        "outcome": last.outcome.as_str(),
        "verdict": last.verdict.map(Verdict::as_str).unwrap_or_default(),
        "severity": last.severity,
        "started_at": last.started_at,
        "ended_at": last.ended_at,
    });
    named([
        ("alert", alert_values(alert)),
        ("agent", agent_values(agent)),
        ("incident", incident_values(incident)),
        ("last", past),
    ])
}

/// An object of values that are made already; `json!` would copy each of them.
#[must_use]
pub fn named<const COUNT: usize>(values: [(&'static str, Value); COUNT]) -> Value {
    Value::Object(values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// The key of an incident whose playbooks say nothing else: its agent, or the alert's own identity.
#[must_use]
pub fn incident_key(alert: &Alert, agent: Option<&Agent>) -> String {
    agent.map_or_else(|| format!("alert:{}", alert.dedup_key), |agent| format!("agent:{}", agent.id))
}

/// The severity that an incident shows after one more alert.
#[must_use]
pub fn worse(incident: &Incident, alert: &Alert) -> crate::domain::Severity {
    incident.severity.max(alert.severity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_can_not_name_a_secret() {
        let fields =
            json!({ "a": [{ "$secret": "env:KEY", "b": 1 }], "c": { "d": { "$secret": "file:/etc/shadow" } } });
        assert_eq!(without_references(&fields), json!({ "a": [{ "b": 1 }], "c": { "d": {} } }));
    }
}
