//! The gate over HTTP: may this agent act now? 200 or 403, from memory.
//!
//! It serves nginx `auth_request`, Traefik `forwardAuth`, Envoy `ext_authz` and agent runtimes, so it takes any method
//! (Envoy forwards the original one) and any path below `/gate` when a header names the agent: Envoy appends the original
//! path to its `path_prefix`, so `path_prefix: /gate/envoy` with `gate.identify: header` works as it is. nginx drops the
//! body of a refusal, so the standing and the reason are headers. "Yes" is 200 without a body: Envoy takes no other status
//! for it, and the others take every 2xx.
//!
//! **Architecture invariant:** no database, no logging and no body on this path; it stays outside of the layers that the
//! other routes have.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::domain::{AgentId, Digest};
use crate::engine::GateAnswer;

use super::state::{GateOptions, WebState};

const STANDING: &str = "x-standdown-standing";
const REASON: &str = "x-standdown-reason";
/// The longest reason, in characters.
const REASON_CHARACTERS_MAX: usize = 200;

/// `/gate/{agent}`, or any path below `/gate` when a header names the agent.
pub async fn at_path(
    State(state): State<WebState>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    // A path that is no UTF-8 names nobody. A proxy must get 403 for it: nginx takes anything else for a fault.
    let path = path.map(|Path(path)| path).unwrap_or_default();
    answer(&state, Some(&path), request.headers())
}

/// `/gate`: only a header can name the agent.
pub async fn at_root(State(state): State<WebState>, request: Request) -> Response {
    answer(&state, None, request.headers())
}

fn answer(state: &WebState, path: Option<&str>, headers: &HeaderMap) -> Response {
    let options = &state.options.gate;
    if !may_ask(options, headers) {
        state.metrics.gate("unauthenticated");
        let challenge = [(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"standdown gate\""))];
        return (StatusCode::UNAUTHORIZED, challenge).into_response();
    }
    let named = match &options.header {
        Some(name) => single(headers, name).ok_or("the header that names the agent is missing or given twice"),
        None => path.ok_or("the path names no agent: ask /gate/AGENT, or set gate.identify: header"),
    };
    let agent = named.and_then(|text| AgentId::parse(text).map_err(|_| "what names the agent can't be an agent's id"));
    match agent {
        Ok(agent) => {
            let answer = state.engine.gate().check(&agent, state.engine.clock().now());
            state.metrics.gate(if answer.allowed { "allowed" } else { "refused" });
            respond(&answer)
        }
        Err(reason) => {
            state.metrics.gate("refused");
            refusal("unknown", reason)
        }
    }
}

fn respond(answer: &GateAnswer) -> Response {
    if answer.allowed {
        return (StatusCode::OK, [(STANDING, answer.standing.as_str())]).into_response();
    }
    // An agent that is not held and still refused is one that the inventory does not have.
    let standing = match answer.standing {
        crate::domain::Standing::Active => "unknown",
        held => held.as_str(),
    };
    refusal(standing, &answer.reason)
}

fn refusal(standing: &'static str, reason: &str) -> Response {
    let reason = HeaderValue::from_str(&one_line(reason)).unwrap_or_else(|_| HeaderValue::from_static("refused"));
    (StatusCode::FORBIDDEN, [(STANDING, HeaderValue::from_static(standing)), (REASON, reason)]).into_response()
}

/// Printable ASCII on one line, so that a reason can't smuggle headers or markup into a proxy's log.
fn one_line(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' });
    let line: String = plain.take(REASON_CHARACTERS_MAX).collect();
    line.trim().to_owned()
}

/// Whether the asking proxy proved that it may ask.
fn may_ask(options: &GateOptions, headers: &HeaderMap) -> bool {
    let Some(wanted) = &options.token else { return true };
    let given = single(headers, AUTHORIZATION.as_str()).and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| Digest::of(token.trim().as_bytes()))
    });
    given.is_some_and(|given| {
        aws_lc_rs::constant_time::verify_slices_are_equal(given.as_bytes(), wanted.as_bytes()).is_ok()
    })
}

/// The value of a header that stands exactly once.
fn single(headers: &HeaderMap, name: impl axum::http::header::AsHeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    if values.next().is_some() { None } else { first.to_str().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_becomes_one_line_of_plain_text() {
        let line = one_line("paused: \u{202e}evil\r\nX-Standdown-Standing: active\u{7}");
        assert_eq!(line, "paused: ?evil??X-Standdown-Standing: active?");
        assert_eq!(one_line(&"é".repeat(500)).len(), REASON_CHARACTERS_MAX);
    }

    #[test]
    fn a_header_that_stands_twice_names_nobody() {
        let mut headers = HeaderMap::new();
        headers.append("x-agent", HeaderValue::from_static("a"));
        assert_eq!(single(&headers, "x-agent"), Some("a"));
        headers.append("x-agent", HeaderValue::from_static("b"));
        assert_eq!(single(&headers, "x-agent"), None);
    }

    #[test]
    fn only_the_configured_token_may_ask() {
        let options = GateOptions { token: Some(Digest::of(b"right")), header: None };
        let with = |value: &'static str| HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(value))]);
        assert!(may_ask(&options, &with("Bearer right")));
        assert!(may_ask(&options, &with("bearer right")));
        for wrong in ["Bearer wrong", "Basic right", "right", "Bearer"] {
            assert!(!may_ask(&options, &with(wrong)), "{wrong}");
        }
        assert!(!may_ask(&options, &HeaderMap::new()));
        assert!(may_ask(&GateOptions::default(), &HeaderMap::new()));
    }
}
