//! Link tokens and their codes, minted at the moment of sending, so that no queue ever holds one.

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use jiff::Timestamp;

use crate::domain::link::code_from_random;
use crate::domain::{ApprovalId, LinkToken, MessageId, PersonId, RunId};
use crate::store::Token;

/// The machine gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("failed to mint a link: the machine gave no random bytes")]
pub(super) struct MintError;

/// A fresh token with its code; only [`Minted::row`] is ever stored.
pub(super) struct Minted {
    pub token: LinkToken,
    pub code: String,
    pub row: Token,
}

/// For whom and what a token is minted.
pub(super) struct For<'a> {
    pub approval: ApprovalId,
    pub run: RunId,
    pub person: &'a PersonId,
    pub message: MessageId,
}

/// Mints a token of 256 random bits and a code of four digits.
pub(super) fn mint(target: &For<'_>, at: Timestamp) -> Result<Minted, MintError> {
    let (mut bits, mut digits) = ([0; 32], [0; 8]);
    let random = SystemRandom::new();
    random.fill(&mut bits).and_then(|()| random.fill(&mut digits)).map_err(|_| MintError)?;
    let (token, code) = (LinkToken::from_random(&bits), code_from_random(u64::from_be_bytes(digits)));
    let row = Token {
        digest: token.digest(),
        code: token.code_digest(&code),
        approval: target.approval,
        run: target.run,
        person: target.person.clone(),
        message: target.message,
        minted_at: at,
        failures: 0,
        revoked: false,
    };
    Ok(Minted { token, code, row })
}
