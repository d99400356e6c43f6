//! What the guards and histories of a batch ask, answered by one statement inside its transaction.

use serde_json::{Value, json};
use sqlx::{Row as _, SqliteConnection};

use crate::store::read::Key;
use crate::store::write::prepared::Prepared;
use crate::store::write::questions::{Answer, Listed, Questions};
use crate::store::write::world::World;

use super::batch::Memory;
use super::eras::Eras;

macro_rules! look_up {
    () => {
        "
    SELECT 'r' AS kind, r.id AS id, r.version AS number, NULL AS detail
        FROM json_each(?1) AS j CROSS JOIN runs AS r ON r.id = unhex(j.value)
    UNION ALL SELECT 'i', i.id, i.version, NULL
        FROM json_each(?2) AS j CROSS JOIN incidents AS i ON i.id = unhex(j.value)
    UNION ALL SELECT 'k', i.id, j.value ->> 0, NULL
        FROM json_each(?3) AS j CROSS JOIN incidents AS i ON i.era = j.value ->> 1 AND i.key = j.value ->> 2 AND i.open = 1
    UNION ALL SELECT 'd', x'', j.value ->> 0, NULL
        FROM json_each(?4) AS j CROSS JOIN deliveries AS d
            ON d.era = j.value ->> 1 AND d.source = j.value ->> 2 AND d.delivery = j.value ->> 3
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
    UNION ALL SELECT 'a', x'', j.value ->> 0, NULL
        FROM json_each(?8) AS j CROSS JOIN alerts AS a ON a.era = j.value ->> 1
            AND substr(a.dedup, 1, 8) = substr(unhex(j.value ->> 3), 1, 8) AND a.dedup = unhex(j.value ->> 3)
            AND a.source = j.value ->> 2 AND a.firing = 1"
    };
}

const LOOK_UP: &str = look_up!();
const BEGIN_AND_LOOK_UP: &str = concat!("BEGIN IMMEDIATE;", look_up!());

/// Looks up what the batch asks, inside its transaction, which is begun if it was not and there is something to ask.
pub async fn look_up(
    connection: &mut SqliteConnection,
    batch: &[&Prepared],
    begun: &mut bool,
    Memory { recall, eras, .. }: &Memory,
) -> Result<World, sqlx::Error> {
    let mut questions = Questions::of(batch);
    questions.open_keys.retain(|key| eras.may_have(&Key::Incident(key)));
    questions.firing.retain(|(_, dedup)| eras.may_have(&Key::alert(dedup)));
    questions.deliveries.retain(|(source, delivery)| eras.may_have(&Key::Delivery(source.as_str(), delivery)));
    let mut world = World::default();
    recall.answer(&mut questions, &mut world);
    if questions.is_empty() {
        return Ok(world);
    }
    let listed = questions.listed();
    let found = sqlx::query(if *begun { LOOK_UP } else { BEGIN_AND_LOOK_UP })
        .bind(hex_list(questions.runs.iter().map(|id| id.as_bytes().as_slice())))
        .bind(hex_list(questions.incidents.iter().map(|id| id.as_bytes().as_slice())))
        .bind(keys(&listed, eras))
        .bind(deliveries(&listed, eras))
        .bind(hex_list(questions.holds.iter().map(|id| id.as_bytes().as_slice())))
        .bind(hex_list(questions.subjects.iter().copied()))
        .bind(hex_list(questions.claims.iter().map(|id| id.as_bytes().as_slice())))
        .bind(firing(&listed, eras))
        .fetch_all(connection)
        .await?;
    *begun = true;
    for row in &found {
        let (kind, id) = (row.try_get("kind")?, row.try_get("id")?);
        let (number, detail) = (row.try_get("number")?, row.try_get("detail")?);
        listed.learn(&mut world, &Answer { kind, id, number, detail });
    }
    Ok(world)
}

// What is asked by a key: its place among the questions, an era in which it may stand, and the key.

fn keys(listed: &Listed<'_>, eras: &Eras) -> String {
    let rows = listed
        .keys
        .iter()
        .enumerate()
        .flat_map(|(place, key)| eras.of(&Key::Incident(key)).into_iter().map(move |era| json!([place, era, key])));
    Value::Array(rows.collect()).to_string()
}

fn deliveries(listed: &Listed<'_>, eras: &Eras) -> String {
    let rows = listed.deliveries.iter().enumerate().flat_map(|(place, (source, delivery))| {
        let eras = eras.of(&Key::Delivery(source.as_str(), delivery));
        eras.into_iter().map(move |era| json!([place, era, source, delivery]))
    });
    Value::Array(rows.collect()).to_string()
}

fn firing(listed: &Listed<'_>, eras: &Eras) -> String {
    let rows = listed.firing.iter().enumerate().flat_map(|(place, (source, dedup))| {
        eras.of(&Key::alert(dedup)).into_iter().map(move |era| json!([place, era, source, dedup]))
    });
    Value::Array(rows.collect()).to_string()
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
