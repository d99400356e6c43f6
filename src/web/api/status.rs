//! The daemon at a glance.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;

use crate::store::{Agents, Approvals, Outbox, ReadModel, RunLog};
use crate::web::problem::Problem;
use crate::web::{Caller, WebState};

use super::LIST_MAX;
use super::view::{Counts, LoadView, StatusView};

/// `GET /status`.
pub async fn show(_: Caller, State(state): State<WebState>) -> Result<Json<StatusView>, Problem> {
    let store = state.engine.store();
    let (waiting_messages, undelivered_messages) = store.message_counts().await?;
    let held: BTreeSet<_> = store.holds().await?.into_iter().map(|hold| hold.agent).collect();
    let counts = Counts {
        open_incidents: number(store.incidents(true, LIST_MAX).await?.len()),
        open_runs: number(store.open_runs(None, LIST_MAX).await?.len()),
        pending_approvals: number(store.approvals(true, LIST_MAX).await?.len()),
        agents: number(state.engine.inventory().agents().count()),
        held_agents: number(held.len()),
        waiting_messages,
        undelivered_messages,
    };
    let playbooks = state.last_load.get().map(|loaded| LoadView::from(loaded.as_ref())).unwrap_or_default();
    Ok(Json(StatusView {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        now: state.engine.clock().now(),
        frozen: state.engine.is_frozen(),
        counts,
        playbooks,
    }))
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
