//! Messages that wait, and what became of the others.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::{Message, MessageKind, RunId};
use crate::store::commit::CommitError;
use crate::store::ports::{Outbox, Read};
use crate::store::rows::{MessageSummary, QueuedMessage};

use super::{Database, all, limited, one, query, understood};

// `status <> 'sent'` is what makes SQLite read only the index of messages that are not done with.
const DUE: &str = "SELECT id, body, failures FROM messages
    WHERE status <> 'sent' AND status = 'queued' AND next_at <= $1 ORDER BY next_at, id LIMIT $2";
const OF_RUN: &str = "SELECT id, body, status, failures, error, ended_at FROM messages WHERE run = $1 ORDER BY id";
const COUNTS: &str = "SELECT count(*) FILTER (WHERE status = 'queued') AS queued,
    count(*) FILTER (WHERE status = 'undelivered') AS undelivered FROM messages WHERE status <> 'sent'";

impl<D: Database> Outbox for D {
    async fn claim_messages(
        &self,
        now: Timestamp,
        limit: u32,
        lease: Duration,
    ) -> Result<Vec<QueuedMessage>, CommitError> {
        self.take_messages(now, limit, lease).await
    }

    async fn messages_due(&self, now: Timestamp, limit: u32) -> Read<Vec<QueuedMessage>> {
        understood(self.readers(), "message", query(DUE, [now.into(), limited(limit)]), |row| {
            Ok(QueuedMessage { message: row.json("body")?, failures: row.small_count("failures")? })
        })
        .await
    }

    async fn next_message(&self) -> Read<Option<Timestamp>> {
        self.next_free_message().await
    }

    async fn messages_of(&self, run: RunId) -> Read<Vec<MessageSummary>> {
        all(self.readers(), "message", query(OF_RUN, [run.as_bytes().into()]), |row| {
            let message: Message = row.json("body")?;
            let kind = match message.kind {
                MessageKind::Notice { .. } => "notice",
                MessageKind::ApprovalRequest { .. } => "approval_request",
            };
            Ok(MessageSummary {
                id: message.id,
                to: message.to,
                via: message.via,
                kind: kind.to_owned(),
                status: row.text("status")?,
                failures: row.small_count("failures")?,
                error: row.optional_text("error")?,
                created_at: message.created_at,
                ended_at: row.optional_time("ended_at")?,
            })
        })
        .await
    }

    async fn message_counts(&self) -> Read<(u64, u64)> {
        let counts = one(self.readers(), "message", query(COUNTS, []), |row| {
            Ok((row.count("queued")?, row.count("undelivered")?))
        });
        counts.await.map(Option::unwrap_or_default)
    }
}
