//! Incidents: the list, one with its alerts and runs, and its close by a person.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;

use crate::domain::IncidentId;
use crate::store::ReadModel;
use crate::web::problem::Problem;
use crate::web::{Caller, WebState, codes};

use super::LIST_MAX;
use super::reading::{Asked, Body, Id, limit};
use super::runs::reason;
use super::view::{Closure, IncidentList, IncidentView};

/// Which incidents.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    #[serde(default)]
    open: bool,
    limit: Option<u32>,
}

/// `GET /incidents[?open=true]`.
pub async fn list(
    _: Caller,
    State(state): State<WebState>,
    Asked(query): Asked<Query>,
) -> Result<Json<IncidentList>, Problem> {
    let incidents = state.engine.store().incidents(query.open, limit(query.limit)?).await?;
    Ok(Json(IncidentList { incidents }))
}

/// `GET /incidents/{id}`.
pub async fn show(
    _: Caller,
    State(state): State<WebState>,
    Id(id): Id<IncidentId>,
) -> Result<Json<IncidentView>, Problem> {
    Ok(Json(load(&state, id).await?))
}

/// `POST /incidents/{id}/close`: a person says that it is over.
pub async fn close(
    caller: Caller,
    State(state): State<WebState>,
    Id(id): Id<IncidentId>,
    Body(closure): Body<Closure>,
) -> Result<Json<IncidentView>, Problem> {
    let reason = reason(&closure.reason)?;
    state.engine.close_incident(id, &caller.person_actor()?, &reason).await?;
    Ok(Json(load(&state, id).await?))
}

async fn load(state: &WebState, id: IncidentId) -> Result<IncidentView, Problem> {
    let store = state.engine.store();
    let incident = store.incident(id).await?.ok_or_else(|| no_such_incident(id))?;
    let alerts = store.alerts_of(id).await?.into_iter().map(Into::into).collect();
    let runs = store.runs(Some(id), LIST_MAX).await?;
    Ok(IncidentView { incident, alerts, runs })
}

pub(super) fn no_such_incident(id: IncidentId) -> Problem {
    let detail = format!("failed to find {id}: there is no such incident");
    Problem::new(StatusCode::NOT_FOUND, codes::NO_SUCH_INCIDENT, detail)
}
