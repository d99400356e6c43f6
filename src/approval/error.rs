//! Why a request can't be shown or decided, in the words of this room; what HTTP makes of it is decided above.

use crate::domain::approval::ApprovalStatus;
use crate::domain::{Assurance, PersonId};
use crate::engine::SubmitError;
use crate::machine::IllegalTransition;
use crate::store::{CommitError, ReadError};

/// Why a request can't be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Unknown, mistyped or revoked: all the same from outside.
    #[error("failed to find the request: the link was replaced or is not valid; open the newest message")]
    NotFound,
    /// Nobody decided in time.
    #[error("failed to open the request: its deadline has passed")]
    Expired,
    /// Too many unknown links from one address.
    #[error("failed to find the request: too many unknown links came from this address; wait a minute")]
    TooMany,
    /// The store did not answer.
    #[error("failed to read the request: {0}; try again")]
    Unavailable(String),
}

impl From<ReadError> for OpenError {
    fn from(error: ReadError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// Why a decision was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecideError {
    /// Unknown, mistyped or revoked: all the same from outside.
    #[error("failed to decide: the link was replaced or is not valid; open the newest message")]
    NotFound,
    /// Nobody decided in time.
    #[error("failed to decide: the deadline has passed")]
    Expired,
    /// Too many unknown links from one address, incomplete tries with one link, or decisions of one person.
    #[error("failed to decide: too many tries; wait a minute")]
    TooMany,
    /// No code of four digits was given.
    #[error("failed to decide: enter the four digits at the start of the message's subject")]
    CodeMissing {
        /// Whether the reason is missing too.
        reason_missing: bool,
    },
    /// The code is not the one of this link.
    #[error("failed to decide: that is not the code of this link; {left} more tries")]
    WrongCode {
        /// How many more tries this link allows.
        left: u32,
    },
    /// A reason must be given.
    #[error("failed to decide: a reason must be given")]
    ReasonMissing,
    /// The reason is too long.
    #[error("failed to decide: the reason has more than {characters_max} characters; shorten it")]
    ReasonTooLong {
        /// The most that it may have.
        characters_max: usize,
    },
    /// What would be done is not what was shown.
    #[error("failed to decide: what would be done has changed since it was shown; look at it again")]
    PlanChanged,
    /// The requests that wait are not those that were shown.
    #[error("failed to decide: the requests that wait are not those that were shown; look at them again")]
    ListChanged,
    /// The request is over.
    #[error("failed to decide: the request is already {}", status.as_str())]
    AlreadyDecided {
        /// How it ended.
        status: ApprovalStatus,
    },
    /// The person has voted already.
    #[error("failed to decide: {0} has voted on this request already")]
    AlreadyVoted(PersonId),
    /// More people have been asked already.
    #[error("failed to escalate: more people have been asked already")]
    AlreadyEscalated,
    /// Whoever could be asked was asked.
    #[error("failed to escalate: everybody who could be asked was asked already; nothing was changed")]
    NobodyMore,
    /// The person may not vote.
    #[error("failed to decide: {0} is not among those who may vote on this request")]
    NotEligible(PersonId),
    /// The person must prove more.
    #[error("failed to decide: this request wants more proof than {given} (it wants {wanted})")]
    NotSure {
        /// What the request wants.
        wanted: Assurance,
        /// What was given.
        given: Assurance,
    },
    /// The store or the playbook could not be used; nothing was decided.
    #[error("failed to decide: {0}; nothing was decided, try again")]
    Unavailable(String),
}

impl DecideError {
    /// Whether the entry lacked something, so that its code was not even looked at.
    pub(super) const fn is_incomplete(&self) -> bool {
        matches!(self, Self::CodeMissing { .. } | Self::ReasonMissing | Self::ReasonTooLong { .. })
    }
}

impl From<ReadError> for DecideError {
    fn from(error: ReadError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<CommitError> for DecideError {
    fn from(error: CommitError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<SubmitError> for DecideError {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Illegal(illegal) => illegal.into(),
            SubmitError::NoSuchRun(_) => Self::NotFound,
            SubmitError::Playbook(_)
            | SubmitError::Read(_)
            | SubmitError::Commit(_)
            | SubmitError::NotOurs(_)
            | SubmitError::Quarantined { .. } => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<IllegalTransition> for DecideError {
    fn from(illegal: IllegalTransition) -> Self {
        match illegal {
            IllegalTransition::NoSuchApproval(_) => Self::NotFound,
            IllegalTransition::AlreadyDecided { status: ApprovalStatus::Expired }
            | IllegalTransition::DeadlinePassed => Self::Expired,
            IllegalTransition::AlreadyDecided { status } => Self::AlreadyDecided { status },
            IllegalTransition::NotEligible(person) => Self::NotEligible(person),
            IllegalTransition::AlreadyVoted(person) => Self::AlreadyVoted(person),
            IllegalTransition::NotSure { wanted, given } => Self::NotSure { wanted, given },
            IllegalTransition::ReasonMissing => Self::ReasonMissing,
            IllegalTransition::PlanChanged { .. } => Self::PlanChanged,
            // A run that is over asks nobody any more.
            IllegalTransition::Finished { .. } => Self::AlreadyDecided { status: ApprovalStatus::Cancelled },
            IllegalTransition::NotAStart { .. }
            | IllegalTransition::OtherPlaybook { .. }
            | IllegalTransition::NoSuchStep { .. }
            | IllegalTransition::WrongState { .. } => Self::Unavailable(illegal.to_string()),
        }
    }
}
