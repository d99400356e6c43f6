//! Why a decision was not taken, as problems.

use axum::http::StatusCode;

use crate::approval::DecideError;
use crate::web::codes;

use super::Problem;

/// How long somebody who decides too often should wait, in seconds.
const LIMIT_RETRY_SECONDS: u32 = 60;
/// How long a caller should wait for a store that does not answer, in seconds.
const STORE_RETRY_SECONDS: u32 = 5;

impl From<DecideError> for Problem {
    fn from(error: DecideError) -> Self {
        let (status, code) = match &error {
            DecideError::NotFound => (StatusCode::NOT_FOUND, codes::NO_SUCH_APPROVAL),
            DecideError::Expired => (StatusCode::GONE, codes::APPROVAL_EXPIRED),
            DecideError::TooMany => {
                return Self::new(StatusCode::TOO_MANY_REQUESTS, codes::TOO_MANY_DECISIONS, error.to_string())
                    .retry_after(LIMIT_RETRY_SECONDS);
            }
            DecideError::CodeMissing { .. } | DecideError::ReasonMissing | DecideError::ReasonTooLong { .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, codes::REASON_MISSING)
            }
            DecideError::PlanChanged | DecideError::ListChanged => {
                (StatusCode::PRECONDITION_FAILED, codes::PLAN_CHANGED)
            }
            DecideError::AlreadyDecided { .. }
            | DecideError::AlreadyVoted(_)
            | DecideError::AlreadyEscalated
            | DecideError::NobodyMore => (StatusCode::CONFLICT, codes::ALREADY_DECIDED),
            DecideError::WrongCode { .. } | DecideError::NotEligible(_) | DecideError::NotSure { .. } => {
                (StatusCode::FORBIDDEN, codes::NOT_ELIGIBLE)
            }
            DecideError::Unavailable(reason) => {
                tracing::error!(reason, "a decision could not be recorded");
                let detail = "failed to decide: it could not be recorded, and nothing was decided";
                return Self::new(StatusCode::SERVICE_UNAVAILABLE, codes::STORE, detail)
                    .hint("try again")
                    .retry_after(STORE_RETRY_SECONDS);
            }
        };
        Self::new(status, code, error.to_string())
    }
}
