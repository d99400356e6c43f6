//! Requests that nothing is left to be asked about: a person lifted the hold by hand before the run came to ask whether it may
//! be lifted. People who are asked then could only decide about nothing, and would wonder what else is held.
//!
//! Whatever else a request would let go is still asked about: only what lifts a hold that is gone is moot.

use std::collections::BTreeSet;

use crate::domain::approval::ApprovalStatus;
use crate::domain::{Impact, StepPath, StepState};
use crate::playbook::{ActionKind, ApprovalSpec};

use super::error::IllegalTransition;
use super::motion::Motion;

impl Motion<'_> {
    /// Asks nobody, if everything that a request would let go is to lift holds that people lifted by hand; whether that was
    /// so. What was to follow the answer is not begun then.
    pub fn is_moot(&mut self, path: &StepPath, spec: &ApprovalSpec) -> Result<bool, IllegalTransition> {
        let Some(words) = self.gone_by_hand(path, spec)? else { return Ok(false) };
        self.say(path, format!("nobody was asked: the hold was {words}"))?;
        self.set(path, StepState::Cancelled)?;
        self.leave_the_rest()?;
        Ok(true)
    }

    /// How the holds went that the steps would lift which a request lets go, if nothing else is left to be let go.
    fn gone_by_hand(&self, path: &StepPath, spec: &ApprovalSpec) -> Result<Option<String>, IllegalTransition> {
        let mut words = None;
        for released in self.releases(path, spec) {
            let action = self.action(&released)?;
            if action.spec.kind != ActionKind::Undo {
                if action.impact == Impact::Notify && action.runs.is_none() {
                    continue;
                }
                return Ok(None);
            }
            for target in action.undoes.iter().flat_map(|name| self.run.undone_with(name)) {
                let record = self.record(&target)?;
                match &record.state {
                    StepState::Undone if record.hold.is_some() => words = record.detail.clone().or(words),
                    StepState::Pending
                    | StepState::Waiting(_)
                    | StepState::Doing(_)
                    | StepState::Undoing(_)
                    | StepState::Succeeded
                    | StepState::Unproven
                    | StepState::UndoFailed { .. } => return Ok(None),
                    StepState::Undone
                    | StepState::Failed { .. }
                    | StepState::Rejected
                    | StepState::Skipped { .. }
                    | StepState::Cancelled => {}
                }
            }
        }
        Ok(words)
    }

    /// What was to follow an answer is not begun: it was written for one that nobody gave. What people are still asked about
    /// waits for their answer.
    pub fn leave_the_rest(&mut self) -> Result<(), IllegalTransition> {
        let pending = self.run.approvals.values().filter(|approval| approval.status == ApprovalStatus::Pending);
        let asked_about: BTreeSet<StepPath> = pending.flat_map(|approval| approval.releases.iter().cloned()).collect();
        let untouched = self.run.steps.iter().filter(|(path, record)| {
            let is_asked_about = asked_about.contains(path) || asked_about.contains(&StepPath::from(path.step.clone()));
            record.state == StepState::Pending && !is_asked_about
        });
        for path in untouched.map(|(path, _)| path.clone()).collect::<Vec<StepPath>>() {
            self.say(&path, "the hold was lifted by hand before people decided")?;
            self.set(&path, StepState::Cancelled)?;
        }
        Ok(())
    }
}
