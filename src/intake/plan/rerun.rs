//! Playbooks that start again after their last run for an incident: for repeats of an alert, and for further alerts.
//!
//! Only a playbook with `rerun_when` is asked here, and nothing is read for the others. That its last run is over is read
//! before the commit and stands in its guard: whoever starts a run raises the version of the incident, and a run that is
//! over stays over.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::domain::{Alert, AlertStatus, IncidentId, PastRun};
use crate::intake::answer::Refused;
use crate::intake::matching::{line, line_again};
use crate::intake::memory::{Said, Word};
use crate::intake::planned::Decided;
use crate::playbook::context::matching_values;
use crate::playbook::{Playbook, Rerun};
use crate::store::{Inbox, ReadError, StoredAlert};

use super::{Batch, Subject};

/// For how long nothing is said a second time of a playbook, because of repeats: a detector may repeat itself every second.
const SAID_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// What was asked about a playbook's last run.
struct Asked {
    rerun: Rerun,
    /// When that run ended, if it could be read.
    ended_at: Option<Timestamp>,
}

/// How a playbook takes a further alert of an incident for which it may have run.
pub(super) enum Further {
    /// There is nothing to ask: it has no `rerun_when`, has not run yet, or is at it.
    Unasked,
    /// It starts again: why.
    Again(String),
    /// It does not: why.
    Not(String),
}

/// A repeat of an alert in its incident.
struct Repeat<'r> {
    /// The alert as it is now, under the id by which it is known.
    alert: Arc<Alert>,
    subject: &'r Subject,
    incident: IncidentId,
    /// When the incident had heard of an alert before.
    before: Timestamp,
}

impl Batch<'_> {
    /// Starts again what the repeat of an alert starts again. `before` is when the incident had heard of one before.
    pub(super) async fn start_again(
        &mut self,
        repeat: &Arc<Alert>,
        known: &StoredAlert,
        subject: &Subject,
        before: Timestamp,
    ) -> Result<Decided, Refused> {
        let mut decided = Decided { lines: Vec::new(), unlisted: 0, runs: Vec::new() };
        let rerunning = self.intake.engine.library().rerunning();
        if rerunning.is_empty() || repeat.status == AlertStatus::Acknowledged {
            return Ok(decided);
        }
        let alert = Arc::new(Alert { id: known.alert.id, ..Alert::clone(repeat) });
        let values = matching_values(&alert, &subject.agent);
        for playbook in rerunning.iter() {
            match playbook.when.evaluate_bool(&values, self.at) {
                Ok(true) => {
                    let silent = playbook.silenced(&values, self.at).map(str::to_owned);
                    let own = subject.for_playbook(playbook, &values, self.at).0;
                    let Some(incident) = self.known_incident(&own).await? else {
                        let why_not = "it has no open incident for this, and a repeat opens none";
                        decided.lines.push(line(playbook, true, Some(why_not)));
                        continue;
                    };
                    let repeat = Repeat { alert: Arc::clone(&alert), subject: &own, incident, before };
                    self.start_one_again(&mut decided, playbook, &repeat, silent).await?;
                }
                Ok(false) => {}
                Err(error) => {
                    if let Some(incident) = known.incident
                        && self.is_news(incident, playbook, Word::NotMatched, (before, None))
                    {
                        self.tell_playbook_owner(playbook, &error.to_string());
                        self.say(incident, playbook, Word::NotMatched);
                    }
                    let why = format!("could not be evaluated: {error}");
                    decided.lines.push(line(playbook, false, Some(&why)));
                }
            }
        }
        Ok(decided)
    }

    /// The open incident of a subject, if there is one.
    pub(super) async fn known_incident(&mut self, subject: &Subject) -> Result<Option<IncidentId>, Refused> {
        if !self.incidents.contains_key(&subject.key)
            && let Some(touched) = self.open_incident(&subject.key, false).await?
        {
            self.incidents.insert(subject.key.clone(), touched);
        }
        Ok(self.incidents.get(&subject.key).map(|touched| touched.incident.id))
    }

    async fn start_one_again(
        &mut self,
        decided: &mut Decided,
        playbook: &Arc<Playbook>,
        repeat: &Repeat<'_>,
        silent: Option<String>,
    ) -> Result<(), Refused> {
        let Repeat { alert, subject, incident, before } = repeat;
        let why_not = if let Some(run) = self.under_way(*incident, &playbook.name, &subject.agent.id) {
            format!("{run} of this playbook is under way")
        } else if let Some(Asked { rerun, ended_at }) = self.ask_again(playbook, alert, subject, *incident).await? {
            let is_news = |batch: &Self, word| batch.is_news(*incident, playbook, word, (*before, ended_at));
            match (rerun, silent) {
                (Rerun::Yes(_), Some(because)) => {
                    if is_news(self, Word::Silent) {
                        self.silence(playbook, alert, subject, &because);
                        self.say(*incident, playbook, Word::Silent);
                    }
                    format!("silenced: {because}")
                }
                (Rerun::Yes(why), None) => {
                    let tells = is_news(self, Word::NotStarted);
                    let (run, why_not) = self.start(playbook, alert, subject, *incident, tells).await?;
                    if let Some(run) = run {
                        self.say_again(playbook, alert, subject, Some(run), &why);
                        decided.runs.push((run, playbook.mode.as_str()));
                        decided.lines.push(line_again(playbook, &why));
                        return Ok(());
                    }
                    why_not.unwrap_or_default()
                }
                (Rerun::No(why), _) => {
                    // The history has this once after a run, and once of all repeats in one body.
                    let first = ended_at.is_none_or(|ended_at| *before <= ended_at);
                    if first && !self.is_said(*incident, playbook, Word::NotAgain) {
                        self.say_again(playbook, alert, subject, None, &why);
                        self.say(*incident, playbook, Word::NotAgain);
                    }
                    why
                }
                (Rerun::Fault(why), _) => {
                    if is_news(self, Word::NotAsked) {
                        self.say_fault(playbook, alert, subject, *incident, &why);
                    }
                    why
                }
                (Rerun::Unsaid, _) => return Ok(()),
            }
        } else {
            "it has not run for this incident, and a repeat starts no first run".to_owned()
        };
        decided.lines.push(line(playbook, true, Some(&why_not)));
        Ok(())
    }

    /// Whether a further alert starts a playbook that may have run for its incident before.
    pub(super) async fn may_start(
        &mut self,
        playbook: &Arc<Playbook>,
        alert: &Arc<Alert>,
        subject: &Subject,
        incident: IncidentId,
    ) -> Result<Further, Refused> {
        let is_new = self.incidents.get(&subject.key).is_some_and(super::Touched::is_new);
        if playbook.rerun_when.is_none() || (is_new && self.started.is_empty()) {
            return Ok(Further::Unasked);
        }
        if self.under_way(incident, &playbook.name, &subject.agent.id).is_some() {
            return Ok(Further::Unasked);
        }
        let Some(asked) = self.ask_again(playbook, alert, subject, incident).await? else {
            return Ok(Further::Unasked);
        };
        Ok(match asked.rerun {
            Rerun::Unsaid => Further::Unasked,
            Rerun::Yes(why) => Further::Again(why),
            Rerun::No(why) => {
                self.say_again(playbook, alert, subject, None, &why);
                Further::Not(why)
            }
            Rerun::Fault(why) => {
                self.say_fault(playbook, alert, subject, incident, &why);
                Further::Not(why)
            }
        })
    }

    /// The history and the playbook's owner are told that `rerun_when` could not be asked.
    fn say_fault(&mut self, playbook: &Playbook, alert: &Alert, subject: &Subject, incident: IncidentId, why: &str) {
        self.say_again(playbook, alert, subject, None, why);
        self.tell_playbook_owner(playbook, why);
        self.say(incident, playbook, Word::NotAsked);
    }

    /// Whether a word about a repeat is news to history and people: if it is the first since the last run ended, or was not
    /// said within the hour. `before` is when the incident had heard of an alert before. Where nobody here can know what was
    /// said, because the process is younger than that, one repeat an hour says it.
    fn is_news(
        &self,
        incident: IncidentId,
        playbook: &Playbook,
        word: Word,
        (before, ended_at): (Timestamp, Option<Timestamp>),
    ) -> bool {
        let hour = |at: Timestamp| at.as_second().div_euclid(SAID_EVERY.as_secs());
        let said = Said { incident, playbook: playbook.name.clone(), word };
        let is_said = |at: Timestamp| self.at.duration_since(at) < SAID_EVERY;
        if self.said.contains(&said) {
            return false;
        }
        let memory = &self.intake.memory;
        match memory.said_at(&said) {
            _ if ended_at.is_some_and(|ended_at| before <= ended_at) => true,
            Some(at) => !is_said(at),
            None => memory.reaches(before) || hour(before) != hour(self.at),
        }
    }

    /// Whether this very delivery says it already.
    fn is_said(&self, incident: IncidentId, playbook: &Playbook, word: Word) -> bool {
        self.said.contains(&Said { incident, playbook: playbook.name.clone(), word })
    }

    /// Remembers that something is said of a playbook.
    pub(super) fn say(&mut self, incident: IncidentId, playbook: &Playbook, word: Word) {
        self.said.push(Said { incident, playbook: playbook.name.clone(), word });
    }

    /// What a playbook's condition says of its last run, if there is one and it is over.
    async fn ask_again(
        &self,
        playbook: &Playbook,
        alert: &Alert,
        subject: &Subject,
        incident: IncidentId,
    ) -> Result<Option<Asked>, Refused> {
        let last = match self.just_over(playbook, subject, incident) {
            Some(last) => Ok(Some(last)),
            None => self.intake.engine.store().last_run_of(incident, &playbook.name, &subject.agent.id).await,
        };
        match last {
            Ok(None) => Ok(None),
            Ok(Some(last)) => {
                let rerun = playbook.again(alert, &subject.agent, incident, &last, self.at);
                Ok(Some(Asked { rerun, ended_at: Some(last.ended_at) }))
            }
            // Of this one run nobody can tell; the alert is taken all the same.
            Err(error @ ReadError::Damaged { .. }) => {
                Ok(Some(Asked { rerun: Rerun::Fault(error.to_string()), ended_at: None }))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The run of a playbook that this very delivery began, and that was over at once: nobody can read it yet.
    fn just_over(&self, playbook: &Playbook, subject: &Subject, incident: IncidentId) -> Option<PastRun> {
        let runs = self.started.iter().rev().map(crate::engine::Started::run);
        let mut own = runs.filter(|run| {
            run.incident == incident && run.playbook == playbook.name && run.agent.id == subject.agent.id
        });
        own.next().and_then(PastRun::of)
    }
}
