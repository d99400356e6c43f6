//! Alerts from a file: what a sender would have delivered, or what a daemon gave out of its history.
//!
//! A file holds one JSON body, a list of them, or one a line. Each goes through a source, unless it is an alert already. What
//! becomes none is told with the line of the file where it begins, as an editor counts lines.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::domain::Alert;
use crate::source::Source;

use super::cases::unauthenticated;

/// One body that became no alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// The line of the file on which the body begins, counted from 1.
    pub line: usize,
    /// Why.
    pub reason: String,
}

/// The alerts of a file, in its order, and what became none. `at` is the time of those that do not say theirs.
#[must_use]
pub fn read(bytes: &[u8], source: &Source, at: Timestamp) -> (Vec<Arc<Alert>>, Vec<Refused>) {
    let (mut alerts, mut refused) = (Vec::new(), Vec::new());
    for Body { line, bytes: body } in bodies(bytes) {
        match read_one(body, source, at) {
            Ok(found) => {
                for item in found {
                    match item {
                        Ok(alert) => alerts.push(alert),
                        Err(reason) => refused.push(Refused { line, reason }),
                    }
                }
            }
            Err(reason) => refused.push(Refused { line, reason: in_file(&reason, line) }),
        }
    }
    (alerts, refused)
}

/// One body of a file.
#[derive(Debug, PartialEq, Eq)]
struct Body<'f> {
    /// The line on which it begins, counted from 1.
    line: usize,
    bytes: &'f [u8],
}

/// The bodies of a file: the items of a list, the lines, or all of it. A byte order mark before them is none of them.
fn bodies(bytes: &[u8]) -> Vec<Body<'_>> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let trimmed = bytes.trim_ascii();
    let begins = bytes.len() - bytes.trim_ascii_start().len();
    let first_line = 1 + line_ends(bytes.get(..begins).unwrap_or_default());
    if trimmed.first() == Some(&b'[')
        && let Ok(items) = serde_json::from_slice::<Vec<&RawValue>>(trimmed)
    {
        let (mut line, mut seen) = (first_line, 0);
        let mut found = Vec::with_capacity(items.len());
        for bytes in items.into_iter().map(|item| item.get().as_bytes()) {
            // Items are parts of the file, each behind those before it.
            let begins = bytes.as_ptr().addr() - trimmed.as_ptr().addr();
            line += line_ends(trimmed.get(seen..begins).unwrap_or_default());
            seen = begins;
            found.push(Body { line, bytes });
        }
        return found;
    }
    let lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).zip(1..);
    let lines: Vec<Body<'_>> =
        lines.filter(|(bytes, _)| !bytes.is_empty()).map(|(bytes, line)| Body { line, bytes }).collect();
    // One body over several lines may have a line that is a body by itself; several bodies, one that is none.
    let is_body =
        |bytes: &[u8]| matches!(bytes.first(), Some(b'{' | b'[')) && serde_json::from_slice::<&RawValue>(bytes).is_ok();
    if is_body(trimmed) || !lines.iter().any(|line| is_body(line.bytes)) {
        vec![Body { line: first_line, bytes: trimmed }]
    } else {
        lines
    }
}

fn line_ends(bytes: &[u8]) -> usize {
    bytes.split(|byte| *byte == b'\n').count().saturating_sub(1)
}

/// The same reason with the line of the file, where it names one of the body.
fn in_file(reason: &str, first: usize) -> String {
    let place = reason.strip_suffix(" of the body").and_then(|it| it.rsplit_once(" at line "));
    let placed = place.and_then(|(what, place)| {
        let (line, column) = place.split_once(", column ")?;
        Some(match line.parse::<usize>().ok()? {
            0 | 1 => format!("{what} at column {column} of the message"),
            line => format!("{what} at line {}, column {column}", first + line - 1),
        })
    });
    placed.unwrap_or_else(|| reason.to_owned())
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

    fn bodies_of(text: &[u8]) -> Vec<(usize, String)> {
        let shown = |body: &Body<'_>| (body.line, String::from_utf8_lossy(body.bytes).into_owned());
        bodies(text).iter().map(shown).collect()
    }

    #[test]
    fn lines_are_bodies_also_where_the_first_or_any_other_is_broken() {
        assert_eq!(bodies(b"{\"a\": 1\n{\"a\": 2}\n\n{\"a\": 3}\n").len(), 3);
        assert_eq!(bodies(b"{\"a\": 1}\n{\"a\": 2\n{\"a\": 3}").len(), 3);
        assert_eq!(bodies_of(b"oops\n{\"a\": 2}"), [(1, "oops".to_owned()), (2, "{\"a\": 2}".to_owned())]);
    }

    #[test]
    fn one_body_over_several_lines_is_one_also_where_a_line_of_it_could_be_one() {
        assert_eq!(bodies(b"{\n\"a\": [\n{}\n]\n}").len(), 1);
        assert_eq!(bodies(b"[\n{\"a\": 1},\n{\"a\": 2}\n]").len(), 2);
        assert_eq!(bodies(b"{\n\"a\": oops\n}").len(), 1, "broken, and no line of it is a body");
        assert_eq!(bodies_of(b""), [(1, String::new())]);
    }

    #[test]
    fn a_body_stands_on_the_line_that_an_editor_shows_it_on() {
        let lines = |text: &[u8]| bodies(text).iter().map(|body| body.line).collect::<Vec<_>>();
        assert_eq!(lines(b"\n\n{\"a\": 1}\n\n\n{\"a\": 2}\n"), [3, 6], "blank lines count");
        assert_eq!(lines(b"{\"a\": 1}\r\n\r\n{\"a\": 2}\r\n"), [1, 3], "CRLF ends one line");
        assert_eq!(lines(b"\xEF\xBB\xBF{\"a\": 1}\n{\"a\": 2}"), [1, 2]);
        assert_eq!(bodies_of(b"\xEF\xBB\xBF{\"a\": 1}"), [(1, "{\"a\": 1}".to_owned())]);
        assert_eq!(lines(b"\n[{\"a\":\n1},\n\n{\"a\": 2}, 3\n]"), [2, 5, 5]);
    }

    #[test]
    fn a_place_in_a_body_is_told_as_the_place_in_the_file() {
        let reason = "a value is expected at line 2, column 5 of the body";
        assert_eq!(in_file(reason, 7), "a value is expected at line 8, column 5");
        let reason = "a value is expected at line 1, column 5 of the body";
        assert_eq!(in_file(reason, 7), "a value is expected at column 5 of the message");
        assert_eq!(in_file("what stands at line ends", 7), "what stands at line ends");
    }
}
