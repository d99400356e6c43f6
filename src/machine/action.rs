//! Acting: what a step does once it may, and what is known of holds at once.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::domain::approval::ApprovalStatus;
use crate::domain::event::GateSight;
use crate::domain::{
    Approval, ApprovalCause, Decision, Hold, HoldCause, HoldLevel, Impact, Mode, Standing, StepPath, StepState,
    Verdict, Waiting,
};
use crate::playbook::{ActionKind, ActionStep, Body, HoldEnd};

use super::attempt::is_containing;
use super::call::Direction;
use super::effect::Effect;
use super::error::IllegalTransition;
use super::key::hold_id;
use super::motion::{Motion, after};

/// How recently the gate must have seen an agent for a hold to count as containment.
const GATE_SIGHT_HOURS: i64 = 24;

impl Motion<'_> {
    /// A step's turn has come: render its parameters, then find out whether it may act.
    pub fn start_action(&mut self, path: &StepPath, action: &ActionStep) -> Result<(), IllegalTransition> {
        let parameters = match action.with.render(&self.variables_of(path)) {
            Ok(parameters) => parameters,
            Err(error) => {
                if is_containing(action) {
                    self.record_mut(path)?.verdict = Some(Verdict::Failed);
                }
                return self.set(path, StepState::Failed { reason: format!("nothing was sent: {error}") });
            }
        };
        if self.items_are_full(path, &parameters) {
            self.record_mut(path)?.verdict = is_containing(action).then_some(Verdict::Failed);
            let reason = "nothing was sent: the items together are too large for one run".to_owned();
            return self.set(path, StepState::Failed { reason });
        }
        self.record_mut(path)?.params = Some(parameters);
        if self.run.mode == Mode::Observe {
            return self.observed(path, &format!("would do {}", action.spec.name));
        }
        if action.guard.is_some() {
            return self.ask_with_siblings(path);
        }
        if action.impact == Impact::Release || self.is_released_by_an_approval(path) {
            return self.start_released(path, action.impact);
        }
        self.authorize(path, action.impact, false)
    }

    fn authorize(&mut self, path: &StepPath, impact: Impact, approved: bool) -> Result<(), IllegalTransition> {
        if let (false, Some(cause)) = (approved, self.silence_before(path)?) {
            return self.stop_at_limit(path, cause);
        }
        if matches!(impact, Impact::Contain | Impact::Destroy) {
            self.effects.push(Effect::Authorize { path: path.clone(), impact, approved });
            return Ok(());
        }
        self.act(path, &GateSight::default())
    }

    /// The limit about which nobody answered in this run, where that must not lead to what this step does: that its window
    /// has passed meanwhile is no reason to destroy, nor to run a playbook that may.
    pub fn silence_before(&self, path: &StepPath) -> Result<Option<ApprovalCause>, IllegalTransition> {
        let action = self.action(path)?;
        let harms = action.impact == Impact::Destroy || action.runs.is_some();
        Ok(self.run.unanswered().filter(|_| harms))
    }

    /// Whether a step of its own asks people before this one.
    pub fn is_released_by_an_approval(&self, path: &StepPath) -> bool {
        self.playbook.steps().any(|step| match &step.body {
            Body::Approval(spec) => spec.releases.contains(&path.step),
            Body::Action(_) | Body::Wait(_) => false,
        })
    }

    /// What people let go acts only on their approval, or on their silence where the playbook says so and it can be taken back;
    /// while that is fresh and its plan is still the same.
    fn start_released(&mut self, path: &StepPath, impact: Impact) -> Result<(), IllegalTransition> {
        let mut named = self.run.approvals.values().rev().filter(|approval| approval.releases.contains(path));
        let decided = named.find_map(|approval| approval.decision().map(|decision| (approval, decision)));
        let Some((approval, decision)) = decided.map(|(approval, decision)| (approval.clone(), decision)) else {
            let reason = "it takes an approval that names it in `releases`, and there is none".to_owned();
            return self.set(path, StepState::Failed { reason });
        };
        let silent = decision == Decision::Expired && self.may_act_on_silence(path, &approval);
        if decision != Decision::Approved && !silent {
            self.say(path, "people did not let it go")?;
            return self.set(path, StepState::Rejected);
        }
        if self.void_if_outdated(path, &approval)? || (silent && self.hold_back_silent(path)?) {
            return Ok(());
        }
        if silent {
            self.say(path, "nobody decided in time, and the playbook lets it go then")?;
        }
        // Silence is nobody's approval: protection, trust and budget are still asked.
        self.authorize(path, impact, !silent)
    }

    /// Whether what people approved is still what would be done, and in time. If not, they are asked again.
    fn void_if_outdated(&mut self, path: &StepPath, approval: &Approval) -> Result<bool, IllegalTransition> {
        let late = match (approval.decided_at, approval.valid_for) {
            (Some(decided), Some(span)) => self.at > decided.saturating_add(span).unwrap_or(decided),
            _ => false,
        };
        if !late && self.plan_now(approval).is_ok() {
            return Ok(false);
        }
        if let Some(old) = self.run.approvals.get_mut(&approval.id) {
            old.status = ApprovalStatus::Superseded;
        }
        let why = if late { "the approval is too old" } else { "what would be done has changed" };
        self.say(path, format!("{why}: people are asked again"))?;
        self.record_mut(path)?.authorized = false;
        self.set(path, StepState::Pending)?;
        let cause = if approval.path == *path { approval.cause } else { ApprovalCause::Playbook };
        if cause == ApprovalCause::Playbook {
            self.ask_with_siblings(path)?;
        } else {
            self.ask(path, cause)?;
        }
        Ok(true)
    }

    /// Looks once more right before the first byte of an approved step is sent: it may have waited for a worker or a thaw.
    pub fn is_still_approved(&mut self, path: &StepPath) -> Result<bool, IllegalTransition> {
        let named = |approval: &&Approval| approval.path == *path || approval.releases.contains(path);
        let decided = self.run.approvals.values().rev().filter(|it| it.status == ApprovalStatus::Approved).find(named);
        match decided.cloned() {
            Some(approval) => Ok(!self.void_if_outdated(path, &approval)?),
            None => Ok(true),
        }
    }

    /// The step may act: do what its kind does.
    pub fn act(&mut self, path: &StepPath, gate: &GateSight) -> Result<(), IllegalTransition> {
        self.record_mut(path)?.authorized = true;
        let action = self.action(path)?;
        match &action.spec.kind {
            ActionKind::Hold(level) => self.place_hold(path, action, *level, gate),
            ActionKind::Undo => {
                let paths: Vec<StepPath> =
                    action.undoes.iter().rev().flat_map(|name| self.run.undone_with(name)).collect();
                self.set(path, StepState::Waiting(Waiting::Child { paths }))
            }
            ActionKind::Notify => self.notify(path, action),
            ActionKind::RunPlaybook => self.start_child(path, action),
            ActionKind::External => self.ready(path, Direction::Do, 1),
        }
    }

    fn place_hold(
        &mut self,
        path: &StepPath,
        action: &ActionStep,
        level: HoldLevel,
        gate: &GateSight,
    ) -> Result<(), IllegalTransition> {
        let at = self.at;
        let generation = self.record(path)?.generation;
        let reason = self.record(path)?.params.as_ref().and_then(|with| with.get("reason")).and_then(Value::as_str);
        let reason = reason.map_or_else(|| self.run.alert.title.clone(), ToOwned::to_owned);
        let id = hold_id(self.run.id, path, generation);
        let hold = Hold {
            id,
            agent: self.run.agent.id.clone(),
            level,
            cause: HoldCause::Run { run: self.run.id, path: path.clone() },
            reason,
            until: action.hold.and_then(|rule| rule.after).map(|span| after(at, span)),
            ask_at_end: action.hold.is_some_and(|rule| rule.on_end == HoldEnd::Ask),
            by: crate::domain::Actor::System,
            placed_at: at,
        };
        self.effects.push(Effect::PlaceHold(Box::new(hold)));
        self.record_mut(path)?.hold = Some(id);
        let agent = &self.run.agent;
        let since = at.saturating_sub(SignedDuration::from_hours(GATE_SIGHT_HOURS)).unwrap_or(at);
        let seen = gate.seen_at.is_some_and(|seen| seen >= since);
        if agent.gated && seen {
            // A further hold of this run, such as a retirement after a pause, contains nothing anew: the time to contain
            // is that of the first.
            let own = self.contained_by_own_hold(path);
            let others = gate.standing >= Standing::from(level) && own.is_none();
            let record = self.record_mut(path)?;
            record.verdict = Some(if others { Verdict::AlreadyDone } else { Verdict::Contained });
            record.contained_at = if others { None } else { own.or(Some(at)) };
            record.detail = Some(if others {
                format!("the agent was {} before; this hold stands beside the others", gate.standing)
            } else {
                "the gate, which saw the agent within 24 h, refuses it".to_owned()
            });
            return self.set(path, StepState::Succeeded);
        }
        let detail = if agent.gated {
            format!("the gate has not seen {} within 24 h: the hold may not stop it", agent.id)
        } else {
            format!("{} is not gated: the hold stops it nowhere", agent.id)
        };
        self.unproven(path, &detail)
    }

    /// When an earlier hold of this run, which stands, was seen to contain the agent.
    fn contained_by_own_hold(&self, path: &StepPath) -> Option<Timestamp> {
        let others = self.run.steps.iter().filter(|(other, _)| *other != path).map(|(_, record)| record);
        let standing = others.filter(|record| record.hold.is_some() && record.state == StepState::Succeeded);
        standing.filter_map(|record| record.contained_at).min()
    }
}
