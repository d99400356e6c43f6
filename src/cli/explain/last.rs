//! A last run as somebody tells of it at the command line, to try `rerun_when` with.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::domain::severity::UnknownSeverity;
use crate::domain::{Outcome, PastRun, RunId, Severity, Verdict};

/// What was told of a last run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    severity: Severity,
    started_ago: Option<SignedDuration>,
    ended_ago: SignedDuration,
    outcome: Outcome,
    verdict: Option<Verdict>,
}

impl Told {
    /// The run, as it is seen now.
    pub fn before(&self, now: Timestamp) -> PastRun {
        let ago = |length: SignedDuration| now.saturating_sub(length).unwrap_or(now);
        PastRun {
            id: RunId::generate(now),
            outcome: self.outcome,
            verdict: self.verdict,
            severity: self.severity,
            started_at: ago(self.started_ago.unwrap_or(self.ended_ago)),
            ended_at: ago(self.ended_ago),
        }
    }
}

/// Reads `severity=LOW,ended=2h`.
pub fn parse(text: &str) -> Result<Told, String> {
    let mut told = Told {
        severity: Severity::High,
        started_ago: None,
        ended_ago: SignedDuration::ZERO,
        outcome: Outcome::Completed,
        verdict: None,
    };
    for pair in text.split(',').map(str::trim) {
        let (key, value) = pair.split_once('=').ok_or_else(|| format!("`{pair}` is no KEY=VALUE"))?;
        match key {
            "severity" => told.severity = severity(value)?,
            "started" => told.started_ago = Some(length(value)?),
            "ended" => told.ended_ago = length(value)?,
            "outcome" => told.outcome = word(value, "completed, failed, cancelled or superseded")?,
            "verdict" => told.verdict = Some(word(value, "contained, unproven, already_done, failed or regressed")?),
            _ => return Err(format!("`{key}` is none of severity, started, ended, outcome and verdict")),
        }
    }
    Ok(told)
}

fn severity(text: &str) -> Result<Severity, String> {
    text.parse().map_err(|error: UnknownSeverity| error.to_string())
}

/// How long ago something was.
fn length(text: &str) -> Result<SignedDuration, String> {
    text.parse().map_err(|_| format!("`{text}` is no duration: write how long ago it was, such as 2h or 10m"))
}

fn word<T: serde::de::DeserializeOwned>(text: &str, words: &str) -> Result<T, String> {
    serde_json::from_value(Value::String(text.to_owned())).map_err(|_| format!("`{text}` is none of {words}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_last_run_is_read_from_what_differs_and_stands_before_now() {
        let now: Timestamp = "2026-11-23T03:00:00Z".parse().unwrap();
        let last = parse("severity=low, ended=2h,outcome=failed,verdict=unproven").unwrap().before(now);
        assert_eq!(
            (last.severity, last.outcome, last.verdict),
            (Severity::Low, Outcome::Failed, Some(Verdict::Unproven))
        );
        assert_eq!((last.started_at, last.ended_at), (last.ended_at, "2026-11-23T01:00:00Z".parse().unwrap()));
    }

    #[test]
    fn what_can_not_be_read_is_named_with_what_could_stand_there() {
        for (text, words) in [
            ("severity", "KEY=VALUE"),
            ("severity=odd", "CRITICAL"),
            ("ended=soon", "2h"),
            ("outcome=good", "cancelled"),
            ("verdict=x", "regressed"),
            ("when=1h", "none of severity"),
        ] {
            assert!(parse(text).unwrap_err().contains(words), "{text}");
        }
    }
}
