//! The ticks of schedules in the time that is replayed, as the daemon would have made them: its own rule says what is due, and
//! each tick is an alert from the source `schedule` for every agent of the inventory that the playbook names.
//!
//! The daemon is taken to have been up all the time, so nothing had to be caught up.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::{Alert, SourceId};
use crate::engine::Inventory;
use crate::intake::schedules::{SOURCE, Tick, due, scheduled_alert};
use crate::playbook::Playbook;
use crate::playbook::context::agent_variables;

/// The most ticks of one playbook: those of every minute for more than two months.
const TICKS_MAX: u32 = 100_000;

/// The next tick of every playbook that has a schedule.
#[derive(Default)]
pub(super) struct Ticks {
    next: BinaryHeap<Reverse<(Timestamp, usize)>>,
    last: Vec<(Timestamp, u32)>,
}

/// What one tick comes to.
pub(super) struct Ticked {
    /// Which playbook.
    pub index: usize,
    /// When.
    pub at: Timestamp,
    /// The alerts, one for each agent.
    pub alerts: Vec<Arc<Alert>>,
    /// Why it could not be told whether it is about an agent.
    pub fault: Option<String>,
}

impl Ticks {
    /// Schedules start from a time.
    pub fn from(playbooks: &[Arc<Playbook>], from: Timestamp) -> Self {
        let mut ticks = Self { next: BinaryHeap::new(), last: vec![(from, 0); playbooks.len()] };
        for (index, playbook) in playbooks.iter().enumerate() {
            ticks.plan(playbook, index, from);
        }
        ticks
    }

    fn plan(&mut self, playbook: &Playbook, index: usize, after: Timestamp) {
        let next = playbook.timetable.as_ref().and_then(|timetable| timetable.schedule.after(after));
        self.next.extend(next.map(|next| Reverse((next, index))));
    }

    /// When the next tick comes.
    pub fn next(&self) -> Option<Timestamp> {
        self.next.peek().map(|Reverse((at, _))| *at)
    }

    /// The next tick.
    pub fn take(&mut self, playbooks: &[Arc<Playbook>], inventory: &Inventory) -> Option<Ticked> {
        let Reverse((now, index)) = self.next.pop()?;
        let (playbook, (last, count)) = (playbooks.get(index)?, self.last.get_mut(index)?);
        let timetable = playbook.timetable.as_ref()?;
        let tick = due(&timetable.schedule, *last, now)?;
        (*last, *count) = (tick.at, *count + 1);
        if *count >= TICKS_MAX {
            let fault = Some(format!("its schedule came {TICKS_MAX} times; what would have come later is left out"));
            return Some(Ticked { index, at: tick.at, alerts: Vec::new(), fault });
        }
        self.plan(playbook, index, tick.at);
        let (alerts, fault) = alerts(playbook, inventory, &tick);
        Some(Ticked { index, at: tick.at, alerts, fault })
    }
}

fn alerts(playbook: &Playbook, inventory: &Inventory, tick: &Tick) -> (Vec<Arc<Alert>>, Option<String>) {
    let (mut alerts, mut fault) = (Vec::new(), None);
    let (Some(timetable), Ok(source)) = (&playbook.timetable, SourceId::parse(SOURCE)) else { return (alerts, fault) };
    for agent in inventory.agents() {
        match timetable.agents.evaluate_bool(&agent_variables(agent), tick.at) {
            Ok(true) => alerts.push(Arc::new(scheduled_alert(&source, playbook, agent, tick, tick.at))),
            Ok(false) => {}
            Err(error) => fault = Some(format!("its schedule, agent {}: {error}", agent.id)),
        }
    }
    (alerts, fault)
}
