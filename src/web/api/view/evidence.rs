//! Evidence of a run as answers show it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::{RunId, StepPath, StepRecord};
use crate::playbook::{Body, Playbook};

/// The action whose output is evidence. Outputs of other actions are what a target answered, and may look like anything.
const CAPTURE: &str = "evidence.capture";

/// What tells one piece of evidence from every other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceMark {
    /// SHA-256 of the evidence as canonical JSON, in hexadecimal.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: u64,
}

impl EvidenceMark {
    /// The mark of what a step captured, if it is a step that captures and has done so.
    #[must_use]
    pub fn of(playbook: &Playbook, path: &StepPath, record: &StepRecord) -> Option<Self> {
        let (_, step) = playbook.step(&path.step)?;
        let Body::Action(action) = &step.body else { return None };
        if action.spec.name.as_str() != CAPTURE {
            return None;
        }
        let sha256 = record.output.get("sha256")?.as_str()?.to_owned();
        Some(Self { sha256, bytes: record.output.get("bytes").and_then(Value::as_u64).unwrap_or_default() })
    }
}

/// `GET /runs/{id}/evidence`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceList {
    /// The run.
    pub run: RunId,
    /// What its steps captured.
    pub evidence: Vec<EvidenceView>,
}

/// What one step captured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceView {
    /// The step.
    pub step: StepPath,
    /// Its digest and size, as they were when it was captured.
    pub mark: EvidenceMark,
    /// The file that it is in, if it was too large for the run itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The evidence: a manifest and its items, without what a source declares secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Value>,
    /// Why it can't be shown, or why it must not be relied on: its digest is another one by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}
