//! What became of an attempt, written down; and the alarm when nobody could be asked.
//!
//! A request that reached nobody by any channel can't be escalated in somebody's name, because nobody did anything: the
//! fallback owner's people are told over whatever channels they have, and an ERROR is logged.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::{ApprovalId, Message, MessageId, MessageKind};
use crate::store::{Approvals, Commit, Outbox, QueuedMessage, Row, Writer};

use super::attempt::{Fate, RecordError};
use super::pause::next_try;
use super::{Delivery, LEASE, NO_LONGER_NEEDED};

/// The pause after a first commit that was not taken.
const PAUSE_MIN: Duration = Duration::from_millis(50);

/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(5);

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
                let revoked = token.map(|token| Row::TokenRevoked { token });
                let next = if permanent { None } else { next_try(queued.failures, message.created_at, at) };
                return match next {
                    Some(next_at) => self.delay(message, next_at, reason, revoked).await,
                    None => self.give_up(message, at, reason, revoked).await,
                };
            }
        };
        self.keep(vec![row]).await
    }

    /// Writes down what became of a message, as often as it takes while the message is this replica's: one that was sent
    /// must not be sent again because the disk is busy.
    async fn keep(&self, rows: Vec<Row>) -> Result<(), RecordError> {
        let mut pause = PAUSE_MIN;
        let mut left = LEASE;
        loop {
            let error = match self.engine.store().commit(Commit { guards: Vec::new(), rows: rows.clone() }).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            if left < pause || !self.engine.supervisor().sleep(pause).await {
                return Err(error.into());
            }
            tracing::warn!(%error, "what became of a message could not be recorded yet; trying again");
            left = left.saturating_sub(pause);
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    async fn delay(
        &self,
        message: &Message,
        next_at: Timestamp,
        error: String,
        revoked: Option<Row>,
    ) -> Result<(), RecordError> {
        let id = message.id;
        tracing::warn!(message.id = %id, person.id = %message.to, %error, %next_at, "a message could not be sent yet");
        let rows = revoked.into_iter().chain([Row::MessageDelayed { message: id, next_at, error }]).collect();
        Ok(self.engine.store().commit(Commit { guards: Vec::new(), rows }).await?)
    }

    async fn give_up(
        &self,
        message: &Message,
        at: Timestamp,
        error: String,
        revoked: Option<Row>,
    ) -> Result<(), RecordError> {
        let id = message.id;
        tracing::error!(message.id = %id, person.id = %message.to, %error, "a message was given up: this person was not told");
        let _turn = self.giving_up.lock().await;
        let alarm = match &message.kind {
            MessageKind::ApprovalRequest { approval } => self.alarm_if_nobody_is_left(id, *approval, at).await?,
            MessageKind::Notice { .. } => Vec::new(),
        };
        let undelivered = Row::MessageUndelivered { message: id, at, error };
        let told = !alarm.is_empty();
        let rows = revoked.into_iter().chain([undelivered]).chain(alarm).collect();
        self.engine.commit(Commit { guards: Vec::new(), rows }, Vec::new()).await?;
        if let (MessageKind::ApprovalRequest { approval }, false) = (&message.kind, told) {
            // Another replica may have given up the last but one at the same time, each counting on the other's.
            let rows = self.alarm_if_nobody_is_left(id, *approval, at).await?;
            if !rows.is_empty() {
                self.engine.commit(Commit { guards: Vec::new(), rows }, Vec::new()).await?;
            }
        }
        Ok(())
    }

    /// The alarm to be committed with the end of a request's message, if no other message of it was sent or still may be.
    async fn alarm_if_nobody_is_left(
        &self,
        given_up: MessageId,
        id: ApprovalId,
        at: Timestamp,
    ) -> Result<Vec<Row>, RecordError> {
        let store = self.engine.store();
        let Some((run, approval)) = store.approval(id).await? else { return Ok(Vec::new()) };
        let reached = store.messages_of(run).await?.into_iter().any(|message| {
            let of_this = message.kind == "approval_request" && message.created_at >= approval.asked_at;
            of_this
                && message.id != given_up
                && approval.people.contains(&message.to)
                && message.status != "undelivered"
        });
        if reached {
            return Ok(Vec::new());
        }
        tracing::error!(run.id = %run, approval.id = %id, "a request reached nobody: somebody must decide by command or API");
        let subject = format!("Nobody could be asked about {run}");
        let text = format!(
            "The request {id} of {run} reached nobody by any channel.\n\nIt expires at {}. Decide it from a terminal:\n\n  \
             standdown approvals show {id}\n",
            super::moment::full_time(approval.deadline)
        );
        let people = self.engine.inventory().directory().fallback_people();
        let messages = self.engine.messages(&people, &MessageKind::Notice { subject, text }, None, at);
        Ok(messages.into_iter().map(|message| Row::Message(Box::new(message))).collect())
    }
}
