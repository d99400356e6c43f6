//! Deadlines: the engine sleeps until the earliest one, and tells the runs that it has passed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use crate::domain::approval::ApprovalStatus;
use crate::domain::{ApprovalId, Event, EventKind, Run, RunId};
use crate::store::{Commit, Row, RunLog, Writer};

use super::Engine;
use super::submit::{Hands, SubmitError};

/// The longest sleep: a safety net under the arithmetic.
const SLEEP_MAX: Duration = Duration::from_secs(5);

/// The pause after a run that could not be ticked, so that a broken one does not make the loop spin.
const PAUSE_AFTER_FAULT: Duration = Duration::from_secs(1);

/// Runs that are ticked in one go.
const BATCH: u32 = 256;

/// How often a list is looked at for decisions among the runs of one go: before the eldest of them is told that its time
/// has passed, and before the next one is. From then on nobody can decide about those that are due.
const LOOKS_AT_A_LIST: u32 = 2;

/// How often what the gate saw is written down.
const SIGHTINGS_EVERY: Duration = Duration::from_secs(2);

/// When the timer loop next wakes, and the bell that wakes it earlier.
pub(super) struct Wake {
    planned: AtomicI64,
    bell: Notify,
}

impl Default for Wake {
    fn default() -> Self {
        Self { planned: AtomicI64::new(i64::MIN), bell: Notify::new() }
    }
}

impl Wake {
    /// Something is due at `at`: the loop is woken if it would sleep longer.
    pub fn at(&self, at: Timestamp) {
        if at.as_microsecond() < self.planned.load(Ordering::SeqCst) {
            self.bell.notify_one();
        }
    }

    /// Deadlines came in by another way than a commit of this replica.
    pub fn ring(&self) {
        self.bell.notify_one();
    }
}

/// What a tick does about lists that its run waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lists {
    /// Their decisions come first.
    First,
    /// Their decisions were carried.
    Carried,
}

/// The lists in which a run waits for a decision, each by its first request.
fn lists_of(run: &Run) -> Vec<ApprovalId> {
    let pending = run.approvals.values().filter(|approval| approval.status == ApprovalStatus::Pending);
    pending.filter_map(|approval| Some(approval.bundle.as_ref()?.first)).collect()
}

/// Whether a run that could not be ticked is a fault, which is said. It is none if the run is somebody else's since it
/// was looked up, or nobody's to touch.
fn is_fault(run: RunId, error: &SubmitError) -> bool {
    if matches!(error, SubmitError::NotOurs(_) | SubmitError::Quarantined { .. }) {
        return false;
    }
    tracing::error!(run.id = %run, %error, "a deadline could not be dealt with");
    true
}

impl Engine {
    pub(super) async fn keep_time(self) {
        loop {
            let fault = self.tick_due().await | self.ask_about_ended_holds().await;
            let sleep = if fault { PAUSE_AFTER_FAULT } else { self.time_to_sleep().await };
            tokio::select! {
                () = self.inner.supervisor.stopping() => return,
                () = self.inner.wake.bell.notified() => {}
                () = tokio::time::sleep(sleep) => {}
            }
        }
    }

    /// Tells every due run that its time has passed; whether something went wrong.
    pub async fn tick_due(&self) -> bool {
        let mut fault = false;
        let mut tried = BTreeSet::new();
        loop {
            if !self.is_acting() {
                return fault;
            }
            let now = self.clock().now();
            let due: Vec<RunId> = match self.inner.store.runs_due(now, BATCH).await {
                Ok(due) => due.into_iter().filter(|run| tried.insert(*run)).collect(),
                Err(error) => {
                    tracing::error!(%error, "deadlines could not be read");
                    return true;
                }
            };
            if due.is_empty() {
                return fault;
            }
            let mut listed = Vec::new();
            for run in due {
                match self.tick(run, now, Lists::First).await {
                    Ok(lists) if lists.is_empty() => {}
                    Ok(lists) => listed.push((run, lists)),
                    Err(error) => fault |= is_fault(run, &error),
                }
            }
            fault |= self.tick_listed(listed, now).await;
        }
    }

    /// Tells runs that their time has passed which wait for a decision about a list: a decision that was made in time
    /// reaches them first, wherever it was made and whoever died or was slow since. Whether something went wrong.
    async fn tick_listed(&self, listed: Vec<(RunId, Vec<ApprovalId>)>, now: Timestamp) -> bool {
        let (mut fault, mut looked, mut left) = (false, BTreeMap::<ApprovalId, u32>::new(), BTreeSet::new());
        for (run, lists) in listed {
            for list in lists {
                let looks = looked.entry(list).or_default();
                if *looks == LOOKS_AT_A_LIST {
                    continue;
                }
                match self.carry_bundle(list).await {
                    Ok(carried) => {
                        *looks += 1;
                        left.extend(carried.left);
                    }
                    Err(error) => {
                        tracing::error!(run.id = %run, %error, "what was decided about a list could not be read");
                        left.insert(run);
                    }
                }
            }
            // What people decided about it in time must not be overtaken by its deadline: it is tried again.
            if left.contains(&run) {
                fault = true;
            } else if let Err(error) = self.tick(run, now, Lists::Carried).await {
                fault |= is_fault(run, &error);
            }
        }
        fault
    }

    /// Tells a run that its time has passed; not yet if it waits for decisions about lists, which are given back.
    async fn tick(&self, run: RunId, now: Timestamp, lists: Lists) -> Result<Vec<ApprovalId>, SubmitError> {
        let found = Mutex::new(Vec::new());
        let may = |run: &Run, _| {
            let lists = if lists == Lists::First { lists_of(run) } else { Vec::new() };
            let may = lists.is_empty();
            *found.lock().unwrap_or_else(PoisonError::into_inner) = lists;
            may
        };
        let event = Event::by_system(now, EventKind::Ticked);
        if let Some((_, jobs)) = self.submit_if(run, event, &mut Hands::default(), may).await? {
            self.dispatch(jobs);
        }
        Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    async fn time_to_sleep(&self) -> Duration {
        // Whatever is committed while the next deadline is being read rings the bell.
        self.inner.wake.planned.store(i64::MAX, Ordering::SeqCst);
        let next = self.inner.store.next_wake().await.ok().flatten();
        let now = self.clock().now();
        let limit = SignedDuration::try_from(SLEEP_MAX).unwrap_or(SignedDuration::ZERO);
        let latest = now.saturating_add(limit).unwrap_or(now);
        let planned = next.map_or(latest, |next| next.min(latest));
        self.inner.wake.planned.store(planned.as_microsecond(), Ordering::SeqCst);
        Duration::try_from(planned.duration_since(now))
            .unwrap_or(Duration::from_millis(1))
            .max(Duration::from_millis(1))
    }

    /// Writes down, coarsely, whom the gate saw, so that a restart does not forget it.
    pub(super) async fn keep_sightings(self) {
        while self.inner.supervisor.sleep(SIGHTINGS_EVERY).await {
            self.store_sightings().await;
        }
        self.store_sightings().await;
    }

    async fn store_sightings(&self) {
        let fresh = self.inner.gate.unstored_sightings();
        if fresh.is_empty() {
            return;
        }
        let rows = fresh.into_iter().map(|sight| Row::GateSight {
            agent: sight.agent,
            seen_at: sight.seen_at,
            refused_at: sight.refused_at,
        });
        let commit = Commit { guards: Vec::new(), rows: rows.collect() };
        if let Err(error) = self.inner.store.commit(commit).await {
            tracing::warn!(%error, "what the gate saw could not be written down");
        }
    }
}
