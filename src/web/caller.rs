//! Who calls the API: a person by token, a person by the local socket, or an unmapped administrator of the machine.
//!
//! Nobody is anonymous. An administrator (root, or the user that the daemon runs as) who is mapped to no person may look
//! and may stop things, because that must work when everything else is down; releasing and deciding takes a person of
//! the configuration, so that the history names one.

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use crate::domain::actor::LOCAL_PREFIX;
use crate::domain::{Actor, Assurance, PersonId};

use super::problem::Problem;
use super::state::WebState;
use super::{Peer, codes};

/// The longest token that is looked at, in bytes.
const TOKEN_BYTES_MAX: usize = 512;

/// Who calls the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A person of the configuration.
    Person(PersonId),
    /// An administrator of the machine whom the configuration maps to no person.
    Administrator {
        /// The user on this machine.
        uid: u32,
    },
}

impl Caller {
    /// The actor for what anybody who may call at all may do: looking and stopping.
    pub fn actor(&self) -> Result<Actor, Problem> {
        let id = match self {
            Self::Person(id) => id.clone(),
            Self::Administrator { uid } => {
                PersonId::parse(&format!("{LOCAL_PREFIX}{uid}")).map_err(|_| Problem::internal())?
            }
        };
        Ok(Actor::Person { id, assurance: Assurance::Api })
    }

    /// The person, for what only a person of the configuration may do: releasing, starting and deciding.
    pub fn person(&self) -> Result<&PersonId, Problem> {
        match self {
            Self::Person(id) => Ok(id),
            Self::Administrator { uid } => {
                let detail =
                    format!("failed to act as user {uid} of this machine: the configuration maps it to nobody");
                Err(Problem::new(StatusCode::FORBIDDEN, codes::FORBIDDEN, detail)
                    .hint(format!("add `uid: {uid}` to a person under `people:` of the configuration")))
            }
        }
    }

    /// The actor for what only a person of the configuration may do.
    pub fn person_actor(&self) -> Result<Actor, Problem> {
        Ok(Actor::Person { id: self.person()?.clone(), assurance: Assurance::Api })
    }
}

impl FromRequestParts<WebState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, Problem> {
        if let Some(token) = bearer(parts)? {
            let found = state.people.by_token(token);
            return found
                .map(Self::Person)
                .ok_or_else(|| Problem::unauthenticated("failed to authenticate: nobody has this token"));
        }
        let peer = parts.extensions.get::<ConnectInfo<Peer>>().map(|ConnectInfo(peer)| *peer);
        let Some(Peer::Local { uid: Some(uid) }) = peer else {
            return Err(Problem::unauthenticated("failed to authenticate: the request has no token"));
        };
        match state.people.by_uid(uid) {
            Some(person) => Ok(Self::Person(person)),
            None if uid == 0 || uid == rustix::process::getuid().as_raw() => Ok(Self::Administrator { uid }),
            None => {
                let detail =
                    format!("failed to authenticate: user {uid} of this machine is nobody of the configuration");
                Err(Problem::new(StatusCode::FORBIDDEN, codes::FORBIDDEN, detail)
                    .hint(format!("add `uid: {uid}` to a person under `people:` of the configuration")))
            }
        }
    }
}

/// The token of `Authorization: Bearer`, if there is such a header; one that is something else is refused.
pub(super) fn bearer(parts: &Parts) -> Result<Option<&str>, Problem> {
    let mut values = parts.headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let token = value.to_str().ok().and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let usable = token.filter(|token| !token.is_empty() && token.len() <= TOKEN_BYTES_MAX);
    match (usable, values.next()) {
        (Some(token), None) => Ok(Some(token)),
        _ => Err(Problem::unauthenticated(
            "failed to authenticate: the `Authorization` header is no single bearer token",
        )),
    }
}
