//! Where alert sources deliver: raw bytes in, and an answer only once everything that it says is on disk.
//!
//! The bytes go to `intake` as they came, because a signature covers them. What may be retried is answered 503 with
//! `Retry-After` and never 4xx: senders take a 4xx as final.

use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;

use crate::intake::{Refused, RefusedKind};

use super::codes;
use super::problem::Problem;
use super::state::WebState;

/// How long a body may take to arrive.
const BODY_TIME_MAX: Duration = Duration::from_secs(10);
/// How long the sender of a slow body should wait, in seconds.
const BODY_RETRY_SECONDS: u32 = 5;

/// How much of a body that is too large is still read and thrown away: a sender that is cut off while it sends sees a
/// broken connection instead of the answer, and sends the same again.
const DISCARDED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// `POST /hooks/{source}`.
pub async fn receive(
    State(state): State<WebState>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let Path(source) = path?;
    let bytes_max = state.intake.body_bytes_max(&source).unwrap_or(state.options.body_bytes_max);
    let body = read(body, bytes_max.min(state.options.body_bytes_max)).await?;
    // It is large, and everything around it would be moved with it.
    match Box::pin(state.intake.receive(&source, &plain(&headers), &body)).await {
        Ok(receipt) => {
            state.metrics.alert(&source, "taken");
            let status = StatusCode::from_u16(receipt.status).unwrap_or(StatusCode::ACCEPTED);
            Ok((status, Json(receipt.answer)).into_response())
        }
        Err(refused) => {
            // A source that the configuration does not have must not be able to grow the set of labels.
            let known = !matches!(refused.kind, RefusedKind::UnknownSource);
            state.metrics.alert(if known { &source } else { "unknown" }, outcome(&refused));
            Err(refused.into())
        }
    }
}

/// The headers as sources read them: names in lower case, values as text.
fn plain(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

async fn read(body: Body, bytes_max: usize) -> Result<Bytes, Problem> {
    let whole = async {
        let mut stream = body.into_data_stream();
        let (mut bytes, mut length) = (Vec::new(), 0_usize);
        let too_large = || {
            let detail = format!("failed to read the body: it has more than {bytes_max} bytes");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, codes::BODY_TOO_LARGE, detail)
        };
        while let Some(chunk) = stream.next().await {
            let broken =
                |_| Problem::new(StatusCode::BAD_REQUEST, codes::BODY, "failed to read the body: it broke off");
            let chunk = chunk.map_err(broken)?;
            length = length.saturating_add(chunk.len());
            if length > bytes_max.saturating_add(DISCARDED_BYTES_MAX) {
                return Err(too_large());
            }
            if length <= bytes_max {
                bytes.extend_from_slice(&chunk);
            }
        }
        if length > bytes_max {
            return Err(too_large());
        }
        Ok(Bytes::from(bytes))
    };
    let Ok(read) = tokio::time::timeout(BODY_TIME_MAX, whole).await else {
        let detail = "failed to read the body: it did not arrive within 10 seconds";
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, codes::BODY_TOO_SLOW, detail);
        return Err(problem.retry_after(BODY_RETRY_SECONDS));
    };
    read
}

const fn outcome(refused: &Refused) -> &'static str {
    match refused.kind {
        RefusedKind::UnknownSource => "unknown_source",
        RefusedKind::Unauthenticated => "unauthenticated",
        RefusedKind::TooLarge => "too_large",
        RefusedKind::BadRequest => "bad_request",
        RefusedKind::Overloaded { .. } => "overloaded",
        RefusedKind::Unavailable => "unavailable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_over_the_limit_is_refused_and_one_at_the_limit_is_taken() {
        assert_eq!(read(Body::from(vec![b'x'; 10]), 10).await.unwrap().len(), 10);
        let problem = read(Body::from(vec![b'x'; 11]), 10).await.unwrap_err();
        assert_eq!((problem.status().as_u16(), problem.code()), (413, codes::BODY_TOO_LARGE));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_given_up() {
        let never = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
        let problem = read(never, 10).await.unwrap_err();
        assert_eq!((problem.status().as_u16(), problem.code()), (503, codes::BODY_TOO_SLOW));
        assert!(problem.into_response().headers().contains_key("retry-after"));
    }
}
