//! `standdown runs`: the list, one with its timeline, and what a person may order of it.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use jiff::Timestamp;

use crate::domain::event::Resolution;
use crate::domain::{IncidentId, RunId, StepPath};
use crate::store::RunSummary;
use crate::web::api::view::{Cancellation, Release, ResolveOrder, RunList, RunView};

use super::client::Client;
use super::context::Context;
use super::exit::Error;
use super::output;
use super::render::{Table, or_dash, or_nothing, run as words, time, tone};

/// How often a run that is followed is looked at.
const GLANCE: Duration = Duration::from_millis(500);

/// Runs of playbooks.
#[derive(Debug, Subcommand)]
pub enum Runs {
    /// The newest runs
    List {
        /// Only those of this incident
        #[arg(long)]
        incident: Option<IncidentId>,
        /// At most so many
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// One run with its timeline
    Show {
        /// The run, run_...
        id: RunId,
        /// Show what happens until it is over; the exit code is 0 only if it completed
        #[arg(long)]
        follow: bool,
    },
    /// Stop a run: what was done stays done, what was not begun is not
    Cancel {
        /// The run, run_...
        id: RunId,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Let a quarantined run go on
    Release {
        /// The run, run_...
        id: RunId,
        /// Why it may
        #[arg(long)]
        reason: String,
    },
    /// Say what happened to a call that nobody else can judge
    Resolve {
        /// The run, run_...
        id: RunId,
        /// The step that needs it
        step: StepPath,
        #[command(flatten)]
        outcome: Outcome,
        /// How that is known
        #[arg(long)]
        reason: String,
    },
}

/// What a person says of a call: one of the three, or else that it is to be sent again.
#[derive(Clone, Copy, Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Outcome {
    /// It was applied
    #[arg(long)]
    applied: bool,
    /// It was not applied
    #[arg(long)]
    not_applied: bool,
    /// Send it again, as a new call
    #[arg(long)]
    retry: bool,
}

impl From<Outcome> for Resolution {
    fn from(outcome: Outcome) -> Self {
        match (outcome.applied, outcome.not_applied, outcome.retry) {
            (true, _, _) => Self::Applied,
            (_, true, _) => Self::NotApplied,
            (_, _, _) => Self::Retry,
        }
    }
}

impl Runs {
    pub async fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let (client, now) = (context.client()?, context.now());
        let run: RunView = match self {
            Self::List { incident, limit } => {
                let mut query = vec![("limit", limit.to_string())];
                query.extend(incident.map(|id| ("incident", id.to_string())));
                let list: RunList = client.get("/runs", &query).await?;
                context.show(&list, |list| or_nothing(&table(&list.runs, now), "no runs"))?;
                return Ok(ExitCode::SUCCESS);
            }
            Self::Show { id, follow: true } => return follow(context, &client, id).await,
            Self::Show { id, follow: false } => client.get(&format!("/runs/{id}"), &[]).await?,
            Self::Cancel { id, reason } => client.post(&format!("/runs/{id}/cancel"), &Cancellation { reason }).await?,
            Self::Release { id, reason } => client.post(&format!("/runs/{id}/release"), &Release { reason }).await?,
            Self::Resolve { id, step, outcome, reason } => {
                let order = ResolveOrder { step, resolution: outcome.into(), reason };
                client.post(&format!("/runs/{id}/resolve"), &order).await?
            }
        };
        context.show(&run, |run| words::show(run, now))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Shows a run as it goes on: new lines of the timeline, or with `--json` one whole answer a line whenever it changed.
async fn follow(context: &Context, client: &Client, id: RunId) -> Result<ExitCode, Error> {
    let mut shown = 0;
    let mut last: Option<RunView> = None;
    loop {
        let run: RunView = client.get(&format!("/runs/{id}"), &[]).await?;
        let first = last.is_none();
        if context.json() && last.as_ref() != Some(&run) {
            let line = serde_json::to_string(&run).map_err(|error| Error::Failed(error.to_string()))?;
            output::say(&(line + "\n"))?;
        } else if !context.json() {
            if first {
                output::say(&format!("{}\n", words::head(&run, context.now())))?;
            }
            for entry in run.timeline.get(shown..).unwrap_or_default() {
                output::say(&words::line(&run, entry))?;
            }
        }
        shown = run.timeline.len();
        if run.ended_at.is_some() {
            return Ok(if run.status == "completed" { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        last = Some(run);
        tokio::time::sleep(GLANCE).await;
    }
}

/// Runs in a table.
pub(super) fn table(runs: &[RunSummary], now: Timestamp) -> Table {
    let mut table = Table::new(["run", "playbook", "agent", "mode", "status", "containment", "started"]);
    for run in runs {
        table.row(
            tone::of_run(&run.status, run.verdict),
            [
                run.id.to_string(),
                run.playbook.to_string(),
                run.agent.to_string(),
                run.mode.clone(),
                if run.quarantined.is_some() { format!("{} QUARANTINED", run.status) } else { run.status.clone() },
                or_dash(run.verdict),
                time::relative(run.started_at, now),
            ],
        );
    }
    table
}
