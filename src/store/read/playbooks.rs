//! Playbook versions.

use crate::domain::{Digest, PlaybookName};
use crate::store::ports::{Playbooks, Read};

use super::{Database, all, one, query};

const NEWEST: &str = "SELECT name, digest, text FROM (
        SELECT name, digest, text, row_number() OVER (PARTITION BY name ORDER BY loaded_at DESC, digest) AS place
        FROM playbooks
    ) AS placed WHERE place = 1 ORDER BY name";

impl<D: Database> Playbooks for D {
    async fn playbook_text(&self, digest: &Digest) -> Read<Option<String>> {
        let query = query("SELECT text FROM playbooks WHERE digest = $1", [digest.into()]);
        one(self.readers(), "a playbook", query, |row| row.text("text")).await
    }

    async fn newest_playbooks(&self) -> Read<Vec<(PlaybookName, Digest, String)>> {
        let decode = |row: &super::Decoder<'_>| Ok((row.parse("name")?, row.digest("digest")?, row.text("text")?));
        all(self.readers(), "a playbook", query(NEWEST, []), decode).await
    }
}
