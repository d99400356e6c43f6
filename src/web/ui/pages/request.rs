//! The page of a link. Opening it changes nothing, however often, by whatever scanner.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::web::ui::segment::Segment;
use crate::web::ui::view::{RequestView, Typed};
use crate::web::ui::{ClientAddress, Ui};

pub(in crate::web::ui) async fn show(
    State(ui): State<Ui>,
    Segment(token): Segment,
    ClientAddress(address): ClientAddress,
) -> Response {
    match ui.approvals.open(&token, address).await {
        Ok(open) => ui.page(StatusCode::OK, "request", &RequestView::new(&open, Typed::default())),
        Err(error) => ui.cannot_open(&error),
    }
}
