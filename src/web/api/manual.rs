//! Runs that a person starts by hand: the person stands in the place of an alert source.
//!
//! Such a run may contain without asking anybody else, but what destroys or releases still asks, and whoever started the
//! run has no vote on it: one stolen token must not be enough for what can't be restored.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::json;

use crate::domain::alert::{Authentication, Claimed};
use crate::domain::{
    Actor, Agent, Alert, AlertId, AlertStatus, Digest, Incident, IncidentId, IncidentStatus, Mode, Severity, SourceId,
    Trust,
};
use crate::engine::StartRequest;
use crate::store::{Commit, Guard, ReadModel, Row, Subject};
use crate::web::problem::Problem;
use crate::web::{Caller, WebState, codes};

use super::incidents::no_such_incident;
use super::reading::Body;
use super::runs::reason;
use super::view::{ManualRun, Started};

/// The source that alerts of people carry; the configuration can't name one so, because it has no endpoint.
const SOURCE: &str = "person";

/// `POST /runs`.
pub async fn start(
    caller: Caller,
    State(state): State<WebState>,
    Body(order): Body<ManualRun>,
) -> Result<(StatusCode, Json<Started>), Problem> {
    let actor = caller.person_actor()?;
    let reason = reason(order.reason)?;
    let serving = state.engine.library().serving();
    let playbook = serving.get(&order.playbook).ok_or_else(|| {
        let detail = format!("failed to start `{}`: no playbook of that name serves", order.playbook);
        Problem::new(StatusCode::NOT_FOUND, codes::NO_SUCH_PLAYBOOK, detail)
    })?;
    let mode = mode(order.mode, playbook.mode)?;
    let agent = state.engine.inventory().agent(&order.agent).ok_or_else(|| {
        let detail = format!("failed to start a run for {}: the inventory has no such agent", order.agent);
        Problem::new(StatusCode::NOT_FOUND, codes::NO_SUCH_AGENT, detail)
    })?;
    let now = state.engine.clock().now();
    let mut alert = alert(&agent, &actor, &reason, now)?;
    let mut commit = Commit::default();
    let incident = match order.incident {
        Some(id) => {
            let mut joined = state.engine.store().incident(id).await?.ok_or_else(|| no_such_incident(id))?;
            alert.severity = joined.severity;
            commit.guards.push(Guard::IncidentVersion { incident: id, expected: joined.version });
            joined.version += 1;
            joined.alerts += 1;
            joined.last_alert_at = now;
            joined
        }
        None => incident(&agent, &alert, now),
    };
    if order.incident.is_none() {
        commit.guards.push(Guard::IncidentVersion { incident: incident.id, expected: 0 });
    }
    let request =
        StartRequest { playbook, mode, incident: incident.id, agent: &agent, alert: &alert, actor: actor.clone() };
    let started = state.engine.prepare(request)?;
    let answer = Started { run: started.run().id, incident: incident.id, mode };
    commit.rows.push(Row::Event {
        subject: Subject::Incident(incident.id),
        at: now,
        actor,
        kind: "run_started_by_person",
        body: json!({ "run": answer.run, "playbook": order.playbook, "reason": reason }),
    });
    commit.rows.push(Row::Incident(Box::new(incident)));
    let raw = json!({ "reason": reason });
    commit.rows.push(Row::Alert { alert: Box::new(alert), raw, incident: Some(answer.incident) });
    state.engine.commit(commit, vec![started]).await?;
    Ok((StatusCode::CREATED, Json(answer)))
}

/// What was asked for, but never more than the playbook says.
fn mode(asked: Option<Mode>, playbook: Mode) -> Result<Mode, Problem> {
    match (asked, playbook) {
        (Some(Mode::Enforce), Mode::Observe) => {
            let detail = "failed to start the run: the playbook only observes, and a request can't make it act";
            Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, codes::OBSERVES_ONLY, detail)
                .hint("set `mode: enforce` in the playbook's file, or leave `mode` out"))
        }
        (asked, playbook) => Ok(asked.unwrap_or(playbook)),
    }
}

fn alert(agent: &Agent, actor: &Actor, reason: &str, now: Timestamp) -> Result<Alert, Problem> {
    let id = AlertId::generate(now);
    Ok(Alert {
        id,
        source: SourceId::parse(SOURCE).map_err(|_| Problem::internal())?,
        trust: Trust::Contain,
        delivery_id: None,
        event_id: None,
        dedup_key: Digest::of(id.to_string().as_bytes()),
        group_key: None,
        rule: None,
        title: crate::machine::notice::one_line(reason),
        status: AlertStatus::Event,
        severity: Severity::High,
        severity_raw: None,
        occurred_at: now,
        occurred_at_assumed: true,
        ended_at: None,
        received_at: now,
        agent: Claimed { id: Some(agent.id.to_string()), instance: None, name: None },
        principal: None,
        credential: None,
        owner: None,
        resources: Vec::new(),
        labels: BTreeMap::new(),
        fields: serde_json::Map::new(),
        is_test: false,
        truncated: false,
        auth: Authentication { scheme: "person".to_owned(), key_id: actor.person().map(ToString::to_string) },
    })
}

/// An incident of the run's own: its key is the alert's id, so that no other alert joins it.
fn incident(agent: &Agent, alert: &Alert, now: Timestamp) -> Incident {
    Incident {
        id: IncidentId::generate(now),
        version: 1,
        key: format!("person:{}", alert.id),
        agent: Some(agent.id.clone()),
        status: IncidentStatus::InProgress,
        severity: alert.severity,
        title: alert.title.clone(),
        unowned: agent.owner.is_none(),
        alerts: 1,
        opened_at: now,
        last_alert_at: now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_can_make_a_playbook_do_less_but_never_more() {
        assert_eq!(mode(None, Mode::Enforce), Ok(Mode::Enforce));
        assert_eq!(mode(None, Mode::Observe), Ok(Mode::Observe));
        assert_eq!(mode(Some(Mode::Observe), Mode::Enforce), Ok(Mode::Observe));
        assert_eq!(mode(Some(Mode::Enforce), Mode::Observe).unwrap_err().code(), codes::OBSERVES_ONLY);
    }
}
