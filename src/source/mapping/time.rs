//! Times as senders write them: RFC 3339, or a number since the epoch whose size tells its unit.
//!
//! A time is evidence too: one that has not come yet is not believed, because it would outlive every later message.

use super::rule::{Rule, View};
use jiff::{SignedDuration, Timestamp, Unit};
use serde_json::Value;

/// How far a sender's clock may be ahead of ours.
const AHEAD_MAX: SignedDuration = SignedDuration::from_secs(300);

/// The time that a value says. Go's zero time and the epoch itself say nothing.
pub(super) fn read(value: &Value) -> Option<Timestamp> {
    let time = match value {
        Value::String(text) => match text.trim().parse::<i64>() {
            Ok(number) => from_number(number),
            Err(_) => text.trim().parse().ok(),
        },
        Value::Number(number) => match number.as_i64() {
            Some(number) => from_number(number),
            None => number.as_f64().and_then(from_fraction),
        },
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    time.filter(|time| *time > Timestamp::UNIX_EPOCH).and_then(|time| time.round(Unit::Microsecond).ok())
}

fn from_number(number: i64) -> Option<Timestamp> {
    match number {
        ..100_000_000_000 => Timestamp::from_second(number),
        100_000_000_000..100_000_000_000_000 => Timestamp::from_millisecond(number),
        100_000_000_000_000..100_000_000_000_000_000 => Timestamp::from_microsecond(number),
        100_000_000_000_000_000.. => Timestamp::from_nanosecond(number.into()),
    }
    .ok()
}

fn from_fraction(number: f64) -> Option<Timestamp> {
    let seconds = if number.abs() < 1e11 { number } else { number / 1e3 };
    let since = SignedDuration::try_from_secs_f64(seconds).ok()?;
    Timestamp::UNIX_EPOCH.checked_add(since).ok()
}

impl View {
    /// The time of a rule, if the sender gave one that can be believed at `received_at`.
    pub(super) fn time(&mut self, rule: Option<&Rule>, received_at: Timestamp) -> Option<Timestamp> {
        let rule = rule?;
        let value = self.value(rule);
        let time = read(&value);
        if time.is_none() && !value.is_null() {
            self.note(rule, "no time with a zone (RFC 3339) and no number since the epoch");
        }
        let limit = received_at.saturating_add(AHEAD_MAX).unwrap_or(Timestamp::MAX);
        let believed = time.filter(|time| *time <= limit);
        if time.is_some() && believed.is_none() {
            self.note(rule, "the time has not come yet and is not believed");
        }
        believed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_moment_is_read_in_every_unit() {
        let moment: Timestamp = "2026-11-23T03:58:15Z".parse().unwrap();
        let seconds = moment.as_second();
        for value in [
            json!("2026-11-23T03:58:15Z"),
            json!("2026-11-23T04:58:15+01:00"),
            json!(seconds),
            json!(seconds * 1_000),
            json!(seconds * 1_000_000),
            json!(seconds * 1_000_000_000),
            json!(seconds.to_string()),
            json!(1_795_406_295.0),
        ] {
            assert_eq!(read(&value), Some(moment), "{value}");
        }
    }

    #[test]
    fn zero_times_and_times_without_a_zone_say_nothing() {
        for value in [
            json!("0001-01-01T00:00:00Z"),
            json!(0),
            json!("1970-01-01T00:00:00Z"),
            json!("2026-11-23T03:58:15"),
            json!("yesterday"),
            json!(null),
            json!(1e300),
            json!(i64::MIN),
        ] {
            assert_eq!(read(&value), None, "{value}");
        }
    }

    #[test]
    fn a_time_is_rounded_to_what_every_store_keeps() {
        assert_eq!(read(&json!("2026-11-23T03:58:15.920262212Z")), "2026-11-23T03:58:15.920262Z".parse().ok());
    }
}
