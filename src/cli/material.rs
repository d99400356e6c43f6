//! What rehearsals at the command line are made from: the configuration if there is one, playbooks, sources and alerts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::action::Registry;
use crate::config::Configuration;
use crate::domain::{Agent, AgentId, Alert, Directory, SourceId};
use crate::engine::{Inventory, Options};
use crate::language::{Diagnostic, Level, Source as File, render_human, suggest};
use crate::playbook::{Catalogue, Playbook, compile_folder};

use crate::rehearsal::alerts;
use crate::rehearsal::family::{self, Library, Missing, starts_others};
use crate::source::{Source, SourceOptions, presets};

use super::check::refused;
use super::context::Context;
use super::exit::Error;
use super::files;
use super::output;

/// The folder of playbooks without a configuration.
const FOLDER: &str = "playbooks";

/// How many messages that make no alert are told of one by one.
pub(super) const REFUSED_SHOWN_MAX: usize = 10;

/// What rehearsals are made from.
pub struct Material {
    configuration: Option<Configuration>,
    catalogue: Catalogue,
    /// Agents and people; nobody without a configuration.
    pub inventory: Arc<Inventory>,
    /// How many agents may be contained in an hour without a person.
    pub contained_per_hour: u32,
}

impl Material {
    /// Reads the configuration, if there is one.
    pub fn read(context: &Context) -> Result<Self, Error> {
        let configuration = match context.configuration_file() {
            Some(_) => Some(context.configuration().map_err(|faults| refused(&faults))?),
            None => None,
        };
        let inventory = configuration.as_ref().map_or_else(
            || Inventory::new(Vec::new(), Directory::default()),
            |configuration| Inventory::new(configuration.agents.clone(), configuration.directory.clone()),
        );
        let limit = configuration.as_ref().map(|configuration| configuration.limits.contained_per_hour);
        let approvals = configuration.as_ref().map(|configuration| configuration.approvals.clone()).unwrap_or_default();
        Ok(Self {
            catalogue: Registry::catalogue_without_connections().with_approvals(approvals),
            inventory: Arc::new(inventory),
            contained_per_hour: limit.unwrap_or(Options::default().contained_per_hour),
            configuration,
        })
    }

    /// The folder of the playbooks.
    pub fn folder(&self) -> PathBuf {
        self.configuration.as_ref().map_or_else(|| PathBuf::from(FOLDER), |it| it.playbooks.clone())
    }

    /// Every playbook of a file or folder. One with faults is shown, and nothing goes on without it.
    pub fn playbooks(&self, path: &Path) -> Result<Vec<Arc<Playbook>>, Error> {
        if !path.exists() {
            return Err(self.no_playbooks_at(path));
        }
        let folder = compile_folder(path, &self.catalogue);
        let errors: Vec<Diagnostic> =
            folder.diagnostics.into_iter().filter(|fault| fault.level == Level::Error).collect();
        if !errors.is_empty() {
            return Err(faulty(&errors, &folder.sources));
        }
        if folder.playbooks.is_empty() {
            let text = format!(
                "failed to find a playbook in {}: no file there ends in `.yaml`; `standdown help playbooks` says how one is \
                 written",
                path.display()
            );
            return Err(Error::Failed(text));
        }
        Ok(folder.playbooks.into_iter().map(Arc::new).collect())
    }

    fn no_playbooks_at(&self, path: &Path) -> Error {
        let hint = match (files::meant(path), &self.configuration) {
            (Some(meant), _) => format!("did you mean `{}`?", meant.display()),
            (None, None) => "name a file, or a configuration by --config".to_owned(),
            (None, Some(_)) => "look at the path".to_owned(),
        };
        Error::Failed(format!("failed to read the playbooks: there is no {}; {hint}", path.display()))
    }

    /// A playbook by its file, or by its name in the folder.
    pub fn playbook(&self, named: &str) -> Result<Arc<Playbook>, Error> {
        let path = Path::new(named);
        let is_file = is_file(named);
        let folder = self.folder();
        let found = self.playbooks(if is_file { path } else { &folder })?;
        let by_name = |playbook: &&Arc<Playbook>| is_file || playbook.name.as_str() == named;
        found.iter().find(by_name).cloned().ok_or_else(|| {
            let names: Vec<&str> = found.iter().map(|playbook| playbook.name.as_str()).collect();
            let hint = match suggest(named, names.iter().copied()) {
                _ if path.is_dir() => "it is a folder, and one playbook is wanted: name its file".to_owned(),
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("there are: {}", names.join(", ")),
            };
            Error::Usage(format!("failed to find the playbook `{named}` in {}; {hint}", folder.display()))
        })
    }

    /// The playbooks that a named one starts, and those that these start: they stand in its folder.
    pub fn family(&self, named: &str, playbook: &Arc<Playbook>) -> Result<Arc<Library>, Error> {
        let folder = self.folder();
        self.families(if is_file(named) { Path::new(named) } else { &folder }, std::slice::from_ref(playbook))
    }

    /// The playbooks that those of a file or folder start, and those that these start. One that is not there is shown at
    /// its place, and nothing goes on without it.
    pub fn families(&self, path: &Path, playbooks: &[Arc<Playbook>]) -> Result<Arc<Library>, Error> {
        if !playbooks.iter().any(|playbook| starts_others(playbook)) {
            return Ok(Arc::default());
        }
        let folder = if path.is_dir() { path.to_owned() } else { folder_of(path) };
        // Those with faults are not missed unless they are started.
        let found = compile_folder(&folder, &self.catalogue).playbooks;
        let library = found.into_iter().map(|playbook| (playbook.name.clone(), Arc::new(playbook))).collect();
        let (mut all, mut faults, mut files): (Library, Vec<Diagnostic>, Vec<File>) = Default::default();
        for playbook in playbooks {
            let (family, missing) = family::of(playbook, &library);
            all.extend(family);
            for Missing { diagnostic, source } in missing {
                if !faults.contains(&diagnostic) {
                    faults.push(diagnostic);
                    files.push(source);
                }
            }
        }
        if faults.is_empty() { Ok(Arc::new(all)) } else { Err(faulty(&faults, &files)) }
    }

    /// A source of the configuration, or a preset by its name.
    pub fn source(&self, named: &str) -> Result<Source, Error> {
        let configured = self.configuration.as_ref().map(|configuration| &configuration.sources);
        let preset = || SourceOptions {
            preset: Some(named.to_owned()),
            trust: crate::domain::Trust::Contain,
            ..SourceOptions::default()
        };
        let wrong = |reason: String| {
            let known: Vec<String> = presets()
                .map(str::to_owned)
                .chain(configured.into_iter().flat_map(|it| it.keys().map(ToString::to_string)))
                .collect();
            let hint = match suggest(named, known.iter().map(String::as_str)) {
                Some(name) if name != named => format!("did you mean `{name}`?"),
                _ => format!("there are: {}", known.join(", ")),
            };
            Error::Usage(format!("failed to use the source `{named}`: {reason}; {hint}"))
        };
        let id = SourceId::parse(named).map_err(|error| wrong(error.to_string()))?;
        let options = configured.and_then(|sources| sources.get(&id)).cloned().unwrap_or_else(preset);
        Source::for_rehearsal(&id, &options).map_err(|faults| {
            wrong(faults.first().map_or_else(|| "it has faults".to_owned(), |fault| fault.fault.message.clone()))
        })
    }

    /// The alerts of a file, in its order. What is no alert is said, and left out; a file of nothing else is a fault.
    pub fn alerts(&self, file: &Path, source: &str, context: &Context) -> Result<Vec<Arc<Alert>>, Error> {
        Ok(self.alerts_and_others(file, source, context)?.0)
    }

    /// The same, with the messages that make none.
    pub fn alerts_and_others(
        &self,
        file: &Path,
        source: &str,
        context: &Context,
    ) -> Result<(Vec<Arc<Alert>>, Vec<alerts::Refused>), Error> {
        let source = self.source(source)?;
        let bytes = files::read(file)?;
        let (alerts, left_out) = alerts::read(&bytes, &source, context.now());
        for refused in left_out.iter().take(REFUSED_SHOWN_MAX) {
            let (place, reason) = (format!("{}:{}", file.display(), refused.line), &refused.reason);
            output::complain(&format!("{place}: this makes no alert: {reason}\n"))?;
        }
        if let Some(more) = left_out.len().checked_sub(REFUSED_SHOWN_MAX).filter(|more| *more > 0) {
            output::complain(&format!("and {more} more messages make none\n"))?;
        }
        if alerts.is_empty() {
            let text = format!(
                "failed to find an alert in {}; is `{}` its source? --source names another",
                file.display(),
                source.id()
            );
            return Err(Error::Failed(text));
        }
        Ok((alerts, left_out))
    }

    /// An agent of the inventory.
    pub fn agent(&self, id: &AgentId) -> Result<Arc<Agent>, Error> {
        self.inventory.agent(id).ok_or_else(|| {
            let names: Vec<&str> = self.inventory.agents().map(|agent| agent.id.as_str()).collect();
            let hint = match suggest(id.as_str(), names.iter().copied()) {
                Some(name) => format!("did you mean `{name}`?"),
                None if names.is_empty() => "name a configuration with `agents:` by --config".to_owned(),
                None => format!("there are: {}", names.join(", ")),
            };
            Error::Usage(format!("failed to find the agent `{id}` in the inventory; {hint}"))
        })
    }
}

/// Whether a playbook is named by its file.
fn is_file(named: &str) -> bool {
    let path = Path::new(named);
    path.extension().is_some_and(|extension| extension == "yaml") || path.is_file()
}

/// The folder that a file stands in.
fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        Some(_) | None => PathBuf::from("."),
    }
}

fn faulty(errors: &[Diagnostic], files: &[File]) -> Error {
    let shown = render_human(errors, files, output::complains_in_colour());
    Error::Failed(format!("failed to compile the playbooks\n{shown}"))
}
