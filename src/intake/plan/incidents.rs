//! The incidents of one alert: that of its agent, and those of playbooks that say otherwise what alerts have in common.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::{Alert, AlertStatus, IncidentId, IncidentStatus};
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
        let mut starting = judged.listed.iter().filter(|(_, verdict)| starts(verdict)).map(|(playbook, _)| playbook);
        let first = starting.next().map(|playbook| subject.for_playbook(playbook, &judged.values, at).0);
        let by_agent =
            |playbook: &Arc<Playbook>| subject.for_playbook(playbook, &judged.values, at).0.key == subject.key;
        let home = match first {
            Some(first) if first.key != subject.key && !starting.any(by_agent) => first,
            _ => subject.clone(),
        };
        let id = self.touch(alert, &home).await?;
        Ok((Places { home: id, by_key: BTreeMap::from([(home.key.clone(), id)]) }, home))
    }

    /// The incident in which a playbook starts for an alert, and why it is its agent's where the playbook wants another.
    pub(super) async fn place_for(
        &mut self,
        playbook: &Playbook,
        alert: &Alert,
        subject: &Subject,
        values: &Value,
        places: &mut Places,
    ) -> Result<(Subject, IncidentId, Option<String>), Refused> {
        let (own, why) = subject.for_playbook(playbook, values, self.at);
        let id = match places.by_key.get(&own.key) {
            Some(id) => *id,
            None => self.touch(alert, &own).await?,
        };
        places.by_key.insert(own.key.clone(), id);
        Ok((own, id, why))
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
            && incident.status != IncidentStatus::Closed
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
