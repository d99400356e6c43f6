//! For whoever watches the daemon: is it up, can it serve, what does it count.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::store::ReadModel;

use super::codes;
use super::problem::Problem;
use super::state::WebState;

/// `GET /healthz`: the process answers.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the store answers, playbooks were loaded and no stop was asked for; otherwise 503 with what is missing.
pub async fn ready(State(state): State<WebState>) -> Result<Response, Problem> {
    let mut missing = Vec::new();
    if state.engine.supervisor().is_stopping() {
        missing.push("the daemon is stopping");
    }
    if state.last_load.get().is_none() {
        missing.push("playbooks have not been loaded");
    }
    if let Err(error) = state.engine.store().ping().await {
        tracing::error!(%error, "the store does not answer");
        missing.push("the store does not answer");
    }
    if missing.is_empty() {
        return Ok(Json(json!({ "ready": true })).into_response());
    }
    let detail = format!("not ready: {}", missing.join("; "));
    Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, codes::NOT_READY, detail).retry_after(5))
}

/// `GET /metrics`: the `OpenMetrics` text format.
pub async fn metrics(State(state): State<WebState>) -> Result<Response, Problem> {
    let text = state.metrics.scrape(&state.engine).await?;
    Ok(([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response())
}
