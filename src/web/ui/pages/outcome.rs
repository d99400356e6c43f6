//! The page of a receipt: what was decided, by whom, and how the run stands now.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::web::ui::segment::Segment;
use crate::web::ui::view::{RequestView, Typed};
use crate::web::ui::{ClientAddress, Ui};

pub(in crate::web::ui) async fn show(
    State(ui): State<Ui>,
    Segment(receipt): Segment,
    ClientAddress(address): ClientAddress,
) -> Response {
    match ui.approvals.outcome(&receipt, address).await {
        Ok(open) => ui.page(StatusCode::OK, "outcome", &RequestView::new(&open, Typed::default())),
        Err(error) => ui.cannot_open(&error),
    }
}
