//! Alerts of our own in a replay: the planned end of a hold, something found undone. They come of what the replayed runs
//! do, and are taken like any others, so that playbooks which match them start runs as well.
//!
//! What leads to itself must end: at most so many are taken, and none that comes of a run which began after the time that
//! is replayed. A daemon has no such end, so what is left out is counted.

use jiff::Timestamp;

use std::sync::Arc;

use crate::domain::{Alert, Hold, HoldCause, SourceId};
use crate::engine::{HOLD_ENDED, SystemAlert, asks_about};
use crate::intake::system::{SOURCE, system_alert};
use crate::rehearsal::performance::Performance;
use crate::rehearsal::world::{Cause, HoldEnd};

use super::Replay;

/// The most alerts of our own that are taken.
const OWN_ALERTS_MAX: u64 = 100_000;

impl Replay<'_> {
    /// Whether an alert that a daemon has kept is one of our own that the replay makes itself: the agent was held in it
    /// for a planned time, so it says when that is over.
    pub(super) fn makes_itself(&self, alert: &Alert) -> bool {
        let agent = alert.agent.id.as_ref().and_then(|id| crate::domain::AgentId::parse(id).ok());
        alert.source.as_str() == SOURCE
            && alert.rule.as_deref() == Some(HOLD_ENDED)
            && agent.is_some_and(|agent| self.world.plans_ends_of(&agent))
    }

    /// The next hold comes to its planned end. It stays; people are told, unless they are being asked about it already.
    pub(super) fn end_hold(&mut self, end: HoldEnd, at: Timestamp) {
        let hold = self.world.holds_on(&end.agent).iter().find(|hold| hold.id == end.hold).cloned();
        let Some(hold) = hold else { return };
        if let Some(number) = self.asked_in(&hold, &end) {
            // Looked at again when that run has gone on.
            self.absorbed.entry(number).or_default().push(end);
            return;
        }
        let told = self.world.told_of_end(&hold, at).len();
        if let Some(index) = self.numbers.get(&end.cause.playbook).copied() {
            self.report.of(index).messages += told as u64;
        }
        self.world.came(SystemAlert::hold_ended(&hold, at), end.cause);
    }

    /// The family of runs that asks people about lifting a hold.
    fn asked_in(&self, hold: &Hold, end: &HoldEnd) -> Option<usize> {
        let HoldCause::Run { run, path } = &hold.cause else { return None };
        let (number, open) = self.runs.of_first(end.cause.first.run)?;
        let asks = |it: &&Performance| it.run.id == *run && asks_about(&it.run, path);
        open.performance.family().iter().any(asks).then_some(number)
    }

    /// Looks again at holds whose end people were being asked about when it came.
    pub(super) fn look_at_ends(&mut self, number: usize, at: Timestamp) {
        for end in self.absorbed.remove(&number).unwrap_or_default() {
            self.end_hold(end, at);
        }
    }

    /// Takes the alerts of our own that came, and those that come of them at once.
    pub(super) fn take_own(&mut self) {
        loop {
            let own = self.world.take_own();
            if own.is_empty() {
                return;
            }
            for (alert, cause) in own {
                self.take_one(&alert, &cause);
            }
        }
    }

    fn take_one(&mut self, own: &SystemAlert, cause: &Cause) {
        let Ok(source) = SourceId::parse(SOURCE) else { return };
        if cause.first.began_at > self.to || self.report.own_alerts.values().sum::<u64>() >= OWN_ALERTS_MAX {
            self.report.own_alerts_left_out += 1;
            return;
        }
        *self.report.own_alerts.entry(own.rule.to_string()).or_default() += 1;
        if let Some(index) = self.numbers.get(&cause.playbook).copied() {
            self.report.of(index).own_alerts += 1;
        }
        self.judge(&Arc::new(system_alert(&source, own, own.at)), false);
    }
}
