//! Times in the words of messages and pages: UTC, because nobody may have to guess a zone at night.

use jiff::{SignedDuration, Timestamp};

/// `14:05 UTC`, with the date in front where it is not the day of `now`.
#[must_use]
pub fn clock_time(at: Timestamp, now: Timestamp) -> String {
    let same_day = at.strftime("%F").to_string() == now.strftime("%F").to_string();
    at.strftime(if same_day { "%H:%M UTC" } else { "%F %H:%M UTC" }).to_string()
}

/// `2026-11-23 14:05:09 UTC`.
#[must_use]
pub fn full_time(at: Timestamp) -> String {
    at.strftime("%F %T UTC").to_string()
}

/// `in 3 h 58 min`, `12 min ago`, `now`: how far `at` is from `now`.
#[must_use]
pub fn distance(at: Timestamp, now: Timestamp) -> String {
    let span = at.duration_since(now);
    let words = length(span.abs());
    match span.signum() {
        1 => format!("in {words}"),
        -1 => format!("{words} ago"),
        _ => "now".to_owned(),
    }
}

/// `45 s`, `12 min`, `3 h 58 min`, `2 d 4 h`: at most two units, rounded down, so that nobody is promised more time
/// than there is.
fn length(span: SignedDuration) -> String {
    let seconds = span.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, 0) => format!("{hours} h"),
        (0, _, _) => format!("{hours} h {minutes} min"),
        (_, 0, _) => format!("{days} d"),
        _ => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_as_short_as_it_can_be_without_doubt() {
        let now: Timestamp = "2026-11-23T10:07:00Z".parse().unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(clock_time(at("2026-11-23T14:05:30Z"), now), "14:05 UTC");
        assert_eq!(clock_time(at("2026-11-24T01:05:00Z"), now), "2026-11-24 01:05 UTC");
        assert_eq!(distance(at("2026-11-23T14:05:30Z"), now), "in 3 h 58 min");
        assert_eq!(distance(at("2026-11-23T10:06:15Z"), now), "45 s ago");
        assert_eq!(distance(at("2026-11-25T10:07:00Z"), now), "in 2 d");
        assert_eq!(distance(now, now), "now");
    }
}
