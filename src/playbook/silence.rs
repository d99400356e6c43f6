//! Whether a playbook is silent at a moment, and why.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::Playbook;
use super::model::Window;

impl Playbook {
    /// Why the playbook starts nothing now, if it is in a window of silence. `variables` are those that it matches with.
    ///
    /// A window whose condition can't be told silences nothing: what is wrong with it must not leave an agent alone.
    #[must_use]
    pub fn silenced(&self, variables: &Value, now: Timestamp) -> Option<&str> {
        let silence = self.silences.iter().find(|silence| {
            let meant = silence.when.as_ref().is_none_or(|when| when.evaluate_bool(variables, now).unwrap_or(false));
            silence.window.is_open(now) && meant
        });
        silence.map(|silence| silence.because.as_str())
    }
}

impl Window {
    /// Whether a moment is in it: its beginning is, its end is not.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        match self {
            Self::Once { from, to } => (*from..*to).contains(&now),
            Self::Again { schedule, length } => {
                let length = SignedDuration::try_from(*length).unwrap_or(SignedDuration::MAX);
                let since = now.saturating_sub(length).unwrap_or(Timestamp::MIN);
                schedule.after(since).is_some_and(|began| began <= now)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playbook::schedule::Schedule;

    #[test]
    fn a_window_that_comes_again_is_open_for_its_length() {
        let schedule = Schedule::parse("0 22 * * SAT", "Europe/Zurich").unwrap();
        let window = Window::Again { schedule: Box::new(schedule), length: std::time::Duration::from_hours(4) };
        let open = |at: &str| window.is_open(at.parse().unwrap());
        assert!(!open("2026-11-21T20:59:59Z"));
        assert!(open("2026-11-21T21:00:00Z"));
        assert!(open("2026-11-22T00:59:59Z"));
        assert!(!open("2026-11-22T01:00:00Z"));
    }

    #[test]
    fn a_window_that_comes_once_has_a_beginning_and_an_end() {
        let (from, to) = ("2026-12-24T18:00:00Z".parse().unwrap(), "2026-12-25T18:00:00Z".parse().unwrap());
        let window = Window::Once { from, to };
        assert!(window.is_open(from) && !window.is_open(to));
    }
}
