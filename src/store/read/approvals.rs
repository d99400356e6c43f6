//! Requests to people, and the tokens of their links.

use crate::domain::{Approval, ApprovalId, Digest, RunId};
use crate::store::ports::{Approvals, Read};
use crate::store::rows::{BundledApproval, Token};

use super::{Database, Decoder, Text, all, limited, one, query, understood};

const PENDING: Text = Text {
    sqlite: "SELECT id, run, body FROM approvals INDEXED BY approvals_pending WHERE pending = 1
        ORDER BY id DESC LIMIT $1",
    postgres: "SELECT id, run, body FROM approvals WHERE pending = 1 ORDER BY id DESC LIMIT $1",
};
const NEWEST: &str = "SELECT id, run, body FROM approvals ORDER BY id DESC LIMIT $1";
const BUNDLE: &str = "SELECT a.id AS id, a.run AS run, a.agent AS agent, a.body AS body,
    CAST(CASE WHEN c.quarantined IS NULL THEN 0 ELSE 1 END AS BIGINT) AS is_quarantined
        FROM approvals AS a LEFT JOIN claims AS c ON c.run = a.run
    WHERE a.bundle = $1 ORDER BY a.id";
const OPEN_BUNDLES: Text = Text {
    sqlite: "SELECT a.id AS id, a.run AS run, a.agent AS agent, a.body AS body,
        CAST(CASE WHEN c.quarantined IS NULL THEN 0 ELSE 1 END AS BIGINT) AS is_quarantined
        FROM approvals AS a LEFT JOIN claims AS c ON c.run = a.run
        WHERE a.bundle IN (SELECT bundle FROM approvals
        INDEXED BY approvals_pending WHERE pending = 1 AND bundle IS NOT NULL) ORDER BY a.id",
    postgres: "SELECT a.id AS id, a.run AS run, a.agent AS agent, a.body AS body,
        CAST(CASE WHEN c.quarantined IS NULL THEN 0 ELSE 1 END AS BIGINT) AS is_quarantined
        FROM approvals AS a LEFT JOIN claims AS c ON c.run = a.run
        WHERE a.bundle IN (SELECT bundle FROM approvals
        WHERE pending = 1 AND bundle IS NOT NULL) ORDER BY a.id",
};
const TOKEN: &str = "SELECT digest, code, approval, run, person, message, minted_at, failures, revoked FROM tokens
    WHERE digest = $1";
const TOKENS_OF: &str = "SELECT digest, code, approval, run, person, message, minted_at, failures, revoked FROM tokens
    WHERE approval = $1 ORDER BY minted_at, digest";

fn request(row: &Decoder<'_>) -> Read<(RunId, Approval)> {
    Ok((row.id("run")?, row.json("body")?))
}

fn bundled(row: &Decoder<'_>) -> Read<BundledApproval> {
    Ok(BundledApproval {
        run: row.id("run")?,
        agent: row.parse("agent")?,
        approval: row.json("body")?,
        is_quarantined: row.flag("is_quarantined")?,
    })
}

fn stored_token(row: &Decoder<'_>) -> Read<Token> {
    Ok(Token {
        digest: row.digest("digest")?,
        code: row.digest("code")?,
        approval: row.id("approval")?,
        run: row.id("run")?,
        person: row.parse("person")?,
        message: row.id("message")?,
        minted_at: row.time("minted_at")?,
        failures: row.small_count("failures")?,
        revoked: row.flag("revoked")?,
    })
}

impl<D: Database> Approvals for D {
    async fn approval(&self, id: ApprovalId) -> Read<Option<(RunId, Approval)>> {
        let query = query("SELECT id, run, body FROM approvals WHERE id = $1", [id.as_bytes().into()]);
        one(self.readers(), "approval", query, request).await
    }

    async fn approvals(&self, pending: bool, limit: u32) -> Read<Vec<(RunId, Approval)>> {
        let text = if pending { PENDING } else { NEWEST.into() };
        all(self.readers(), "approval", query(text, [limited(limit)]), request).await
    }

    async fn bundle(&self, first: ApprovalId) -> Read<Vec<BundledApproval>> {
        understood(self.readers(), "approval", query(BUNDLE, [first.as_bytes().into()]), bundled).await
    }

    async fn open_bundles(&self) -> Read<Vec<BundledApproval>> {
        understood(self.readers(), "approval", query(OPEN_BUNDLES, []), bundled).await
    }

    async fn token(&self, digest: &Digest) -> Read<Option<Token>> {
        one(self.readers(), "a token", query(TOKEN, [digest.into()]), stored_token).await
    }

    async fn tokens_of(&self, approval: ApprovalId) -> Read<Vec<Token>> {
        all(self.readers(), "a token", query(TOKENS_OF, [approval.as_bytes().into()]), stored_token).await
    }
}
