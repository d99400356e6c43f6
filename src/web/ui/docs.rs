//! The reference documentation as pages: `/docs` and `/docs/TOPIC`. Whoever reaches the daemon may read them.
//!
//! They hold nothing of the daemon's own data. Links are relative, because a proxy may serve the pages below a path.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware};

use crate::guide::Guide;

use super::headers;
use super::segment::Segment;
use super::templates::{STYLE, Templates};
use super::view::docs::DocsView;

#[derive(Clone)]
struct Docs {
    guide: Arc<Guide>,
    templates: Arc<Templates>,
}

/// The pages of the reference.
pub fn docs<S: Clone + Send + Sync + 'static>(guide: Arc<Guide>) -> Router<S> {
    let policy = headers::policy(STYLE);
    Router::new()
        .route("/docs", get(index))
        .route("/docs/{topic}", get(topic))
        .layer(middleware::map_response(move |response| std::future::ready(headers::guarded(response, policy.clone()))))
        .with_state(Docs { guide, templates: Arc::new(Templates::compile()) })
}

async fn index(State(docs): State<Docs>) -> Response {
    docs.page(StatusCode::OK, &DocsView::index(&docs.guide))
}

async fn topic(State(docs): State<Docs>, Segment(topic): Segment) -> Response {
    match docs.guide.page(&topic) {
        Some(page) => docs.page(StatusCode::OK, &DocsView::page(page)),
        None => docs.page(StatusCode::NOT_FOUND, &DocsView::missing(&docs.guide, &topic)),
    }
}

impl Docs {
    fn page(&self, status: StatusCode, view: &DocsView) -> Response {
        match self.templates.render("docs", view) {
            Ok(html) => (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], Html(html)).into_response(),
            Err(error) => {
                tracing::error!(%error, "a page of the reference could not be rendered");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}
