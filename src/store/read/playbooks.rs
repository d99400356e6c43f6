//! Playbook versions, and what became of those that serve.

use crate::domain::Digest;
use crate::store::ports::{Playbooks, Read};
use crate::store::rows::{StoredEvent, StoredPlaybook, Subject};

use super::run_log::stored_event;
use super::{Cell, Database, Decoder, all, limited, one, query, subject_key};

const DAEMON_FACTS: &str = "SELECT seq, at, actor, kind, body, prev_hash, hash FROM events
    WHERE subject = $1 AND kind IN ($2, $3) ORDER BY seq DESC LIMIT $4";

fn stored(row: &Decoder<'_>) -> Read<StoredPlaybook> {
    Ok(StoredPlaybook {
        name: row.parse("name")?,
        digest: row.digest("digest")?,
        text: row.text("text")?,
        approvals: row.optional_json("approvals")?,
    })
}

impl<D: Database> Playbooks for D {
    async fn playbook(&self, digest: &Digest) -> Read<Option<StoredPlaybook>> {
        let query = query("SELECT name, digest, text, approvals FROM playbooks WHERE digest = $1", [digest.into()]);
        one(self.readers(), "a playbook", query, stored).await
    }

    async fn daemon_facts(&self, kinds: [&'static str; 2], limit: u32) -> Read<Vec<StoredEvent>> {
        let [first, second] = kinds;
        let subject = Cell::bytes(&subject_key(&Subject::Daemon));
        let query = query(DAEMON_FACTS, [subject, first.into(), second.into(), limited(limit)]);
        all(self.readers(), "event", query, stored_event).await
    }
}
