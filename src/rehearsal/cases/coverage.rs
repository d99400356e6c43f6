//! What the cases of a playbook went through: its steps, and every way that one of them can go.
//!
//! A step is covered once a case did it. Its branches are: a condition that held and one that did not, a call that
//! failed, and a request that was approved, rejected and left to expire. What runs of other playbooks went through, which
//! a step started, counts for the tests of those playbooks and not here. A case in which the playbook only observes goes
//! through conditions, and does nothing.

use std::collections::BTreeMap;

use crate::domain::approval::ApprovalStatus;
use crate::domain::{ApprovalCause, Mode, Run, StepPath, StepState};
use crate::playbook::{ActionKind, Body, Playbook};

use super::Performed;

/// One thing to go through, in the order of the playbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// What it is about: `match`, a stage or a step.
    pub of: String,
    /// What must happen to it, such as `done` or `when: false`.
    pub way: &'static str,
    /// Whether it is a step and not one of the branches.
    pub is_step: bool,
    /// Whether a case did.
    pub covered: bool,
}

/// The coverage of one playbook.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    points: Vec<Point>,
    index: BTreeMap<(String, &'static str), usize>,
}

const DONE: &str = "done";
const HELD: &str = "when: true";
const NOT_HELD: &str = "when: false";
const FAILED: &str = "failed";
const APPROVED: &str = "approved";
const REJECTED: &str = "rejected";
const EXPIRED: &str = "expired";

impl Coverage {
    /// Everything that can be gone through in a playbook; nothing of it covered yet.
    #[must_use]
    pub fn of(playbook: &Playbook) -> Self {
        let mut coverage = Self::default();
        coverage.add("match", HELD, false);
        coverage.add("match", NOT_HELD, false);
        for stage in &playbook.stages {
            if stage.when.is_some() {
                let of = format!("stage {}", stage.name);
                coverage.add(&of, HELD, false);
                coverage.add(&of, NOT_HELD, false);
            }
            for step in &stage.steps {
                let name = step.name.as_str();
                coverage.add(name, DONE, true);
                if step.when.is_some() {
                    coverage.add(name, HELD, false);
                    coverage.add(name, NOT_HELD, false);
                }
                let asks = match &step.body {
                    Body::Action(action) => {
                        if action.spec.kind == ActionKind::External {
                            coverage.add(name, FAILED, false);
                        }
                        action.guard.is_some()
                    }
                    Body::Approval(_) => true,
                    Body::Wait(_) => false,
                };
                for way in [APPROVED, REJECTED, EXPIRED].into_iter().filter(|_| asks) {
                    coverage.add(name, way, false);
                }
            }
        }
        coverage
    }

    fn add(&mut self, of: &str, way: &'static str, is_step: bool) {
        self.index.insert((of.to_owned(), way), self.points.len());
        self.points.push(Point { of: of.to_owned(), way, is_step, covered: false });
    }

    fn cover(&mut self, of: &str, way: &'static str) {
        let point = self.index.get(&(of.to_owned(), way)).and_then(|index| self.points.get_mut(*index));
        if let Some(point) = point {
            point.covered = true;
        }
    }

    /// Adds what a case went through.
    pub fn count(&mut self, playbook: &Playbook, performed: &Performed) {
        if performed.matched {
            self.cover("match", HELD);
        }
        if performed.passed_over {
            self.cover("match", NOT_HELD);
        }
        for performance in &performed.runs {
            self.count_run(playbook, &performance.run);
        }
    }

    fn count_run(&mut self, playbook: &Playbook, run: &Run) {
        for (stage, record) in playbook.stages.iter().zip(&run.stages) {
            let skipped = record.skipped.is_some();
            if record.started_at.is_some() {
                self.cover(&format!("stage {}", stage.name), if skipped { NOT_HELD } else { HELD });
            }
            if skipped {
                continue;
            }
            // What only observes does nothing: it went through conditions alone.
            let acts = run.mode == Mode::Enforce;
            for step in &stage.steps {
                let Some(record) = run.steps.get(&StepPath::from(step.name.clone())) else { continue };
                let name = step.name.as_str();
                match &record.state {
                    StepState::Succeeded
                    | StepState::Unproven
                    | StepState::Undoing(_)
                    | StepState::Undone
                    | StepState::UndoFailed { .. }
                        if acts =>
                    {
                        self.cover(name, DONE);
                    }
                    StepState::Skipped { .. } => self.cover(name, NOT_HELD),
                    StepState::Pending
                    | StepState::Waiting(_)
                    | StepState::Doing(_)
                    | StepState::Succeeded
                    | StepState::Unproven
                    | StepState::Undoing(_)
                    | StepState::Undone
                    | StepState::UndoFailed { .. }
                    | StepState::Failed { .. }
                    | StepState::Rejected
                    | StepState::Cancelled => {}
                }
                if acts && record.state.is_failure() {
                    self.cover(name, FAILED);
                }
                if record.started_at.is_some() && !matches!(record.state, StepState::Skipped { .. }) {
                    self.cover(name, HELD);
                }
            }
        }
        let asked = run.approvals.values().filter(|_| run.mode == Mode::Enforce);
        for approval in asked.filter(|approval| approval.cause == ApprovalCause::Playbook) {
            let way = match approval.status {
                ApprovalStatus::Approved => APPROVED,
                ApprovalStatus::Rejected => REJECTED,
                ApprovalStatus::Expired => EXPIRED,
                ApprovalStatus::Pending | ApprovalStatus::Cancelled | ApprovalStatus::Superseded => continue,
            };
            self.cover(approval.path.step.as_str(), way);
        }
    }

    /// Everything, in the order of the playbook.
    #[must_use]
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// How many of the steps are covered, and how many there are.
    #[must_use]
    pub fn steps(&self) -> (usize, usize) {
        self.tally(true)
    }

    /// How many of the branches are covered, and how many there are.
    #[must_use]
    pub fn branches(&self) -> (usize, usize) {
        self.tally(false)
    }

    fn tally(&self, steps: bool) -> (usize, usize) {
        let of_kind = || self.points.iter().filter(|point| point.is_step == steps);
        (of_kind().filter(|point| point.covered).count(), of_kind().count())
    }

    /// Steps and branches together, in whole percent, rounded down.
    #[must_use]
    pub fn percent(&self) -> usize {
        let covered = self.points.iter().filter(|point| point.covered).count();
        (covered * 100).checked_div(self.points.len()).unwrap_or(100)
    }
}
