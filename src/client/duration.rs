//! Durations as people write them in files: `500ms`, `10s`, `1h30m`.
//!
//! It owns the notation and nothing else. Units stand from the largest to the smallest, each at most once, and a number
//! without a unit is refused: whether `timeout: 10` means seconds or milliseconds must never be a guess.

use serde::{Deserialize, Deserializer};
use std::time::Duration;

/// The units, largest first, with their length in milliseconds.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Parses a duration such as `10s`, `500ms` or `1h30m`.
///
/// # Errors
/// A sentence that says what is wrong, for text that is empty, has a number without a unit, an unknown unit, units out
/// of order, or a value too large to count in milliseconds.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("a duration is empty: write it as 10s, 500ms or 1h30m".to_owned());
    }
    let mut milliseconds: u64 = 0;
    let mut units_left: &[(&str, u64)] = &UNITS;
    while !rest.is_empty() {
        let (number, after) = split_at(rest, |character| !character.is_ascii_digit());
        let (unit, after) = split_at(after, |character| character.is_ascii_digit());
        let number: u64 = number.parse().map_err(|_| malformed(text))?;
        let position = units_left.iter().position(|(name, _)| *name == unit).ok_or_else(|| malformed(text))?;
        let (_, length) = units_left.get(position).ok_or_else(|| malformed(text))?;
        milliseconds = number
            .checked_mul(*length)
            .and_then(|part| milliseconds.checked_add(part))
            .ok_or_else(|| format!("the duration \"{text}\" is too long"))?;
        units_left = units_left.get(position + 1..).unwrap_or_default();
        rest = after;
    }
    Ok(Duration::from_millis(milliseconds))
}

/// Deserializes a duration from its text; for `#[serde(deserialize_with = "...")]` in options.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_duration(&text).map_err(serde::de::Error::custom)
}

fn split_at(text: &str, stop: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at_checked(text.find(stop).unwrap_or(text.len())).unwrap_or((text, ""))
}

fn malformed(text: &str) -> String {
    format!("\"{text}\" is not a duration: write numbers with the units d, h, m, s, ms in this order, as in 1h30m")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_add_up_their_units() {
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(parse_duration("1h30m"), Ok(Duration::from_mins(90)));
        assert_eq!(parse_duration("2d1ms"), Ok(Duration::from_millis(172_800_001)));
    }

    #[test]
    fn what_could_be_misread_is_refused() {
        for text in ["", " ", "10", "s", "1.5s", "-1s", "1m1h", "1s1s", "1 h", "10sec", "1h30", "١s", "1é"] {
            assert!(parse_duration(text).is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn a_duration_too_long_to_count_is_refused() {
        assert!(parse_duration("99999999999999999999s").is_err());
        assert!(parse_duration("18446744073709551615d").is_err());
    }
}
