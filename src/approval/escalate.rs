//! Asking more people without deciding. It takes the same proof as a decision, because it calls people at night. The
//! request stays as it is: its links, its votes and its deadline.

use std::net::IpAddr;

use crate::domain::{Actor, Approval, ApprovalId, Assurance, Event, EventKind, PersonId, RunId};
use crate::engine::SubmitError;
use crate::store::{Approvals as _, RunLog as _};

use super::receipt::ReceiptLink;
use super::together::Head;
use super::{Approvals, DecideError, Receipt, Together};

impl Approvals {
    /// Asks more people, for whoever holds a link and its code. Of requests that are decided together, about all that wait.
    pub async fn escalate_by_link(&self, token: &str, address: IpAddr, code: &str) -> Result<Receipt, DecideError> {
        let row = self.proven(token, address, code, None).await?;
        let Head { run, approval, together, .. } = self.head(&row).await?.ok_or(DecideError::NotFound)?;
        let link = ReceiptLink::of(&row).to_string();
        let receipt = self.escalate(run, &approval, together, &row.person, Assurance::Link).await?;
        Ok(Receipt { link: Some(link), ..receipt })
    }

    /// Asks more people, for a person whom a token of theirs, or the local socket, has proven. Of requests that are decided
    /// together, about all that wait if the first of them is named, and about one alone otherwise.
    pub async fn escalate_by_person(
        &self,
        approval: ApprovalId,
        person: &PersonId,
        assurance: Assurance,
    ) -> Result<Receipt, DecideError> {
        let (run, known) = self.engine.store().approval(approval).await?.ok_or(DecideError::NotFound)?;
        let together = self.together(&known).await?;
        let leads = |together: &Together| together.waiting().next().is_some_and(|head| head.approval.id == approval);
        self.escalate(run, &known, together.filter(leads), person, assurance).await
    }

    async fn escalate(
        &self,
        run: RunId,
        approval: &Approval,
        together: Option<Together>,
        person: &PersonId,
        assurance: Assurance,
    ) -> Result<Receipt, DecideError> {
        self.check_open(approval)?;
        let id = approval.id;
        let more = together.iter().flat_map(Together::waiting).filter(|other| other.approval.id != id);
        let more = more.filter(|other| !other.approval.escalated).map(|other| (other.run, other.approval.id));
        let more: Vec<(RunId, ApprovalId)> = more.collect();
        // An escalation of a list may have been broken off after its first one: then the others are still to be done.
        if approval.escalated && more.is_empty() {
            return Err(DecideError::AlreadyEscalated);
        }
        if !approval.escalated && !self.can_ask_more(run, approval).await? {
            return Err(DecideError::NobodyMore);
        }
        let event = EventKind::Escalated { approval: id, person: person.clone() };
        let run = self.submit(run, person, assurance, event).await?;
        if run.approvals.get(&id).is_some_and(|approval| !approval.asks_people()) {
            // It stood in the list of one that asked: whoever is asked now must hear of it.
            let event = EventKind::ApprovalPromoted { approval: id };
            self.engine.submit(run.id, Event::by_system(self.engine.clock().now(), event)).await?;
        }
        self.escalate_more(more, person, assurance).await;
        let status = run.approvals.get(&id).map_or(approval.status, |approval| approval.status);
        Ok(Receipt { approval: id, person: person.clone(), status, link: None })
    }

    /// Whether more people could be asked. That nobody was asked besides must not end the wait for an answer sooner.
    async fn can_ask_more(&self, run: RunId, approval: &Approval) -> Result<bool, DecideError> {
        let store = self.engine.store();
        let run = store.run(run).await?.ok_or(DecideError::NotFound)?;
        let playbook = self.engine.library().pinned(store, &run.digest).await.map_err(SubmitError::Playbook)?;
        Ok(self.engine.can_ask_more(&playbook, &run, approval))
    }

    /// The same about the others of a list, even if whoever asked for it goes away meanwhile.
    async fn escalate_more(&self, more: Vec<(RunId, ApprovalId)>, person: &PersonId, assurance: Assurance) {
        let (engine, person) = (self.engine.clone(), person.clone());
        let work = async move {
            for (run, approval) in more {
                let actor = Actor::Person { id: person.clone(), assurance };
                let kind = EventKind::Escalated { approval, person: person.clone() };
                // One that ended meanwhile asks nobody any more; whoever is called finds the others.
                if let Err(error) = engine.submit(run, Event { at: engine.clock().now(), actor, kind }).await {
                    tracing::warn!(run.id = %run, %error, "more people could not be asked about a run");
                }
            }
        };
        if self.engine.supervisor().finish("escalate", work).await.is_none() {
            tracing::error!("more people could not be asked about all of a list");
        }
    }
}
