//! The points in time of a schedule that have come since it was looked at last: the latest of them, and how many came
//! before it and were missed.

use jiff::{SignedDuration, Timestamp};

use crate::playbook::Schedule;

/// How many missed ticks are counted; of more, it is said that there were at least so many.
pub(super) const MISSED_MAX: u32 = 1_000;

/// The first stretch before now that is searched for the latest point.
const STRETCH: SignedDuration = SignedDuration::from_mins(1);
/// By what the stretch grows when there is none in it.
const GROWTH: i32 = 24;

/// A point in time that has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    /// When it was to come.
    pub at: Timestamp,
    /// How many before it were missed; of very many, that there were at least so many.
    pub missed: u32,
}

impl Tick {
    /// How many were missed, in words; nothing if none was.
    #[must_use]
    pub fn caught_up(&self) -> String {
        match self.missed {
            0 => String::new(),
            missed if missed >= MISSED_MAX => format!(", catching up {missed} or more missed"),
            missed => format!(", catching up {missed} missed"),
        }
    }
}

/// The last point that has come since the one before, with how many came between the two. However many those are, it is
/// the last one: whoever was away for long catches up once.
#[must_use]
pub fn due(schedule: &Schedule, last: Timestamp, now: Timestamp) -> Option<Tick> {
    let mut tick = None;
    let mut at = last;
    for missed in 0..=MISSED_MAX {
        let Some(next) = schedule.after(at).filter(|next| *next <= now) else { return tick };
        tick = Some(Tick { at: next, missed });
        at = next;
    }
    Some(Tick { at: latest(schedule, at, now), missed: MISSED_MAX })
}

/// The last point not after now, if there is one after `from`; otherwise `from`. It is searched from the end, so that
/// years away cost no more than days.
fn latest(schedule: &Schedule, from: Timestamp, now: Timestamp) -> Timestamp {
    let mut stretch = STRETCH;
    loop {
        let begin = now.saturating_sub(stretch).unwrap_or(from).max(from);
        let mut found = schedule.after(begin).filter(|next| *next <= now);
        if let Some(mut last) = found {
            while let Some(next) = found {
                last = next;
                found = schedule.after(next).filter(|next| *next <= now);
            }
            return last;
        }
        if begin == from {
            return from;
        }
        stretch = stretch.saturating_mul(GROWTH);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn of_very_many_missed_points_the_latest_is_done_and_no_other_is_left() {
        let from = at("2020-01-01T00:00:30Z");
        for cron in ["* * * * *", "*/7 * * * *", "0 * * * *", "30 6 * * *"] {
            let schedule = Schedule::parse(cron, "Europe/Zurich").unwrap();
            for now in ["2020-01-03T11:11:11Z", "2026-11-23T03:00:00Z"].map(at) {
                let tick = due(&schedule, from, now).unwrap();
                assert!(tick.at <= now && tick.missed <= MISSED_MAX, "{cron}");
                assert_eq!(due(&schedule, tick.at, now), None, "{cron}: {} is not the last before {now}", tick.at);
            }
        }
    }

    #[test]
    fn no_point_has_come_before_its_time() {
        let schedule = Schedule::parse("30 6 * * *", "UTC").unwrap();
        assert_eq!(due(&schedule, at("2026-11-23T06:30:00Z"), at("2026-11-24T06:29:59Z")), None);
        let tick = due(&schedule, at("2026-11-23T06:30:00Z"), at("2026-11-26T06:30:00Z")).unwrap();
        assert_eq!(tick, Tick { at: at("2026-11-26T06:30:00Z"), missed: 2 });
    }
}
