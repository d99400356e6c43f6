//! The statements that write: one per kind of row, over as many rows as a batch has of it.
//!
//! Rows are bound as the tuples of one `VALUES` list. A list comes in a few lengths, so that the statements are few, are
//! prepared once, and stay prepared; what a batch leaves free is unbound, which SQLite reads as NULL, and a row without a
//! first column is passed over. One JSON array per statement, read with `json_each`, would be shorter, but every text in
//! it would have to be escaped here and unescaped there.

use std::sync::LazyLock;

use crate::store::write::target::Target;

/// How many rows a statement takes, shortest first.
pub const LENGTHS: [usize; 4] = [1, 8, 64, LENGTH_MAX];
const LENGTH_MAX: usize = 256;

/// One statement, cut where its tuples go.
pub struct Statement {
    /// What it writes.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test compares it with the statement's place"))]
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

const RUN_COLUMNS: usize = 19;

/// How a run comes in that its commit founds: nothing of it can be there to be changed.
pub static NEW_RUNS: Statement = insert(
    Target::Runs,
    RUN_COLUMNS,
    "INSERT INTO runs (id, version, incident, playbook, digest, agent, mode, status, verdict, open, wake_at, live, in_hand,
        owner, started_at, ended_at, alert_id, alert, state)",
    "",
);
/// How an incident comes in that its commit founds.
pub static NEW_INCIDENTS: Statement =
    insert(Target::Incidents, 6, "INSERT INTO incidents (id, version, key, open, body, era)", "");

/// Every statement, in the order of [`Target`].
pub static STATEMENTS: [Statement; 41] = [
    insert(
        Target::Alerts,
        11,
        "INSERT INTO alerts (id, source, dedup, incident, firing, count, last_seen_at, resolved_at, body, raw, era)",
        "",
    ),
    insert(Target::Deliveries, 5, "INSERT INTO deliveries (source, delivery, at, answer, era)", ""),
    insert(
        Target::Incidents,
        6,
        "INSERT INTO incidents (id, version, key, open, body, era)",
        // An open incident stands in its era under its key already; one that opens comes into the era of now.
        " ON CONFLICT (id) DO UPDATE SET version = excluded.version, open = excluded.open, body = excluded.body,
            era = CASE WHEN incidents.open = 1 AND incidents.key = excluded.key THEN incidents.era ELSE excluded.era END,
            key = excluded.key",
    ),
    insert(
        Target::Runs,
        RUN_COLUMNS,
        "INSERT INTO runs (id, version, incident, playbook, digest, agent, mode, status, verdict, open, wake_at, live,
            in_hand, owner, started_at, ended_at, alert_id, alert, state)",
        " ON CONFLICT (id) DO UPDATE SET version = excluded.version, status = excluded.status,
            verdict = excluded.verdict, open = excluded.open, wake_at = excluded.wake_at, live = excluded.live,
            in_hand = excluded.in_hand, ended_at = excluded.ended_at, state = excluded.state",
    ),
    insert(Target::Events, 8, "INSERT INTO events (subject, seq, at, actor, kind, body, prev_hash, hash)", ""),
    insert(Target::Holds, 4, "INSERT INTO holds (id, agent, ask_at, body)", ""),
    insert(
        Target::Approvals,
        6,
        "INSERT INTO approvals (id, run, agent, pending, bundle, body)",
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
        6,
        "INSERT INTO playbooks (digest, name, text, approvals, first_at, loaded_at)",
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
    insert(Target::SettingsGone, 1, "DELETE FROM settings WHERE key", ""),
    // What is forgotten: the rows whose key is in the list. What became open again meanwhile stays.
    insert(Target::TokensRetired, 1, "DELETE FROM tokens WHERE approval", ""),
    insert(Target::ApprovalsRetired, 1, "DELETE FROM approvals WHERE id", " AND pending = 0"),
    insert(Target::RunMessagesRetired, 1, "DELETE FROM messages WHERE run", ""),
    insert(Target::EventsRetired, 1, "DELETE FROM events WHERE subject", ""),
    insert(Target::RunsRetired, 1, "DELETE FROM runs WHERE id", ""),
    insert(Target::AlertsRetired, 1, "DELETE FROM alerts WHERE id", ""),
    insert(Target::IncidentsRetired, 1, "DELETE FROM incidents WHERE id", ""),
    insert(Target::HoldsRetired, 1, "DELETE FROM holds WHERE id", " AND lifted_at IS NOT NULL"),
    insert(Target::MessagesRetired, 1, "DELETE FROM messages WHERE id", " AND status IN ('sent', 'undelivered')"),
    insert(Target::DeliveriesRetired, 3, "DELETE FROM deliveries WHERE (source, delivery, era)", ""),
    insert(Target::DeadLettersRetired, 1, "DELETE FROM dead_letters WHERE id", ""),
    insert(Target::ContainmentsRetired, 1, "DELETE FROM containments WHERE at", ""),
];

impl Statement {
    fn text(&self, rows: usize) -> String {
        let tuple = format!("({})", vec!["?"; self.columns].join(", "));
        let tuples = vec![tuple; rows].join(", ");
        let (before, after) = (self.before, self.after);
        if before.starts_with("UPDATE") {
            format!("{before} FROM (VALUES {tuples}){after}")
        } else if before.starts_with("DELETE") {
            format!("{before} IN (SELECT * FROM (VALUES {tuples}) WHERE column1 IS NOT NULL){after}")
        } else {
            // Where nothing is said of rows that are there already, a row that can't go in ends the whole transaction.
            // A statement that could fail alone would copy every page aside before it changes it.
            let before =
                if after.is_empty() { before.replace("INSERT", "INSERT OR ROLLBACK") } else { before.to_owned() };
            format!("{before} SELECT * FROM (VALUES {tuples}) WHERE column1 IS NOT NULL{after}")
        }
    }
}

/// How many statements there are.
pub const STATEMENT_COUNT: usize = STATEMENTS.len() + 2;

/// Every statement, in the order in which a batch writes: what is founded comes before what changes it.
pub fn all() -> impl Iterator<Item = &'static Statement> {
    [&NEW_RUNS, &NEW_INCIDENTS].into_iter().chain(&STATEMENTS)
}

/// The texts, by place in [`all`] and length. sqlx takes only texts that live as long as the process; these are made once
/// from the constants above.
static TEXTS: LazyLock<Vec<[&'static str; 4]>> =
    LazyLock::new(|| all().map(|kind| LENGTHS.map(|rows| &*kind.text(rows).leak())).collect());

/// The length of the shortest statement that takes `rows` rows; the longest if none does.
pub fn length_for(rows: usize) -> usize {
    LENGTHS.into_iter().find(|length| *length >= rows).unwrap_or(LENGTH_MAX)
}

/// The text of the statement at that place of [`all`] for one of the [`LENGTHS`].
pub fn text_of(place: usize, length: usize) -> &'static str {
    let texts = TEXTS.get(place).into_iter().flatten();
    texts.zip(LENGTHS).find(|(_, of)| *of == length).map_or("", |(text, _)| text)
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
        assert_eq!([1, 2, 64, 65, 1000].map(length_for), [1, 8, 64, 256, 256]);
    }
}
