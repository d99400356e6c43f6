//! Durations as playbooks write them: `500ms`, `30s`, `10m`, `1h30m`, `2d`.
//!
//! It owns the notation and the longest wait. A number without a unit is refused, because nobody should have to guess
//! whether `timeout: 10` means seconds or minutes.

use std::time::Duration;

/// The longest duration in a playbook: 30 days.
pub const DURATION_MAX: Duration = Duration::from_hours(30 * 24);

/// The units from the largest to the smallest, in milliseconds.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Why a text is no duration for a playbook.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It has another form.
    #[error("`{0}` is no duration")]
    Form(String),
    /// Nothing would be waited for.
    #[error("a duration of zero")]
    Zero,
    /// It is longer than anything waits.
    #[error("`{0}` is longer than 30 days")]
    TooLong(String),
}

/// Reads a duration: units stand from large to small, each at most once; more than zero, at most 30 days.
pub fn parse(text: &str) -> Result<Duration, Error> {
    let mut rest = text;
    let mut units = UNITS.iter();
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(|| Error::Form(text.to_owned()))?;
        let (number, after) = rest.split_at(digits);
        let (unit, next) = after.split_at(after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len()));
        let number: u64 = number.parse().map_err(|_| Error::Form(text.to_owned()))?;
        let (_, factor) = units.by_ref().find(|(name, _)| *name == unit).ok_or_else(|| Error::Form(text.to_owned()))?;
        let part = number.checked_mul(*factor).map(Duration::from_millis);
        total = part.and_then(|part| total.checked_add(part)).ok_or_else(|| Error::TooLong(text.to_owned()))?;
        rest = next;
    }
    match total {
        _ if text.is_empty() => Err(Error::Form(text.to_owned())),
        Duration::ZERO => Err(Error::Zero),
        total if total > DURATION_MAX => Err(Error::TooLong(text.to_owned())),
        total => Ok(total),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_the_sum_of_its_units() {
        assert_eq!(parse("1h30m"), Ok(Duration::from_mins(90)));
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse("30d"), Ok(DURATION_MAX));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for text in ["", "10", "s", "1.5h", "-1s", "1m1h", "1s1s", "1 h", "10sec", "1h30", "1é", "٣s"] {
            assert_eq!(parse(text), Err(Error::Form(text.to_owned())), "{text:?}");
        }
        assert_eq!(parse("0s"), Err(Error::Zero));
        assert_eq!(parse("30d1ms"), Err(Error::TooLong("30d1ms".to_owned())));
        assert_eq!(parse("18446744073709551615d"), Err(Error::TooLong("18446744073709551615d".to_owned())));
    }
}
