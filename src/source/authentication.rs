//! Who sent a delivery: one of the ways to prove it, over the raw bytes, before anything of them is read.
//!
//! Comparisons take constant time and look at every configured secret, so that neither the time nor the answer says how
//! near a guess was. Secrets are resolved when a source is compiled; of tokens only digests stay. This module must not
//! remember deliveries: a delivery id is for the store to compare.

mod compile;
mod headers;
mod key;
mod scheme;
mod signature;
mod token;

use super::codes;
use super::refusal::Refusal;
use crate::domain::alert::Authentication;
use jiff::Timestamp;
use std::fmt;

pub(super) use compile::{check, compile};

/// What authentication found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authenticated {
    /// The scheme, and which of the configured keys matched.
    pub authentication: Authentication,
    /// The sender's id of this delivery, if the scheme signs one.
    pub delivery_id: Option<String>,
}

/// The one way in which a source proves itself.
pub(super) enum Authenticator {
    Token(token::Tokens),
    Signature(signature::Verifier),
    /// Lets nobody in.
    Nobody,
}

impl Authenticator {
    pub(super) fn authenticate(
        &self,
        headers: &[(String, String)],
        body: &[u8],
        now: Timestamp,
    ) -> Result<Authenticated, Refusal> {
        match self {
            Self::Token(tokens) => tokens.authenticate(headers),
            Self::Signature(verifier) => verifier.authenticate(headers, body, now),
            Self::Nobody => Err(wrong("whatever is sent")),
        }
    }

    /// The names of the headers whose values prove the sender and so must not be shown to a mapping.
    pub(super) fn secret_header(&self) -> &'static str {
        match self {
            Self::Token(_) | Self::Nobody => "authorization",
            Self::Signature(verifier) => verifier.header(),
        }
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator").field("header", &self.secret_header()).finish_non_exhaustive()
    }
}

fn authenticated(scheme: &str, key_id: &str, delivery_id: Option<&str>) -> Authenticated {
    Authenticated {
        authentication: Authentication { scheme: scheme.to_owned(), key_id: Some(key_id.to_owned()) },
        delivery_id: delivery_id.map(str::to_owned),
    }
}

fn wrong(what: &str) -> Refusal {
    Refusal::unauthenticated(codes::WRONG_CREDENTIALS, format!("{what} matches none of the configured secrets"))
}

#[cfg(test)]
mod tests;
