//! Playbooks: those that serve, and reading the folder again.

use axum::Json;
use axum::extract::State;

use crate::playbook::Playbook;
use crate::web::problem::Problem;
use crate::web::{Caller, WebState};

use super::view::{LoadView, PlaybookLine, PlaybookList};

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
    let loaded = state.engine.library().load(state.engine.store(), now).await?;
    tracing::info!(person.id = %person, playbooks.serving = loaded.serving, "playbooks were read again");
    let view = LoadView::from(&loaded);
    state.last_load.set(loaded);
    Ok(Json(view))
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
