//! The statements that write: one per kind of row, over as many rows as a batch has of it.
//!
//! Rows are bound as the tuples of one `VALUES` list. A list comes in a few lengths, so that the statements are few, are
//! prepared once, and stay prepared; what a batch leaves free is unbound, which SQLite reads as NULL, and a row without a
//! first column is passed over. One JSON array per statement, read with `json_each`, would be shorter, but every text in
//! it would have to be escaped here and unescaped there.

use std::sync::LazyLock;

/// How many rows a statement takes, shortest first.
pub const LENGTHS: [usize; 4] = [1, 8, 64, 256];

/// What a row is written to, in the order in which a batch writes: what is new comes before what changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    Alerts,
    AlertBodies,
    Deliveries,
    Incidents,
    Runs,
    Events,
    Holds,
    Approvals,
    Tokens,
    Messages,
    Containments,
    Playbooks,
    DeadLetters,
    Blobs,
    GateSightings,
    Settings,
    AlertsRepeated,
    AlertsResolved,
    HoldsLifted,
    HoldEndsHandled,
    TokensFailed,
    TokensRevoked,
    MessagesDelayed,
    MessagesSent,
    MessagesUndelivered,
    RunsAdvanced,
    RunsQuarantined,
    RunsReleased,
    LateReplies,
}

/// One statement, cut where its tuples go.
pub struct Statement {
    /// What it writes.
    pub target: Target,
    /// How many columns a tuple has.
    pub columns: usize,
    /// Whether the second column counts: rows with the same first column are added up before they are written.
    pub counted: bool,
    before: &'static str,
    after: &'static str,
}

const fn insert(target: Target, columns: usize, before: &'static str, after: &'static str) -> Statement {
    Statement { target, columns, counted: false, before, after }
}

const fn count(target: Target, columns: usize, before: &'static str, after: &'static str) -> Statement {
    Statement { target, columns, counted: true, before, after }
}

/// Every statement, in the order of [`Target`].
pub static STATEMENTS: [Statement; 29] = [
    insert(
        Target::Alerts,
        9,
        "INSERT INTO alerts (id, source, dedup, incident, firing, count, last_seen_at, resolved_at, body)",
        "",
    ),
    insert(Target::AlertBodies, 2, "INSERT INTO alert_bodies (id, raw)", ""),
    insert(Target::Deliveries, 4, "INSERT INTO deliveries (source, delivery, at, answer)", ""),
    insert(
        Target::Incidents,
        5,
        "INSERT INTO incidents (id, version, key, open, body)",
        " ON CONFLICT (id) DO UPDATE SET version = excluded.version, key = excluded.key, open = excluded.open,
            body = excluded.body",
    ),
    insert(
        Target::Runs,
        17,
        "INSERT INTO runs (id, version, incident, playbook, digest, agent, mode, status, verdict, open, wake_at, live,
            in_hand, owner, started_at, ended_at, state)",
        " ON CONFLICT (id) DO UPDATE SET version = excluded.version, status = excluded.status,
            verdict = excluded.verdict, open = excluded.open, wake_at = excluded.wake_at, live = excluded.live,
            in_hand = excluded.in_hand, ended_at = excluded.ended_at, state = excluded.state",
    ),
    insert(Target::Events, 8, "INSERT INTO events (subject, seq, at, actor, kind, body, prev_hash, hash)", ""),
    insert(Target::Holds, 4, "INSERT INTO holds (id, agent, ask_at, body)", ""),
    insert(
        Target::Approvals,
        5,
        "INSERT INTO approvals (id, run, agent, pending, body)",
        " ON CONFLICT (id) DO UPDATE SET pending = excluded.pending, body = excluded.body",
    ),
    insert(
        Target::Tokens,
        9,
        "INSERT INTO tokens (digest, code, approval, run, person, message, minted_at, failures, revoked)",
        "",
    ),
    insert(Target::Messages, 5, "INSERT INTO messages (id, run, status, next_at, body)", ""),
    insert(Target::Containments, 4, "INSERT INTO containments (at, agent, run, playbook)", ""),
    insert(
        Target::Playbooks,
        5,
        "INSERT INTO playbooks (digest, name, text, first_at, loaded_at)",
        " ON CONFLICT (digest) DO UPDATE SET loaded_at = max(loaded_at, excluded.loaded_at)",
    ),
    insert(Target::DeadLetters, 2, "INSERT INTO dead_letters (id, body)", ""),
    insert(Target::Blobs, 2, "INSERT INTO blobs (digest, bytes)", " ON CONFLICT (digest) DO NOTHING"),
    insert(
        Target::GateSightings,
        3,
        "INSERT INTO gate_sightings (agent, seen_at, refused_at)",
        " ON CONFLICT (agent) DO UPDATE SET seen_at = max(seen_at, excluded.seen_at), refused_at = coalesce(
            max(refused_at, excluded.refused_at), refused_at, excluded.refused_at)",
    ),
    insert(
        Target::Settings,
        2,
        "INSERT INTO settings (key, value)",
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    ),
    count(
        Target::AlertsRepeated,
        3,
        "UPDATE alerts SET count = count + v.column2, last_seen_at = max(last_seen_at, v.column3)",
        " AS v WHERE id = v.column1",
    ),
    insert(
        Target::AlertsResolved,
        2,
        "UPDATE alerts SET firing = 0, resolved_at = coalesce(resolved_at, v.column2)",
        " AS v WHERE id = v.column1",
    ),
    insert(
        Target::HoldsLifted,
        4,
        "UPDATE holds SET lifted_at = v.column2, lifted_by = v.column3, lift_reason = v.column4",
        " AS v WHERE id = v.column1 AND lifted_at IS NULL",
    ),
    insert(Target::HoldEndsHandled, 1, "UPDATE holds SET end_handled = 1", " AS v WHERE id = v.column1"),
    count(
        Target::TokensFailed,
        2,
        "UPDATE tokens SET failures = failures + v.column2, revoked = revoked OR failures + v.column2 >= 5",
        " AS v WHERE digest = v.column1",
    ),
    insert(Target::TokensRevoked, 1, "UPDATE tokens SET revoked = 1", " AS v WHERE digest = v.column1"),
    count(
        Target::MessagesDelayed,
        4,
        "UPDATE messages SET failures = failures + v.column2, next_at = v.column3, error = v.column4",
        " AS v WHERE id = v.column1 AND status = 'queued'",
    ),
    insert(
        Target::MessagesSent,
        2,
        "UPDATE messages SET status = 'sent', ended_at = v.column2",
        " AS v WHERE id = v.column1 AND status = 'queued'",
    ),
    insert(
        Target::MessagesUndelivered,
        3,
        "UPDATE messages SET status = 'undelivered', failures = failures + 1, ended_at = v.column2, error = v.column3",
        " AS v WHERE id = v.column1 AND status = 'queued'",
    ),
    insert(Target::RunsAdvanced, 1, "UPDATE claims SET takeovers = 0", " AS v WHERE run = v.column1"),
    insert(
        Target::RunsQuarantined,
        4,
        "INSERT INTO claims (run, epoch, takeovers, quarantined)",
        " ON CONFLICT (run) DO UPDATE SET owner = NULL, quarantined = excluded.quarantined",
    ),
    insert(
        Target::RunsReleased,
        1,
        "UPDATE claims SET owner = NULL, takeovers = 0, quarantined = NULL",
        " AS v WHERE run = v.column1",
    ),
    insert(
        Target::LateReplies,
        8,
        "INSERT INTO late_replies (run, at, step, attempt, epoch, replica, kind, outcome)",
        "",
    ),
];

impl Statement {
    fn text(&self, rows: usize) -> String {
        let tuple = format!("({})", vec!["?"; self.columns].join(", "));
        let tuples = vec![tuple; rows].join(", ");
        let (before, after) = (self.before, self.after);
        if before.starts_with("UPDATE") {
            format!("{before} FROM (VALUES {tuples}){after}")
        } else {
            format!("{before} SELECT * FROM (VALUES {tuples}) WHERE column1 IS NOT NULL{after}")
        }
    }
}

/// The texts, by target and length. sqlx takes only texts that live as long as the process; these are made once from the
/// constants above.
static TEXTS: LazyLock<Vec<[&'static str; 4]>> =
    LazyLock::new(|| STATEMENTS.iter().map(|kind| LENGTHS.map(|rows| &*kind.text(rows).leak())).collect());

/// The text that writes up to `rows` rows, and how many it takes; the longest if none is long enough.
pub fn text_for(target: Target, rows: usize) -> Option<(&'static str, usize)> {
    let texts = TEXTS.get(target as usize)?;
    let pairs = || texts.iter().copied().zip(LENGTHS);
    pairs().find(|(_, length)| *length >= rows).or_else(|| pairs().next_back())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_stand_in_the_order_of_their_targets() {
        for (index, statement) in STATEMENTS.iter().enumerate() {
            assert_eq!(statement.target as usize, index, "{:?}", statement.target);
        }
    }

    #[test]
    fn the_shortest_statement_that_holds_the_rows_is_taken() {
        let length = |rows| text_for(Target::Runs, rows).unwrap().1;
        assert_eq!([length(1), length(2), length(64), length(65), length(1000)], [1, 8, 64, 256, 256]);
    }
}
