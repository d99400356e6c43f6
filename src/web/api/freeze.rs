//! The switch that stops the daemon from calling anything outside.
//!
//! Anybody who may call at all may stop it; letting it go on takes a person of the configuration.

use axum::Json;
use axum::extract::State;

use crate::engine::Freeze;
use crate::web::problem::Problem;
use crate::web::{Caller, WebState};

use super::reading::Body;
use super::runs::reason;
use super::view::FreezeOrder;

/// `POST /freeze`.
pub async fn freeze(
    caller: Caller,
    State(state): State<WebState>,
    Body(order): Body<FreezeOrder>,
) -> Result<Json<Freeze>, Problem> {
    let reason = reason(&order.reason)?;
    Ok(Json(state.engine.set_frozen(true, caller.actor()?, &reason).await?))
}

/// `POST /thaw`.
pub async fn thaw(
    caller: Caller,
    State(state): State<WebState>,
    Body(order): Body<FreezeOrder>,
) -> Result<Json<Freeze>, Problem> {
    let reason = reason(&order.reason)?;
    Ok(Json(state.engine.set_frozen(false, caller.person_actor()?, &reason).await?))
}
