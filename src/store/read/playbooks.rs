//! Playbook versions, and what became of those that serve.

use crate::domain::{Digest, PlaybookName};
use crate::store::ports::{Playbooks, Read};
use crate::store::rows::{StoredEvent, Subject};

use super::run_log::stored_event;
use super::{Cell, Database, all, limited, one, query, subject_key};

const NEWEST: &str = "SELECT name, digest, text FROM (
        SELECT name, digest, text, row_number() OVER (PARTITION BY name ORDER BY loaded_at DESC, digest) AS place
        FROM playbooks
    ) AS placed WHERE place = 1 ORDER BY name";

const DAEMON_FACTS: &str = "SELECT seq, at, actor, kind, body, prev_hash, hash FROM events
    WHERE subject = $1 AND kind IN ($2, $3) ORDER BY seq DESC LIMIT $4";

impl<D: Database> Playbooks for D {
    async fn playbook_text(&self, digest: &Digest) -> Read<Option<String>> {
        let query = query("SELECT text FROM playbooks WHERE digest = $1", [digest.into()]);
        one(self.readers(), "a playbook", query, |row| row.text("text")).await
    }

    async fn newest_playbooks(&self) -> Read<Vec<(PlaybookName, Digest, String)>> {
        let decode = |row: &super::Decoder<'_>| Ok((row.parse("name")?, row.digest("digest")?, row.text("text")?));
        all(self.readers(), "a playbook", query(NEWEST, []), decode).await
    }

    async fn daemon_facts(&self, kinds: [&'static str; 2], limit: u32) -> Read<Vec<StoredEvent>> {
        let [first, second] = kinds;
        let subject = Cell::bytes(&subject_key(&Subject::Daemon));
        let query = query(DAEMON_FACTS, [subject, first.into(), second.into(), limited(limit)]);
        all(self.readers(), "event", query, stored_event).await
    }
}
