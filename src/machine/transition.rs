//! The two doors of the machine: a run begins, and an event changes it.

use crate::domain::{Event, EventKind, Run, RunStatus};
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
    let over = matches!(run.status, RunStatus::Finished(_));
    if over && !matches!(event.kind, EventKind::Rechecked { .. } | EventKind::Ticked | EventKind::Voted { .. }) {
        return Err(IllegalTransition::Finished { event: name, status: run.status.as_str() });
    }
    let mut motion = Motion { playbook, run, at: event.at, event: name, effects: Vec::new() };
    apply(&mut motion, event)?;
    motion.advance()?;
    motion.run.version += 1;
    Ok((motion.run, motion.effects))
}

fn apply(motion: &mut Motion<'_>, event: &Event) -> Result<(), IllegalTransition> {
    match &event.kind {
        EventKind::RunStarted { .. } => Err(IllegalTransition::NotAStart { event: event.kind.as_str() }),
        EventKind::StepAuthorized { path, grant } => events::step_authorized::apply(motion, path, grant),
        EventKind::ApprovalAsked { path, approval, people, quorums } => {
            events::approval_asked::apply(motion, path, *approval, people, quorums)
        }
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
        EventKind::Voted { approval, person, choice, reason, assurance, plan } => {
            let vote = crate::domain::Vote {
                person: person.clone(),
                choice: *choice,
                reason: reason.clone(),
                assurance: *assurance,
                at: event.at,
            };
            events::voted::apply(motion, *approval, vote, plan)
        }
        EventKind::Escalated { approval, person } => events::escalated::apply(motion, *approval, person),
        EventKind::AlertJoined { .. } => {
            motion.run.joined = motion.run.joined.saturating_add(1);
            Ok(())
        }
        EventKind::Resolved { path, resolution, reason } => events::resolved::apply(motion, path, *resolution, reason),
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
