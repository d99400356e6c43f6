//! What exactly people approve: the plan, made from the run and its playbook, the same whenever nothing changed.

use serde_json::{Map, Value, json};

use crate::domain::approval::{OnTimeout, Plan, Quorum};
use crate::domain::{Approval, ApprovalCause, Assurance, StepPath};
use crate::playbook::{ActionKind, ActionStep, Body};

use super::error::IllegalTransition;
use super::motion::Motion;
use super::room::fitting;

/// What the plan takes from the request itself.
pub(super) struct Terms<'a> {
    pub path: &'a StepPath,
    pub cause: ApprovalCause,
    pub releases: &'a [StepPath],
    pub quorums: &'a [Quorum],
    pub identity: Assurance,
    pub deadline: jiff::Timestamp,
    pub on_timeout: OnTimeout,
}

impl<'a> From<&'a Approval> for Terms<'a> {
    fn from(approval: &'a Approval) -> Self {
        Self {
            path: &approval.path,
            cause: approval.cause,
            releases: &approval.releases,
            quorums: &approval.quorums,
            identity: approval.identity,
            deadline: approval.deadline,
            on_timeout: approval.on_timeout,
        }
    }
}

impl Motion<'_> {
    /// The plan of a request, as it would be now. Fails with the reason where a parameter can't be rendered.
    pub fn plan(&self, terms: &Terms<'_>) -> Result<Plan, String> {
        let mut steps = Vec::new();
        let mut runs = false;
        for path in terms.releases {
            let action = self.action(path).map_err(|error| error.to_string())?;
            runs |= action.runs.is_some();
            steps.push(self.planned(path, action)?);
        }
        // Who exactly may vote is found again at every vote; how many voices decide is part of what is approved.
        let voices = |quorum: &Quorum| json!({ "approve": quorum.approve, "reject": quorum.reject });
        let quorums: Vec<Value> = terms.quorums.iter().map(voices).collect();
        let silence = match terms.on_timeout {
            OnTimeout::Reject => "as if it were refused",
            OnTimeout::Escalate => "more people are asked once, then as if it were refused",
            OnTimeout::Act => "it is done all the same",
        };
        let mut body = json!({
            "run": self.run.id,
            "playbook": self.run.playbook,
            "playbook_digest": self.run.digest,
            "agent": self.run.agent.id,
            "step": terms.path,
            "cause": terms.cause,
            "steps": fitting(steps),
            "outcomes": { "approved": "these steps are done", "rejected": "these steps are not done", "silence": silence },
            "quorums": quorums,
            "identity": terms.identity,
            "deadline": terms.deadline,
        });
        // A playbook that is run may run others in turn: people decide about the whole family as it will be.
        if let Some(body) = body.as_object_mut().filter(|_| runs && !self.run.versions.is_empty()) {
            body.insert("playbook_versions".to_owned(), json!(self.run.versions));
        }
        Ok(Plan::new(body))
    }

    /// Whether the plan of a request is still the one that was asked; the plan now.
    pub fn plan_now(&self, approval: &Approval) -> Result<Plan, IllegalTransition> {
        let changed = |now| IllegalTransition::PlanChanged { seen: approval.plan.hash, now };
        let plan = self.plan(&Terms::from(approval)).map_err(|_| changed(crate::domain::Digest::ZERO))?;
        if plan.hash == approval.plan.hash { Ok(plan) } else { Err(changed(plan.hash)) }
    }

    fn planned(&self, path: &StepPath, action: &ActionStep) -> Result<Value, String> {
        let parameters =
            action.with.render(&self.variables_of(path)).map_err(|error| format!("step `{path}`: {error}"))?;
        let mut step = Map::new();
        step.insert("step".into(), json!(path));
        step.insert("action".into(), json!(action.spec.name));
        step.insert("action_digest".into(), json!(action.spec.digest));
        step.insert("impact".into(), json!(action.impact));
        if let Some(because) = &action.irreversible {
            step.insert("irreversible_because".into(), json!(because));
        }
        step.insert("parameters".into(), parameters);
        if let Some((name, version)) = action.runs.as_ref().and_then(|name| self.run.versions.get_key_value(name)) {
            step.insert("runs".into(), json!({ "playbook": name, "version": version }));
        }
        if action.spec.kind == ActionKind::Undo {
            let undone = action.undoes.iter().flat_map(|name| self.run.undone_with(name));
            let undoes: Vec<Value> = undone.map(|path| self.undo_line(&path)).collect();
            step.insert("undoes".into(), Value::Array(undoes));
        }
        Ok(Value::Object(step))
    }

    /// What undoing one step would restore.
    fn undo_line(&self, path: &StepPath) -> Value {
        let record = self.run.steps.get(path);
        let action = match self.playbook.step(&path.step).map(|(_, step)| &step.body) {
            Some(Body::Action(action)) => json!(action.spec.name),
            _ => Value::Null,
        };
        json!({
            "step": path,
            "action": action,
            "hold": record.and_then(|record| record.hold),
            "inherited_holds": self.run.inherits,
            "snapshot": record.and_then(|record| record.snapshot.clone()),
        })
    }
}
