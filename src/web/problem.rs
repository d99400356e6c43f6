//! Every answer that is no success: a problem as RFC 9457 describes it, with a stable code.
//!
//! This is the one place that turns domain errors into HTTP (`domain`, `decision`). It must not know routes. The request's id is
//! added by the router, which alone knows it: a response carries its problem as an extension until then.

mod decision;
mod domain;
mod reading;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::codes;

/// The media type of RFC 9457.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// A problem as it is sent; clients read it back into this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// What kind of problem, for people; the same for every problem of a code.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable code, e.g. `SD5003`.
    pub code: String,
    /// What happened this time.
    pub detail: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The id under which the log has the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// A problem: what the caller is told instead of what it asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    code: String,
    detail: String,
    hint: Option<String>,
    retry_after_seconds: Option<u32>,
}

impl Problem {
    /// A problem with a status, a stable code and what happened this time.
    #[must_use]
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), detail: detail.into(), hint: None, retry_after_seconds: None }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The same with the time after which another try may help, in seconds.
    #[must_use]
    pub fn retry_after(self, seconds: u32) -> Self {
        Self { retry_after_seconds: Some(seconds), ..self }
    }

    /// Nobody said who asks, or not so that it is believed.
    #[must_use]
    pub fn unauthenticated(detail: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, codes::UNAUTHENTICATED, detail)
            .hint("send `Authorization: Bearer TOKEN` with the API token of a person, or use the local socket")
    }

    /// A parameter that can't be read.
    #[must_use]
    pub fn parameter(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, codes::PARAMETER, detail)
    }

    /// A fault of this program; what exactly stands only in the log.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, codes::INTERNAL, "failed to answer: a fault of this program")
            .hint("the log has the cause under the request's id")
    }

    /// Its HTTP status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The problem as it is sent in answer to the request of that id.
    #[must_use]
    pub fn body(&self, request_id: Option<&str>) -> Body {
        Body {
            title: title(self.status, &self.code),
            status: self.status.as_u16(),
            code: self.code.clone(),
            detail: self.detail.clone(),
            hint: self.hint.clone(),
            request_id: request_id.map(str::to_owned),
        }
    }

    fn respond(self, request_id: Option<&str>) -> Response {
        let json = serde_json::to_vec(&self.body(request_id)).unwrap_or_default();
        let mut response = (self.status, [(CONTENT_TYPE, MEDIA_TYPE)], json).into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let realm = HeaderValue::from_static("Bearer realm=\"standdown\"");
            response.headers_mut().insert(axum::http::header::WWW_AUTHENTICATE, realm);
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.respond(None)
    }
}

/// Writes the request's id into the problem that a response carries, if it carries one.
#[must_use]
pub fn identify(mut response: Response, request_id: &str) -> Response {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let kept = std::mem::take(response.headers_mut());
    let mut identified = problem.respond(Some(request_id));
    for (name, value) in &kept {
        if name != axum::http::header::CONTENT_LENGTH {
            identified.headers_mut().insert(name.clone(), value.clone());
        }
    }
    identified
}

/// The explanation of the code; for a code of another family the words of the status.
fn title(status: StatusCode, code: &str) -> String {
    let words = || status.canonical_reason().unwrap_or("Problem").to_owned();
    codes::CODES.explain(code).map_or_else(words, str::to_owned)
}

#[cfg(test)]
mod tests;
