//! The pages, one file each, and the plain page that says why there is nothing to show.

pub(super) mod decision;
pub(super) mod outcome;
pub(super) mod request;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::approval::OpenError;

use super::Ui;

/// A page that only says something.
#[derive(Serialize)]
struct Message {
    title: &'static str,
    headline: &'static str,
    text: String,
    hint: Option<String>,
}

impl Ui {
    fn page(&self, status: StatusCode, page: &'static str, view: &impl Serialize) -> Response {
        match self.templates.render(page, view) {
            Ok(html) => (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
            Err(error) => {
                tracing::error!(%error, "a page could not be rendered");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }

    fn message(&self, status: StatusCode, headline: &'static str, text: &str, hint: Option<&str>) -> Response {
        let view = Message { title: headline, headline, text: text.to_owned(), hint: hint.map(str::to_owned) };
        self.page(status, "message", &view)
    }

    /// Why a request can't be shown. Unknown and revoked are the same page, to the byte.
    fn cannot_open(&self, error: &OpenError) -> Response {
        match error {
            OpenError::NotFound => self.message(
                StatusCode::NOT_FOUND,
                "This link is not good",
                "It was replaced by a newer one, or it is not valid. Nothing was changed by opening it.",
                Some("Open the newest message, or decide from a terminal: standdown approvals list"),
            ),
            OpenError::Expired => self.message(
                StatusCode::GONE,
                "Too late: nobody decided in time",
                "The deadline of this request has passed. Nothing was released because of it.",
                Some("If more people were asked or a new request stands, there is a newer message."),
            ),
            OpenError::TooMany => self.slow_down(),
            OpenError::Unavailable(reason) => self.unavailable(reason),
        }
    }

    fn slow_down(&self) -> Response {
        let text = "Too many tries came from here. Nothing was decided. Wait a minute, then open the newest message.";
        let mut response = self.message(StatusCode::TOO_MANY_REQUESTS, "Please wait a minute", text, None);
        response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("60"));
        response
    }

    fn unavailable(&self, reason: &str) -> Response {
        tracing::error!(reason, "a request could not be shown or decided");
        let text = "Standdown can't read or write its records now. Nothing was decided.";
        let hint = Some("Load this page again in a moment. What was contained stays contained.");
        let mut response = self.message(StatusCode::SERVICE_UNAVAILABLE, "Please try again", text, hint);
        response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("5"));
        response
    }
}
