//! Asking people: from a step that wants a decision to what the decision does.

use std::borrow::Cow;
use std::time::Duration;

use crate::domain::approval::{ApprovalStatus, OnTimeout};
use crate::domain::{
    Approval, ApprovalCause, ApprovalId, Assurance, Decision, Impact, Mode, Principal, Run, StepPath, StepState,
    Waiting,
};
use crate::language::Template;
use crate::playbook::{ActionStep, ApprovalSpec, Body, Playbook};

use super::effect::{Asked, Effect};
use super::error::IllegalTransition;
use super::motion::Motion;
use super::plan::Terms;

/// How long people have when it is not a playbook that asks them (over a budget, not trusted, protected).
const LIMIT_TIMEOUT: Duration = Duration::from_hours(1);

impl Motion<'_> {
    pub fn start_approval(&mut self, path: &StepPath) -> Result<(), IllegalTransition> {
        if self.run.mode == Mode::Observe {
            self.record_mut(path)?.decision = Some(Decision::Expired);
            return self.observed(path, "would ask people; taken as if nobody decided");
        }
        self.ask(path, ApprovalCause::Playbook)
    }

    /// Finds out whom to ask; nobody, if what they would be asked about is gone by now.
    pub fn ask(&mut self, path: &StepPath, cause: ApprovalCause) -> Result<(), IllegalTransition> {
        let spec = self.spec(path, cause)?.into_owned();
        if cause == ApprovalCause::Playbook && self.is_moot(path, &spec)? {
            return Ok(());
        }
        let asked = asked(&spec, self.run.started_by.person().cloned());
        self.record_mut(path)?.asks = Some(cause);
        self.effects.push(Effect::Ask { path: path.clone(), cause, asked });
        Ok(())
    }

    /// Finds out whom to ask before an action; items of one step that come up together share one request.
    pub fn ask_with_siblings(&mut self, path: &StepPath) -> Result<(), IllegalTransition> {
        let asks = |effect: &Effect| matches!(effect, Effect::Ask { path: other, .. } if other.step == path.step);
        if path.index.is_some() && self.effects.iter().any(asks) {
            self.record_mut(path)?.asks = Some(ApprovalCause::Playbook);
            return Ok(());
        }
        self.ask(path, ApprovalCause::Playbook)
    }

    /// What is asked at a step: its own words, those of the approval that releases it, or Standdown's for a limit.
    pub fn spec(&self, path: &StepPath, cause: ApprovalCause) -> Result<Cow<'_, ApprovalSpec>, IllegalTransition> {
        spec(self.playbook, path, cause).ok_or_else(|| self.wrong_state(path))
    }

    /// The steps that an approval at this path lets go.
    pub fn releases(&self, path: &StepPath, spec: &ApprovalSpec) -> Vec<StepPath> {
        match self.playbook.step(&path.step).map(|(_, step)| &step.body) {
            Some(Body::Approval(_)) => spec.releases.iter().cloned().map(StepPath::from).collect(),
            _ => vec![path.clone()],
        }
    }

    /// Carries out what a request came to. Silence may ask more people first.
    pub fn decide(&mut self, id: ApprovalId, decision: Decision) -> Result<(), IllegalTransition> {
        let expired = self.run.approvals.get(&id).filter(|_| decision == Decision::Expired);
        let more = expired.filter(|approval| approval.on_timeout == OnTimeout::Escalate && !approval.escalated);
        let Some(approval) = more.cloned() else { return self.conclude(id, decision) };
        self.close(id, decision)?;
        self.escalate(&approval, "nobody decided in time: more people are asked")
    }

    /// Carries out what a request came to, and asks nobody else.
    pub fn conclude(&mut self, id: ApprovalId, decision: Decision) -> Result<(), IllegalTransition> {
        let approval = self.close(id, decision)?;
        for path in self.waiting_for(id) {
            self.carry_out(&path, &approval, decision)?;
        }
        Ok(())
    }

    /// Ends a request.
    fn close(&mut self, id: ApprovalId, decision: Decision) -> Result<Approval, IllegalTransition> {
        let at = self.at;
        let Some(approval) = self.run.approvals.get_mut(&id) else { return Err(IllegalTransition::NoSuchApproval(id)) };
        approval.status = match decision {
            Decision::Approved => ApprovalStatus::Approved,
            Decision::Rejected => ApprovalStatus::Rejected,
            Decision::Expired => ApprovalStatus::Expired,
        };
        approval.decided_at = Some(at);
        Ok(approval.clone())
    }

    /// The steps that wait for this request: the one that asks, and those that a limit stopped with it.
    pub fn waiting_for(&self, id: ApprovalId) -> Vec<StepPath> {
        let waits = StepState::Waiting(Waiting::Approval { id });
        let waiting = self.run.steps.iter().filter(|(_, record)| record.state == waits);
        waiting.map(|(path, _)| path.clone()).collect()
    }

    fn carry_out(&mut self, path: &StepPath, approval: &Approval, decision: Decision) -> Result<(), IllegalTransition> {
        let silent = decision == Decision::Expired && self.may_act_on_silence(path, approval);
        let goes_on = decision == Decision::Approved || silent;
        self.say(path, describe(approval, decision))?;
        let record = self.record_mut(path)?;
        record.decision = Some(decision);
        let unanswered = decision == Decision::Expired && approval.cause != ApprovalCause::Playbook;
        record.unanswered = unanswered.then_some(approval.cause);
        match &self.step(path)?.body {
            Body::Approval(_) => self.set(path, StepState::Succeeded),
            Body::Action(_) if goes_on && silent && self.hold_back_silent(path)? => Ok(()),
            Body::Action(action) if goes_on => {
                let impact = action.impact;
                // Silence is nobody's approval: protection, trust and budget are still asked.
                let approved = decision == Decision::Approved;
                let record = self.record_mut(path)?;
                record.authorized = approved;
                self.set(path, StepState::Pending)?;
                self.effects.push(Effect::Authorize { path: path.clone(), impact, approved });
                Ok(())
            }
            Body::Action(_) | Body::Wait(_) => self.set(path, StepState::Rejected),
        }
    }

    /// A limit stops a step. One request serves all steps of the run that it stops at the same moment: people are asked
    /// once, before anybody has seen the request, about everything that it would let go.
    pub fn stop_at_limit(&mut self, path: &StepPath, cause: ApprovalCause) -> Result<(), IllegalTransition> {
        let at = self.at;
        let open = self.run.approvals.values().find(|approval| {
            let fresh = approval.asked_at == at && approval.votes.is_empty();
            approval.cause == cause && approval.status == ApprovalStatus::Pending && fresh
        });
        let Some(mut joined) = open.cloned() else { return self.ask(path, cause) };
        joined.releases.push(path.clone());
        joined.identity = self.assurance(joined.identity, &joined.releases);
        let Ok(plan) = self.plan(&Terms::from(&joined)) else { return self.ask(path, cause) };
        joined.plan = plan;
        joined.ask = limit_question(&joined.releases, cause);
        let id = joined.id;
        self.run.approvals.insert(id, joined);
        let record = self.record_mut(path)?;
        record.asks = Some(cause);
        record.approval = Some(id);
        self.set(path, StepState::Waiting(Waiting::Approval { id }))
    }

    /// How sure we must be of whoever lets these steps go: a link can be forwarded, and what is destroyed stays so.
    pub fn assurance(&self, stated: Assurance, releases: &[StepPath]) -> Assurance {
        let may = |action: &ActionStep| action.impact == Impact::Destroy || action.runs.is_some();
        let may_destroy = |path| self.action(path).is_ok_and(may);
        if releases.iter().any(may_destroy) { stated.max(Assurance::Api) } else { stated }
    }

    /// Asks more people in place of a request.
    pub fn escalate(&mut self, approval: &Approval, why: &str) -> Result<(), IllegalTransition> {
        let path = approval.path.clone();
        let spec = self.spec(&path, approval.cause)?.into_owned();
        let mut asked = asked(&spec, self.run.started_by.person().cloned());
        let more = spec.more().to_vec();
        asked.approvers.extend(more.iter().cloned());
        for threshold in asked.thresholds.iter_mut().filter(|threshold| !threshold.from.is_empty()) {
            threshold.from.extend(more.iter().cloned());
        }
        // Steps that the same limit stopped go on waiting for this request; the new one takes them over. Nothing is asked of
        // the limit again: that time has passed is no reason to do half of what people were asked about.
        self.say(&path, why)?;
        self.record_mut(&path)?.asks = Some(approval.cause);
        self.effects.insert(0, Effect::Ask { path, cause: approval.cause, asked });
        Ok(())
    }

    /// Puts a new request in the place of one whose plan no longer holds.
    pub fn ask_anew(&mut self, id: ApprovalId, why: &str) -> Result<(), IllegalTransition> {
        let at = self.at;
        let Some(old) = self.run.approvals.get_mut(&id) else { return Err(IllegalTransition::NoSuchApproval(id)) };
        old.status = ApprovalStatus::Superseded;
        old.decided_at = Some(at);
        let old = old.clone();
        self.say(&old.path, why)?;
        self.set(&old.path, StepState::Pending)?;
        self.ask(&old.path, old.cause)
    }

    /// Whether a request that nobody answered lets a step go. Silence may do something only where it can be undone.
    pub fn may_act_on_silence(&self, path: &StepPath, approval: &Approval) -> bool {
        let acts = approval.on_timeout == OnTimeout::Act;
        let harmless = |action: &ActionStep| matches!(action.impact, Impact::Contain | Impact::Notify);
        // What another playbook does is not known here: it may destroy.
        acts && self.action(path).is_ok_and(|action| harmless(action) && action.runs.is_none())
    }
}

fn spec<'a>(playbook: &'a Playbook, path: &StepPath, cause: ApprovalCause) -> Option<Cow<'a, ApprovalSpec>> {
    if cause != ApprovalCause::Playbook {
        return Some(Cow::Owned(limit_spec(path, cause)));
    }
    let own = match &playbook.step(&path.step)?.1.body {
        Body::Approval(spec) => Some(spec),
        Body::Action(action) => action.guard.as_ref(),
        Body::Wait(_) => None,
    };
    let releasing = || {
        playbook.steps().find_map(|step| match &step.body {
            Body::Approval(spec) if spec.releases.contains(&path.step) => Some(spec),
            _ => None,
        })
    };
    own.or_else(releasing).map(|spec| Cow::Borrowed(spec.as_ref()))
}

/// Whom an escalation of a request asks besides, and whom it never asks.
#[must_use]
pub fn escalates_to(playbook: &Playbook, run: &Run, approval: &Approval) -> Asked {
    let Some(spec) = spec(playbook, &approval.path, approval.cause) else { return Asked::default() };
    let starter = run.started_by.person().cloned();
    Asked { approvers: spec.more().to_vec(), thresholds: Vec::new(), ..asked(&spec, starter) }
}

fn asked(spec: &ApprovalSpec, starter: Option<crate::domain::PersonId>) -> Asked {
    Asked {
        approvers: spec.approvers.clone(),
        exclude: spec.exclude.clone(),
        exclude_person: if spec.prevent_self_review { starter } else { None },
        thresholds: spec.thresholds.clone(),
    }
}

fn limit_spec(path: &StepPath, cause: ApprovalCause) -> ApprovalSpec {
    ApprovalSpec {
        lent: std::collections::BTreeMap::new(),
        ask: Template::text(&limit_question(std::slice::from_ref(path), cause)),
        releases: vec![path.step.clone()],
        approvers: vec![Principal::Owner, Principal::Fallback],
        exclude: Vec::new(),
        thresholds: Vec::new(),
        prevent_self_review: true,
        reason_required: true,
        reason_prompt: None,
        identity: Assurance::Link,
        timeout: LIMIT_TIMEOUT,
        on_timeout: OnTimeout::Escalate,
        valid_for: None,
        escalate_to: Vec::new(),
    }
}

pub(super) fn limit_question(paths: &[StepPath], cause: ApprovalCause) -> String {
    let names: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
    format!("Do {} all the same? {}", names.join(" and "), cause.explain())
}

fn describe(approval: &Approval, decision: Decision) -> String {
    let voices: Vec<String> = approval.votes.iter().map(|vote| vote.person.to_string()).collect();
    match decision {
        Decision::Approved => format!("approved by {}", voices.join(", ")),
        Decision::Rejected => format!("rejected by {}", voices.join(", ")),
        Decision::Expired => "nobody decided in time".to_owned(),
    }
}
