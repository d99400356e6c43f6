//! Alerts as they were taken, oldest first: for whoever replays them.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Deserialize;

use crate::domain::AlertId;
use crate::store::ReadModel;
use crate::web::problem::Problem;
use crate::web::{Caller, WebState};

use super::reading::{Asked, limit};
use super::view::AlertPage;

/// Which alerts.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// Not those before.
    since: Option<Timestamp>,
    /// Those after this one: the last of the page before.
    after: Option<AlertId>,
    limit: Option<u32>,
}

/// `GET /alerts[?since=TIME][&after=ID]`.
pub async fn list(
    _: Caller,
    State(state): State<WebState>,
    Asked(query): Asked<Query>,
) -> Result<Json<AlertPage>, Problem> {
    let since = AlertId::before(query.since.unwrap_or(Timestamp::UNIX_EPOCH));
    let after = query.after.map_or(since, |after| after.max(since));
    let stored = state.engine.store().alerts_after(after, limit(query.limit)?).await?;
    Ok(Json(AlertPage { alerts: stored.into_iter().map(|stored| stored.alert).collect() }))
}
