//! The statements that write: one per kind of row, over as many rows as a batch has of it, given as one array a column.
//!
//! They write what SQLite's write, in the same order. An upsert must not meet the same row twice in one statement, so each
//! says what is done with rows that have the same key.

use crate::store::write::target::Target;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number.
    Number,
    /// A text.
    Text,
    /// Bytes.
    Bytes,
}

/// What is done with rows of one batch that have the same first column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// They are written as they are: they can't meet, or it does no harm.
    Kept,
    /// The last stands.
    Last,
    /// The second columns are added up, of the others the last stands.
    Counted,
    /// The second goes into a further statement, the third into another.
    Rounds,
}

/// One statement.
pub struct Statement {
    /// What it writes.
    pub target: Target,
    /// What its columns hold.
    pub columns: &'static [Kind],
    /// What is done with rows that have the same first column.
    pub repeats: Repeats,
    /// Its text; one parameter a column.
    pub text: &'static str,
}

const fn write(target: Target, columns: &'static [Kind], repeats: Repeats, text: &'static str) -> Statement {
    Statement { target, columns, repeats, text }
}

const N: Kind = Kind::Number;
const T: Kind = Kind::Text;
const B: Kind = Kind::Bytes;

/// Every statement, in the order of [`Target`].
pub static STATEMENTS: [Statement; 41] = [
    write(
        Target::Alerts,
        &[B, T, B, B, N, N, N, N, T, T],
        Repeats::Kept,
        "INSERT INTO alerts (id, source, dedup, incident, firing, count, last_seen_at, resolved_at, body, raw)
            SELECT * FROM unnest($1::bytea[], $2::text[], $3::bytea[], $4::bytea[], $5::bigint[], $6::bigint[],
                $7::bigint[], $8::bigint[], $9::text[], $10::text[])",
    ),
    write(
        Target::Deliveries,
        &[T, T, N, T],
        Repeats::Kept,
        "INSERT INTO deliveries (source, delivery, at, answer)
            SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[])",
    ),
    // What closes comes before what opens: the key of an open incident is its own.
    write(
        Target::Incidents,
        &[B, N, T, N, T],
        Repeats::Last,
        "INSERT INTO incidents (id, version, key, open, body)
            SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::text[], $4::bigint[], $5::text[])
                AS v (id, version, key, open, body) ORDER BY v.open
            ON CONFLICT (id) DO UPDATE SET version = excluded.version, key = excluded.key, open = excluded.open,
                body = excluded.body",
    ),
    write(
        Target::Runs,
        &[B, N, B, T, B, T, T, T, T, N, N, N, N, B, N, N, B, T, T],
        Repeats::Last,
        "INSERT INTO runs (id, version, incident, playbook, digest, agent, mode, status, verdict, open, wake_at, live,
                in_hand, owner, started_at, ended_at, alert_id, alert, state)
            SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bytea[], $4::text[], $5::bytea[], $6::text[], $7::text[],
                $8::text[], $9::text[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bytea[],
                $15::bigint[], $16::bigint[], $17::bytea[], $18::text[], $19::text[])
            ON CONFLICT (id) DO UPDATE SET version = excluded.version, status = excluded.status,
                verdict = excluded.verdict, open = excluded.open, wake_at = excluded.wake_at, live = excluded.live,
                in_hand = excluded.in_hand, ended_at = excluded.ended_at, state = excluded.state",
    ),
    write(
        Target::Events,
        &[B, N, N, T, T, T, B, B],
        Repeats::Kept,
        "INSERT INTO events (subject, seq, at, actor, kind, body, prev_hash, hash)
            SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::bytea[],
                $8::bytea[])",
    ),
    write(
        Target::Holds,
        &[B, T, N, T],
        Repeats::Kept,
        "INSERT INTO holds (id, agent, ask_at, body)
            SELECT * FROM unnest($1::bytea[], $2::text[], $3::bigint[], $4::text[])",
    ),
    write(
        Target::Approvals,
        &[B, B, T, N, B, T],
        Repeats::Last,
        "INSERT INTO approvals (id, run, agent, pending, bundle, body)
            SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::text[], $4::bigint[], $5::bytea[], $6::text[])
            ON CONFLICT (id) DO UPDATE SET pending = excluded.pending, body = excluded.body",
    ),
    write(
        Target::Tokens,
        &[B, B, B, B, T, B, N, N, N],
        Repeats::Kept,
        "INSERT INTO tokens (digest, code, approval, run, person, message, minted_at, failures, revoked)
            SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::bytea[], $5::text[], $6::bytea[],
                $7::bigint[], $8::bigint[], $9::bigint[])",
    ),
    write(
        Target::Messages,
        &[B, B, T, N, T],
        Repeats::Kept,
        "INSERT INTO messages (id, run, status, next_at, body)
            SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::text[], $4::bigint[], $5::text[])",
    ),
    write(
        Target::Containments,
        &[N, T, B, T],
        Repeats::Kept,
        "INSERT INTO containments (at, agent, run, playbook)
            SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::text[])",
    ),
    write(
        Target::Playbooks,
        &[B, T, T, T, N, N],
        Repeats::Rounds,
        "INSERT INTO playbooks (digest, name, text, approvals, first_at, loaded_at)
            SELECT * FROM unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])
            ON CONFLICT (digest) DO UPDATE SET loaded_at = greatest(playbooks.loaded_at, excluded.loaded_at)",
    ),
    write(
        Target::DeadLetters,
        &[B, T],
        Repeats::Kept,
        "INSERT INTO dead_letters (id, body) SELECT * FROM unnest($1::bytea[], $2::text[])",
    ),
    write(
        Target::Blobs,
        &[B, B],
        Repeats::Last,
        "INSERT INTO blobs (digest, bytes) SELECT * FROM unnest($1::bytea[], $2::bytea[])
            ON CONFLICT (digest) DO NOTHING",
    ),
    write(
        Target::GateSightings,
        &[T, N, N],
        Repeats::Rounds,
        "INSERT INTO gate_sightings (agent, seen_at, refused_at)
            SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[])
            ON CONFLICT (agent) DO UPDATE SET seen_at = greatest(gate_sightings.seen_at, excluded.seen_at),
                refused_at = greatest(gate_sightings.refused_at, excluded.refused_at)",
    ),
    write(
        Target::Settings,
        &[T, T],
        Repeats::Last,
        "INSERT INTO settings (key, value) SELECT * FROM unnest($1::text[], $2::text[])
            ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    ),
    write(
        Target::AlertsRepeated,
        &[B, N, N],
        Repeats::Counted,
        "UPDATE alerts SET count = alerts.count + v.more, last_seen_at = greatest(alerts.last_seen_at, v.at)
            FROM unnest($1::bytea[], $2::bigint[], $3::bigint[]) AS v (id, more, at) WHERE alerts.id = v.id",
    ),
    write(
        Target::AlertsResolved,
        &[B, N],
        Repeats::Last,
        "UPDATE alerts SET firing = 0, resolved_at = coalesce(alerts.resolved_at, v.at)
            FROM unnest($1::bytea[], $2::bigint[]) AS v (id, at) WHERE alerts.id = v.id",
    ),
    write(
        Target::HoldsLifted,
        &[B, N, T, T],
        Repeats::Last,
        "UPDATE holds SET lifted_at = v.at, lifted_by = v.by, lift_reason = v.reason
            FROM unnest($1::bytea[], $2::bigint[], $3::text[], $4::text[]) AS v (id, at, by, reason)
            WHERE holds.id = v.id AND holds.lifted_at IS NULL",
    ),
    write(
        Target::HoldEndsHandled,
        &[B],
        Repeats::Last,
        "UPDATE holds SET end_handled = 1 FROM unnest($1::bytea[]) AS v (id) WHERE holds.id = v.id",
    ),
    write(
        Target::TokensFailed,
        &[B, N],
        Repeats::Counted,
        "UPDATE tokens SET failures = tokens.failures + v.more,
                revoked = CASE WHEN tokens.revoked <> 0 OR tokens.failures + v.more >= 5 THEN 1 ELSE 0 END
            FROM unnest($1::bytea[], $2::bigint[]) AS v (digest, more) WHERE tokens.digest = v.digest",
    ),
    write(
        Target::TokensRevoked,
        &[B],
        Repeats::Last,
        "UPDATE tokens SET revoked = 1 FROM unnest($1::bytea[]) AS v (digest) WHERE tokens.digest = v.digest",
    ),
    write(
        Target::MessagesDelayed,
        &[B, N, N, T],
        Repeats::Counted,
        "UPDATE messages SET failures = messages.failures + v.more, next_at = v.next_at, error = v.error,
                sender = NULL, sent_until = NULL
            FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::text[]) AS v (id, more, next_at, error)
            WHERE messages.id = v.id AND messages.status = 'queued'",
    ),
    write(
        Target::MessagesSent,
        &[B, N],
        Repeats::Last,
        "UPDATE messages SET status = 'sent', ended_at = v.at FROM unnest($1::bytea[], $2::bigint[]) AS v (id, at)
            WHERE messages.id = v.id AND messages.status = 'queued'",
    ),
    write(
        Target::MessagesUndelivered,
        &[B, N, T],
        Repeats::Last,
        "UPDATE messages SET status = 'undelivered', failures = messages.failures + 1, ended_at = v.at, error = v.error
            FROM unnest($1::bytea[], $2::bigint[], $3::text[]) AS v (id, at, error)
            WHERE messages.id = v.id AND messages.status = 'queued'",
    ),
    write(
        Target::RunsAdvanced,
        &[B],
        Repeats::Last,
        "UPDATE claims SET takeovers = 0 FROM unnest($1::bytea[]) AS v (run) WHERE claims.run = v.run",
    ),
    write(
        Target::RunsQuarantined,
        &[B, N, N, T],
        Repeats::Last,
        "INSERT INTO claims (run, epoch, takeovers, quarantined)
            SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::text[])
            ON CONFLICT (run) DO UPDATE SET owner = NULL, quarantined = excluded.quarantined",
    ),
    write(
        Target::RunsReleased,
        &[B],
        Repeats::Last,
        "UPDATE claims SET owner = NULL, takeovers = 0, quarantined = NULL
            FROM unnest($1::bytea[]) AS v (run) WHERE claims.run = v.run",
    ),
    write(
        Target::LateReplies,
        &[B, N, T, N, N, B, T, T],
        Repeats::Kept,
        "INSERT INTO late_replies (run, at, step, attempt, epoch, replica, kind, outcome)
            SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bytea[],
                $7::text[], $8::text[])",
    ),
    write(
        Target::SettingsGone,
        &[T],
        Repeats::Kept,
        "DELETE FROM settings WHERE key = ANY ($1::text[])",
    ),
    // What is forgotten: the rows whose key is in the list. What became open again meanwhile stays.
    write(
        Target::TokensRetired,
        &[B],
        Repeats::Kept,
        "DELETE FROM tokens WHERE approval = ANY ($1::bytea[])",
    ),
    write(
        Target::ApprovalsRetired,
        &[B],
        Repeats::Kept,
        "DELETE FROM approvals WHERE id = ANY ($1::bytea[]) AND pending = 0",
    ),
    write(
        Target::RunMessagesRetired,
        &[B],
        Repeats::Kept,
        "DELETE FROM messages WHERE run = ANY ($1::bytea[])",
    ),
    write(
        Target::EventsRetired,
        &[B],
        Repeats::Kept,
        "DELETE FROM events WHERE subject = ANY ($1::bytea[])",
    ),
    write(
        Target::RunsRetired,
        &[B],
        Repeats::Kept,
        "DELETE FROM runs WHERE id = ANY ($1::bytea[])",
    ),
    write(
        Target::AlertsRetired,
        &[B],
        Repeats::Kept,
        "DELETE FROM alerts WHERE id = ANY ($1::bytea[])",
    ),
    write(
        Target::IncidentsRetired,
        &[B],
        Repeats::Kept,
        "DELETE FROM incidents WHERE id = ANY ($1::bytea[])",
    ),
    write(
        Target::HoldsRetired,
        &[B],
        Repeats::Kept,
        "DELETE FROM holds WHERE id = ANY ($1::bytea[]) AND lifted_at IS NOT NULL",
    ),
    write(
        Target::MessagesRetired,
        &[B],
        Repeats::Kept,
        "DELETE FROM messages WHERE id = ANY ($1::bytea[]) AND status IN ('sent', 'undelivered')",
    ),
    write(
        Target::DeliveriesRetired,
        &[T, T],
        Repeats::Kept,
        "DELETE FROM deliveries USING unnest($1::text[], $2::text[]) AS v (source, delivery)
            WHERE deliveries.source = v.source AND deliveries.delivery = v.delivery",
    ),
    write(
        Target::DeadLettersRetired,
        &[B],
        Repeats::Kept,
        "DELETE FROM dead_letters WHERE id = ANY ($1::bytea[])",
    ),
    write(
        Target::ContainmentsRetired,
        &[N],
        Repeats::Kept,
        "DELETE FROM containments WHERE at = ANY ($1::bigint[])",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_stand_in_the_order_of_their_targets_and_name_a_parameter_for_every_column() {
        for (index, statement) in STATEMENTS.iter().enumerate() {
            assert_eq!(statement.target as usize, index, "{:?}", statement.target);
            for (number, kind) in (1..).zip(statement.columns) {
                let cast = match kind {
                    Kind::Number => "bigint",
                    Kind::Text => "text",
                    Kind::Bytes => "bytea",
                };
                let parameter = format!("${number}::{cast}[]");
                assert!(statement.text.contains(&parameter), "{:?}: {parameter}", statement.target);
            }
            let further = format!("${}", statement.columns.len() + 1);
            assert!(!statement.text.contains(&further), "{:?}", statement.target);
        }
    }
}
