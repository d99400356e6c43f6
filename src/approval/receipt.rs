//! Receipts: the address of the page that shows what became of a decision.
//!
//! A receipt is the request's id and a digest made from the digest of the link that decided. It can't be guessed, it
//! outlives a restart without any key, and it can't be turned back into the link. It only shows; it never decides.

use std::str::FromStr;

use aws_lc_rs::constant_time;

use crate::domain::approval::ApprovalStatus;
use crate::domain::{ApprovalId, Digest, PersonId};
use crate::store::Token;

/// A decision that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The request.
    pub approval: ApprovalId,
    /// Who decided.
    pub person: PersonId,
    /// Where the request stands now; still pending where more votes are needed.
    pub status: ApprovalStatus,
    /// The last part of the address `/r/...` that shows it, for a decision by link.
    pub link: Option<String>,
}

/// The last part of a receipt's address.
pub(super) struct ReceiptLink {
    pub approval: ApprovalId,
    proof: Digest,
}

impl ReceiptLink {
    /// The receipt of whoever holds this token.
    pub fn of(token: &Token) -> Self {
        Self { approval: token.approval, proof: proof(&token.digest) }
    }

    /// Whether this receipt was given for that token.
    pub fn is_of(&self, token: &Token) -> bool {
        constant_time::verify_slices_are_equal(self.proof.as_bytes(), proof(&token.digest).as_bytes()).is_ok()
    }
}

impl std::fmt::Display for ReceiptLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.approval, self.proof)
    }
}

/// A text that is no receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no receipt, or not all of one")]
pub(super) struct ReceiptError;

impl FromStr for ReceiptLink {
    type Err = ReceiptError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (approval, proof) = text.split_once('.').ok_or(ReceiptError)?;
        let approval = approval.parse().map_err(|_| ReceiptError)?;
        Ok(Self { approval, proof: proof.parse().map_err(|_| ReceiptError)? })
    }
}

fn proof(token: &Digest) -> Digest {
    Digest::of(format!("receipt\n{token}").as_bytes())
}
