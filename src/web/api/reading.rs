//! How handlers read requests: ids in paths, JSON bodies, and the bounds of lists; each refusal names what was wrong.

use std::fmt::Display;
use std::str::FromStr;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::web::codes;
use crate::web::problem::Problem;

use super::{LIST_DEFAULT, LIST_MAX};

/// An id or a name from the path.
pub struct Id<T>(pub T);

impl<S: Send + Sync, T: FromStr<Err: Display>> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state).await?;
        let wrong = |error: T::Err| Problem::parameter(format!("failed to read the path: {error}"));
        text.parse().map(Self).map_err(wrong)
    }
}

/// A JSON body.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = Bytes::from_request(request, state).await?;
        // The message of serde_json names line and column and quotes at most a field's name.
        let wrong = |error: serde_json::Error| {
            Problem::new(StatusCode::BAD_REQUEST, codes::BODY, format!("failed to read the body as JSON: {error}"))
        };
        // A list would be read as the fields in their order, which nobody means.
        if bytes.trim_ascii_start().first() == Some(&b'[') {
            let detail = "failed to read the body as JSON: it is a list, and an object is expected";
            return Err(Problem::new(StatusCode::BAD_REQUEST, codes::BODY, detail));
        }
        serde_json::from_slice(&bytes).map(Self).map_err(wrong)
    }
}

/// `?limit=`: how many entries a list has.
#[derive(Debug, Default, Deserialize)]
pub struct Bounds {
    limit: Option<u32>,
}

/// Reads the query of a list.
pub struct Asked<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + 'static> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(query) = Query::<T>::from_request_parts(parts, state).await?;
        Ok(Self(query))
    }
}

/// The number of entries to give for what was asked: 100 unless said otherwise, 1 to 1000.
pub fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    match asked {
        None => Ok(LIST_DEFAULT),
        Some(limit) if (1..=LIST_MAX).contains(&limit) => Ok(limit),
        Some(limit) => Err(Problem::parameter(format!("failed to list {limit} entries: ask for 1 to {LIST_MAX}"))),
    }
}

impl Bounds {
    /// See [`limit`].
    pub fn limit(&self) -> Result<u32, Problem> {
        limit(self.limit)
    }
}
