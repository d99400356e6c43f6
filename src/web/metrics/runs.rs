//! What became of runs, counted when somebody asks, from the newest 1000 runs of the store.
//!
//! Each run is counted once when it is first seen and once when it is first seen to be over. If more than 1000 runs begin
//! between two scrapes, the oldest of them are missed: the counts are for graphs, the store is the record.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::domain::{RunId, Verdict};
use crate::store::{ReadError, ReadModel, RunLog, RunSummary, Store};

use super::Labels;

/// How many of the newest runs are looked at.
const RUNS_MAX: u32 = 1_000;
/// Time to contain, in seconds: from a fast refusal to an hour of waiting for a person.
const BUCKETS: [f64; 12] = [0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0];

#[derive(Clone, Copy, Default)]
struct Seen {
    over: bool,
    contained: bool,
}

pub(super) struct Tally {
    since: Timestamp,
    seen: Mutex<BTreeMap<RunId, Seen>>,
    started: Family<Labels<1>, Counter>,
    finished: Family<Labels<1>, Counter>,
    verdicts: Family<Labels<1>, Counter>,
    open: Gauge,
    time_to_contain: Histogram,
}

impl Tally {
    pub fn register(registry: &mut Registry, since: Timestamp) -> Self {
        let tally = Self {
            since,
            seen: Mutex::default(),
            started: Family::default(),
            finished: Family::default(),
            verdicts: Family::default(),
            open: Gauge::default(),
            time_to_contain: Histogram::new(BUCKETS),
        };
        registry.register("runs_started", "Runs that began, by mode", tally.started.clone());
        registry.register("runs_finished", "Runs that are over, by outcome", tally.finished.clone());
        registry.register(
            "run_verdicts",
            "What is known of the containment of runs that are over",
            tally.verdicts.clone(),
        );
        registry.register("runs_open", "Runs of the newest 1000 that are not over", tally.open.clone());
        registry.register(
            "time_to_contain_seconds",
            "From the receipt of the alert to the moment when the agent was seen to be contained",
            tally.time_to_contain.clone(),
        );
        tally
    }

    /// Counts what has happened since the last look.
    pub async fn update(&self, store: &Store) -> Result<(), ReadError> {
        let runs = store.runs(None, RUNS_MAX).await?;
        self.open.set(i64::try_from(runs.iter().filter(|run| run.ended_at.is_none()).count()).unwrap_or(i64::MAX));
        for id in self.count(&runs) {
            let Some(run) = store.run(id).await? else { continue };
            if let Some((Verdict::Contained, Some(at))) = run.containment() {
                self.time_to_contain.observe(at.duration_since(run.alert.received_at).as_secs_f64().max(0.0));
            }
        }
        Ok(())
    }

    /// Counts the runs; gives those that are newly contained.
    fn count(&self, runs: &[RunSummary]) -> Vec<RunId> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut contained = Vec::new();
        let mut kept = BTreeMap::new();
        for run in runs {
            let known = seen.get(&run.id).copied();
            let mut now = known.unwrap_or_default();
            if known.is_none() && run.started_at >= self.since {
                self.started.get_or_create(&Labels([("mode", run.mode.clone())])).inc();
            }
            if !now.over && run.ended_at.is_some_and(|at| at >= self.since) {
                self.finished.get_or_create(&Labels([("outcome", run.status.clone())])).inc();
                if let Some(verdict) = run.verdict {
                    self.verdicts.get_or_create(&Labels([("verdict", verdict.as_str().to_owned())])).inc();
                }
            }
            now.over |= run.ended_at.is_some();
            if !now.contained && run.verdict == Some(Verdict::Contained) {
                now.contained = true;
                if run.started_at >= self.since {
                    contained.push(run.id);
                }
            }
            kept.insert(run.id, now);
        }
        *seen = kept;
        contained
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{AgentId, IncidentId, PlaybookName};

    fn run(at: Timestamp, ended_at: Option<Timestamp>, verdict: Option<Verdict>) -> RunSummary {
        RunSummary {
            id: RunId::generate(at),
            incident: IncidentId::generate(at),
            agent: AgentId::parse("billing-bot").unwrap(),
            playbook: PlaybookName::parse("pause").unwrap(),
            status: if ended_at.is_some() { "completed" } else { "running" }.to_owned(),
            mode: "enforce".to_owned(),
            verdict,
            started_at: at,
            ended_at,
            quarantined: None,
        }
    }

    #[test]
    fn a_run_is_counted_once_however_often_somebody_asks() {
        let since = Timestamp::from_second(1_000).unwrap();
        let later = Timestamp::from_second(2_000).unwrap();
        let tally = Tally::register(&mut Registry::default(), since);
        let mut one = run(later, None, None);
        assert!(tally.count(&[one.clone()]).is_empty());
        assert!(tally.count(&[one.clone()]).is_empty());
        one.ended_at = Some(later);
        one.status = "completed".to_owned();
        one.verdict = Some(Verdict::Contained);
        assert_eq!(tally.count(&[one.clone()]), [one.id]);
        assert!(tally.count(&[one.clone()]).is_empty());
        let get = |family: &Family<Labels<1>, Counter>, name, value: &str| {
            family.get_or_create(&Labels([(name, value.to_owned())])).get()
        };
        assert_eq!(get(&tally.started, "mode", "enforce"), 1);
        assert_eq!(get(&tally.finished, "outcome", "completed"), 1);
        assert_eq!(get(&tally.verdicts, "verdict", "contained"), 1);
    }

    #[test]
    fn what_ended_before_the_process_began_is_not_counted() {
        let since = Timestamp::from_second(1_000).unwrap();
        let before = Timestamp::from_second(500).unwrap();
        let tally = Tally::register(&mut Registry::default(), since);
        assert!(tally.count(&[run(before, Some(before), Some(Verdict::Contained))]).is_empty());
        assert_eq!(tally.finished.get_or_create(&Labels([("outcome", "completed".to_owned())])).get(), 0);
    }
}
