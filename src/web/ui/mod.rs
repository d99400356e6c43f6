//! The pages on which people decide, and the reference that explains them: read-only until a form is sent, without scripts, without cookies.
//!
//! A page is made from a typed view and a template that was compiled at the start; every value is escaped. The link token
//! is in no page: its forms post to the address that they were opened with. Nothing here knows the store or decides
//! anything; it asks [`crate::approval`] and says in HTML what that answered.

pub mod address;
mod docs;
mod form;
mod headers;
mod pages;
mod segment;
mod templates;
#[cfg(test)]
mod tests;
mod text;
mod view;

pub use address::ClientAddress;
pub use docs::docs;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use axum::{Router, middleware};

use crate::approval::Approvals;

use templates::Templates;

/// The largest form that is read.
const FORM_BYTES_MAX: usize = 16 * 1024;

/// What the pages work with.
#[derive(Clone)]
struct Ui {
    approvals: Arc<Approvals>,
    templates: Arc<Templates>,
}

/// The pages `/a/{token}` and `/r/{receipt}`.
pub fn router<S: Clone + Send + Sync + 'static>(approvals: Arc<Approvals>) -> Router<S> {
    let templates = Arc::new(Templates::compile());
    let policy = headers::policy(templates::STYLE);
    let ui = Ui { approvals, templates };
    // `get` answers HEAD as well, without the body.
    Router::new()
        .route("/a/{token}", get(pages::request::show).post(pages::decision::submit))
        .route("/a/{token}/decision", post(pages::decision::decide))
        .route("/r/{receipt}", get(pages::outcome::show))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(middleware::map_response(move |response| std::future::ready(headers::guarded(response, policy.clone()))))
        .with_state(ui)
}
