//! A wrong code: it is counted on disk, and the fifth one ends the link, tells the operators and sends a new link.
//!
//! New links are sent at most twice a person and request; whoever still guesses wrong then has only the command line
//! and the API. The request itself is never locked.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::domain::{Approval, ApprovalId, Message, MessageId, MessageKind, Run};
use crate::store::{Approvals as _, Commit, Outbox, ReadError, Row, Token};

use super::{Approvals, DecideError};

/// Wrong codes that one link takes; the store revokes it with the last.
const WRONG_CODES_MAX: u32 = 5;

/// Links that one person gets anew for one request.
const NEW_LINKS_MAX: usize = 2;

impl Approvals {
    /// Counts a wrong code; what the person is told.
    pub(super) async fn wrong_code(
        &self,
        token: &Token,
        run: &Run,
        approval: &Approval,
    ) -> Result<DecideError, DecideError> {
        let left = WRONG_CODES_MAX.saturating_sub(token.failures.saturating_add(1));
        let mut rows = vec![Row::TokenFailed { token: token.digest }];
        if left == 0 {
            rows.extend(self.after_the_last_try(token, run, approval).await?);
        }
        self.engine.commit(Commit { guards: Vec::new(), rows }, Vec::new()).await?;
        tracing::warn!(run.id = %run.id, approval.id = %approval.id, person.id = %token.person, left, "a wrong code was entered");
        Ok(DecideError::WrongCode { left })
    }

    async fn after_the_last_try(&self, token: &Token, run: &Run, approval: &Approval) -> Result<Vec<Row>, ReadError> {
        let now = self.engine.clock().now();
        // The link may be of another request than the one it leads to: those that are decided together share their links.
        let requests: BTreeSet<ApprovalId> = [token.approval, approval.id].into();
        let mut ended = 0;
        for request in requests {
            let tokens = self.engine.store().tokens_of(request).await?;
            let is_ended = |other: &&Token| other.person == token.person && other.failures >= WRONG_CODES_MAX;
            ended += tokens.iter().filter(is_ended).count();
        }
        let anew = if ended < NEW_LINKS_MAX { self.new_link(token, run, approval.id, now).await? } else { None };
        let people = self.engine.inventory().directory().fallback_people();
        let notice = notice(token, run, approval, anew.is_some());
        let mut messages = self.engine.messages(&people, &notice, Some(run), now);
        messages.extend(anew);
        Ok(messages.into_iter().map(|message| Row::Message(Box::new(message))).collect())
    }

    /// A link to the request that the spent one led to, by the way that the spent one came.
    async fn new_link(
        &self,
        token: &Token,
        run: &Run,
        approval: ApprovalId,
        now: Timestamp,
    ) -> Result<Option<Message>, ReadError> {
        let messages = self.engine.store().messages_of(token.run).await?;
        let carried = messages.into_iter().find(|message| message.id == token.message);
        Ok(carried.map(|carried| Message {
            id: MessageId::generate(now),
            to: token.person.clone(),
            via: carried.via,
            run: Some(run.id),
            incident: Some(run.incident),
            kind: MessageKind::ApprovalRequest { approval },
            created_at: now,
        }))
    }
}

fn notice(token: &Token, run: &Run, approval: &Approval, sent_anew: bool) -> MessageKind {
    let next = if sent_anew {
        "The link is no longer good; a new one was sent to the same address."
    } else {
        "The link is no longer good, and no other is sent: they can still decide by command line or API."
    };
    let text = format!(
        "Somebody who holds the link of {person} to the request {approval} entered {WRONG_CODES_MAX} wrong codes.\n\n\
         {next}\n\nIf it was not {person}, the link has leaked: look at who reads their messages, the agent included.\n\n\
         Agent: {agent}\nRun: {run}\n",
        person = token.person,
        approval = approval.id,
        agent = run.agent.id,
        run = run.id,
    );
    MessageKind::Notice { subject: format!("Wrong codes: the link of {} was ended", token.person), text }
}
