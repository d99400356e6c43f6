//! What one delivery leads to, alert by alert, as one commit: alerts, incidents, runs, and messages.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::domain::{Alert, AlertId, AlertStatus, IncidentId};
use crate::engine::{Started, Told};
use crate::source::Mapped;
use crate::store::{Commit, Guard, Inbox, OpenRun, Row, StoredAlert};

mod ended;
mod incidents;
mod rerun;
mod start;
mod words;

use rerun::Further;

use super::Intake;
use super::answer::Refused;
use super::incident::Touched;
use super::matching::{Judged, Match, judge, line, line_again};
use super::memory::{Remembered, Said, Word};
use super::planned::{Decided, Lesson, Planned};
use super::subject::Subject;

use incidents::Places;

/// How many runs one commit starts before the rest of a delivery goes into a further one.
const RUNS_MAX: usize = 32;

/// How long an alert counts as firing without being heard of again.
const FIRING_TTL: SignedDuration = SignedDuration::from_hours(24);

/// Whether an alert that was last heard of at a time, and is not over, counts as firing at another.
pub(crate) fn still_fires(last_seen_at: Timestamp, at: Timestamp) -> bool {
    last_seen_at.saturating_add(FIRING_TTL).unwrap_or(last_seen_at) >= at
}

/// How long an unknown agent must have been quiet before somebody is told of it again.
const UNKNOWN_TOLD_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// A delivery under way.
pub(super) struct Batch<'a> {
    intake: &'a Intake,
    at: Timestamp,
    rows: Vec<Row>,
    started: Vec<Started>,
    told: Vec<Told>,
    answers: Vec<Value>,
    incidents: BTreeMap<String, Touched>,
    /// Alerts of this very delivery, by dedup key: a sender may repeat itself within one body.
    fresh: BTreeMap<String, (Arc<Alert>, IncidentId)>,
    /// Alerts that this very delivery says are over.
    ended: BTreeSet<AlertId>,
    open: BTreeMap<IncidentId, Vec<OpenRun>>,
    /// Whether what is remembered may stand for what is stored.
    from_memory: bool,
    /// Whether runs are measured, because one made the commit before too large.
    measures: bool,
    /// What was taken for granted.
    guards: Vec<Guard>,
    /// Alerts that repeats fold into from now on.
    firing: Vec<Arc<Alert>>,
    /// What is said of playbooks, so that a repeat does not say it again.
    said: Vec<Said>,
}

impl<'a> Batch<'a> {
    /// A plan from what is stored, or `from_memory` where something is remembered of it.
    pub fn new(intake: &'a Intake, at: Timestamp, from_memory: bool) -> Self {
        Self {
            intake,
            at,
            from_memory,
            measures: false,
            guards: Vec::new(),
            firing: Vec::new(),
            said: Vec::new(),
            rows: Vec::new(),
            started: Vec::new(),
            told: Vec::new(),
            answers: Vec::new(),
            incidents: BTreeMap::new(),
            fresh: BTreeMap::new(),
            ended: BTreeSet::new(),
            open: BTreeMap::new(),
        }
    }

    /// The same plan without the runs that are too large to be kept: their owners are told, and everything else is done.
    pub fn measured(self, measures: bool) -> Self {
        Self { measures, ..self }
    }

    /// Takes one alert.
    pub async fn add(&mut self, mapped: &Mapped, subject: &Subject) -> Result<(), Refused> {
        let alert = &mapped.alert;
        if alert.is_test {
            self.record(mapped, None);
            // It is over as soon as it is there: the real alert that it rehearses must not be taken for its repeat.
            self.rows.push(Row::AlertResolved { alert: alert.id, at: self.at });
            self.answers.push(json!({ "alert": alert.id, "outcome": "test", "playbooks": [] }));
            return Ok(());
        }
        let known = self.firing_alert(alert).await?;
        let known =
            known.filter(|known| still_fires(known.last_seen_at, self.at) && !self.ended.contains(&known.alert.id));
        match (alert.status, known) {
            (AlertStatus::Resolved, known) => {
                self.resolve(mapped, known);
                Ok(())
            }
            (_, Some(known)) => self.fold(alert, known, subject).await,
            (_, None) => self.open(mapped, subject).await,
        }
    }

    /// What is committed, and what comes of it.
    pub fn finish(self) -> Planned {
        let Self { at, started, told, answers, firing, said, open, .. } = self;
        let mut commit = Commit { guards: self.guards, rows: self.rows };
        let mut incidents = Vec::new();
        for touched in self.incidents.into_values() {
            let incident = touched.committed();
            let has_runs = open.get(&incident.id).is_some_and(|runs| !runs.is_empty());
            incidents.push(Remembered { incident, has_runs });
            let (guard, rows) = touched.into_parts();
            commit.guards.push(guard);
            commit.rows.extend(rows);
        }
        Planned { commit, started, told, answers, lesson: Lesson { firing, incidents, said, at } }
    }

    /// The alert that this one repeats, if it does. Where none is remembered there is none, and the commit sees to it.
    async fn firing_alert(&mut self, alert: &Alert) -> Result<Option<StoredAlert>, Refused> {
        let known = if self.from_memory && !self.intake.memory.may_fire(alert) {
            None
        } else {
            self.intake.engine.store().firing_alert(&alert.source, &alert.dedup_key).await?
        };
        if known.is_some() {
            // It was not written here, perhaps, or not remembered: its next repeat is looked up at once.
            self.intake.memory.fires(alert);
        } else {
            self.guards.push(Guard::NoFiringAlert { source: alert.source.clone(), dedup: alert.dedup_key });
        }
        Ok(known)
    }

    /// The open incident of a key with the runs under way for it, if there is one. Where none is remembered there is none,
    /// if the commit sees to it, as that of a new incident does (`guarded`); otherwise it is read.
    async fn open_incident(&mut self, key: &str, guarded: bool) -> Result<Option<Touched>, Refused> {
        let store = self.intake.engine.store();
        let remembered = self.from_memory.then(|| self.intake.memory.incident(key));
        let (incident, has_runs) = match remembered {
            Some(Some(remembered)) => (Some(remembered.incident), remembered.has_runs),
            Some(None) if guarded => (None, false),
            Some(None) | None => (store.open_incident(key).await?, true),
        };
        let Some(incident) = incident else { return Ok(None) };
        let runs = if has_runs { store.open_runs_of(incident.id).await? } else { Vec::new() };
        self.open.insert(incident.id, runs);
        Ok(Some(Touched::existing(incident)))
    }

    /// Whether further alerts belong into a further commit.
    pub const fn is_full(&self) -> bool {
        self.started.len() >= RUNS_MAX
    }

    fn record(&mut self, mapped: &Mapped, incident: Option<IncidentId>) {
        let (alert, raw) = (Arc::clone(&mapped.alert), Arc::clone(&mapped.raw));
        self.firing.push(Arc::clone(&alert));
        self.rows.push(Row::Alert { alert, raw, incident });
    }

    /// The alert is a repeat of one that still fires: counted. It starts nothing but what asks to be started again.
    async fn fold(&mut self, alert: &Arc<Alert>, known: StoredAlert, subject: &Subject) -> Result<(), Refused> {
        let mut again = None;
        self.rows.push(Row::AlertRepeated { alert: known.alert.id, at: self.at });
        if let Some(incident) = known.incident
            && let Some(before) = self.count_in(incident, alert, subject).await?
        {
            again = Some(self.start_again(alert, &known, subject, before).await?);
        }
        let again = again.filter(|decided| !decided.lines.is_empty());
        let answer = again.map_or_else(
            || json!({ "alert": known.alert.id, "outcome": "folded", "incident": known.incident, "playbooks": [] }),
            |Decided { lines, runs, .. }| {
                let first = runs.first();
                json!({
                    "alert": known.alert.id,
                    "outcome": "folded",
                    "incident": known.incident,
                    "run": first.map(|(run, _)| run),
                    "mode": first.map(|(_, mode)| mode),
                    "runs": runs.iter().map(|(run, _)| run).collect::<Vec<_>>(),
                    "playbooks": lines,
                })
            },
        );
        self.answers.push(answer);
        Ok(())
    }

    /// The alert is new: it joins or opens an incident, and starts what matches.
    async fn open(&mut self, mapped: &Mapped, subject: &Subject) -> Result<(), Refused> {
        let alert = &mapped.alert;
        let dedup = identity(alert);
        if let Some((first, incident)) = self.fresh.get(&dedup) {
            let (first, incident) = (Alert::clone(first), Some(*incident));
            let known = StoredAlert { alert: first, incident, count: 1, last_seen_at: self.at, resolved_at: None };
            return self.fold(alert, known, subject).await;
        }
        let judged = judge(self.intake.engine.library(), alert, &subject.agent, self.at);
        let (mut places, home) = self.place(alert, subject, &judged).await?;
        let incident = places.home;
        self.fresh.insert(dedup, (Arc::clone(alert), incident));
        self.record(mapped, Some(incident));
        let Decided { lines, unlisted, runs } =
            self.start_matching(alert, judged, (subject, &home), &mut places).await?;
        let first = runs.first();
        self.answers.push(json!({
            "alert": alert.id,
            "outcome": "accepted",
            "incident": incident,
            "agent": { "id": subject.agent.id, "known": subject.agent.known },
            "run": first.map(|(run, _)| run),
            "mode": first.map(|(_, mode)| mode),
            "runs": runs.iter().map(|(run, _)| run).collect::<Vec<_>>(),
            "playbooks": lines,
            "playbooks_unlisted": unlisted,
        }));
        Ok(())
    }

    /// Opens or joins the incident of a subject. Of an agent that nobody knows the fallback owner is told (`tells`).
    async fn touch(&mut self, alert: &Alert, subject: &Subject, tells: bool) -> Result<IncidentId, Refused> {
        let at = self.at;
        if !self.incidents.contains_key(&subject.key) {
            let open = self.open_incident(&subject.key, true).await?;
            let touched = open.unwrap_or_else(|| Touched::new(alert, subject, at));
            let quiet = at.saturating_sub(UNKNOWN_TOLD_EVERY).unwrap_or(at);
            let due = touched.is_new() || touched.incident.last_alert_at < quiet;
            if tells && due && !subject.agent.known {
                self.tell_fallback(alert, subject, touched.incident.id);
            }
            self.incidents.insert(subject.key.clone(), touched);
        }
        let Some(touched) = self.incidents.get_mut(&subject.key) else {
            return Ok(IncidentId::generate(at));
        };
        touched.join(alert, false, at);
        Ok(touched.incident.id)
    }

    /// Starts the playbooks that match, or lets the alert join, restart or pass by runs under way.
    async fn start_matching(
        &mut self,
        alert: &Arc<Alert>,
        judged: Judged,
        (subject, home): (&Subject, &Subject),
        places: &mut Places,
    ) -> Result<Decided, Refused> {
        let mut lines = Vec::new();
        let mut runs = Vec::new();
        for (playbook, verdict) in judged.listed {
            match verdict {
                Match::No(why) => lines.push(line(&playbook, false, Some(&why))),
                Match::Silent(because) => {
                    let (own, incident) = self.silent_place(&playbook, (subject, home), &judged.values, places).await?;
                    self.silence(&playbook, alert, &own, &because);
                    self.say(incident, &playbook, Word::Silent);
                    lines.push(line(&playbook, true, Some(&format!("silenced: {because}"))));
                }
                Match::Fault(why) => {
                    self.tell_playbook_owner(&playbook, &why);
                    self.say(places.home, &playbook, Word::NotMatched);
                    lines.push(line(&playbook, false, Some(&format!("could not be evaluated: {why}"))));
                }
                Match::Yes if alert.status == AlertStatus::Acknowledged => {
                    lines.push(line(&playbook, false, Some("the alert is acknowledged already")));
                }
                Match::Yes => {
                    let (own, incident, why) = self.place_for(&playbook, alert, subject, places).await?;
                    let again = match self.may_start(&playbook, alert, &own, incident).await? {
                        Further::Unasked => None,
                        Further::Again(why) => Some(why),
                        Further::Not(why) => {
                            lines.push(line(&playbook, true, Some(&why)));
                            continue;
                        }
                    };
                    let (run, why_not) = self.start(&playbook, alert, &own, incident, true).await?;
                    let why_not = why_not.or(why);
                    runs.extend(run.map(|run| (run, playbook.mode.as_str())));
                    match again.filter(|_| run.is_some()) {
                        Some(why) => {
                            self.say_again(&playbook, alert, &own, run, &why);
                            lines.push(line_again(&playbook, &why));
                        }
                        None => lines.push(line(&playbook, true, why_not.as_deref())),
                    }
                }
            }
        }
        Ok(Decided { lines, unlisted: judged.unlisted, runs })
    }
}

/// What repeats of an alert have in common.
fn identity(alert: &Alert) -> String {
    format!("{}:{}", alert.source, alert.dedup_key)
}
