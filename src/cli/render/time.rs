//! Times for people: always UTC, and how far away that is.

use jiff::{SignedDuration, Timestamp};

/// A time in UTC and how far from `now` it is, e.g. `2026-11-23 07:12:29Z (3 min ago)`.
pub fn stamp(at: Timestamp, now: Timestamp) -> String {
    format!("{} ({})", at.strftime("%Y-%m-%d %H:%M:%SZ"), relative(at, now))
}

/// How far a time is from `now`, e.g. `3 min ago` or `in 2 h`.
pub fn relative(at: Timestamp, now: Timestamp) -> String {
    let distance = at.duration_since(now);
    match span(distance.abs()) {
        text if text == "0 s" => "now".to_owned(),
        text if distance.is_negative() => format!("{text} ago"),
        text => format!("in {text}"),
    }
}

/// A length of time in its two largest units.
pub fn span(length: SignedDuration) -> String {
    let seconds = length.as_secs();
    let pair = |large: i64, unit: &str, small: i64, part: &str| match small {
        0 => format!("{large} {unit}"),
        small => format!("{large} {unit} {small} {part}"),
    };
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => pair(seconds / 60, "min", if seconds < 600 { seconds % 60 } else { 0 }, "s"),
        3_600..86_400 => pair(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => pair(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

/// How long after `start` something was, to the millisecond in the first minute: `+0.123 s`, `+14 min`.
pub fn offset(at: Timestamp, start: Timestamp) -> String {
    let length = at.duration_since(start);
    if length.as_secs() < 60 { format!("+{:.3} s", length.as_secs_f64()) } else { format!("+{}", span(length)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_time_is_shown_in_utc_and_with_its_distance() {
        assert_eq!(stamp(at(1_000_000), at(1_000_185)), "1970-01-12 13:46:40Z (3 min 5 s ago)");
        assert_eq!(relative(at(7_500), at(0)), "in 2 h 5 min");
        assert_eq!(relative(at(100), at(100)), "now");
        assert_eq!(relative(at(0), at(90_000)), "1 d 1 h ago");
        assert_eq!(relative(at(0), at(1_234)), "20 min ago");
    }

    #[test]
    fn an_offset_is_fine_at_first_and_coarse_later() {
        let start = at(0);
        assert_eq!(offset(Timestamp::from_millisecond(123).unwrap(), start), "+0.123 s");
        assert_eq!(offset(at(59), start), "+59.000 s");
        assert_eq!(offset(at(3_700), start), "+1 h 1 min");
    }
}
