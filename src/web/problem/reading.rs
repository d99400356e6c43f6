//! What can be wrong with the parts of a request itself, as problems.

use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::http::StatusCode;

use crate::web::codes;

use super::Problem;

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            let detail = "failed to read the body: it is larger than this path takes";
            Self::new(StatusCode::PAYLOAD_TOO_LARGE, codes::BODY_TOO_LARGE, detail)
        } else {
            Self::new(StatusCode::BAD_REQUEST, codes::BODY, "failed to read the body: it did not arrive whole")
        }
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        Self::parameter(format!("failed to read the path: {}", rejection.body_text()))
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::parameter(format!("failed to read the query: {}", rejection.body_text()))
    }
}
