//! `evidence.capture`: keeps what was known when an agent was contained.
//!
//! It gathers the alert and, given a process, its facts, under a manifest with the time and a digest of each item. Small
//! evidence stays in the step's output; larger evidence goes into a folder under its own digest, which the output names, so
//! that a change of the file shows.

mod folder;

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::parameters::{checked, integer};
use super::port::{Action, Pending, Prepared, Sight, Task, not_sent, refused};
use super::process;
use crate::domain::digest::canonical_json;
use crate::domain::event::CallOutcome;
use crate::domain::{ActionName, Digest, Impact, NameError, Protection};
use crate::playbook::{ActionKind, ActionSpec, ParameterSpec, ParameterType};

/// Evidence up to this size, in bytes, is kept in the output itself.
const INLINE_BYTES_MAX: usize = 15 * 1024;

/// The action.
pub struct EvidenceCapture {
    spec: ActionSpec,
    folder: Option<PathBuf>,
}

/// What it is.
pub fn spec() -> Result<ActionSpec, NameError> {
    let parameter =
        |kind, help: &str| ParameterSpec { kind, required: false, values: Vec::new(), help: help.to_owned() };
    Ok(ActionSpec {
        name: ActionName::parse("evidence.capture")?,
        kind: ActionKind::External,
        parameters: [
            ("pid".to_owned(), parameter(ParameterType::Integer, "the agent's process on this machine")),
            ("note".to_owned(), parameter(ParameterType::String, "a line for the people who read it")),
        ]
        .into(),
        connector: None,
        impact: Some(Impact::Notify),
        protection: Protection::Idempotent,
        prepares: false,
        proves: false,
        prove_within: Duration::ZERO,
        undoable: false,
        timeout: Duration::from_secs(20),
        digest: Digest::of(b"evidence.capture 1"),
        help: "keep the alert and what is known of the agent's process, with a digest".to_owned(),
    })
}

impl EvidenceCapture {
    /// The action, with the folder for what is large.
    pub fn new(spec: ActionSpec, folder: Option<PathBuf>) -> Self {
        Self { spec, folder }
    }

    async fn capture(&self, task: &Task<'_>) -> Result<Value, CallOutcome> {
        let given = checked(&self.spec, &task.call.parameters).map_err(not_sent)?;
        let evidence = gather(task, given);
        let bytes = canonical_json(&evidence).into_bytes();
        let digest = Digest::of(&bytes);
        let items: Vec<&String> =
            evidence.get("items").and_then(Value::as_object).into_iter().flat_map(Map::keys).collect();
        let mut output = json!({ "sha256": digest, "bytes": bytes.len(), "items": items });
        let kept = if bytes.len() <= INLINE_BYTES_MAX {
            ("evidence", evidence.clone())
        } else {
            let size = bytes.len();
            let folder = self.folder.clone().ok_or_else(|| {
                refused(format!(
                    "the evidence has {size} bytes and no place; set `evidence_folder` in the configuration"
                ))
            })?;
            // The temporary name follows the idempotency key, so that a second try replaces the first one's remains.
            let temporary = format!(".{}.part", Digest::of(task.call.key.as_bytes()).prefix());
            let name = format!("{digest}.json");
            let file = tokio::task::spawn_blocking(move || folder::keep(&folder, &temporary, &name, &bytes)).await;
            let path = file.map_err(|_| "the writer was stopped".to_owned()).flatten().map_err(refused)?;
            ("file", Value::String(path))
        };
        if let Some(fields) = output.as_object_mut() {
            fields.insert(kept.0.to_owned(), kept.1);
        }
        Ok(output)
    }
}

/// The evidence: a manifest, and each item with its digest.
fn gather(task: &Task<'_>, given: &Map<String, Value>) -> Value {
    let about = &task.call.about;
    let mut items = Map::new();
    items.insert("alert".to_owned(), json!(about.alert));
    if let Some(pid) = given.get("pid").and_then(integer) {
        items.insert("process".to_owned(), process::facts(pid));
    }
    let digests: Map<String, Value> =
        items.iter().map(|(name, item)| (name.clone(), json!(Digest::of_json(item)))).collect();
    json!({
        "manifest": {
            "captured_at": task.now(),
            "run": task.call.run,
            "step": task.call.path,
            "agent": about.agent,
            "incident": about.incident,
            "note": given.get("note"),
            "sha256": digests,
        },
        "items": items,
    })
}

impl Action for EvidenceCapture {
    fn spec(&self) -> &ActionSpec {
        &self.spec
    }

    fn prepare<'a>(&'a self, _: Task<'a>) -> Pending<'a, Result<Prepared, String>> {
        Box::pin(async { Ok(Prepared::default()) })
    }

    fn send<'a>(&'a self, task: Task<'a>) -> Pending<'a, CallOutcome> {
        Box::pin(async move {
            if !task.is_do() {
                return refused("evidence is kept; it can't be undone");
            }
            match self.capture(&task).await {
                Ok(output) => CallOutcome::Applied { output },
                Err(outcome) => outcome,
            }
        })
    }

    fn look<'a>(&'a self, _: Task<'a>) -> Pending<'a, Sight> {
        Box::pin(async { Sight::blind("evidence has no effect that could be looked for") })
    }
}

#[cfg(test)]
mod tests;
