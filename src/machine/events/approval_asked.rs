//! People were asked: the request stands, with everything it would do pinned.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use crate::domain::approval::{ApprovalStatus, Plan, Quorum};
use crate::domain::{
    Approval, ApprovalCause, ApprovalId, Bundle, Decision, PersonId, Principal, StepPath, StepState, Waiting,
};
use crate::machine::approve::limit_question;
use crate::machine::context::variables;
use crate::machine::effect::{Effect, Notice};
use crate::machine::error::IllegalTransition;
use crate::machine::motion::{Motion, after};
use crate::machine::plan::Terms;
use crate::playbook::ApprovalSpec;

pub fn apply(
    motion: &mut Motion<'_>,
    path: &StepPath,
    id: ApprovalId,
    people: &BTreeSet<PersonId>,
    quorums: &[Quorum],
    bundle: Option<&Bundle>,
) -> Result<(), IllegalTransition> {
    let cause = asked_cause(motion, path)?;
    if let Some(pending) = motion.run.pending_approval(path).filter(|it| it.status == ApprovalStatus::Pending) {
        let pending = pending.id;
        return extend(motion, path, pending, people, quorums);
    }
    let spec = motion.spec(path, cause)?.into_owned();
    let others = beside(motion, path, cause)?;
    let releases: Vec<StepPath> = motion.releases(path, &spec).into_iter().chain(others.iter().cloned()).collect();
    let deadline = after(motion.at, spec.timeout);
    let on_timeout = spec.on_timeout;
    let identity = motion.assurance(spec.identity, &releases);
    let terms = Terms { path, cause, releases: &releases, quorums, identity, deadline, on_timeout };
    let rendered = if cause == ApprovalCause::Playbook {
        spec.ask.render_text(&variables(&motion.run)).map_err(|error| error.to_string())
    } else {
        Ok(limit_question(&releases, cause))
    };
    let asked = rendered.and_then(|ask| motion.plan(&terms).map(|plan| (ask, plan)));
    let (ask, plan): (String, Plan) = match asked {
        Ok(asked) => asked,
        Err(reason) => {
            let failed = StepState::Failed { reason: format!("nobody was asked: {reason}") };
            return others.iter().chain([path]).try_for_each(|step| motion.set(step, failed.clone()));
        }
    };
    let escalated = replaces_a_silent_one(motion, path)?;
    let (approvers, exclude) = principals(&spec, escalated);
    let approval = Approval {
        id,
        path: path.clone(),
        cause,
        status: ApprovalStatus::Pending,
        ask,
        releases,
        people: people.clone(),
        approvers,
        exclude,
        quorums: quorums.to_vec(),
        reason_required: spec.reason_required,
        reason_prompt: spec.reason_prompt.clone(),
        identity,
        asked_at: motion.at,
        deadline,
        on_timeout,
        escalated,
        valid_for: spec.valid_for.and_then(|span| SignedDuration::try_from(span).ok()),
        plan,
        votes: Vec::new(),
        decided_at: None,
        bundle: bundle.cloned(),
        with: Vec::new(),
        withdrawn: None,
    };
    stand(motion, approval, &others)
}

/// The request stands: whom it asks is asked, and the steps of it wait for it.
fn stand(motion: &mut Motion<'_>, approval: Approval, others: &[StepPath]) -> Result<(), IllegalTransition> {
    let (id, path) = (approval.id, approval.path.clone());
    if approval.asks_people() {
        if approval.people.is_empty() {
            tell_that_nobody_can_decide(motion, &path)?;
        }
        motion.effects.push(Effect::AskPeople { approval: id, people: approval.people.clone() });
    }
    motion.run.approvals.insert(id, approval);
    for other in others.iter().chain([&path]) {
        motion.record_mut(other)?.approval = Some(id);
        motion.set(other, StepState::Waiting(Waiting::Approval { id }))?;
    }
    Ok(())
}

/// Whether nobody decided about the request in whose place this one is asked, or more people were asked about it.
fn replaces_a_silent_one(motion: &Motion<'_>, path: &StepPath) -> Result<bool, IllegalTransition> {
    let old = motion.record(path)?.approval.and_then(|old| motion.run.approvals.get(&old));
    Ok(old.is_some_and(|old| old.escalated || old.decision() == Some(Decision::Expired)))
}

fn tell_that_nobody_can_decide(motion: &mut Motion<'_>, path: &StepPath) -> Result<(), IllegalTransition> {
    motion.say(path, "nobody can be asked: nobody may vote on this request")?;
    let text = format!("{} of {} asks for a decision, and nobody may vote on it.", path, motion.run.id);
    let subject = format!("Nobody can decide about {}", motion.run.agent.id);
    motion.effects.push(Effect::Alarm(Notice { to: vec![Principal::Fallback], subject, text }));
    Ok(())
}

/// The other steps that this request is about: those that wait for the one in whose place it is asked, and the items of
/// the same step that came up with this one.
fn beside(motion: &Motion<'_>, path: &StepPath, cause: ApprovalCause) -> Result<Vec<StepPath>, IllegalTransition> {
    let mut others = taken_over(motion, path)?;
    if path.index.is_some() && cause == ApprovalCause::Playbook {
        let came_up = motion.run.items(&path.step).filter(|(other, record)| {
            let open = record.state == StepState::Pending && record.started_at.is_some() && !record.authorized;
            *other != path && open && record.asks == Some(cause)
        });
        others.extend(came_up.map(|(other, _)| other.clone()));
    }
    Ok(others)
}

/// The other steps that wait for the request in whose place this one is asked.
fn taken_over(motion: &Motion<'_>, path: &StepPath) -> Result<Vec<StepPath>, IllegalTransition> {
    let Some(old) = motion.record(path)?.approval else { return Ok(Vec::new()) };
    Ok(motion.waiting_for(old).into_iter().filter(|other| other != path).collect())
}

/// More people may vote on a request that stands: nobody is removed, its votes count on, and its deadline does not move.
fn extend(
    motion: &mut Motion<'_>,
    path: &StepPath,
    id: ApprovalId,
    people: &BTreeSet<PersonId>,
    quorums: &[Quorum],
) -> Result<(), IllegalTransition> {
    let cause = asked_cause(motion, path)?;
    let (approvers, _) = principals(motion.spec(path, cause)?.as_ref(), true);
    let Some(approval) = motion.run.approvals.get_mut(&id) else { return Err(IllegalTransition::NoSuchApproval(id)) };
    let more: BTreeSet<PersonId> = people.difference(&approval.people).cloned().collect();
    approval.people.extend(more.iter().cloned());
    approval.approvers = approvers;
    for (quorum, wider) in approval.quorums.iter_mut().zip(quorums) {
        quorum.from.extend(wider.from.iter().cloned());
    }
    if approval.asks_people() {
        motion.effects.push(Effect::AskPeople { approval: id, people: more });
    }
    Ok(())
}

/// Whom a request asks, and whom never.
fn principals(spec: &ApprovalSpec, escalated: bool) -> (Vec<Principal>, Vec<Principal>) {
    let mut approvers = spec.approvers.clone();
    approvers.extend(spec.thresholds.iter().flat_map(|threshold| threshold.from.iter().cloned()));
    if escalated {
        approvers.extend(spec.more().iter().cloned());
    }
    (approvers, spec.exclude.clone())
}

/// Why the step asks: the machine knows it from its own last effect, a replay from the state.
fn asked_cause(motion: &Motion<'_>, path: &StepPath) -> Result<ApprovalCause, IllegalTransition> {
    let record = motion.record(path)?;
    let open = match &record.state {
        StepState::Pending => record.started_at.is_some(),
        StepState::Waiting(Waiting::Approval { .. }) => true,
        _ => false,
    };
    if !open {
        return Err(motion.wrong_state(path));
    }
    record.asks.ok_or_else(|| motion.wrong_state(path))
}
