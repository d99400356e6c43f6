//! Playbooks: those that serve, reading the folder again, and what became of them.

use axum::Json;
use axum::extract::State;

use crate::engine::Occasion;
use crate::engine::playbooks::record;
use crate::playbook::Playbook;
use crate::store::Playbooks as _;
use crate::web::problem::Problem;
use crate::web::{Caller, WebState};

use super::reading::{Asked, Bounds};
use super::view::{LoadView, PlaybookFact, PlaybookHistory, PlaybookLine, PlaybookList};

/// `GET /playbooks`.
pub async fn list(_: Caller, State(state): State<WebState>) -> Json<PlaybookList> {
    let serving = state.engine.library().serving();
    let playbooks = serving.values().map(|playbook| line(playbook)).collect();
    let loaded = state.last_load.get().map(|loaded| LoadView::from(loaded.as_ref())).unwrap_or_default();
    Json(PlaybookList { playbooks, loaded })
}

/// `POST /playbooks/reload`: takes a person, because what serves decides what may act.
pub async fn reload(caller: Caller, State(state): State<WebState>) -> Result<Json<LoadView>, Problem> {
    let person = caller.person()?;
    let now = state.engine.clock().now();
    let occasion = Occasion::request(caller.person_actor()?);
    let loaded = state.engine.library().reload(state.engine.store(), &occasion, now).await?;
    tracing::info!(person.id = %person, playbooks.serving = loaded.serving, "playbooks were read again");
    let view = LoadView::from(&loaded);
    state.last_load.set(loaded);
    Ok(Json(view))
}

/// `GET /playbooks/history`: what changed in the playbooks that serve, and what was refused; newest first.
pub async fn history(
    _: Caller,
    State(state): State<WebState>,
    Asked(bounds): Asked<Bounds>,
) -> Result<Json<PlaybookHistory>, Problem> {
    let facts = state.engine.store().daemon_facts(record::KINDS, bounds.limit()?).await?;
    Ok(Json(PlaybookHistory { facts: facts.into_iter().map(PlaybookFact::from).collect() }))
}

fn line(playbook: &Playbook) -> PlaybookLine {
    PlaybookLine {
        name: playbook.name.clone(),
        title: playbook.title.clone(),
        mode: playbook.mode,
        digest: playbook.digest,
        file: playbook.file.clone(),
        steps: u64::try_from(playbook.steps().count()).unwrap_or(u64::MAX),
    }
}
