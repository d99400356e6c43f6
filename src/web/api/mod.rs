//! The JSON API under `/api/v1`: one file a subject, each handler in four acts: who calls, what is asked, do it once, answer.
//!
//! Shapes of answers are in [`view`], which the command line reads back. Every change takes a reason and is recorded with
//! the caller as its actor.

mod agents;
mod alerts;
mod approvals;
mod dead_letters;
mod evidence;
mod freeze;
mod incidents;
mod manual;
mod playbooks;
mod reading;
pub mod routes;
mod runs;
mod status;
pub mod view;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use super::state::WebState;

/// The largest body of a request, in bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// How many entries a list has unless more are asked for.
const LIST_DEFAULT: u32 = 100;
/// The most entries that a list may have.
const LIST_MAX: u32 = 1_000;

/// The routes under `/api/v1`.
pub(super) fn router() -> Router<WebState> {
    Router::new()
        .route("/status", get(status::show))
        .route("/alerts", get(alerts::list))
        .route("/incidents", get(incidents::list))
        .route("/incidents/{id}", get(incidents::show))
        .route("/incidents/{id}/close", post(incidents::close))
        .route("/runs", get(runs::list).post(manual::start))
        .route("/runs/{id}", get(runs::show))
        .route("/runs/{id}/evidence", get(evidence::show))
        .route("/runs/{id}/cancel", post(runs::cancel))
        .route("/runs/{id}/resolve", post(runs::resolve))
        .route("/runs/{id}/release", post(runs::release))
        .route("/approvals", get(approvals::list))
        .route("/approvals/{id}", get(approvals::show))
        .route("/approvals/{id}/bundle", get(approvals::bundle))
        .route("/approvals/{id}/approve", post(approvals::approve))
        .route("/approvals/{id}/reject", post(approvals::reject))
        .route("/approvals/{id}/escalate", post(approvals::escalate))
        .route("/agents", get(agents::list))
        .route("/agents/{id}", get(agents::show))
        .route("/agents/{id}/pause", post(agents::pause))
        .route("/agents/{id}/retire", post(agents::retire))
        .route("/agents/{id}/resume", post(agents::resume))
        .route("/freeze", post(freeze::freeze))
        .route("/thaw", post(freeze::thaw))
        .route("/playbooks", get(playbooks::list))
        .route("/playbooks/reload", post(playbooks::reload))
        .route("/playbooks/history", get(playbooks::history))
        .route("/dead-letters", get(dead_letters::list))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}
