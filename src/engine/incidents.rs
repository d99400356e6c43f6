//! Closing an incident by hand: a person says that it is over, and why.

use serde_json::json;

use crate::domain::{Actor, Incident, IncidentId, IncidentStatus};
use crate::store::{Commit, CommitError, Guard, Inbox, ReadError, ReadModel, Row, Subject};

use super::Engine;

/// How often a close is tried again when an alert joins the incident meanwhile.
const TRIES_MAX: u32 = 3;

/// Why an incident was not closed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CloseError {
    /// There is none.
    #[error("failed to find {0}: there is no such incident; see `standdown incidents list`")]
    NoSuchIncident(IncidentId),
    /// It is closed already.
    #[error("failed to close {0}: it is closed already")]
    AlreadyClosed(IncidentId),
    /// Runs of it are not over.
    #[error("failed to close {incident}: {runs} of its runs are not over; let them end, or cancel them first")]
    RunsOpen {
        /// The incident.
        incident: IncidentId,
        /// How many.
        runs: usize,
    },
    /// A reason is missing.
    #[error("failed to close the incident: a reason must be given")]
    ReasonMissing,
    /// It could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It could not be written.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl Engine {
    /// Closes an incident for a person. Holds stay: closing lets nobody go. The alerts of the incident end with it, so
    /// that one which fires again is news and opens another incident instead of being counted where nobody looks.
    pub async fn close_incident(&self, id: IncidentId, by: &Actor, reason: &str) -> Result<Incident, CloseError> {
        if reason.trim().is_empty() {
            return Err(CloseError::ReasonMissing);
        }
        let mut tries = 1;
        loop {
            match self.try_to_close(id, by, reason.trim()).await {
                Err(CloseError::Commit(CommitError::Conflict(_))) if tries < TRIES_MAX => tries += 1,
                ended => return ended,
            }
        }
    }

    async fn try_to_close(&self, id: IncidentId, by: &Actor, reason: &str) -> Result<Incident, CloseError> {
        let store = self.store();
        let key = store.incident(id).await?.ok_or(CloseError::NoSuchIncident(id))?.key;
        // Alerts of this key wait meanwhile, so that none joins between the look at the runs and the commit.
        let _turn = self.turn(std::iter::once(&key)).await;
        let mut incident = store.incident(id).await?.ok_or(CloseError::NoSuchIncident(id))?;
        if incident.status == IncidentStatus::Closed {
            return Err(CloseError::AlreadyClosed(id));
        }
        let runs = store.open_runs_of(id).await?.len();
        if runs > 0 {
            return Err(CloseError::RunsOpen { incident: id, runs });
        }
        let at = self.clock().now();
        let guards = vec![Guard::IncidentVersion { incident: id, expected: incident.version }];
        incident.status = IncidentStatus::Closed;
        incident.version += 1;
        let firing = store.alerts_of(id).await?.into_iter().filter(|stored| stored.resolved_at.is_none());
        let mut rows: Vec<Row> = firing.map(|stored| Row::AlertResolved { alert: stored.alert.id, at }).collect();
        let body = json!({ "reason": reason });
        let (subject, actor) = (Subject::Incident(id), by.clone());
        rows.push(Row::Incident(Box::new(incident.clone())));
        rows.push(Row::Event { subject, at, actor, kind: "incident_closed", body });
        self.commit(Commit { guards, rows }, Vec::new()).await?;
        tracing::info!(incident.id = %id, reason, "an incident was closed by hand");
        Ok(incident)
    }
}
