//! The newest run and incident that were ever stored: an id after them need not be looked up to be known as new.
//!
//! Ids are made of the time, so almost every run and incident that a commit founds comes after all that are stored. The
//! one writer keeps count; what it has not committed after all makes it look up more than it had to, never less.

use sqlx::{Row as _, SqliteConnection};
use uuid::Uuid;

use crate::domain::{IncidentId, RunId};

use crate::store::write::prepared::{Prepared, Touch};

/// The highest ids, or none where nothing is stored.
#[derive(Debug, Default)]
pub struct Newest {
    run: Option<RunId>,
    incident: Option<IncidentId>,
}

impl Newest {
    /// Reads them from the database.
    pub async fn read(connection: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        let row = sqlx::query("SELECT (SELECT max(id) FROM runs) AS run, (SELECT max(id) FROM incidents) AS incident")
            .fetch_one(connection)
            .await?;
        let id = |column: &str| {
            let bytes: Option<&[u8]> = row.try_get(column)?;
            // What is no id sorts anywhere: then everything is looked up.
            Ok::<_, sqlx::Error>(bytes.map(|bytes| Uuid::from_slice(bytes).unwrap_or(Uuid::max())))
        };
        Ok(Self { run: id("run")?.map(RunId::from), incident: id("incident")?.map(IncidentId::from) })
    }

    /// Whether no run with this id, or a later one, is stored.
    pub fn is_before_run(&self, id: RunId) -> bool {
        self.run.is_none_or(|newest| newest < id)
    }

    /// Whether no incident with this id, or a later one, is stored.
    pub fn is_before_incident(&self, id: IncidentId) -> bool {
        self.incident.is_none_or(|newest| newest < id)
    }

    /// Counts what a batch is about to write.
    pub fn count(&mut self, batch: &[&Prepared]) {
        for touch in batch.iter().flat_map(|commit| &commit.touches) {
            match touch {
                Touch::Run(id, _) => self.run = self.run.max(Some(*id)),
                Touch::Incident { id, .. } => self.incident = self.incident.max(Some(*id)),
                _ => {}
            }
        }
    }
}
