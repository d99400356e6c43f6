//! Playbooks that start by a schedule: each tick is a delivery of alerts from the source `schedule`, one for each agent
//! that the playbook names, by the same door as all others.
//!
//! What was ticked last is kept in the store, so that a tick is never done twice and a missed one is caught up: once,
//! however many were missed, and said so. A schedule that is new or has changed starts from now.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::domain::alert::Claimed;
use crate::domain::{Agent, Alert, MessageKind, PlaybookName, Principal, Severity, SourceId};
use crate::playbook::context::agent_variables;
use crate::playbook::model::Timetable;
use crate::playbook::{Playbook, Schedule};
use crate::source::{Authenticated, Mapped};
use crate::store::{Agents, Commit, Inbox, Row};

use super::Intake;
use super::answer::Refused;
use super::system::own_alert;

/// The source of alerts by a schedule.
pub const SOURCE: &str = "schedule";
/// How alerts of our own are authenticated: no delivery from outside is.
pub(super) const INTERNAL: &str = "internal";
/// The setting that holds the last ticks.
const SETTING: &str = "schedules";
/// How often the schedules are looked at.
const EVERY: Duration = Duration::from_secs(1);
/// How many missed ticks are counted.
const MISSED_MAX: u32 = 1_000;

/// The last tick of a playbook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Last {
    at: Timestamp,
    schedule: String,
}

/// A point in time that has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    /// When it was to come.
    pub at: Timestamp,
    /// How many before it were missed.
    pub missed: u32,
}

impl Intake {
    /// Looks at the schedules until the daemon stops.
    pub async fn keep_schedules(&self) {
        let supervisor = self.engine.supervisor().clone();
        while supervisor.sleep(EVERY).await {
            if let Err(error) = self.tick_schedules().await {
                tracing::error!(%error, "a schedule could not be dealt with; trying again");
            }
        }
    }

    /// Starts what is due by a schedule; how many alerts came in by it.
    pub async fn tick_schedules(&self) -> Result<usize, Refused> {
        let serving = self.engine.library().serving();
        let scheduled: Vec<(&Playbook, &Timetable)> =
            serving.values().filter_map(|playbook| Some((&**playbook, playbook.timetable.as_ref()?))).collect();
        let stored = self.engine.store().setting(SETTING).await?;
        if scheduled.is_empty() && stored.is_none() {
            return Ok(0);
        }
        let before: BTreeMap<PlaybookName, Last> =
            stored.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default();
        let now = self.engine.clock().now();
        let (mut after, mut alerts) = (BTreeMap::new(), 0);
        for (playbook, timetable) in scheduled {
            let source = timetable.schedule.source();
            let known = before.get(&playbook.name).filter(|last| last.schedule == source);
            let mut last = known.cloned().unwrap_or_else(|| Last { at: now, schedule: source.to_owned() });
            if let Some(tick) = due(&timetable.schedule, last.at, now) {
                match self.tick(playbook, timetable, &tick).await {
                    Ok(count) => {
                        alerts += count;
                        last.at = tick.at;
                    }
                    Err(error) => {
                        tracing::error!(playbook.name = %playbook.name, %error, "a scheduled start failed; trying again");
                    }
                }
            }
            after.insert(playbook.name.clone(), last);
        }
        if after != before {
            let row = Row::Setting { key: SETTING, value: json!(after) };
            self.engine.commit(Commit { guards: Vec::new(), rows: vec![row] }, Vec::new()).await?;
        }
        Ok(alerts)
    }

    /// Delivers the alerts of one tick; how many. The same tick is delivered once, by whichever replica is first.
    async fn tick(&self, playbook: &Playbook, timetable: &Timetable, tick: &Tick) -> Result<usize, Refused> {
        let Ok(source) = SourceId::parse(SOURCE) else { return Ok(0) };
        let inventory = self.engine.inventory();
        let (mut mapped, mut fault) = (Vec::new(), None);
        for agent in inventory.agents() {
            match timetable.agents.evaluate_bool(&agent_variables(agent), tick.at) {
                Ok(true) => {
                    let alert = scheduled_alert(&source, playbook, agent, tick, self.engine.clock().now());
                    // A part of this tick may be on disk since before a crash.
                    if self.engine.store().last_alert(&source, &alert.dedup_key).await?.is_none() {
                        let raw = json!({ "playbook": playbook.name, "agent": agent.id, "at": tick.at });
                        mapped.push(Mapped { alert: alert.into(), raw: raw.into(), notes: Vec::new() });
                    }
                }
                Ok(false) => {}
                Err(error) => fault = Some(format!("agent {}: {error}", agent.id)),
            }
        }
        if let Some(fault) = fault {
            self.tell_of_fault(playbook, timetable, &fault).await?;
        }
        let Some(first) = mapped.first() else { return Ok(0) };
        let delivery_id = Some(format!("{}@{}", playbook.name, tick.at));
        let authenticated = Authenticated { authentication: first.alert.auth.clone(), delivery_id };
        self.take(&source, 202, &authenticated, &mapped, Vec::new()).await?;
        tracing::info!(playbook.name = %playbook.name, agents = mapped.len(), missed = tick.missed, "a schedule ticked");
        Ok(mapped.len())
    }

    async fn tell_of_fault(&self, playbook: &Playbook, timetable: &Timetable, why: &str) -> Result<(), Refused> {
        let text = format!(
            "The schedule of playbook {} could not tell whether it is about an agent:\n{why}\n\nIts condition: {}\n",
            playbook.name,
            timetable.agents.source(),
        );
        let subject = format!("Playbook fault: {}", playbook.name);
        let people = self.engine.inventory().directory().resolve(&[playbook.owner.clone(), Principal::Fallback], None);
        let now = self.engine.clock().now();
        let messages = self.engine.messages(&people, &MessageKind::Notice { subject, text }, None, now);
        let rows = messages.into_iter().map(|message| Row::Message(Box::new(message))).collect();
        self.engine.commit(Commit { guards: Vec::new(), rows }, Vec::new()).await?;
        Ok(())
    }
}

/// The alert of a tick about one agent.
#[must_use]
pub fn scheduled_alert(source: &SourceId, playbook: &Playbook, agent: &Agent, tick: &Tick, at: Timestamp) -> Alert {
    let identity = json!({ "playbook": playbook.name, "agent": agent.id, "at": tick.at });
    let missed = match tick.missed {
        0 => String::new(),
        missed => format!(", catching up {missed} missed"),
    };
    let title = format!("schedule of {}: {}{missed}", playbook.name, tick.at);
    let claimed = Claimed { id: Some(agent.id.to_string()), ..Claimed::default() };
    let mut alert = own_alert(source, playbook.name.as_str(), &title, claimed, &identity, at);
    alert.severity = Severity::Info;
    alert.occurred_at = tick.at;
    if tick.missed > 0 {
        alert.labels.insert("missed_ticks".to_owned(), tick.missed.to_string());
    }
    alert
}

/// The playbook whose schedule an alert is of.
#[must_use]
pub fn scheduled_by(alert: &Alert) -> Option<&str> {
    let own = alert.source.as_str() == SOURCE && alert.auth.scheme == INTERNAL;
    alert.rule.as_deref().filter(|_| own)
}

/// The last point that has come since the one before, with how many came between the two.
#[must_use]
pub fn due(schedule: &Schedule, last: Timestamp, now: Timestamp) -> Option<Tick> {
    let mut tick: Option<Tick> = None;
    let mut at = last;
    while let Some(next) = schedule.after(at).filter(|next| *next <= now) {
        let missed = tick.map_or(0, |tick| tick.missed + 1);
        tick = Some(Tick { at: next, missed: missed.min(MISSED_MAX) });
        if missed >= MISSED_MAX {
            break;
        }
        at = next;
    }
    tick
}
