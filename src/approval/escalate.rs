//! Asking more people without deciding. It takes the same proof as a decision, because it calls people at night. The
//! request stays as it is: its links, its votes and its deadline.

use std::net::IpAddr;

use crate::domain::{Approval, ApprovalId, Assurance, EventKind, PersonId, RunId};
use crate::store::{Approvals as _, RunLog};

use super::receipt::ReceiptLink;
use super::{Approvals, DecideError, Receipt};

impl Approvals {
    /// Asks more people, for whoever holds a link and its code.
    pub async fn escalate_by_link(&self, token: &str, address: IpAddr, code: &str) -> Result<Receipt, DecideError> {
        let row = self.proven(token, address, code, None).await?;
        let run = self.engine.store().run(row.run).await?.ok_or(DecideError::NotFound)?;
        let approval = run.approvals.get(&row.approval).ok_or(DecideError::NotFound)?;
        let link = ReceiptLink::of(&row).to_string();
        let receipt = self.escalate(row.run, approval, &row.person, Assurance::Link).await?;
        Ok(Receipt { link: Some(link), ..receipt })
    }

    /// Asks more people, for a person whom a token of theirs, or the local socket, has proven.
    pub async fn escalate_by_person(
        &self,
        approval: ApprovalId,
        person: &PersonId,
        assurance: Assurance,
    ) -> Result<Receipt, DecideError> {
        let (run, known) = self.engine.store().approval(approval).await?.ok_or(DecideError::NotFound)?;
        self.escalate(run, &known, person, assurance).await
    }

    async fn escalate(
        &self,
        run: RunId,
        approval: &Approval,
        person: &PersonId,
        assurance: Assurance,
    ) -> Result<Receipt, DecideError> {
        self.check_open(approval)?;
        if approval.escalated {
            return Err(DecideError::AlreadyEscalated);
        }
        let id = approval.id;
        let kind = EventKind::Escalated { approval: id, person: person.clone() };
        let run = self.submit(run, person, assurance, kind).await?;
        let status = run.approvals.get(&id).map_or(approval.status, |approval| approval.status);
        Ok(Receipt { approval: id, person: person.clone(), status, link: None })
    }
}
