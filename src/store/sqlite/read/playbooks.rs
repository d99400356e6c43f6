//! Playbook versions.

use crate::domain::{Digest, PlaybookName};
use crate::store::ports::{Playbooks, Read};

use super::super::SqliteStore;
use super::{all, one, query};

// Of the rows of a group SQLite shows the one that has the maximum.
const NEWEST: &str =
    "SELECT name, digest, text, max(loaded_at) AS loaded_at FROM playbooks GROUP BY name ORDER BY name";

impl Playbooks for SqliteStore {
    async fn playbook_text(&self, digest: &Digest) -> Read<Option<String>> {
        let query = query("SELECT text FROM playbooks WHERE digest = ?1", [digest.into()]);
        one(self.readers(), "a playbook", query, |row| row.text("text")).await
    }

    async fn newest_playbooks(&self) -> Read<Vec<(PlaybookName, Digest, String)>> {
        let decode = |row: &super::Decoder<'_>| Ok((row.parse("name")?, row.digest("digest")?, row.text("text")?));
        all(self.readers(), "a playbook", query(NEWEST, []), decode).await
    }
}
