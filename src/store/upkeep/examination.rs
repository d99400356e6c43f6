//! Examining what is kept: every row in pages, each with what is wrong with it.
//!
//! A row that can't be understood is a fault of that row and never ends the look. What a run's history leads to is not
//! known here; that takes the machine.

use std::future::Future;

use crate::domain::Run;

use super::super::ports::Read;
use super::super::rows::{StoredEvent, Subject};

/// A kind of row whose content is decoded and compared with the columns beside it. Runs are apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Record {
    /// Alerts.
    Alert,
    /// Bodies of alerts.
    AlertBody,
    /// Incidents.
    Incident,
    /// Requests to people; each is compared with the state of its run.
    Approval,
    /// Holds.
    Hold,
    /// Messages.
    Message,
    /// Refused deliveries.
    DeadLetter,
}

impl Record {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Alert, Self::AlertBody, Self::Incident, Self::Approval, Self::Hold, Self::Message, Self::DeadLetter];

    /// The name of its table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "alerts",
            Self::AlertBody => "alert_bodies",
            Self::Incident => "incidents",
            Self::Approval => "approvals",
            Self::Hold => "holds",
            Self::Message => "messages",
            Self::DeadLetter => "dead_letters",
        }
    }
}

/// A row with what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined<T> {
    /// The row, as people name it.
    pub id: String,
    /// What is wrong, each with its column.
    pub faults: Vec<String>,
    /// What it says, if it can be understood.
    pub record: Option<T>,
}

/// One page of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExaminedPage<T> {
    /// The rows, in the order of their keys.
    pub rows: Vec<Examined<T>>,
    /// The key to look on after; nothing after the last page.
    pub next: Option<Vec<u8>>,
}

/// A row that belongs to one that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// The row's table.
    pub table: &'static str,
    /// The row, as people name it.
    pub id: String,
    /// What is missing.
    pub missing: &'static str,
}

/// What an examination asks.
pub trait Examination {
    /// What the database itself finds wrong with its file; empty if nothing.
    fn integrity(&self) -> impl Future<Output = Read<Vec<String>>> + Send;
    /// Rows that belong to nothing, at most `limit` of each kind.
    fn strays(&self, limit: u32) -> impl Future<Output = Read<Vec<Stray>>> + Send;
    /// Runs after a key.
    fn examined_runs(&self, after: Option<Vec<u8>>, limit: u32)
    -> impl Future<Output = Read<ExaminedPage<Run>>> + Send;
    /// Other rows after a key.
    fn examined_records(
        &self,
        kind: Record,
        after: Option<Vec<u8>>,
        limit: u32,
    ) -> impl Future<Output = Read<ExaminedPage<()>>> + Send;
    /// Whose histories there are, runs apart.
    fn subjects(&self, after: Option<Vec<u8>>, limit: u32) -> impl Future<Output = Read<ExaminedPage<Subject>>> + Send;
    /// Events of a history after a number, oldest first.
    fn events_after(
        &self,
        subject: &Subject,
        seq: u64,
        limit: u32,
    ) -> impl Future<Output = Read<Vec<Examined<StoredEvent>>>> + Send;
}
