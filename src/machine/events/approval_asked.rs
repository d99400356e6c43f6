//! People were asked: the request stands, with everything it would do pinned.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use crate::domain::approval::{ApprovalStatus, Plan, Quorum};
use crate::domain::{Approval, ApprovalCause, ApprovalId, Decision, PersonId, Principal, StepPath, StepState, Waiting};
use crate::machine::context::variables;
use crate::machine::effect::{Effect, Notice};
use crate::machine::error::IllegalTransition;
use crate::machine::motion::{Motion, after};
use crate::machine::plan::Terms;

pub fn apply(
    motion: &mut Motion<'_>,
    path: &StepPath,
    id: ApprovalId,
    people: &BTreeSet<PersonId>,
    quorums: &[Quorum],
) -> Result<(), IllegalTransition> {
    let cause = asked_cause(motion, path)?;
    let spec = motion.spec(path, cause)?.into_owned();
    let releases = motion.releases(path, &spec);
    let deadline = after(motion.at, spec.timeout);
    let on_timeout = spec.on_timeout;
    let terms = Terms { path, cause, releases: &releases, quorums, identity: spec.identity, deadline, on_timeout };
    let rendered = spec.ask.render_text(&variables(&motion.run)).map_err(|error| error.to_string());
    let asked = rendered.and_then(|ask| motion.plan(&terms).map(|plan| (ask, plan)));
    let (ask, plan): (String, Plan) = match asked {
        Ok(asked) => asked,
        Err(reason) => {
            return motion.set(path, StepState::Failed { reason: format!("nobody was asked: {reason}") });
        }
    };
    let escalated = motion.record(path)?.approval.and_then(|old| motion.run.approvals.get(&old)).is_some_and(|old| {
        old.status == ApprovalStatus::Superseded && old.escalated || old.decision() == Some(Decision::Expired)
    });
    let approval = Approval {
        id,
        path: path.clone(),
        cause,
        status: ApprovalStatus::Pending,
        ask,
        releases,
        people: people.clone(),
        quorums: quorums.to_vec(),
        reason_required: spec.reason_required,
        reason_prompt: spec.reason_prompt.clone(),
        identity: spec.identity,
        asked_at: motion.at,
        deadline,
        on_timeout,
        escalated,
        valid_for: spec.valid_for.and_then(|span| SignedDuration::try_from(span).ok()),
        plan,
        votes: Vec::new(),
        decided_at: None,
    };
    if people.is_empty() {
        motion.say(path, "nobody can be asked: nobody may vote on this request")?;
        let text = format!("{} of {} asks for a decision, and nobody may vote on it.", path, motion.run.id);
        let subject = format!("Nobody can decide about {}", motion.run.agent.id);
        motion.effects.push(Effect::Alarm(Notice { to: vec![Principal::Fallback], subject, text }));
    }
    motion.run.approvals.insert(id, approval);
    motion.record_mut(path)?.approval = Some(id);
    motion.effects.push(Effect::AskPeople { approval: id, people: people.clone() });
    motion.set(path, StepState::Waiting(Waiting::Approval { id }))
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
