//! A run that a person starts. It needs no alert from outside, and its starter never votes in it.

use std::sync::Arc;

use serde_json::json;

use crate::domain::alert::Claimed;
use crate::domain::{Actor, AgentId, Mode, PlaybookName, Run, SourceId};
use crate::engine::StartRequest;
use crate::machine::IllegalTransition;
use crate::playbook::context::agent_values;
use crate::store::{Commit, CommitError, Inbox, ReadError, Row};

use super::Intake;
use super::incident::Touched;
use super::subject;

/// What a person asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByHand {
    /// The playbook.
    pub playbook: PlaybookName,
    /// The agent, which the inventory must have.
    pub agent: AgentId,
    /// Why.
    pub reason: String,
    /// Whether it only says what it would do. A playbook in observe mode never acts.
    pub observe: bool,
    /// Who asks.
    pub actor: Actor,
}

/// Why no run was started.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ByHandError {
    /// There is no such playbook.
    #[error("failed to start a run: no playbook `{0}` serves; see `standdown playbooks list`")]
    NoSuchPlaybook(PlaybookName),
    /// There is no such agent.
    #[error("failed to start a run: the inventory has no agent `{0}`; see `standdown agents list`")]
    NoSuchAgent(AgentId),
    /// A reason is missing.
    #[error("failed to start a run: a reason must be given")]
    ReasonMissing,
    /// The playbook can't start.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
    /// What is stored could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It could not be written.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl Intake {
    /// Starts a run for a person.
    pub async fn start_by_hand(&self, wanted: ByHand) -> Result<Run, ByHandError> {
        if wanted.reason.trim().is_empty() {
            return Err(ByHandError::ReasonMissing);
        }
        let serving = self.engine.library().serving();
        let playbook =
            serving.get(&wanted.playbook).ok_or_else(|| ByHandError::NoSuchPlaybook(wanted.playbook.clone()))?;
        let inventory = self.engine.inventory();
        if inventory.agent(&wanted.agent).is_none() {
            return Err(ByHandError::NoSuchAgent(wanted.agent));
        }
        let Ok(source) = SourceId::parse("manual") else {
            return Err(ByHandError::NoSuchPlaybook(wanted.playbook));
        };
        let at = self.engine.clock().now();
        let identity = json!({ "playbook": wanted.playbook, "agent": wanted.agent, "by": wanted.actor, "at": at });
        let claimed = Claimed { id: Some(wanted.agent.to_string()), ..Claimed::default() };
        let alert = Arc::new(self.own_alert(&source, "manual", &wanted.reason, claimed, &identity));
        let by_agent = subject::of(&inventory, &alert);
        // The playbook's own incident, where it goes by something of the agent: no alert came in that it could go by.
        let values = json!({ "agent": agent_values(&by_agent.agent) });
        let subject = by_agent.for_playbook(playbook, &values, at).0;
        let _turn = self.engine.turn(std::iter::once(&subject.key)).await;
        let mut touched = match self.engine.store().open_incident(&subject.key).await? {
            Some(incident) => Touched::existing(incident),
            None => Touched::new(&alert, &subject, at),
        };
        touched.join(&alert, false, at);
        touched.in_progress();
        let incident = touched.incident.id;
        let mode = if wanted.observe { Mode::Observe } else { playbook.mode };
        let request = StartRequest {
            playbook,
            mode,
            incident,
            agent: &subject.agent,
            alert: &alert,
            actor: wanted.actor,
            inherits: Vec::new(),
        };
        let started = self.engine.prepare(request)?;
        let (guard, mut rows) = touched.into_parts();
        rows.push(Row::Alert { alert, raw: Arc::new(identity), incident: Some(incident) });
        let id = started.run().id;
        let runs = self.engine.commit(Commit { guards: vec![guard], rows }, vec![started]).await?;
        runs.into_iter().next().ok_or(ByHandError::Commit(CommitError::Unavailable(format!("{id} is gone"))))
    }
}
