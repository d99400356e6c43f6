//! Deliveries that were authenticated and still refused, for operators.

use axum::Json;
use axum::extract::State;

use crate::store::ReadModel;
use crate::web::problem::Problem;
use crate::web::{Caller, WebState};

use super::reading::{Asked, Bounds};
use super::view::DeadLetterList;

/// `GET /dead-letters`.
pub async fn list(
    _: Caller,
    State(state): State<WebState>,
    Asked(bounds): Asked<Bounds>,
) -> Result<Json<DeadLetterList>, Problem> {
    let dead_letters = state.engine.store().dead_letters(bounds.limit()?).await?;
    Ok(Json(DeadLetterList { dead_letters }))
}
