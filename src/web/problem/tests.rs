//! What a client sees of a problem.

use axum::body::to_bytes;

use super::*;
use crate::domain::RunId;
use crate::engine::SubmitError;
use crate::machine::IllegalTransition;
use crate::store::{CommitError, ReadError};

async fn sent(response: Response) -> (StatusCode, axum::http::HeaderMap, Body) {
    let (parts, body) = response.into_parts();
    let body = serde_json::from_slice(&to_bytes(body, 64 * 1024).await.unwrap()).unwrap();
    (parts.status, parts.headers, body)
}

#[tokio::test]
async fn a_problem_is_sent_as_rfc_9457_says_with_code_hint_and_request_id() {
    let problem = Problem::parameter("failed to read the id: x").hint("an id starts with `run_`");
    let (status, headers, body) = sent(identify(problem.into_response(), "0190")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(headers.get(CONTENT_TYPE).unwrap(), MEDIA_TYPE);
    assert_eq!((body.status, body.code.as_str()), (400, "SD5009"));
    assert_eq!(body.detail, "failed to read the id: x");
    assert_eq!(body.hint.as_deref(), Some("an id starts with `run_`"));
    assert_eq!(body.request_id.as_deref(), Some("0190"));
    assert_eq!(body.title, codes::CODES.explain("SD5009").unwrap());
}

#[tokio::test]
async fn a_success_is_left_as_it_is() {
    let response = identify((StatusCode::ACCEPTED, "fine").into_response(), "0190");
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    assert_eq!(to_bytes(response.into_body(), 100).await.unwrap(), "fine");
}

#[tokio::test]
async fn an_overloaded_store_says_when_to_come_back() {
    let (status, headers, body) =
        sent(Problem::from(CommitError::Overloaded { retry_after_seconds: 7 }).into_response()).await;
    assert_eq!((status, body.code.as_str()), (StatusCode::SERVICE_UNAVAILABLE, "SD5011"));
    assert_eq!(headers.get(RETRY_AFTER).unwrap(), "7");
}

#[tokio::test]
async fn the_words_of_the_database_stay_in_the_log() {
    let reason = "unable to open /var/lib/x".to_owned();
    let errors = [
        Problem::from(ReadError::Unavailable { what: "run", reason: reason.clone() }),
        Problem::from(CommitError::Unavailable(reason)),
    ];
    for problem in errors {
        let (status, _, body) = sent(problem.into_response()).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(!body.detail.contains("/var/lib"), "{}", body.detail);
    }
}

#[test]
fn each_refusal_of_the_machine_has_its_own_status() {
    let id = RunId::generate(jiff::Timestamp::UNIX_EPOCH);
    let status = |error: SubmitError| Problem::from(error).status().as_u16();
    assert_eq!(status(SubmitError::NoSuchRun(id)), 404);
    assert_eq!(status(IllegalTransition::Finished { event: "voted", status: "completed" }.into()), 409);
    assert_eq!(status(IllegalTransition::DeadlinePassed.into()), 410);
    assert_eq!(status(IllegalTransition::ReasonMissing.into()), 422);
    let (seen, now) = (crate::domain::Digest::ZERO, crate::domain::Digest::of(b""));
    assert_eq!(status(IllegalTransition::PlanChanged { seen, now }.into()), 412);
}

#[tokio::test]
async fn whoever_is_not_authenticated_is_told_how() {
    let (status, headers, _) = sent(Problem::unauthenticated("failed to authenticate: no token").into_response()).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(headers.get("www-authenticate").unwrap(), "Bearer realm=\"standdown\"");
}
