//! `standdown check`: playbooks and the configuration, without a daemon and without touching anything.
//!
//! The actions that playbooks may name depend on the configured connections, so the configuration is read first. A
//! secret that can't be read here is only warned of: where files are checked is seldom where they serve.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use crate::action::{ActionOptions, Registry};
use crate::client::{Secrets, SystemSecrets};
use crate::config::{self, Configuration};
use crate::domain::Person;
use crate::language::{Diagnostic, Level, Source, render_github, render_human, render_json};
use crate::playbook::{Approvals, Catalogue, Playbook, Surroundings, codes, compile_folder, prospects};
use crate::source;

use super::context::Context;
use super::exit::Error;
use super::output;

/// Check playbooks and the configuration.
#[derive(Debug, Args)]
pub struct Check {
    /// Playbooks, or folders of them [default: those of the configuration]
    paths: Vec<PathBuf>,
    /// How faults are shown
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Warnings fail as well, with exit code 1
    #[arg(long)]
    strict: bool,
}

/// How faults are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people, with the lines that are meant
    Human,
    /// For programs
    Json,
    /// For code reviews on GitHub
    Github,
}

#[derive(Default)]
struct Report {
    diagnostics: Vec<Diagnostic>,
    sources: Vec<Source>,
    playbooks: usize,
}

impl Check {
    pub fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let mut report = Report::default();
        let file = context.configuration_file();
        let configuration = match (&file, context.configuration()) {
            (None, _) => None,
            (Some(_), Ok(configuration)) => Some(configuration),
            (Some(_), Err(faults)) => {
                report.diagnostics.extend(faults);
                None
            }
        };
        // Faults of the configuration must not hide those of the playbooks.
        let remains = file.as_ref().filter(|_| configuration.is_none()).map(|_| context.remains());
        let (folder, approvals) = match (&configuration, &remains) {
            (Some(configuration), _) => (configuration.playbooks.clone(), Some(configuration.approvals.clone())),
            (None, Some(remains)) => (remains.playbooks.clone(), remains.approvals.clone()),
            (None, None) => (PathBuf::from("playbooks"), Some(Approvals::default())),
        };
        let nobody_knows_approvals = approvals.is_none();
        let catalogue = report.catalogue(configuration.as_ref()).with_approvals(approvals.unwrap_or_default());
        let is_by_configuration = self.paths.is_empty();
        let paths = if is_by_configuration { vec![folder] } else { self.paths };
        // Where a broken configuration has its playbooks is a guess if it does not say: then they need not be there.
        for path in paths.iter().filter(|path| remains.is_none() || !is_by_configuration || path.exists()) {
            report.playbooks(path, &catalogue, configuration.as_ref());
        }
        if nobody_knows_approvals {
            let about_approvals = [codes::UNKNOWN_APPROVAL, codes::APPROVAL_TIMEOUT];
            report.diagnostics.retain(|fault| !about_approvals.contains(&fault.code));
        }
        if file.is_none() {
            // Beside the report, so that what programs read stays what it is.
            output::complain("note: no standdown.yaml: people, connections and agents were not checked\n")?;
        }
        report.show(if context.json() { Format::Json } else { self.format }, self.strict)
    }
}

impl Report {
    /// The actions that playbooks may name, and every fault of the configuration.
    fn catalogue(&mut self, configuration: Option<&Configuration>) -> Catalogue {
        let Some(configuration) = configuration else { return Registry::catalogue_without_connections() };
        let secrets: Arc<dyn Secrets> = Arc::new(SystemSecrets);
        let options = ActionOptions { evidence_folder: configuration.evidence_folder.clone() };
        self.diagnostics.extend(configuration.warnings.iter().cloned());
        let missing = configuration.check_secrets(secrets.as_ref());
        if missing.is_empty() {
            self.sources_of(configuration, secrets.as_ref());
        }
        self.diagnostics.extend(missing.into_iter().map(|fault| Diagnostic { level: Level::Warning, ..fault }));
        self.diagnostics.extend(configuration.short_secrets(secrets.as_ref()));
        match Registry::build(&configuration.connections, &options, secrets) {
            Ok(registry) => registry.catalogue(),
            Err(faults) => {
                let at =
                    |fault: String| configuration.diagnostic("/connections", config::codes::CONNECTION, fault, None);
                self.diagnostics.extend(faults.iter().map(|fault| at(fault.to_string())));
                Registry::catalogue_without_connections()
            }
        }
    }

    fn sources_of(&mut self, configuration: &Configuration, secrets: &dyn Secrets) {
        for (id, options) in &configuration.sources {
            let Err(faults) = source::Source::compile(id, options, secrets) else { continue };
            self.diagnostics.extend(faults.into_iter().map(|placed| {
                let pointer = format!("/sources/{id}{}", placed.pointer);
                configuration.diagnostic(&pointer, placed.fault.code, placed.fault.message, placed.fault.hint)
            }));
        }
    }

    fn playbooks(&mut self, path: &std::path::Path, catalogue: &Catalogue, configuration: Option<&Configuration>) {
        let folder = compile_folder(path, catalogue);
        self.playbooks += folder.playbooks.len();
        if path.is_dir() && folder.sources.is_empty() && folder.diagnostics.is_empty() {
            let name = path.display().to_string();
            let warning =
                Diagnostic::warning(codes::FILE, &name, "there are no playbooks here: no file ends in `.yaml`");
            let hint = "copy one that comes along (`standdown help shipped` shows them), or write one: `standdown help playbooks`";
            self.diagnostics.push(warning.hint(hint));
        }
        if let Some(configuration) = configuration {
            self.diagnostics.extend(unprovable(&folder.playbooks, configuration));
        }
        self.diagnostics.extend(folder.diagnostics);
        self.sources.extend(folder.sources);
    }

    fn show(mut self, format: Format, strict: bool) -> Result<ExitCode, Error> {
        let count = |level: Level| self.diagnostics.iter().filter(|fault| fault.level == level).count();
        let (errors, warnings) = (count(Level::Error), count(Level::Warning));
        let excerpts = config::excerpts(&self.diagnostics);
        self.sources.extend(excerpts);
        match format {
            Format::Json => output::say(&render_json(&self.diagnostics))?,
            Format::Github => output::say(&render_github(&self.diagnostics))?,
            Format::Human => {
                output::complain(&render_human(&self.diagnostics, &self.sources, output::complains_in_colour()))?;
                output::say(&format!("playbooks: {} good; errors: {errors}; warnings: {warnings}\n", self.playbooks))?;
            }
        }
        let fails = errors > 0 || (strict && warnings > 0);
        Ok(if fails { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

/// What the playbooks could not do with this configuration and its inventory.
fn unprovable(playbooks: &[Playbook], configuration: &Configuration) -> Vec<Diagnostic> {
    let connections = configuration.connections.iter();
    let connections = connections.map(|(name, options)| (name.clone(), options.connector.clone())).collect();
    let channels = &configuration.channels;
    let reaches = |person: &Person| {
        let webhook = person.webhook.as_ref().is_some_and(|name| channels.webhooks.contains_key(name));
        webhook || (person.email.is_some() && channels.email.is_some())
    };
    let surroundings = Surroundings {
        agents: &configuration.agents,
        directory: &configuration.directory,
        connections: &connections,
        reaches: &reaches,
    };
    playbooks.iter().flat_map(|playbook| prospects(playbook, &surroundings)).collect()
}

/// Faults of a configuration as the reason why a command failed.
pub(super) fn refused(faults: &[Diagnostic]) -> Error {
    let shown = render_human(faults, &config::excerpts(faults), output::complains_in_colour());
    Error::Failed(format!("failed to read the configuration\n{shown}"))
}
