//! `standdown replay`: what the playbooks would have done with alerts of the past. Nothing is performed.

mod human;
mod stored;
mod unreadable;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{ArgGroup, Args, ValueEnum};
use jiff::Timestamp;
use serde::Serialize;

use crate::domain::Alert;
use crate::playbook::Playbook;
use crate::rehearsal::family::Library;
use crate::rehearsal::replay::{Difference, Report, Setting, replay};

use super::context::Context;
use super::exit::Error;
use super::material::Material;
use super::output;
use unreadable::Unreadable;

/// Say what the playbooks would have done with alerts of the past.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("alerts").required(true).args(["file", "since"]))]
#[command(
    after_help = "Exit codes: 0 replayed, and nothing that --fail-on names; 1 something that --fail-on names, or a file can't be read \
                          or has faults; 2 wrong usage, such as an unknown playbook or source; 3 the daemon can't be reached (--since)."
)]
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
    /// Something in the file is no alert, and was left out
    Unreadable,
}

/// What the command found.
#[derive(Serialize)]
struct Findings {
    report: Report,
    unreadable: Unreadable,
    /// Alerts of the file that do not say when they happened.
    without_time: usize,
    before: Option<Report>,
    difference: Option<Difference>,
    #[serde(skip)]
    took: Duration,
}

impl Replay {
    pub async fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let material = Material::read(context)?;
        let now = self.playbooks(&material)?;
        let before = self.diff.as_deref().map(|old| Played::of_path(&material, old)).transpose()?;
        let asked_at = context.now();
        let (alerts, span, unreadable) = self.alerts(&material, context).await?;
        let has_none = |alert: &&Arc<Alert>| alert.occurred_at_assumed && alert.received_at >= asked_at;
        let without_time = alerts.iter().filter(has_none).count();
        let began = Instant::now();
        let with = |played: &Played| {
            let setting = Setting {
                playbooks: &played.playbooks,
                family: &played.family,
                inventory: &material.inventory,
                contained_per_hour: material.contained_per_hour,
                span,
            };
            replay(&setting, &alerts)
        };
        let report = with(&now);
        let before = before.map(|before| with(&before));
        let difference = before.as_ref().map(|before| Difference::between(before, &report));
        let findings = Findings { report, unreadable, without_time, before, difference, took: began.elapsed() };
        context.show(&findings, human::render)?;
        let failed: Vec<FailOn> = self.fail_on.iter().copied().filter(|what| findings.has(*what)).collect();
        for what in &failed {
            let name = what.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
            output::complain(&format!("failed because of --fail-on {name}\n"))?;
        }
        Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn playbooks(&self, material: &Material) -> Result<Played, Error> {
        match self.playbook.as_deref() {
            None => Played::of_path(material, &material.folder()),
            Some(named) if Path::new(named).is_dir() => Played::of_path(material, Path::new(named)),
            Some(named) => {
                let playbook = material.playbook(named)?;
                let family = material.family(named, &playbook)?;
                Ok(Played { playbooks: vec![playbook], family })
            }
        }
    }

    /// The alerts, the time that is replayed if more is known of it than they say, and what is no alert.
    async fn alerts(
        &self,
        material: &Material,
        context: &Context,
    ) -> Result<(Vec<Arc<Alert>>, Option<Span>, Unreadable), Error> {
        match (&self.file, &self.since) {
            (Some(file), _) => {
                let (alerts, left_out) = material.alerts_and_others(file, &self.source, context)?;
                Ok((alerts, None, Unreadable::of(file, left_out)))
            }
            (None, Some(span)) => {
                let now = context.now();
                let since = stored::since(span, now)?;
                Ok((stored::alerts(since, context).await?, Some((since, now)), Unreadable::default()))
            }
            (None, None) => Ok((Vec::new(), None, Unreadable::default())),
        }
    }
}

/// From when to when is replayed.
type Span = (Timestamp, Timestamp);

/// The playbooks that take the alerts, and those that their steps start.
struct Played {
    playbooks: Vec<Arc<Playbook>>,
    family: Arc<Library>,
}

impl Played {
    /// Those of a file or a folder.
    fn of_path(material: &Material, path: &Path) -> Result<Self, Error> {
        let playbooks = material.playbooks(path)?;
        let family = material.families(path, &playbooks)?;
        Ok(Self { playbooks, family })
    }
}

impl Findings {
    fn has(&self, what: FailOn) -> bool {
        let report = &self.report;
        match (&self.difference, what) {
            (_, FailOn::Unreadable) => self.unreadable.count > 0,
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
