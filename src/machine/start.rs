//! The first state of a run, from its first event.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::run::StageRecord;
use crate::domain::{Event, EventKind, Run, RunStatus, StepPath, StepRecord, Variables};
use crate::playbook::Playbook;

use super::SEMANTICS;
use super::error::IllegalTransition;
use super::motion::after;

pub(super) fn first_state(playbook: &Playbook, event: &Event) -> Result<Run, IllegalTransition> {
    let EventKind::RunStarted { run, incident, digest, mode, agent, alert, inherits, lineage, versions } = &event.kind
    else {
        return Err(IllegalTransition::NotAStart { event: event.kind.as_str() });
    };
    if *digest != playbook.digest {
        return Err(IllegalTransition::OtherPlaybook { run: *digest, given: playbook.digest });
    }
    let stages = playbook.stages.iter().map(|stage| StageRecord {
        name: stage.name.clone(),
        started_at: None,
        deadline: None,
        skipped: None,
    });
    let steps = playbook.steps().map(|step| (StepPath::from(step.name.clone()), StepRecord::pending()));
    Ok(Run {
        id: *run,
        version: 0,
        semantics: SEMANTICS,
        incident: *incident,
        playbook: playbook.name.clone(),
        digest: *digest,
        mode: *mode,
        agent: Arc::clone(agent),
        alert: Arc::clone(alert),
        vars: Variables::default(),
        started_by: event.actor.clone(),
        started_at: event.at,
        deadline: playbook.timeout.map(|limit| after(event.at, limit)),
        status: RunStatus::Running { stage: 0 },
        stages: stages.collect(),
        steps: steps.collect(),
        approvals: BTreeMap::new(),
        rechecks: Vec::new(),
        joined: 0,
        inherits: inherits.clone(),
        lineage: lineage.clone(),
        versions: versions.clone(),
        sources: lineage.as_ref().map_or_else(BTreeSet::new, |lineage| lineage.sources.clone()),
        ended_at: None,
    })
}
