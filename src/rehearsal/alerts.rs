//! Alerts from a file: what a sender would have delivered, or what a daemon gave out of its history.
//!
//! A file holds one JSON body, a list of them, or one a line. Each goes through a source, unless it is an alert already.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::domain::Alert;
use crate::source::Source;

use super::cases::unauthenticated;

/// One body that became no alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Which body of the file, counted from 1.
    pub number: usize,
    /// Why.
    pub reason: String,
}

/// The alerts of a file, in its order, and what became none. `at` is the time of those that do not say theirs.
#[must_use]
pub fn read(bytes: &[u8], source: &Source, at: Timestamp) -> (Vec<Arc<Alert>>, Vec<Refused>) {
    let (mut alerts, mut refused) = (Vec::new(), Vec::new());
    for (index, body) in bodies(bytes).into_iter().enumerate() {
        let number = index + 1;
        match read_one(body, source, at) {
            Ok(found) => {
                for item in found {
                    match item {
                        Ok(alert) => alerts.push(alert),
                        Err(reason) => refused.push(Refused { number, reason }),
                    }
                }
            }
            Err(reason) => refused.push(Refused { number, reason }),
        }
    }
    (alerts, refused)
}

/// The bodies of a file: the items of a list, the lines, or all of it.
fn bodies(bytes: &[u8]) -> Vec<&[u8]> {
    let trimmed = bytes.trim_ascii();
    if trimmed.first() == Some(&b'[')
        && let Ok(items) = serde_json::from_slice::<Vec<&RawValue>>(trimmed)
    {
        return items.into_iter().map(|item| item.get().as_bytes()).collect();
    }
    let lines: Vec<&[u8]> =
        trimmed.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()).collect();
    // One body over several lines may have a line that is a body by itself; several bodies, one that is none.
    let is_body =
        |bytes: &[u8]| matches!(bytes.first(), Some(b'{' | b'[')) && serde_json::from_slice::<&RawValue>(bytes).is_ok();
    if is_body(trimmed) || !lines.iter().any(|line| is_body(line)) { vec![trimmed] } else { lines }
}

type Item = Result<Arc<Alert>, String>;

fn read_one(body: &[u8], source: &Source, at: Timestamp) -> Result<Vec<Item>, String> {
    let value = source.decode(body).map_err(|refusal| refusal.reason)?;
    if is_an_alert(&value) {
        let alert: Alert = serde_json::from_value(value).map_err(|error| format!("it is no whole alert: {error}"))?;
        return Ok(vec![Ok(Arc::new(alert))]);
    }
    let items = source.map_each(&value, &[], &unauthenticated(), at).map_err(|refusal| refusal.reason)?;
    let item = |item: Result<crate::source::Mapped, crate::source::RefusedItem>| match item {
        Ok(mapped) => {
            let mut alert = mapped.alert;
            // What happened then is taken as if it had been delivered then.
            if !alert.occurred_at_assumed {
                let alert = Arc::make_mut(&mut alert);
                alert.received_at = alert.occurred_at;
            }
            Ok(alert)
        }
        Err(refused) => Err(refused.refusal.reason),
    };
    Ok(items.into_iter().map(item).collect())
}

/// Whether a body is an alert as a daemon keeps it, and no longer a message of its sender.
fn is_an_alert(value: &Value) -> bool {
    ["dedup_key", "received_at", "trust", "auth"].iter().all(|name| value.get(name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_bodies_also_where_the_first_or_any_other_is_broken() {
        assert_eq!(bodies(b"{\"a\": 1\n{\"a\": 2}\n\n{\"a\": 3}\n").len(), 3);
        assert_eq!(bodies(b"{\"a\": 1}\n{\"a\": 2\n{\"a\": 3}").len(), 3);
        assert_eq!(bodies(b"oops\n{\"a\": 2}"), [&b"oops"[..], b"{\"a\": 2}"]);
    }

    #[test]
    fn one_body_over_several_lines_is_one_also_where_a_line_of_it_could_be_one() {
        assert_eq!(bodies(b"{\n\"a\": [\n{}\n]\n}").len(), 1);
        assert_eq!(bodies(b"[\n{\"a\": 1},\n{\"a\": 2}\n]").len(), 2);
        assert_eq!(bodies(b"{\n\"a\": oops\n}").len(), 1, "broken, and no line of it is a body");
        assert_eq!(bodies(b""), [&b""[..]]);
    }
}
