//! Incidents, alerts and runs as answers show them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::evidence::EvidenceMark;
use crate::domain::{
    Actor, AgentId, Alert, Approval, Attempt, Digest, Incident, IncidentId, Mode, PlaybookName, RunId, StepPath,
    StepRecord, StepState, Verdict,
};
use crate::engine::RunHistory;
use crate::machine::Entry;
use crate::playbook::Playbook;
use crate::store::{LateReply, MessageSummary, RunSummary, StoredAlert};

/// An alert as it first arrived, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertView {
    /// The alert.
    pub alert: Alert,
    /// How often it arrived.
    pub count: u64,
    /// When it last arrived.
    pub last_seen_at: Timestamp,
    /// When it was over.
    pub resolved_at: Option<Timestamp>,
}

impl From<StoredAlert> for AlertView {
    fn from(stored: StoredAlert) -> Self {
        let StoredAlert { alert, count, last_seen_at, resolved_at, incident: _ } = stored;
        Self { alert, count, last_seen_at, resolved_at }
    }
}

/// `GET /incidents`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentList {
    /// Newest first.
    pub incidents: Vec<Incident>,
}

/// `GET /incidents/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentView {
    /// The incident.
    pub incident: Incident,
    /// Its alerts, oldest first.
    pub alerts: Vec<AlertView>,
    /// Its runs, newest first.
    pub runs: Vec<RunSummary>,
}

/// `GET /runs`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunList {
    /// Newest first.
    pub runs: Vec<RunSummary>,
}

/// `POST /runs`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// The run.
    pub run: RunId,
    /// Its incident.
    pub incident: IncidentId,
    /// Whether it acts.
    pub mode: Mode,
}

/// A step of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepView {
    /// Its path.
    pub path: StepPath,
    /// `pending`, `waiting`, `doing`, `succeeded`, ...
    pub state: String,
    /// One line on how it stands.
    pub detail: Option<String>,
    /// Why a person must look at it, if one must.
    pub needs_operator: Option<String>,
    /// For a containing step: what is known of it.
    pub verdict: Option<Verdict>,
    /// Its parameters as rendered; secrets as references.
    pub params: Option<Value>,
    /// Digest and size of what it captured, if it captures evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<EvidenceMark>,
    /// When its turn came.
    pub started_at: Option<Timestamp>,
    /// When it settled.
    pub ended_at: Option<Timestamp>,
}

impl StepView {
    /// A step as answers show it.
    #[must_use]
    pub fn new(path: &StepPath, record: &StepRecord) -> Self {
        let reason = match &record.state {
            StepState::Failed { reason } | StepState::UndoFailed { reason } | StepState::Skipped { reason } => {
                Some(reason)
            }
            _ => None,
        };
        let needs_operator = match &record.state {
            StepState::Doing(Attempt::NeedsOperator { reason, .. })
            | StepState::Undoing(Attempt::NeedsOperator { reason, .. }) => Some(reason.clone()),
            _ => None,
        };
        Self {
            path: path.clone(),
            state: record.state.as_str().to_owned(),
            detail: reason.or(record.detail.as_ref()).cloned(),
            needs_operator,
            verdict: record.verdict,
            params: record.params.clone(),
            evidence: None,
            started_at: record.started_at,
            ended_at: record.ended_at,
        }
    }
}

/// `GET /runs/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunView {
    /// Its id.
    pub id: RunId,
    /// Its incident.
    pub incident: IncidentId,
    /// Its playbook.
    pub playbook: PlaybookName,
    /// The version of the playbook that it finishes on.
    pub digest: Digest,
    /// Whether it acts.
    pub mode: Mode,
    /// Its agent.
    pub agent: AgentId,
    /// The title of the alert that started it; untrusted.
    pub title: String,
    /// `running`, `undoing`, `completed`, `failed`, `cancelled` or `superseded`.
    pub status: String,
    /// What is known of the containment.
    pub verdict: Option<Verdict>,
    /// When the agent was seen to be contained.
    pub contained_at: Option<Timestamp>,
    /// When its alert arrived: the time to contain is counted from here.
    pub alert_received_at: Timestamp,
    /// Who or what started it.
    pub started_by: Actor,
    /// When.
    pub started_at: Timestamp,
    /// When it must be over.
    pub deadline: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How many more alerts joined it.
    pub joined: u32,
    /// Its steps, in the order of the playbook.
    pub steps: Vec<StepView>,
    /// What it asked people, oldest first.
    pub approvals: Vec<Approval>,
    /// What happened, in words, oldest first.
    pub timeline: Vec<Entry>,
    /// Whether the history leads to the stored state.
    pub consistent: bool,
    /// What became of its messages.
    pub messages: Vec<MessageSummary>,
    /// Why nobody touches it until a person releases it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantined: Option<String>,
    /// What was heard of its calls when it was too late to count, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub late_replies: Vec<LateReply>,
}

impl RunView {
    /// A run with its playbook, timeline and messages.
    #[must_use]
    pub fn new(history: RunHistory, playbook: &Playbook, messages: Vec<MessageSummary>) -> Self {
        let RunHistory { run, entries: timeline, consistent, claim, late } = history;
        let step = |(path, record)| StepView {
            evidence: EvidenceMark::of(playbook, path, record),
            ..StepView::new(path, record)
        };
        let mut steps: Vec<StepView> = run.steps.iter().map(step).collect();
        steps.sort_by_key(|step| playbook.steps().position(|known| known.name == step.path.step));
        let mut approvals: Vec<Approval> = run.approvals.values().cloned().collect();
        approvals.sort_by_key(|approval| approval.asked_at);
        let containment = run.containment();
        Self {
            id: run.id,
            incident: run.incident,
            playbook: run.playbook.clone(),
            digest: run.digest,
            mode: run.mode,
            agent: run.agent.id.clone(),
            title: run.alert.title.clone(),
            status: run.status.as_str().to_owned(),
            verdict: containment.map(|(verdict, _)| verdict),
            contained_at: containment.and_then(|(_, at)| at),
            alert_received_at: run.alert.received_at,
            started_by: run.started_by.clone(),
            started_at: run.started_at,
            deadline: run.deadline,
            ended_at: run.ended_at,
            joined: run.joined,
            steps,
            approvals,
            timeline,
            consistent,
            messages,
            quarantined: claim.quarantined,
            late_replies: late,
        }
    }
}
