//! The incident that an alert belongs to: the open one of its key, or a new one.

use jiff::Timestamp;
use serde_json::json;

use crate::domain::{Actor, Alert, Incident, IncidentId, IncidentStatus, PlaybookName, RunId};
use crate::store::{Guard, Row, Subject as History};

use super::subject::Subject;

/// An incident as one delivery changes it.
pub(super) struct Touched {
    pub incident: Incident,
    /// The version that was read; 0 for a new one.
    expected: u64,
    rows: Vec<Row>,
}

impl Touched {
    /// The open incident, as it was read.
    pub fn existing(incident: Incident) -> Self {
        Self { expected: incident.version, incident, rows: Vec::new() }
    }

    /// A new incident for an alert.
    pub fn new(alert: &Alert, subject: &Subject, at: Timestamp) -> Self {
        let incident = Incident {
            id: IncidentId::generate(at),
            version: 0,
            key: subject.key.clone(),
            agent: Some(subject.agent.id.clone()),
            status: IncidentStatus::New,
            severity: alert.severity,
            title: alert.title.clone(),
            unowned: !subject.agent.known,
            alerts: 0,
            opened_at: at,
            last_alert_at: at,
        };
        Self { incident, expected: 0, rows: Vec::new() }
    }

    /// Whether this delivery opens it.
    pub const fn is_new(&self) -> bool {
        self.expected == 0
    }

    /// An alert joins it.
    pub fn join(&mut self, alert: &Alert, folded: bool, at: Timestamp) {
        self.incident.alerts += 1;
        self.incident.last_alert_at = at;
        self.incident.severity = self.incident.severity.max(alert.severity);
        if folded {
            return;
        }
        let opens = self.is_new() && self.incident.alerts == 1;
        self.rows.push(Row::Event {
            subject: History::Incident(self.incident.id),
            at,
            actor: Actor::Source { id: alert.source.clone() },
            kind: if opens { "incident_opened" } else { "alert_joined" },
            body: json!({ "alert": alert.id, "title": alert.title, "severity": alert.severity }),
        });
    }

    /// A playbook matched an alert of it, and was silent.
    pub fn silenced(&mut self, playbook: &PlaybookName, alert: &Alert, because: &str, at: Timestamp) {
        self.rows.push(Row::Event {
            subject: History::Incident(self.incident.id),
            at,
            actor: Actor::System,
            kind: "playbook_silenced",
            body: json!({ "playbook": playbook, "alert": alert.id, "because": because }),
        });
    }

    /// A playbook that had run for it started again, by a run, or did not.
    pub fn again(&mut self, playbook: &PlaybookName, alert: &Alert, run: Option<RunId>, because: &str, at: Timestamp) {
        self.rows.push(Row::Event {
            subject: History::Incident(self.incident.id),
            at,
            actor: Actor::System,
            kind: if run.is_some() { "playbook_ran_again" } else { "playbook_not_run_again" },
            body: json!({ "playbook": playbook, "alert": alert.id, "run": run, "because": because }),
        });
    }

    /// A run is at it.
    pub fn in_progress(&mut self) {
        if self.incident.status == IncidentStatus::New {
            self.incident.status = IncidentStatus::InProgress;
        }
    }

    /// The incident as it will be once this is committed.
    pub fn committed(&self) -> Incident {
        Incident { version: self.expected + 1, ..self.incident.clone() }
    }

    /// The guard and rows of it.
    pub fn into_parts(mut self) -> (Guard, Vec<Row>) {
        let guard = if self.expected == 0 {
            Guard::NoOpenIncident { key: self.incident.key.clone() }
        } else {
            Guard::IncidentVersion { incident: self.incident.id, expected: self.expected }
        };
        self.incident.version = self.expected + 1;
        let mut rows = vec![Row::Incident(Box::new(self.incident))];
        rows.append(&mut self.rows);
        (guard, rows)
    }
}
