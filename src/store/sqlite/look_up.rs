//! What the guards and histories of a batch ask, answered by one statement inside its transaction.

use serde_json::json;
use sqlx::{Row as _, SqliteConnection};

use crate::store::write::prepared::Prepared;
use crate::store::write::questions::{Answer, Questions};
use crate::store::write::world::World;

use super::newest::Newest;
use super::recall::Recall;

macro_rules! look_up {
    () => {
        "
    SELECT 'r' AS kind, r.id AS id, r.version AS number, NULL AS detail
        FROM json_each(?1) AS j CROSS JOIN runs AS r ON r.id = unhex(j.value)
    UNION ALL SELECT 'i', i.id, i.version, NULL
        FROM json_each(?2) AS j CROSS JOIN incidents AS i ON i.id = unhex(j.value)
    UNION ALL SELECT 'k', i.id, j.key, NULL
        FROM json_each(?3) AS j CROSS JOIN incidents AS i ON i.key = j.value AND i.open = 1
    UNION ALL SELECT 'd', x'', j.key, NULL
        FROM json_each(?4) AS j CROSS JOIN deliveries AS d ON d.source = j.value ->> 0 AND d.delivery = j.value ->> 1
    UNION ALL SELECT 'h', h.id, h.end_handled, NULL
        FROM json_each(?5) AS j CROSS JOIN holds AS h ON h.id = unhex(j.value) AND h.lifted_at IS NULL
    UNION ALL SELECT 'e', e.subject, e.seq, e.hash
        FROM json_each(?6) AS j CROSS JOIN events AS e ON e.subject = unhex(j.value)
            AND e.seq = (SELECT max(seq) FROM events WHERE subject = unhex(j.value))
    UNION ALL SELECT 'c', r.id, coalesce(c.epoch, 1), CASE WHEN c.run IS NULL THEN r.owner ELSE c.owner END
        FROM json_each(?7) AS j CROSS JOIN runs AS r ON r.id = unhex(j.value) LEFT JOIN claims AS c ON c.run = r.id
        WHERE c.quarantined IS NULL
    UNION ALL SELECT 'q', c.run, 0, NULL
        FROM json_each(?7) AS j CROSS JOIN claims AS c ON c.run = unhex(j.value) AND c.quarantined IS NOT NULL
    UNION ALL SELECT 'a', x'', j.key, NULL
        FROM json_each(?8) AS j CROSS JOIN alerts AS a ON substr(a.dedup, 1, 8) = substr(unhex(j.value ->> 1), 1, 8)
            AND a.dedup = unhex(j.value ->> 1) AND a.source = j.value ->> 0 AND a.firing = 1"
    };
}

const LOOK_UP: &str = look_up!();
const BEGIN: &str = "BEGIN IMMEDIATE";
const BEGIN_AND_LOOK_UP: &str = concat!("BEGIN IMMEDIATE;", look_up!());

/// Looks up what the batch asks, inside its transaction, which is opened if the batch is its `first`.
pub async fn look_up(
    connection: &mut SqliteConnection,
    batch: &[&Prepared],
    first: bool,
    newest: &Newest,
    recall: &Recall,
) -> Result<World, sqlx::Error> {
    let mut questions = Questions::of(batch);
    questions.runs.retain(|id| !newest.is_before_run(*id));
    questions.incidents.retain(|id| !newest.is_before_incident(*id));
    let mut world = World::default();
    recall.answer(&mut questions, &mut world);
    if questions.is_empty() {
        if first {
            sqlx::query(BEGIN).execute(connection).await?;
        }
        return Ok(world);
    }
    let listed = questions.listed();
    let found = sqlx::query(if first { BEGIN_AND_LOOK_UP } else { LOOK_UP })
        .bind(hex_list(questions.runs.iter().map(|id| id.as_bytes().as_slice())))
        .bind(hex_list(questions.incidents.iter().map(|id| id.as_bytes().as_slice())))
        .bind(json!(listed.keys).to_string())
        .bind(json!(listed.deliveries).to_string())
        .bind(hex_list(questions.holds.iter().map(|id| id.as_bytes().as_slice())))
        .bind(hex_list(questions.subjects.iter().copied()))
        .bind(hex_list(questions.claims.iter().map(|id| id.as_bytes().as_slice())))
        .bind(json!(listed.firing).to_string())
        .fetch_all(connection)
        .await?;
    for row in &found {
        let (kind, id) = (row.try_get("kind")?, row.try_get("id")?);
        let (number, detail) = (row.try_get("number")?, row.try_get("detail")?);
        listed.learn(&mut world, &Answer { kind, id, number, detail });
    }
    Ok(world)
}

/// Byte strings as a JSON list of hexadecimal texts.
fn hex_list<'a>(items: impl Iterator<Item = &'a [u8]>) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0'));
    let mut list = String::from("[");
    for item in items {
        if list.len() > 1 {
            list.push(',');
        }
        list.push('"');
        for byte in item {
            list.push(digit(byte >> 4));
            list.push(digit(byte & 15));
        }
        list.push('"');
    }
    list.push(']');
    list
}
