//! Points in time that come again: cron with five fields, on the wall clock of a named time zone.
//!
//! The fields are minute, hour, day of the month, month and day of the week. Days of the week are names, because numbers
//! mean different days to different programs. An hour that the clocks skip comes when they have been put forward; one that
//! they repeat comes once. The zones are those built into the program, so that two machines agree.

use std::str::FromStr;

use chrono::{Datelike as _, NaiveDate, NaiveDateTime, Timelike as _, Utc};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, civil};

/// How many points of the wall clock are looked at: more than two hours of minutes.
const CANDIDATES_MAX: usize = 200;

/// Why a text is no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There are more or fewer than five fields.
    #[error("a schedule has five fields, and this has {0}")]
    Fields(usize),
    /// A day of the week is a number.
    #[error("the day of the week is written as a number")]
    Weekday,
    /// Every so many days of the week, which begins on another day in other programs.
    #[error("the day of the week takes no steps such as `*/2`")]
    EveryWeekday,
    /// Both kinds of days are restricted, which programs read in two ways.
    #[error("both the day of the month and the day of the week are restricted")]
    Days,
    /// A field can't be read.
    #[error("`{0}` can't be read as a schedule")]
    Form(String),
    /// It never comes.
    #[error("`{0}` never comes")]
    Never(String),
    /// There is no such time zone.
    #[error("there is no time zone `{0}`")]
    Zone(String),
}

impl Error {
    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Fields(_) | Self::Form(_) => {
                "write minute, hour, day of the month, month, day of the week: \"30 6 * * MON-FRI\""
            }
            Self::EveryWeekday => "write the days: MON,WED,FRI",
            Self::Weekday => "write names: MON, TUE, WED, THU, FRI, SAT, SUN",
            Self::Days => "restrict one of the two, and write `*` for the other",
            Self::Never(_) => "look at the day of the month and the month",
            Self::Zone(_) => "write a name of the IANA database, such as UTC, Europe/Zurich or America/New_York",
        }
    }
}

/// Points in time that come again.
#[derive(Clone, Debug)]
pub struct Schedule {
    source: String,
    cron: cron::Schedule,
    zone: TimeZone,
}

impl Schedule {
    /// Whether there is a time zone of that name; so that a wrong one is said beside wrong fields.
    pub fn zone(name: &str) -> Result<TimeZone, Error> {
        TimeZoneDatabase::bundled().get(name).map_err(|_| Error::Zone(name.to_owned()))
    }

    /// Reads five fields and the name of a time zone.
    pub fn parse(fields: &str, zone: &str) -> Result<Self, Error> {
        let parts: Vec<&str> = fields.split_whitespace().collect();
        let [_, _, day, _, weekday] = parts.as_slice() else { return Err(Error::Fields(parts.len())) };
        if weekday.contains('/') {
            return Err(Error::EveryWeekday);
        }
        if weekday.contains(|c: char| c.is_ascii_digit()) {
            return Err(Error::Weekday);
        }
        let free = |field: &str| ["*", "?"].contains(&field);
        if !free(day) && !free(weekday) {
            return Err(Error::Days);
        }
        let source = parts.join(" ");
        let cron = cron::Schedule::from_str(&format!("0 {source}")).map_err(|_| Error::Form(source.clone()))?;
        let known = Self::zone(zone)?;
        let schedule = Self { source: format!("{source} {zone}"), cron, zone: known };
        match schedule.after(Timestamp::UNIX_EPOCH) {
            Some(_) => Ok(schedule),
            None => Err(Error::Never(source)),
        }
    }

    /// Fields and zone as they were read.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The first point after a time; `None` if none comes any more.
    #[must_use]
    pub fn after(&self, at: Timestamp) -> Option<Timestamp> {
        let wall = self.zone.to_datetime(at);
        // Clocks are put back by two hours at most: what comes after `at` stands after this on the wall.
        let from = naive(wall)?.checked_sub_signed(chrono::Duration::hours(2))?.and_utc();
        let points = self.cron.after(&from).take(CANDIDATES_MAX);
        points.filter_map(|point: chrono::DateTime<Utc>| self.place(point.naive_utc())).find(|point| *point > at)
    }

    /// When a point of the wall clock is: what is skipped comes later, what is repeated comes the first time.
    fn place(&self, point: NaiveDateTime) -> Option<Timestamp> {
        let small = |number: u32| i8::try_from(number).ok();
        let date =
            civil::Date::new(i16::try_from(point.year()).ok()?, small(point.month())?, small(point.day())?).ok()?;
        let time = civil::Time::new(small(point.hour())?, small(point.minute())?, 0, 0).ok()?;
        self.zone.to_ambiguous_timestamp(date.to_datetime(time)).compatible().ok()
    }
}

fn naive(wall: civil::DateTime) -> Option<NaiveDateTime> {
    let part = |number: i8| u32::try_from(number).ok();
    let date = NaiveDate::from_ymd_opt(i32::from(wall.year()), part(wall.month())?, part(wall.day())?)?;
    date.and_hms_opt(part(wall.hour())?, part(wall.minute())?, part(wall.second())?)
}

impl PartialEq for Schedule {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn next(schedule: &Schedule, from: &str, count: usize) -> Vec<String> {
        let points = std::iter::successors(Some(at(from)), |last| schedule.after(*last));
        points.skip(1).take(count).map(|point| point.to_string()).collect()
    }

    #[test]
    fn a_point_comes_on_the_wall_clock_of_its_zone() {
        let schedule = Schedule::parse("30 6 * * MON-FRI", "Europe/Zurich").unwrap();
        assert_eq!(next(&schedule, "2026-11-20T05:30:00Z", 2), ["2026-11-23T05:30:00Z", "2026-11-24T05:30:00Z"]);
        let summer = Schedule::parse("30 6 * * *", "Europe/Zurich").unwrap();
        assert_eq!(next(&summer, "2026-07-01T00:00:00Z", 1), ["2026-07-01T04:30:00Z"]);
    }

    #[test]
    fn what_the_clocks_skip_comes_once_later_and_what_they_repeat_comes_once() {
        let schedule = Schedule::parse("30 2 * * *", "Europe/Zurich").unwrap();
        let spring = next(&schedule, "2026-03-28T12:00:00Z", 2);
        assert_eq!(spring, ["2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"]);
        let autumn = next(&schedule, "2026-10-24T12:00:00Z", 2);
        assert_eq!(autumn, ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
        let often = Schedule::parse("*/30 * * * *", "Europe/Zurich").unwrap();
        let points = next(&often, "2026-10-24T23:00:00Z", 12);
        assert!(points.is_sorted() && points.windows(2).all(|pair| pair[0] != pair[1]), "{points:?}");
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        let parse = |fields: &str| Schedule::parse(fields, "UTC").unwrap_err();
        assert_eq!(parse("* * * * * *"), Error::Fields(6));
        assert_eq!(parse("@daily"), Error::Fields(1));
        assert_eq!(parse("0 3 * * 1"), Error::Weekday);
        assert_eq!(parse("0 3 * * */2"), Error::EveryWeekday);
        assert_eq!(parse("0 3 1 * MON"), Error::Days);
        assert_eq!(parse("61 3 * * *"), Error::Form("61 3 * * *".into()));
        assert_eq!(parse("0 3 30 FEB *"), Error::Never("0 3 30 FEB *".into()));
        assert_eq!(Schedule::parse("0 3 * * *", "Zurich").unwrap_err(), Error::Zone("Zurich".into()));
    }
}
