//! When a message that failed is tried again, and when it is given up.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// The pauses after the first failures; the last one goes on.
const PAUSES: [Duration; 4] =
    [Duration::from_secs(5), Duration::from_secs(30), Duration::from_mins(2), Duration::from_mins(10)];

/// How long a message is tried at all.
const TRIED_FOR: SignedDuration = SignedDuration::from_hours(24);

/// When a message is tried again that had failed `failures` times before it failed at `now`; `None` if it is given up.
pub(super) fn next_try(failures: u32, created_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
    if now.duration_since(created_at) >= TRIED_FOR {
        return None;
    }
    let index = usize::try_from(failures).unwrap_or(usize::MAX);
    let pause = PAUSES.get(index).or(PAUSES.last()).copied().unwrap_or_default();
    now.saturating_add(pause).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end_a_day_after_the_message_was_made() {
        let created: Timestamp = "2026-11-23T06:00:00Z".parse().unwrap();
        let pause = |failures| next_try(failures, created, created).unwrap().duration_since(created).as_secs();
        assert_eq!([0, 1, 2, 3, 4, 4_000_000_000].map(pause), [5, 30, 120, 600, 600, 600]);
        let day_later = created + SignedDuration::from_hours(24);
        assert_eq!(next_try(7, created, day_later), None);
        assert!(next_try(7, created, day_later - SignedDuration::from_secs(1)).is_some());
    }
}
