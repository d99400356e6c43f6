//! For whoever watches the daemon: is it up, can it serve, what does it count.

use std::time::Instant;

use axum::Json;
use axum::extract::{ConnectInfo, FromRequestParts as _, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, FORWARDED};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::problem::Problem;
use super::state::WebState;
use super::{Caller, Peer, codes};

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
    if !state.metrics.store_answers(&state.engine).await {
        missing.push("the store does not answer");
    }
    if state.engine.gate().is_shut(Instant::now()) {
        missing.push("who is held could not be read lately, so the gate lets nobody pass");
    }
    if missing.is_empty() {
        return Ok(Json(json!({ "ready": true })).into_response());
    }
    let detail = format!("not ready: {}", missing.join("; "));
    Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, codes::NOT_READY, detail).retry_after(5))
}

/// `GET /metrics`: the `OpenMetrics` text format, for a caller of the API or a scraper on this machine: what is counted
/// tells strangers how the defence stands.
pub async fn metrics(State(state): State<WebState>, mut parts: Parts) -> Result<Response, Problem> {
    if !is_local(&parts) {
        Caller::from_request_parts(&mut parts, &state).await?;
    }
    let text = state.metrics.text(&state.engine).await?;
    Ok(([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response())
}

/// Whether the request comes from this machine itself, and not through a proxy that runs on it.
fn is_local(parts: &Parts) -> bool {
    let forwarded = parts.headers.contains_key(FORWARDED) || parts.headers.contains_key("x-forwarded-for");
    match parts.extensions.get::<ConnectInfo<Peer>>() {
        Some(ConnectInfo(Peer::Network(address))) => address.ip().to_canonical().is_loopback() && !forwarded,
        Some(ConnectInfo(Peer::Local { .. })) | None => false,
    }
}
