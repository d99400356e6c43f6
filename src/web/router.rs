//! Every route of the daemon, and the layers around them.

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get, post};

use super::problem::Problem;
use super::state::WebState;
use super::{api, codes, envelope, gate, health, hooks, ui};

/// The whole interface. The gate stays outside of the envelope that the other routes have: it must be fast.
pub fn router(state: WebState) -> Router {
    let gate = Router::new()
        .route("/gate", any(gate::at_root))
        .route("/gate/", any(gate::at_root))
        .route("/gate/{*agent}", any(gate::at_path));
    let enveloped = Router::new()
        .route("/hooks/{source}", post(hooks::receive))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .nest("/api/v1", api::router())
        .merge(ui::router(state.approvals.clone()))
        .merge(ui::docs(state.guide.clone()))
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(state.clone(), envelope::wrap));
    gate.merge(enveloped).with_state(state)
}

async fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, codes::NOT_FOUND, "failed to find anything at this path")
}

async fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, codes::METHOD, "failed to serve: this path does not take that method")
}
