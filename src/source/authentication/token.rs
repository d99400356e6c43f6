//! Bearer tokens (RFC 6750) and passwords (RFC 7617), compared as digests.

use super::{Authenticated, authenticated, headers, wrong};
use crate::client::fingerprint;
use crate::domain::Digest;
use crate::source::refusal::Refusal;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};

const HEADER: &str = "authorization";

/// What is accepted in the header `Authorization`.
pub(in crate::source) struct Tokens {
    kind: Kind,
    accepted: Vec<(Digest, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bearer,
    Basic,
}

impl Tokens {
    /// Any one of these tokens.
    pub(super) fn bearer(secrets: &[SecretString]) -> Self {
        let accepted =
            secrets.iter().map(|secret| (Digest::of(secret.expose_secret().as_bytes()), fingerprint(secret)));
        Self { kind: Kind::Bearer, accepted: accepted.collect() }
    }

    /// This user with any one of these passwords.
    pub(super) fn basic(user: &str, passwords: &[SecretString]) -> Self {
        let accepted = passwords.iter().map(|password| {
            let pair = SecretString::from(format!("{user}:{}", password.expose_secret()));
            (Digest::of(pair.expose_secret().as_bytes()), fingerprint(password))
        });
        Self { kind: Kind::Basic, accepted: accepted.collect() }
    }

    pub(super) fn authenticate(&self, headers: &[(String, String)]) -> Result<Authenticated, Refusal> {
        let (word, scheme) = match self.kind {
            Kind::Bearer => ("Bearer", "bearer"),
            Kind::Basic => ("Basic", "basic"),
        };
        let expected = || headers::malformed(HEADER, &format!("`{word}` and the credentials"));
        let (found, credentials) = headers::required(headers, HEADER)?.split_once(' ').ok_or_else(expected)?;
        if !found.eq_ignore_ascii_case(word) {
            return Err(expected());
        }
        let given = match self.kind {
            Kind::Bearer => Digest::of(credentials.trim().as_bytes()),
            Kind::Basic => Digest::of(&STANDARD.decode(credentials.trim()).map_err(|_| expected())?),
        };
        let mut matched = None;
        for (accepted, key_id) in &self.accepted {
            if verify_slices_are_equal(accepted.as_bytes(), given.as_bytes()).is_ok() {
                matched = Some(key_id);
            }
        }
        matched.map(|key_id| authenticated(scheme, key_id, None)).ok_or_else(|| wrong("the header `authorization`"))
    }
}
