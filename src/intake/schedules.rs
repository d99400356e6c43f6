//! Playbooks that start by a schedule: each tick is a delivery of alerts from the source `schedule`, one for each agent
//! that the playbook names, by the same door as all others.
//!
//! What was ticked last is kept in the store, in the commit that does the tick, so that a tick is never done twice and a
//! missed one is caught up: once, however many were missed, and said so. A schedule that is new or has changed starts from
//! now.

pub(super) mod last;
mod point;

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use crate::domain::alert::Claimed;
use crate::domain::{Agent, Alert, MessageKind, Principal, Severity, SourceId};
use crate::playbook::Playbook;
use crate::playbook::context::agent_variables;
use crate::playbook::model::Timetable;
use crate::source::{Authenticated, Mapped};
use crate::store::{Commit, CommitError, Guard, Inbox, Row};

use super::Intake;
use super::answer::Refused;
use super::system::own_alert;

use last::Last;
pub use point::{Tick, due};

/// The source of alerts by a schedule.
pub const SOURCE: &str = "schedule";
/// How alerts of our own are authenticated: no delivery from outside is.
pub(super) const INTERNAL: &str = "internal";
/// How often the schedules are looked at.
const EVERY: Duration = Duration::from_secs(1);

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

    /// Starts what is due by a schedule; how many alerts came in by it. What fails is tried again at the next look.
    pub async fn tick_schedules(&self) -> Result<usize, Refused> {
        let serving = self.engine.library().serving();
        self.forget_schedules().await;
        self.ticks.retain(|name| serving.get(name).is_some_and(|playbook| playbook.timetable.is_some()));
        let mut alerts = 0;
        for playbook in serving.values() {
            let Some(timetable) = &playbook.timetable else { continue };
            match self.look_at_schedule(playbook, timetable).await {
                Ok(count) => alerts += count,
                Err(error) => {
                    tracing::error!(playbook.name = %playbook.name, %error, "a scheduled start failed; trying again");
                }
            }
        }
        Ok(alerts)
    }

    /// Forgets what is kept of schedules that served nowhere for long, if it was not looked for that lately.
    async fn forget_schedules(&self) {
        let now = self.engine.clock().now();
        if !self.ticks.looks_for_old(now) {
            return;
        }
        let forgotten = match last::old(self.engine.store(), now).await {
            Ok(rows) if rows.is_empty() => return,
            Ok(rows) => {
                self.engine.commit(Commit { guards: Vec::new(), rows }, Vec::new()).await.map_err(Refused::from)
            }
            Err(error) => Err(error.into()),
        };
        if let Err(error) = forgotten {
            tracing::warn!(%error, "schedules that serve nowhere could not be forgotten; trying again later");
        }
    }

    /// Does the tick of a playbook that is due, if one is; how many alerts came in by it.
    async fn look_at_schedule(&self, playbook: &Playbook, timetable: &Timetable) -> Result<usize, Refused> {
        let (name, source, now) = (&playbook.name, timetable.schedule.source(), self.engine.clock().now());
        let remembered = self.ticks.get(name, source);
        if let Some(last) = remembered.as_ref().filter(|last| due(&timetable.schedule, last.at, now).is_none()) {
            if last.is_stale(now) {
                // Another replica may have done later ticks: they stay done.
                let known = last::stored(self.engine.store(), name, source, now).await?;
                let last = known.unwrap_or_else(|| last.clone());
                self.write_last(playbook, Last { served_at: now, ..last }).await?;
            }
            return Ok(0);
        }
        // A version of it that another replica still serves may have another schedule: then only what is remembered is ours.
        let Some(last) = last::stored(self.engine.store(), name, source, now).await?.or(remembered) else {
            return self.write_last(playbook, Last::new(source, now)).await.map(|()| 0);
        };
        let Some(tick) = due(&timetable.schedule, last.at, now) else {
            self.ticks.keep(name, last);
            return Ok(0);
        };
        let done = Last { at: tick.at, served_at: now, ..last };
        let count = self.tick(playbook, timetable, &tick, done.row(name)).await?;
        self.ticks.keep(name, done);
        Ok(count)
    }

    async fn write_last(&self, playbook: &Playbook, last: Last) -> Result<(), Refused> {
        let rows = vec![last.row(&playbook.name)];
        self.engine.commit(Commit { guards: Vec::new(), rows }, Vec::new()).await?;
        self.ticks.keep(&playbook.name, last);
        Ok(())
    }

    /// Delivers the alerts of one tick; how many. The same tick is delivered once, by whichever replica is first, in one
    /// commit with what is told of it and with the row that says that it is done.
    async fn tick(&self, playbook: &Playbook, timetable: &Timetable, tick: &Tick, done: Row) -> Result<usize, Refused> {
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
        let mut rows = vec![done];
        let delivery = format!("{}@{}", playbook.name, tick.at);
        rows.extend(fault.iter().flat_map(|fault| self.words_of_fault(playbook, timetable, fault)));
        let Some(first) = mapped.first() else {
            return self.tick_of_nobody(source, delivery, rows, fault.is_some()).await.map(|()| 0);
        };
        let authenticated = Authenticated { authentication: first.alert.auth.clone(), delivery_id: Some(delivery) };
        self.take(&source, 202, &authenticated, &mapped, rows).await?;
        tracing::info!(playbook.name = %playbook.name, agents = mapped.len(), missed = tick.missed, "a schedule ticked");
        Ok(mapped.len())
    }

    /// A tick that is about no agent. What is told of it is told once, whichever replica is first.
    async fn tick_of_nobody(
        &self,
        source: SourceId,
        delivery: String,
        mut rows: Vec<Row>,
        tells: bool,
    ) -> Result<(), Refused> {
        let mut guards = Vec::new();
        if tells {
            guards.push(Guard::NewDelivery { source: source.clone(), delivery: delivery.clone() });
            let (at, answer) = (self.engine.clock().now(), json!({ "alerts": [] }));
            rows.push(Row::Delivery { source, delivery, at, answer });
        }
        match self.engine.commit(Commit { guards, rows }, Vec::new()).await {
            Ok(_) | Err(CommitError::Conflict(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn words_of_fault(&self, playbook: &Playbook, timetable: &Timetable, why: &str) -> Vec<Row> {
        let text = format!(
            "The schedule of playbook {} could not tell whether it is about an agent:\n{why}\n\nIts condition: {}\n",
            playbook.name,
            timetable.agents.source(),
        );
        let subject = format!("Playbook fault: {}", playbook.name);
        let people = self.engine.inventory().directory().resolve(&[playbook.owner.clone(), Principal::Fallback], None);
        let now = self.engine.clock().now();
        let messages = self.engine.messages(&people, &MessageKind::Notice { subject, text }, None, now);
        messages.into_iter().map(|message| Row::Message(Box::new(message))).collect()
    }
}

/// The alert of a tick about one agent.
#[must_use]
pub fn scheduled_alert(source: &SourceId, playbook: &Playbook, agent: &Agent, tick: &Tick, at: Timestamp) -> Alert {
    let identity = json!({ "playbook": playbook.name, "agent": agent.id, "at": tick.at });
    let title = format!("schedule of {}: {}{}", playbook.name, tick.at, tick.caught_up());
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
