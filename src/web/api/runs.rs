//! Runs: the list, one with its timeline, and what a person may order of it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;

use crate::domain::{Event, EventKind, IncidentId, RunId};
use crate::engine::SubmitError;
use crate::store::{Claims, Outbox, ReadModel};
use crate::web::problem::Problem;
use crate::web::{Caller, WebState, codes};

use super::reading::{Asked, Body, Id, limit};
use super::view::{Cancellation, Release, ResolveOrder, RunList, RunView};

/// Which runs.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    incident: Option<IncidentId>,
    limit: Option<u32>,
}

/// `GET /runs[?incident=]`.
pub async fn list(
    _: Caller,
    State(state): State<WebState>,
    Asked(query): Asked<Query>,
) -> Result<Json<RunList>, Problem> {
    let runs = state.engine.store().runs(query.incident, limit(query.limit)?).await?;
    Ok(Json(RunList { runs }))
}

/// `GET /runs/{id}`.
pub async fn show(_: Caller, State(state): State<WebState>, Id(id): Id<RunId>) -> Result<Json<RunView>, Problem> {
    view(&state, id).await.map(Json)
}

/// `POST /runs/{id}/cancel`: what was done stays done; what was not begun is not.
pub async fn cancel(
    caller: Caller,
    State(state): State<WebState>,
    Id(id): Id<RunId>,
    Body(order): Body<Cancellation>,
) -> Result<Json<RunView>, Problem> {
    let reason = reason(&order.reason)?;
    submit(&state, &caller, id, EventKind::RunCancelled { reason }).await
}

/// `POST /runs/{id}/resolve`: a person says what happened to a call that nobody else can judge.
pub async fn resolve(
    caller: Caller,
    State(state): State<WebState>,
    Id(id): Id<RunId>,
    Body(order): Body<ResolveOrder>,
) -> Result<Json<RunView>, Problem> {
    let reason = reason(&order.reason)?;
    let kind = EventKind::Resolved { path: order.step, resolution: order.resolution, reason };
    submit(&state, &caller, id, kind).await
}

/// `POST /runs/{id}/release`: a person lets a quarantined run go on.
pub async fn release(
    caller: Caller,
    State(state): State<WebState>,
    Id(id): Id<RunId>,
    Body(order): Body<Release>,
) -> Result<Json<RunView>, Problem> {
    let reason = reason(&order.reason)?;
    state.engine.release(id, caller.person_actor()?, &reason).await?;
    view(&state, id).await.map(Json)
}

async fn submit(state: &WebState, caller: &Caller, id: RunId, kind: EventKind) -> Result<Json<RunView>, Problem> {
    let event = Event { at: state.engine.clock().now(), actor: caller.person_actor()?, kind };
    state.engine.submit(id, event).await?;
    view(state, id).await.map(Json)
}

async fn view(state: &WebState, id: RunId) -> Result<RunView, Problem> {
    let history = match state.engine.history(id).await {
        Ok(history) => history,
        Err(error) => return Err(unreadable(state, id, error).await?),
    };
    let playbook = state.engine.library().pinned(state.engine.store(), &history.run.digest).await?;
    let messages = state.engine.store().messages_of(id).await?;
    Ok(RunView::new(history, &playbook, messages))
}

/// Why a run can't be shown: of a quarantined one, the reason for that says the most.
async fn unreadable(state: &WebState, id: RunId, error: SubmitError) -> Result<Problem, Problem> {
    let claim = state.engine.store().claim(id).await?;
    Ok(match claim.and_then(|claim| claim.quarantined) {
        Some(reason) => SubmitError::Quarantined { run: id, reason }.into(),
        None => error.into(),
    })
}

/// The longest reason that is kept, in bytes.
const REASON_BYTES_MAX: usize = 2_000;

/// A reason that says something and is no book.
pub(super) fn reason(text: &str) -> Result<String, Problem> {
    let detail = match text.trim().len() {
        0 => "failed to change it: a reason must be given".to_owned(),
        1..=REASON_BYTES_MAX => return Ok(text.trim().to_owned()),
        _ => format!("failed to change it: a reason has at most {REASON_BYTES_MAX} bytes"),
    };
    Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, codes::REASON_MISSING, detail).hint("send it as `reason`"))
}
