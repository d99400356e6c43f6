//! The state of a run as its row keeps it: everything but the alert, which stands once, in a place of its own.
//!
//! A state is written for every change of a run. It is serialised here without the alert, rather than with it and cut out
//! again, because that was a fifth of what a change costs.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::lineage::Lineage;
use crate::domain::run::{Recheck, StageRecord};
use crate::domain::{
    Actor, Agent, Approval, ApprovalId, Digest, HoldId, IncidentId, Mode, PlaybookName, Run, RunId, RunStatus,
    SourceId, StepPath, StepRecord, Variables,
};

/// The members of a [`Run`], in its order and with its rules of what is left out; a test compares the two.
#[derive(Serialize)]
struct State<'a> {
    id: &'a RunId,
    version: u64,
    semantics: u32,
    incident: &'a IncidentId,
    playbook: &'a PlaybookName,
    digest: &'a Digest,
    mode: Mode,
    agent: &'a Agent,
    #[serde(skip_serializing_if = "Variables::is_empty")]
    vars: &'a Variables,
    started_by: &'a Actor,
    started_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline: Option<Timestamp>,
    status: &'a RunStatus,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    stages: &'a [StageRecord],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    steps: &'a BTreeMap<StepPath, StepRecord>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    approvals: &'a BTreeMap<ApprovalId, Approval>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    rechecks: &'a [Recheck],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    inherits: &'a [HoldId],
    #[serde(skip_serializing_if = "Option::is_none")]
    lineage: Option<&'a Lineage>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    versions: &'a BTreeMap<PlaybookName, Digest>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    sources: &'a BTreeSet<SourceId>,
    joined: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Timestamp>,
}

/// The state of a run without its alert, as JSON; empty if it has none, which the column refuses.
pub fn json(run: &Run) -> String {
    // Taken apart by name, so that a member that is added to a run can't be forgotten here.
    let Run {
        id,
        version,
        semantics,
        incident,
        playbook,
        digest,
        mode,
        agent,
        alert: _,
        vars,
        started_by,
        started_at,
        deadline,
        status,
        stages,
        steps,
        approvals,
        rechecks,
        inherits,
        lineage,
        versions,
        sources,
        joined,
        ended_at,
    } = run;
    let state = State {
        id,
        version: *version,
        semantics: *semantics,
        incident,
        playbook,
        digest,
        mode: *mode,
        agent,
        vars,
        started_by,
        started_at: *started_at,
        deadline: *deadline,
        status,
        stages,
        steps,
        approvals,
        rechecks,
        inherits,
        lineage: lineage.as_ref(),
        versions,
        sources,
        joined: *joined,
        ended_at: *ended_at,
    };
    serde_json::to_string(&state).unwrap_or_default()
}

/// How large the state of a run is as its row keeps it, in bytes.
#[must_use]
pub fn bytes(run: &Run) -> usize {
    json(run).len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::lineage::SharedBudget;
    use crate::domain::samples;
    use serde_json::{Value, json};

    #[test]
    fn a_state_is_the_run_without_its_alert() {
        let at = Timestamp::UNIX_EPOCH;
        let mut run = samples::run(at);
        for full in [false, true] {
            if full {
                run.joined = 3;
                run.deadline = Some(at);
                run.ended_at = Some(at);
                run.inherits = vec![HoldId::generate(at)];
                run.vars.values = serde_json::Map::from_iter([("a".to_owned(), json!(1))]);
                run.sources = BTreeSet::from(["detector".parse().unwrap()]);
                run.lineage = Some(Lineage {
                    parent: RunId::generate(at),
                    path: "a".parse().unwrap(),
                    generation: 1,
                    depth: 2,
                    first: None,
                    sources: BTreeSet::from(["pager".parse().unwrap()]),
                    nearer: vec![SharedBudget::unlimited("m".parse().unwrap())],
                    budget: SharedBudget { playbook: "p".parse().unwrap(), contain: None, per: None },
                });
                run.versions = BTreeMap::from([("child".parse().unwrap(), Digest::ZERO)]);
                run.rechecks = vec![Recheck { path: "a".parse().unwrap(), at }];
                run.steps = BTreeMap::from([("a".parse().unwrap(), StepRecord::pending())]);
                run.stages =
                    vec![StageRecord { name: "s".parse().unwrap(), started_at: None, deadline: None, skipped: None }];
            }
            let mut whole = json!(run);
            assert!(whole.as_object_mut().unwrap().remove("alert").is_some());
            assert_eq!(serde_json::from_str::<Value>(&json(&run)).unwrap(), whole);
        }
    }
}
