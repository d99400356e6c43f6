//! The reference documentation as pages: `/docs` and `/docs/TOPIC`, where `/` leads to. Whoever reaches the daemon may read them.
//!
//! They hold nothing of the daemon's own data. Links are relative, because a proxy may serve the pages below a path.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Router, middleware};

use crate::guide::Guide;
use crate::web::Pages;

use super::headers;
use super::segment::Segment;
use super::templates::{STYLE, Templates};
use super::view::docs::DocsView;

#[derive(Clone)]
struct Docs {
    guide: Pages,
    templates: Arc<Templates>,
}

/// The pages of the reference.
pub fn docs<S: Clone + Send + Sync + 'static>(guide: Pages) -> Router<S> {
    let policy = headers::policy(STYLE);
    Router::new()
        // Relative, as every link is: a proxy may serve the pages below a path.
        .route("/", get(|| std::future::ready(Redirect::temporary("docs"))))
        .route("/docs/", get(|| std::future::ready(Redirect::temporary("../docs"))))
        .route("/docs", get(index))
        .route("/docs/{topic}", get(topic))
        .layer(middleware::map_response(move |response| std::future::ready(headers::guarded(response, policy.clone()))))
        .with_state(Docs { guide, templates: Arc::new(Templates::compile()) })
}

async fn index(State(docs): State<Docs>) -> Response {
    docs.answer(|guide| (StatusCode::OK, DocsView::index(guide))).await
}

async fn topic(State(docs): State<Docs>, Segment(topic): Segment) -> Response {
    docs.answer(move |guide| match guide.page(&topic) {
        Some(page) => (StatusCode::OK, DocsView::page(page)),
        None => (StatusCode::NOT_FOUND, DocsView::missing(guide, &topic)),
    })
    .await
}

impl Docs {
    /// The page, drawn where making the reference for the first time holds nobody up.
    async fn answer(self, view: impl FnOnce(&Guide) -> (StatusCode, DocsView) + Send + 'static) -> Response {
        let drawn = tokio::task::spawn_blocking(move || {
            let (status, view) = view(&self.guide);
            self.templates.render("docs", &view).map(|html| (status, html))
        });
        let fault: Box<dyn std::error::Error> = match drawn.await {
            Ok(Ok((status, html))) => {
                return (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], Html(html)).into_response();
            }
            Ok(Err(error)) => Box::new(error),
            Err(error) => Box::new(error),
        };
        tracing::error!(error = %fault, "a page of the reference could not be rendered");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}
