//! The two doors of the machine: a run begins, and an event changes it.

use crate::domain::event::{CallOutcome, Proof};
use crate::domain::{Event, EventKind, Joint, Run, RunStatus, StepPath, StepState};
use crate::playbook::Playbook;

use super::effect::Effect;
use super::error::IllegalTransition;
use super::events;
use super::motion::Motion;
use super::start;

/// A run from its first event, which must be `run_started`.
pub fn begin(playbook: &Playbook, event: &Event) -> Result<(Run, Vec<Effect>), IllegalTransition> {
    let run = start::first_state(playbook, event)?;
    let mut motion = Motion { playbook, run, at: event.at, event: event.kind.as_str(), effects: Vec::new() };
    motion.freeze_variables();
    motion.advance()?;
    motion.run.version = 1;
    Ok((motion.run, motion.effects))
}

/// The run after an event, and what must happen because of it. The run is unchanged where this is an error.
pub fn transition(playbook: &Playbook, run: Run, event: &Event) -> Result<(Run, Vec<Effect>), IllegalTransition> {
    if run.digest != playbook.digest {
        return Err(IllegalTransition::OtherPlaybook { run: run.digest, given: playbook.digest });
    }
    let name = event.kind.as_str();
    if matches!(run.status, RunStatus::Finished(_)) {
        match &event.kind {
            EventKind::Rechecked { .. }
            | EventKind::Ticked
            | EventKind::Voted { .. }
            | EventKind::HoldsLifted { .. } => {}
            EventKind::AttemptEnded { path, .. } | EventKind::AttemptProved { path, .. } if was_cut_off(&run, path) => {
                return Ok((late(run, path, event), Vec::new()));
            }
            _ => return Err(IllegalTransition::Finished { event: name, status: run.status.as_str() }),
        }
    }
    let mut motion = Motion { playbook, run, at: event.at, event: name, effects: Vec::new() };
    apply(&mut motion, event)?;
    motion.advance()?;
    motion.run.version += 1;
    Ok((motion.run, motion.effects))
}

/// Whether a step was under way when its run ended.
fn was_cut_off(run: &Run, path: &StepPath) -> bool {
    run.steps.get(path).is_some_and(|record| record.state == StepState::Cancelled && record.detail.is_some())
}

/// What is heard of a call after its run has ended is kept as a fact; it changes nothing else.
fn late(mut run: Run, path: &StepPath, event: &Event) -> Run {
    let heard = match &event.kind {
        EventKind::AttemptEnded { outcome, .. } => match outcome {
            CallOutcome::NotSent { reason } => format!("it was not sent: {reason}"),
            CallOutcome::Refused { reason, .. } => format!("it was refused: {reason}"),
            CallOutcome::Ambiguous { reason } => format!("it is not known whether it was applied: {reason}"),
            CallOutcome::Applied { .. } => "it was applied".to_owned(),
            CallOutcome::AlreadyDone { .. } => "it had been done before".to_owned(),
        },
        EventKind::AttemptProved { proof, .. } => match proof {
            Proof::Seen { detail } => format!("its effect was seen: {detail}"),
            Proof::NotSeen { detail } | Proof::Blind { detail } => format!("its effect was not seen: {detail}"),
        },
        _ => return run,
    };
    if let Some(record) = run.steps.get_mut(path) {
        record.detail = Some(format!("heard after the run had ended, at {}: {heard}", event.at));
    }
    run.version += 1;
    run
}

fn apply(motion: &mut Motion<'_>, event: &Event) -> Result<(), IllegalTransition> {
    match &event.kind {
        EventKind::RunStarted { .. } => Err(IllegalTransition::NotAStart { event: event.kind.as_str() }),
        EventKind::StepAuthorized { path, grant } => events::step_authorized::apply(motion, path, grant),
        EventKind::ApprovalAsked { path, approval, people, quorums, bundle } => {
            events::approval_asked::apply(motion, path, *approval, people, quorums, bundle.as_ref())
        }
        EventKind::ApprovalPromoted { approval } => events::approval_promoted::apply(motion, *approval),
        EventKind::Notified { path, people, messages } => events::notified::apply(motion, path, people, messages),
        EventKind::AttemptBegan { path } => events::attempt_began::apply(motion, path),
        EventKind::AttemptPrepared { path, baseline, snapshot } => {
            events::attempt_prepared::apply(motion, path, baseline.as_ref(), snapshot.as_ref())
        }
        EventKind::AttemptEnded { path, outcome } => events::attempt_ended::apply(motion, path, outcome),
        EventKind::AttemptChecked { path, applied, detail } => {
            events::attempt_checked::apply(motion, path, *applied, detail)
        }
        EventKind::AttemptProved { path, proof } => events::attempt_proved::apply(motion, path, proof),
        EventKind::AttemptLost { path } => events::attempt_lost::apply(motion, path),
        EventKind::Rechecked { path, proof } => events::rechecked::apply(motion, path, proof),
        EventKind::Ticked => motion.tick(),
        EventKind::Voted { approval, person, choice, reason, assurance, plan, eligible, together } => {
            let (at, with) = match together {
                None => (event.at, &[][..]),
                Some(Joint::With(others)) => (event.at, others.as_slice()),
                Some(Joint::By { at, .. }) => (*at, &[][..]),
            };
            let (person, choice, reason) = (person.clone(), *choice, reason.clone());
            let vote = crate::domain::Vote { person, choice, reason, assurance: *assurance, at };
            events::voted::apply(motion, *approval, vote, plan, eligible, with)
        }
        EventKind::Escalated { approval, person } => events::escalated::apply(motion, *approval, person),
        EventKind::AlertJoined { source, .. } => {
            events::alert_joined::apply(motion, source.as_ref());
            Ok(())
        }
        EventKind::Resolved { path, resolution, reason } => events::resolved::apply(motion, path, *resolution, reason),
        EventKind::ChildStarted { path, run } => events::child_started::apply(motion, path, *run),
        EventKind::ChildRefused { path, reason } => events::child_refused::apply(motion, path, reason),
        EventKind::ChildEnded { path, run, outcome, verdict, contained_at, unanswered } => {
            let containment = verdict.map(|verdict| (verdict, *contained_at));
            events::child_ended::apply(motion, path, *run, *outcome, containment, *unanswered)
        }
        EventKind::HoldsLifted { holds, reason } => events::holds_lifted::apply(motion, holds, &event.actor, reason),
        EventKind::RunCancelled { .. } => {
            motion.finish(crate::domain::Outcome::Cancelled);
            Ok(())
        }
        EventKind::RunSuperseded { .. } => {
            motion.finish(crate::domain::Outcome::Superseded);
            Ok(())
        }
    }
}
