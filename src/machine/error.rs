//! Events that do not fit the state. They are answers to whoever sent the event, never a panic.

use crate::domain::approval::ApprovalStatus;
use crate::domain::{ApprovalId, Assurance, Digest, PersonId, StepPath};

/// Why an event can't happen to a run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IllegalTransition {
    /// The first event of a run must be `run_started`, and no other may be.
    #[error("failed to apply `{event}`: a run begins with `run_started`, once")]
    NotAStart {
        /// The event.
        event: &'static str,
    },
    /// The run is over.
    #[error("failed to apply `{event}`: the run is over ({status})")]
    Finished {
        /// The event.
        event: &'static str,
        /// How it ended.
        status: &'static str,
    },
    /// The playbook is another version than the run's.
    #[error("failed to apply an event: the run is on playbook version {run}, not {given}")]
    OtherPlaybook {
        /// The run's version.
        run: Digest,
        /// The version that was given.
        given: Digest,
    },
    /// There is no such step in the run.
    #[error("failed to apply `{event}`: the run has no step `{path}`")]
    NoSuchStep {
        /// The event.
        event: &'static str,
        /// The path.
        path: StepPath,
    },
    /// The step is not in a state in which this can happen to it.
    #[error("failed to apply `{event}` to step `{path}`: it is {state}")]
    WrongState {
        /// The event.
        event: &'static str,
        /// The step.
        path: StepPath,
        /// Its state.
        state: String,
    },
    /// There is no such request in the run.
    #[error("failed to decide: the run has no request {0}")]
    NoSuchApproval(ApprovalId),
    /// The request is no longer pending.
    #[error("failed to decide: the request is already {}", status.as_str())]
    AlreadyDecided {
        /// How it ended.
        status: ApprovalStatus,
    },
    /// The deadline has passed.
    #[error("failed to decide: the deadline has passed")]
    DeadlinePassed,
    /// The person may not vote on this request.
    #[error("failed to decide: {0} is not among those who may vote on this request")]
    NotEligible(PersonId),
    /// The person has voted already.
    #[error("failed to decide: {0} has voted on this request already")]
    AlreadyVoted(PersonId),
    /// The person must prove more.
    #[error("failed to decide: this request wants assurance `{wanted}`, not `{given}`")]
    NotSure {
        /// What the request wants.
        wanted: Assurance,
        /// What was given.
        given: Assurance,
    },
    /// A reason is missing.
    #[error("failed to decide: a reason must be given")]
    ReasonMissing,
    /// What would be done is no longer what the person saw.
    #[error("failed to decide: what would be done has changed since it was shown (plan {seen}, now {now})")]
    PlanChanged {
        /// The plan that the person saw.
        seen: Digest,
        /// The plan now.
        now: Digest,
    },
}
