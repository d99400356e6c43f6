//! Domain errors as problems. Nothing else in the program may choose a status for one of them.

use axum::http::StatusCode;

use crate::engine::playbooks::{LibraryError, LoadError};
use crate::engine::{CloseError, HoldError, ReleaseError, SubmitError};
use crate::intake::{ByHandError, Refused, RefusedKind};
use crate::machine::IllegalTransition;
use crate::store::{CommitError, ReadError};
use crate::web::codes;

use super::Problem;

/// How long a caller should wait for a store that does not answer, in seconds.
const STORE_RETRY_SECONDS: u32 = 5;

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match &error {
            ReadError::Unavailable { .. } => {
                tracing::error!(%error, "the store did not answer");
                // The database's own words may name files and hosts: they stay in the log.
                Self::new(StatusCode::SERVICE_UNAVAILABLE, codes::STORE, "failed to read: the store does not answer")
                    .retry_after(STORE_RETRY_SECONDS)
            }
            ReadError::Damaged { what, id, .. } => {
                tracing::error!(%error, "something stored can't be understood");
                let detail = format!("failed to read {what} {id}: what is stored can't be understood");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, codes::INTERNAL, detail)
                    .hint("keep a copy of the database file and restore a backup")
            }
        }
    }
}

impl From<CommitError> for Problem {
    fn from(error: CommitError) -> Self {
        match &error {
            CommitError::Conflict(_) => {
                let detail = "failed to change it: somebody else changed it at the same time";
                Self::new(StatusCode::CONFLICT, codes::RUN_STATE, detail).hint("read it again and decide again")
            }
            CommitError::Overloaded { retry_after_seconds } => {
                let detail = "failed to write: more is waiting to be written than is taken";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, codes::STORE, detail).retry_after(*retry_after_seconds)
            }
            CommitError::TooLarge { .. } => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, codes::BODY_TOO_LARGE, error.to_string())
            }
            CommitError::Unavailable(_) => {
                tracing::error!(%error, "the store did not take a change");
                let detail = "failed to write: the store did not take it, and nothing was written";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, codes::STORE, detail).retry_after(STORE_RETRY_SECONDS)
            }
        }
    }
}

impl From<LibraryError> for Problem {
    fn from(error: LibraryError) -> Self {
        match error {
            LibraryError::Missing(_) | LibraryError::Broken { .. } => {
                Self::new(StatusCode::CONFLICT, codes::PLAYBOOK_VERSION, error.to_string())
            }
            LibraryError::Read(error) => error.into(),
        }
    }
}

impl From<LoadError> for Problem {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Commit(error) => error.into(),
            LoadError::Read(error) => error.into(),
        }
    }
}

impl From<HoldError> for Problem {
    fn from(error: HoldError) -> Self {
        let (status, code) = match error {
            HoldError::NoSuchAgent(_) => (StatusCode::NOT_FOUND, codes::NO_SUCH_AGENT),
            HoldError::NotHeld(_) => (StatusCode::CONFLICT, codes::NOT_HELD),
            HoldError::ReasonMissing => (StatusCode::UNPROCESSABLE_ENTITY, codes::REASON_MISSING),
            HoldError::AwaitsDecision { .. } => (StatusCode::FORBIDDEN, codes::NOT_ELIGIBLE),
            HoldError::Read(error) => return error.into(),
            HoldError::Commit(error) => return error.into(),
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<CloseError> for Problem {
    fn from(error: CloseError) -> Self {
        let (status, code) = match error {
            CloseError::NoSuchIncident(_) => (StatusCode::NOT_FOUND, codes::NO_SUCH_INCIDENT),
            CloseError::AlreadyClosed(_) | CloseError::RunsOpen { .. } => (StatusCode::CONFLICT, codes::INCIDENT_STATE),
            CloseError::ReasonMissing => (StatusCode::UNPROCESSABLE_ENTITY, codes::REASON_MISSING),
            CloseError::Read(error) => return error.into(),
            CloseError::Commit(error) => return error.into(),
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::NoSuchRun(_) => Self::new(StatusCode::NOT_FOUND, codes::NO_SUCH_RUN, error.to_string()),
            SubmitError::Illegal(error) => error.into(),
            SubmitError::Playbook(error) => error.into(),
            SubmitError::Read(error) => error.into(),
            SubmitError::Commit(error) => error.into(),
            SubmitError::NotOurs(_) => Self::new(StatusCode::CONFLICT, codes::RUN_STATE, error.to_string()),
            SubmitError::Quarantined { .. } => {
                Self::new(StatusCode::CONFLICT, codes::RUN_QUARANTINED, error.to_string())
            }
        }
    }
}

impl From<ReleaseError> for Problem {
    fn from(error: ReleaseError) -> Self {
        match error {
            ReleaseError::NoSuchRun(_) => Self::new(StatusCode::NOT_FOUND, codes::NO_SUCH_RUN, error.to_string()),
            ReleaseError::NotQuarantined(_) => Self::new(StatusCode::CONFLICT, codes::RUN_STATE, error.to_string()),
            ReleaseError::Read(error) => error.into(),
            ReleaseError::Commit(error) => error.into(),
        }
    }
}

impl From<IllegalTransition> for Problem {
    fn from(error: IllegalTransition) -> Self {
        use IllegalTransition as Illegal;
        let (status, code) = match &error {
            Illegal::NotAStart { .. } | Illegal::OtherPlaybook { .. } => {
                tracing::error!(%error, "an event was built wrongly");
                return Self::internal();
            }
            Illegal::Finished { .. } | Illegal::WrongState { .. } => (StatusCode::CONFLICT, codes::RUN_STATE),
            Illegal::NoSuchStep { .. } => (StatusCode::NOT_FOUND, codes::RUN_STATE),
            Illegal::NoSuchApproval(_) => (StatusCode::NOT_FOUND, codes::NO_SUCH_APPROVAL),
            Illegal::AlreadyDecided { .. } | Illegal::AlreadyVoted(_) => (StatusCode::CONFLICT, codes::ALREADY_DECIDED),
            Illegal::DeadlinePassed => (StatusCode::GONE, codes::APPROVAL_EXPIRED),
            Illegal::NotEligible(_) | Illegal::NotSure { .. } => (StatusCode::FORBIDDEN, codes::NOT_ELIGIBLE),
            Illegal::ReasonMissing => (StatusCode::UNPROCESSABLE_ENTITY, codes::REASON_MISSING),
            Illegal::PlanChanged { .. } => (StatusCode::PRECONDITION_FAILED, codes::PLAN_CHANGED),
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<ByHandError> for Problem {
    fn from(error: ByHandError) -> Self {
        let (status, code) = match error {
            ByHandError::NoSuchPlaybook(_) => (StatusCode::NOT_FOUND, codes::NO_SUCH_PLAYBOOK),
            ByHandError::NoSuchAgent(_) => (StatusCode::NOT_FOUND, codes::NO_SUCH_AGENT),
            ByHandError::ReasonMissing => (StatusCode::UNPROCESSABLE_ENTITY, codes::REASON_MISSING),
            ByHandError::Illegal(error) => return error.into(),
            ByHandError::Read(error) => return error.into(),
            ByHandError::Commit(error) => return error.into(),
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let status = match refused.kind {
            RefusedKind::UnknownSource => StatusCode::NOT_FOUND,
            RefusedKind::Unauthenticated => StatusCode::UNAUTHORIZED,
            RefusedKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            RefusedKind::BadRequest => StatusCode::BAD_REQUEST,
            RefusedKind::Overloaded { retry_after_seconds } => return later(&refused, retry_after_seconds),
            RefusedKind::Unavailable => return later(&refused, STORE_RETRY_SECONDS),
        };
        let problem = Self::new(status, refused.code, refused.to_string());
        match refused.hint {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    }
}

/// What a sender should send again. The store's own words stay in the log.
fn later(refused: &Refused, seconds: u32) -> Problem {
    tracing::error!(error.code = refused.code, error = refused.reason, "a delivery could not be taken");
    let detail = match refused.recorded {
        0 => "failed to take the delivery: it could not be recorded, and nothing of it was".to_owned(),
        first => format!("failed to take the delivery: only its first {first} alerts could be recorded"),
    };
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, refused.code, detail);
    problem.hint("send it again later").retry_after(seconds)
}
