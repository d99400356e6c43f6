//! What became of an attempt, written down; and the alarm when nobody could be asked.
//!
//! A request that reached nobody by any channel can't be escalated in somebody's name, because nobody did anything: the
//! fallback owner's people are told over whatever channels they have, and an ERROR is logged.

use jiff::Timestamp;

use crate::domain::{ApprovalId, Message, MessageKind};
use crate::store::{Approvals, Commit, Outbox, QueuedMessage, Row, Writer};

use super::attempt::{Fate, RecordError};
use super::pause::next_try;
use super::{Delivery, NO_LONGER_NEEDED};

impl Delivery {
    pub(super) async fn record(&self, queued: &QueuedMessage, fate: Fate) -> Result<(), RecordError> {
        let (message, at) = (&queued.message, self.engine.clock().now());
        let id = message.id;
        let row = match fate {
            Fate::Sent => {
                tracing::info!(message.id = %id, person.id = %message.to, "message sent");
                Row::MessageSent { message: id, at }
            }
            Fate::NoLongerNeeded => Row::MessageUndelivered { message: id, at, error: NO_LONGER_NEEDED.to_owned() },
            Fate::Failed { reason, permanent, token } => {
                let next = if permanent { None } else { next_try(queued.failures, message.created_at, at) };
                return self
                    .record_failure(message, next, reason, token.map(|token| Row::TokenRevoked { token }))
                    .await;
            }
        };
        Ok(self.engine.store().commit(Commit { guards: Vec::new(), rows: vec![row] }).await?)
    }

    async fn record_failure(
        &self,
        message: &Message,
        next: Option<Timestamp>,
        error: String,
        revoked: Option<Row>,
    ) -> Result<(), RecordError> {
        let (id, at) = (message.id, self.engine.clock().now());
        let row = if let Some(next_at) = next {
            tracing::warn!(message.id = %id, person.id = %message.to, %error, %next_at, "a message could not be sent yet");
            Row::MessageDelayed { message: id, next_at, error }
        } else {
            tracing::error!(message.id = %id, person.id = %message.to, %error, "a message was given up: this person was not told");
            Row::MessageUndelivered { message: id, at, error }
        };
        let rows = revoked.into_iter().chain([row]).collect();
        self.engine.store().commit(Commit { guards: Vec::new(), rows }).await?;
        match &message.kind {
            MessageKind::ApprovalRequest { approval } if next.is_none() => {
                self.alarm_if_nobody_was_asked(*approval, at).await
            }
            MessageKind::ApprovalRequest { .. } | MessageKind::Notice { .. } => Ok(()),
        }
    }

    async fn alarm_if_nobody_was_asked(&self, id: ApprovalId, at: Timestamp) -> Result<(), RecordError> {
        let store = self.engine.store();
        let Some((run, approval)) = store.approval(id).await? else { return Ok(()) };
        let reached = store.messages_of(run).await?.into_iter().any(|message| {
            let of_this = message.kind == "approval_request" && message.created_at >= approval.asked_at;
            of_this && approval.people.contains(&message.to) && message.status != "undelivered"
        });
        if reached {
            return Ok(());
        }
        tracing::error!(run.id = %run, approval.id = %id, "a request reached nobody by any channel: somebody must decide by command or API");
        let subject = format!("Nobody could be asked about {run}");
        let text = format!(
            "The request {id} of {run} reached nobody by any channel.\n\nIt expires at {}. Decide it from a terminal:\n\n  \
             standdown approvals show {id}\n",
            super::moment::full_time(approval.deadline)
        );
        let people = self.engine.inventory().directory().fallback_people();
        let messages = self.engine.messages(&people, &MessageKind::Notice { subject, text }, None, at);
        let rows = messages.into_iter().map(|message| Row::Message(Box::new(message))).collect();
        self.engine.commit(Commit { guards: Vec::new(), rows }, Vec::new()).await?;
        Ok(())
    }
}
