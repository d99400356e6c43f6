//! Evidence of a run: what its steps captured, as it is stored, and whether it still is what was captured.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use crate::domain::digest::canonical_json;
use crate::domain::{Digest, RunId, StepPath, StepRecord};
use crate::engine::SubmitError;
use crate::store::RunLog;
use crate::web::problem::Problem;
use crate::web::{Caller, WebState};

use super::reading::Id;
use super::view::{EvidenceList, EvidenceMark, EvidenceView};

/// The largest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// `GET /runs/{id}/evidence`.
pub async fn show(_: Caller, State(state): State<WebState>, Id(id): Id<RunId>) -> Result<Json<EvidenceList>, Problem> {
    let store = state.engine.store();
    let run = store.run(id).await?.ok_or(SubmitError::NoSuchRun(id))?;
    let playbook = state.engine.library().pinned(store, &run.digest).await?;
    let mut evidence = Vec::new();
    for (path, record) in &run.steps {
        if let Some(mark) = EvidenceMark::of(&playbook, path, record) {
            evidence.push(view(path, record, mark).await);
        }
    }
    Ok(Json(EvidenceList { run: id, evidence }))
}

async fn view(step: &StepPath, record: &StepRecord, mark: EvidenceMark) -> EvidenceView {
    let file = record.output.get("file").and_then(Value::as_str).map(str::to_owned);
    let read = match (record.output.get("evidence"), &file) {
        (Some(kept), _) => Ok(kept.clone()),
        (None, Some(file)) => read(file).await,
        (None, None) => Err("what is stored of the step does not hold it".to_owned()),
    };
    let (evidence, fault) = match read {
        Ok(evidence) => {
            let now = Digest::of(canonical_json(&evidence).as_bytes()).to_string();
            let fault = (now != mark.sha256).then(|| format!("it was CHANGED since it was captured: SHA-256 is {now}"));
            (Some(evidence), fault)
        }
        Err(fault) => (None, Some(fault)),
    };
    EvidenceView { step: step.clone(), mark, file, evidence, fault }
}

async fn read(file: &str) -> Result<Value, String> {
    let fault = |error: &dyn std::fmt::Display| format!("the file {file} can't be read: {error}");
    let length = tokio::fs::metadata(file).await.map_err(|error| fault(&error))?.len();
    if length > FILE_BYTES_MAX {
        return Err(format!("the file {file} has {length} bytes; look at it on the daemon's machine"));
    }
    let bytes = tokio::fs::read(file).await.map_err(|error| fault(&error))?;
    serde_json::from_slice(&bytes).map_err(|error| fault(&error))
}
