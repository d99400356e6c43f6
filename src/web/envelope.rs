//! What every request but the gate's goes through: an id, a span, a deadline, and a net under panics.
//!
//! The log has the matched route and never the path as it was sent: a path may hold a link's token.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use tracing::Instrument as _;
use uuid::{NoContext, Uuid};

use super::Peer;
use super::codes;
use super::problem::{Problem, identify};
use super::state::WebState;
use super::ui::ClientAddress;

/// How long a request may take.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(30);
const REQUEST_ID: &str = "x-request-id";

/// Serves one request inside of its envelope.
pub async fn wrap(State(state): State<WebState>, mut request: Request, next: Next) -> Response {
    let id = fresh_id(&state);
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let peer = request.extensions().get::<ConnectInfo<Peer>>().map(|ConnectInfo(peer)| *peer);
    if let Some(peer) = peer {
        request.extensions_mut().insert(ClientAddress(peer.address()));
    }
    // Whatever is logged about the request names it. The rest is said once, at its end: a span's fields are written out
    // as text whether anything is logged or not, which took a tenth of the time of a small request.
    let span = tracing::info_span!("request", request.id = id, http.route = route);
    let method = tracing::enabled!(tracing::Level::DEBUG).then(|| request.method().clone());
    let response = guarded(next.run(request)).instrument(span.clone()).await;
    span.in_scope(|| tracing::debug!(http.method = ?method, http.status = response.status().as_u16(), "answered"));
    let mut response = identify(response, &id);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// The response, whatever the handler does: one that panics or takes too long is answered for.
async fn guarded(handler: impl Future<Output = Response>) -> Response {
    match tokio::time::timeout(REQUEST_TIME_MAX, AssertUnwindSafe(handler).catch_unwind()).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => {
            tracing::error!("a handler panicked; its caller was answered 500");
            Problem::internal().into_response()
        }
        Err(_) => {
            let detail = "failed to answer within 30 seconds; whether it was carried out is not known";
            tracing::error!("a request was given up after 30 seconds");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, codes::TOO_LONG, detail)
                .hint("look up what it was about before sending it again")
                .into_response()
        }
    }
}

/// A `UUIDv7` of the time now.
fn fresh_id(state: &WebState) -> String {
    let now = state.engine.clock().now();
    let seconds = u64::try_from(now.as_second()).unwrap_or(0);
    let nanoseconds = u32::try_from(now.subsec_nanosecond()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, nanoseconds)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_handler_that_panics_is_answered_for() {
        let response = guarded(async { panic!("oh") }).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[tokio::test(start_paused = true)]
    async fn a_handler_that_takes_too_long_is_given_up() {
        let response = guarded(std::future::pending()).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
