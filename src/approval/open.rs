//! Looking at a request: by its link, and afterwards by its receipt. Nothing is written.

use std::net::IpAddr;

use crate::domain::approval::ApprovalStatus;
use crate::domain::{Digest, PersonId};
use crate::store::{Approvals as _, ReadError, Token};

use super::link::NoLink;
use super::receipt::ReceiptLink;
use super::{Approvals, Case, List, OpenError};

/// A request as one person may see it.
#[derive(Clone, Debug)]
pub struct OpenRequest {
    /// Who looks.
    pub person: PersonId,
    /// The digest of the link by which they look.
    pub token: Digest,
    /// What they see.
    pub case: Case,
}

impl Approvals {
    /// The request of a link. Changes nothing in the store, however often.
    pub async fn open(&self, token: &str, address: IpAddr) -> Result<OpenRequest, OpenError> {
        let link = self.link(token, address).await?;
        let head = self.head(&link.row).await?.ok_or(OpenError::NotFound)?;
        let nobody_waits = head.together.as_ref().is_some_and(|together| together.waiting().next().is_none());
        let case = if nobody_waits {
            self.decided_case(&link.row).await?
        } else {
            let list = head.list.map(List::shortened);
            Case::read(&self.engine, head.run, head.approval.id, head.together, list).await?
        };
        let case = case.ok_or(OpenError::NotFound)?;
        let open = OpenRequest { person: link.row.person, token: link.row.digest, case };
        let expired = match open.case.approval.status {
            ApprovalStatus::Expired => true,
            ApprovalStatus::Pending => open.case.now >= open.case.approval.deadline,
            ApprovalStatus::Approved
            | ApprovalStatus::Rejected
            | ApprovalStatus::Cancelled
            | ApprovalStatus::Superseded => false,
        };
        if expired { Err(OpenError::Expired) } else { Ok(open) }
    }

    /// What became of the request of a receipt.
    pub async fn outcome(&self, receipt: &str, address: IpAddr) -> Result<OpenRequest, OpenError> {
        if let Ok(receipt) = receipt.parse::<ReceiptLink>() {
            let tokens = self.engine.store().tokens_of(receipt.approval).await?;
            if let Some(token) = tokens.into_iter().find(|token| receipt.is_of(token)) {
                let case = self.decided_case(&token).await?.ok_or(OpenError::NotFound)?;
                return Ok(OpenRequest { person: token.person, token: token.digest, case });
            }
        }
        Err(if self.guessed_too_often(address) { OpenError::TooMany } else { OpenError::NotFound })
    }

    /// What the holder of a link decided: of requests that are decided together, the one whose vote stands for them.
    async fn decided_case(&self, token: &Token) -> Result<Option<Case>, ReadError> {
        let Some((run, approval)) = self.engine.store().approval(token.approval).await? else { return Ok(None) };
        let together = self.together(&approval).await?;
        let decided = together.as_ref().and_then(|together| together.decided_by(&token.person));
        let (run, approval) = decided.map_or((run, approval), |decided| (decided.run, decided.approval.clone()));
        let list = match &together {
            Some(together) => Some(self.decided(together, &approval).await?),
            None => None,
        };
        Case::read(&self.engine, run, approval.id, together, list).await
    }
}

impl From<NoLink> for OpenError {
    fn from(none: NoLink) -> Self {
        match none {
            NoLink::Unknown => Self::NotFound,
            NoLink::TooMany => Self::TooMany,
            NoLink::Read(error) => error.into(),
        }
    }
}
