//! `standdown replay`: what the playbooks would have done with alerts of the past. Nothing is performed.

mod human;
mod stored;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{ArgGroup, Args, ValueEnum};
use serde::Serialize;

use crate::domain::Alert;
use crate::playbook::Playbook;
use crate::rehearsal::replay::{Difference, Report, replay};

use super::context::Context;
use super::exit::Error;
use super::material::Material;
use super::output;

/// Say what the playbooks would have done with alerts of the past.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("alerts").required(true).args(["file", "since"]))]
pub struct Replay {
    /// A file of alerts: a JSON list, or one message a line
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The source that reads the messages of the file: one of the configuration, or a preset
    #[arg(long, default_value = "generic", value_name = "SOURCE")]
    source: String,
    /// The alerts that the daemon has kept, from so long ago on, as in 30d
    #[arg(long, value_name = "SPAN", conflicts_with = "source")]
    since: Option<String>,
    /// A playbook, by file or name, or a folder of them [default: the folder of playbooks]
    #[arg(long, value_name = "PLAYBOOK")]
    playbook: Option<String>,
    /// Compare with these playbooks, a file or folder: those of before
    #[arg(long, value_name = "OLD")]
    diff: Option<PathBuf>,
    /// Fail if any of this would happen; with --diff: if it would happen more than before
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT")]
    fail_on: Vec<FailOn>,
}

/// What makes the command fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// An agent would be contained; with --diff: one that was not before
    NewlyContained,
    /// People would be asked
    Approvals,
    /// A budget would be hit
    Budget,
    /// A playbook could not be evaluated or started
    Faults,
}

/// What the command found.
#[derive(Serialize)]
struct Findings {
    report: Report,
    before: Option<Report>,
    difference: Option<Difference>,
    #[serde(skip)]
    took: Duration,
}

impl Replay {
    pub async fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let material = Material::read(context)?;
        let playbooks = self.playbooks(&material)?;
        let before = self.diff.as_deref().map(|old| material.playbooks(old)).transpose()?;
        let alerts = self.alerts(&material, context).await?;
        let began = Instant::now();
        let with =
            |playbooks: &[Arc<Playbook>]| replay(playbooks, &material.inventory, material.contained_per_hour, &alerts);
        let report = with(&playbooks);
        let before = before.map(|playbooks| with(&playbooks));
        let difference = before.as_ref().map(|before| Difference::between(before, &report));
        let findings = Findings { report, before, difference, took: began.elapsed() };
        context.show(&findings, human::render)?;
        let failed: Vec<FailOn> = self.fail_on.iter().copied().filter(|what| findings.has(*what)).collect();
        for what in &failed {
            let name = what.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
            output::complain(&format!("failed because of --fail-on {name}\n"))?;
        }
        Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn playbooks(&self, material: &Material) -> Result<Vec<Arc<Playbook>>, Error> {
        match self.playbook.as_deref() {
            None => material.playbooks(&material.folder()),
            Some(named) if Path::new(named).is_dir() => material.playbooks(Path::new(named)),
            Some(named) => Ok(vec![material.playbook(named)?]),
        }
    }

    async fn alerts(&self, material: &Material, context: &Context) -> Result<Vec<Arc<Alert>>, Error> {
        match (&self.file, &self.since) {
            (Some(file), _) => material.alerts(file, &self.source, context),
            (None, Some(span)) => stored::alerts(span, context).await,
            (None, None) => Ok(Vec::new()),
        }
    }
}

impl Findings {
    fn has(&self, what: FailOn) -> bool {
        let report = &self.report;
        match (&self.difference, what) {
            (Some(difference), FailOn::NewlyContained) => !difference.newly_contained.is_empty(),
            (Some(difference), FailOn::Approvals) => difference.more("approvals"),
            (Some(difference), FailOn::Budget) => difference.more("budget hits"),
            (Some(difference), FailOn::Faults) => difference.more("faults"),
            (None, FailOn::NewlyContained) => !report.contained.is_empty(),
            (None, FailOn::Approvals) => report.sum(|of| of.approvals) > 0,
            (None, FailOn::Budget) => report.sum(|of| of.budget_hits) > 0,
            (None, FailOn::Faults) => report.sum(|of| of.faults) > 0,
        }
    }
}
