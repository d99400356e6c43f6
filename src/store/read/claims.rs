//! Who may change a run, as it is stored: a run's first owner stands in its row, whoever had it later in `claims`.

use crate::domain::{ReplicaId, RunId};
use crate::store::claim::{Claim, ClaimedRun, LateReply, Quarantined};
use crate::store::ports::Read;

use super::{Cell, Decoder, Reader, Text, all, limited, one, query};

const CLAIM: &str = "SELECT r.id, coalesce(c.epoch, 1) AS epoch, coalesce(c.takeovers, 0) AS takeovers, c.quarantined,
        CASE WHEN c.run IS NULL THEN r.owner ELSE c.owner END AS owner
    FROM runs AS r LEFT JOIN claims AS c ON c.run = r.id WHERE r.id = $1";
const CLAIMED_RUN: &str =
    "SELECT r.id, (SELECT w.state FROM run_states AS w WHERE w.id = r.id) AS state, coalesce(c.epoch, 1) AS epoch,
        coalesce(c.takeovers, 0) AS takeovers, c.quarantined,
        CASE WHEN c.run IS NULL THEN r.owner ELSE c.owner END AS owner
    FROM runs AS r LEFT JOIN claims AS c ON c.run = r.id WHERE r.id = $1";
const IN_HAND: Text = Text {
    sqlite: "SELECT r.id FROM runs AS r INDEXED BY runs_live LEFT JOIN claims AS c ON c.run = r.id
        WHERE r.live = 1 AND r.in_hand > 0 AND r.id > $2 AND c.quarantined IS NULL
            AND CASE WHEN c.run IS NULL THEN r.owner ELSE c.owner END = $1
        ORDER BY r.id LIMIT $3",
    postgres: "SELECT r.id FROM runs AS r LEFT JOIN claims AS c ON c.run = r.id
        WHERE r.live = 1 AND r.in_hand > 0 AND r.id > $2 AND c.quarantined IS NULL
            AND CASE WHEN c.run IS NULL THEN r.owner ELSE c.owner END = $1
        ORDER BY r.id LIMIT $3",
};
const QUARANTINED: Text = Text {
    sqlite: "SELECT run AS id, quarantined FROM claims INDEXED BY claims_quarantined
        WHERE quarantined IS NOT NULL ORDER BY run DESC LIMIT $1",
    postgres: "SELECT run AS id, quarantined FROM claims WHERE quarantined IS NOT NULL ORDER BY run DESC LIMIT $1",
};
const LATE: &str = "SELECT run AS id, at, step, attempt, epoch, replica, kind, outcome FROM late_replies
    WHERE run = $1 ORDER BY at, rowid";

fn decode_claim(row: &Decoder<'_>) -> Read<Claim> {
    Ok(Claim {
        owner: row.optional_id("owner")?,
        epoch: row.count("epoch")?,
        takeovers: row.small_count("takeovers")?,
        quarantined: row.optional_text("quarantined")?,
    })
}

pub async fn claim(readers: &impl Reader, run: RunId) -> Read<Option<Claim>> {
    one(readers, "run", query(CLAIM, [run.as_bytes().into()]), decode_claim).await
}

pub async fn claimed_run(readers: &impl Reader, run: RunId) -> Read<Option<ClaimedRun>> {
    one(readers, "run", query(CLAIMED_RUN, [run.as_bytes().into()]), |row| {
        Ok(ClaimedRun { run: row.json("state")?, claim: decode_claim(row)? })
    })
    .await
}

pub async fn has_replica(readers: &impl Reader, replica: ReplicaId) -> Read<bool> {
    let query = query("SELECT 1 AS found FROM replicas WHERE id = $1", [replica.as_bytes().into()]);
    one(readers, "a replica", query, |row| row.flag("found")).await.map(Option::unwrap_or_default)
}

pub async fn exists(readers: &impl Reader, text: impl Into<Text>) -> Read<bool> {
    one(readers, "runs", query(text, []), |row| row.flag("found")).await.map(Option::unwrap_or_default)
}

pub async fn runs_in_hand(
    readers: &impl Reader,
    replica: ReplicaId,
    after: Option<RunId>,
    limit: u32,
) -> Read<Vec<RunId>> {
    let after = after.map_or_else(|| Cell::bytes(&[]), |id| id.as_bytes().into());
    let query = query(IN_HAND, [replica.as_bytes().into(), after, limited(limit)]);
    all(readers, "run", query, |row| row.id("id")).await
}

pub async fn quarantined_runs(readers: &impl Reader, limit: u32) -> Read<Vec<Quarantined>> {
    all(readers, "run", query(QUARANTINED, [limited(limit)]), |row| {
        Ok(Quarantined { run: row.id("id")?, reason: row.text("quarantined")? })
    })
    .await
}

pub async fn late_replies(readers: &impl Reader, run: RunId) -> Read<Vec<LateReply>> {
    all(readers, "a late reply", query(LATE, [run.as_bytes().into()]), |row| {
        Ok(LateReply {
            run: row.id("id")?,
            step: row.parse("step")?,
            attempt: row.small_count("attempt")?,
            epoch: row.count("epoch")?,
            replica: row.id("replica")?,
            at: row.time("at")?,
            kind: row.text("kind")?,
            outcome: row.json("outcome")?,
        })
    })
    .await
}

pub async fn late_reply_count(readers: &impl Reader) -> Read<u64> {
    let query = query("SELECT count(*) AS late FROM late_replies", []);
    one(readers, "a late reply", query, |row| row.count("late")).await.map(Option::unwrap_or_default)
}
