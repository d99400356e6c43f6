//! The incidents of one alert: that of its agent, and those of playbooks that say otherwise what alerts have in common.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::{Alert, AlertStatus, IncidentId, PlaybookName};
use crate::playbook::Playbook;
use crate::store::{Inbox, ReadModel};

use super::{Batch, Subject};
use crate::intake::answer::Refused;
use crate::intake::incident::Touched;
use crate::intake::matching::{Judged, Match};

/// The incidents that an alert belongs to.
pub(super) struct Places {
    /// The one that it is recorded with.
    pub home: IncidentId,
    /// By key; each was joined once.
    by_key: BTreeMap<String, IncidentId>,
    /// What playbooks go by that say so themselves, and why it is the agent where it can't be told.
    own: BTreeMap<PlaybookName, (Subject, Option<String>)>,
}

impl Batch<'_> {
    /// Opens or joins the incident that an alert is recorded with: that of its agent, unless every playbook that it starts
    /// goes by something else.
    pub(super) async fn place(
        &mut self,
        alert: &Alert,
        subject: &Subject,
        judged: &Judged,
    ) -> Result<(Places, Subject), Refused> {
        let at = self.at;
        let starts = |verdict: &Match| matches!(verdict, Match::Yes) && alert.status != AlertStatus::Acknowledged;
        let (mut own, mut first, mut any_by_agent) = (BTreeMap::new(), None, false);
        for (playbook, _) in judged.listed.iter().filter(|(_, verdict)| starts(verdict)) {
            if playbook.incident_key.is_none() {
                any_by_agent = true;
                continue;
            }
            let (by_key, why) = subject.for_playbook(playbook, &judged.values, at);
            any_by_agent |= by_key.key == subject.key;
            first.get_or_insert_with(|| by_key.clone());
            own.insert(playbook.name.clone(), (by_key, why));
        }
        let home = match first {
            // Of an agent that nobody knows somebody is told now and then, and its incident is what says when that was.
            Some(first) if !any_by_agent && subject.agent.known => first,
            _ => subject.clone(),
        };
        let id = self.touch(alert, &home, true).await?;
        Ok((Places { home: id, by_key: BTreeMap::from([(home.key.clone(), id)]), own }, home))
    }

    /// The incident in which a playbook starts for an alert, and why it is its agent's where the playbook wants another.
    pub(super) async fn place_for(
        &mut self,
        playbook: &Playbook,
        alert: &Alert,
        subject: &Subject,
        places: &mut Places,
    ) -> Result<(Subject, IncidentId, Option<String>), Refused> {
        let (own, why) = places.own.get(&playbook.name).cloned().unwrap_or_else(|| (subject.clone(), None));
        let id = match places.by_key.get(&own.key) {
            Some(id) => *id,
            None => self.touch(alert, &own, false).await?,
        };
        places.by_key.insert(own.key.clone(), id);
        Ok((own, id, why))
    }

    /// In whose incident it is said that a playbook was silent for an alert: in that which it goes by, if that is open, and
    /// otherwise where the alert is recorded. What is silent opens none.
    pub(super) async fn silent_place(
        &mut self,
        playbook: &Playbook,
        (subject, home): (&Subject, &Subject),
        values: &Value,
        places: &Places,
    ) -> Result<(Subject, IncidentId), Refused> {
        let own = subject.for_playbook(playbook, values, self.at).0;
        let open = if own.key == home.key { None } else { self.known_incident(&own).await? };
        Ok(open.map_or_else(|| (home.clone(), places.home), |id| (own, id)))
    }

    /// Counts a repeat in the incident that its alert is recorded with, if that is open: when that one had heard of an
    /// alert before.
    pub(super) async fn count_in(
        &mut self,
        id: IncidentId,
        alert: &Alert,
        subject: &Subject,
    ) -> Result<Option<Timestamp>, Refused> {
        let mut key = self.incidents.iter().find(|(_, it)| it.incident.id == id).map(|(key, _)| key.clone());
        if key.is_none()
            && !self.incidents.contains_key(&subject.key)
            && let Some(touched) = self.open_incident(&subject.key, false).await?
            && touched.incident.id == id
        {
            self.incidents.insert(subject.key.clone(), touched);
            key = Some(subject.key.clone());
        }
        if key.is_none()
            && let Some(incident) = self.intake.engine.store().incident(id).await?
            && incident.status.is_open()
            && !self.incidents.contains_key(&incident.key)
        {
            let runs = self.intake.engine.store().open_runs_of(id).await?;
            self.open.insert(id, runs);
            let own = incident.key.clone();
            self.incidents.insert(own.clone(), Touched::existing(incident));
            key = Some(own);
        }
        let at = self.at;
        let Some(touched) = key.and_then(|key| self.incidents.get_mut(&key)) else { return Ok(None) };
        let before = touched.incident.last_alert_at;
        touched.join(alert, true, at);
        Ok(Some(before))
    }
}
