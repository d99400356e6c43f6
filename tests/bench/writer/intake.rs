//! Commits of the shape that intake makes: an alert of about 1 KiB with its body of about 1 KiB, the delivery, the
//! incident, a run of about 1 KiB, three events, and the guards that make it safe to try again.

use std::sync::Arc;

use serde_json::{Value, json};
use standdown::domain::{AlertId, Digest, IncidentId};
use standdown::store::{Commit, Guard, Row, Subject};

use crate::samples;

/// How many rows a commit writes.
pub const ROWS: usize = 7;

/// How many rows the commit of an alert writes that starts no run.
pub const ROWS_WITHOUT_RUN: usize = 4;

/// The commit of that number; every number is another delivery, agent and incident.
pub fn commit(number: u64) -> Commit {
    // Ids are made of the time; a few commits share each of its steps, as they would at full speed.
    let seconds = i64::try_from(number / 12).unwrap();
    let key = format!(
        "agent-{:x}",
        Digest::of(&number.to_be_bytes()).as_bytes()[0..8]
            .iter()
            .fold(0_u64, |all, byte| (all << 8) | u64::from(*byte))
    );
    let mut alert = samples::alert(&key, seconds);
    alert.id = AlertId::generate(samples::at(seconds));
    alert.labels.extend((0..6).map(|label| (format!("label_{label}"), "some value of a label".to_owned())));
    let delivery = format!("delivery-{key}");
    let mut incident = samples::incident(&key, seconds);
    incident.id = IncidentId::generate(samples::at(seconds));
    let run = samples::run(incident.id, alert.clone(), seconds);
    let (of_run, of_incident) = (Subject::Run(run.id), Subject::Incident(incident.id));
    Commit {
        guards: vec![
            Guard::NewDelivery { source: samples::source(), delivery: delivery.clone() },
            Guard::NoOpenIncident { key },
            Guard::RunVersion { run: run.id, expected: 0 },
            Guard::IncidentVersion { incident: incident.id, expected: 0 },
        ],
        rows: vec![
            Row::Alert { alert: Arc::new(alert), raw: Arc::new(body()), incident: Some(incident.id) },
            samples::delivery_row(&delivery),
            samples::incident_row(&incident),
            samples::event(&of_incident, "incident_opened", json!({"alert": number, "severity": "HIGH"}), seconds),
            samples::event(&of_run, "run_started", json!({"playbook": "contain-runaway", "alert": number}), seconds),
            samples::event(
                &of_run,
                "step_ready",
                json!({"step": "pause", "params": {"agent": "billing-bot"}}),
                seconds,
            ),
            Row::Run(Box::new(run)),
        ],
    }
}

/// The commit of an alert that no playbook matches: alert, body, delivery, incident and its first event.
pub fn commit_without_run(number: u64) -> Commit {
    let mut commit = commit(number);
    commit.guards.retain(|guard| matches!(guard, Guard::NewDelivery { .. } | Guard::NoOpenIncident { .. }));
    commit.rows.retain(|row| match row {
        Row::Run(_) => false,
        Row::Event { subject, .. } => matches!(subject, Subject::Incident(_)),
        _ => true,
    });
    commit
}

fn body() -> Value {
    json!({"receiver": "standdown", "status": "firing", "externalURL": "https://grafana.example.com", "text": "x".repeat(850)})
}

/// The JSON of a run as it is stored: its alert stands among the alerts.
pub fn run_without_alert(run: &standdown::domain::Run) -> String {
    let mut run = serde_json::to_value(run).unwrap();
    run.as_object_mut().unwrap().remove("alert");
    run.to_string()
}

/// Sizes of the parts, in bytes of JSON, to show that the shape is what it says.
pub fn sizes() -> String {
    let mut parts = Vec::new();
    for row in commit(1).rows {
        match row {
            Row::Alert { alert, raw, .. } => {
                parts.push(format!("alert {}", serde_json::to_string(&alert).unwrap().len()));
                parts.push(format!("body {}", raw.to_string().len()));
            }
            Row::Run(run) => parts.push(format!("run {}", run_without_alert(&run).len())),
            Row::Incident(incident) => {
                parts.push(format!("incident {}", serde_json::to_string(&incident).unwrap().len()))
            }
            _ => {}
        }
    }
    parts.join(", ")
}
