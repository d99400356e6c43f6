//! `standdown test`: the tests of playbooks, performed without a daemon and without touching anything.
//!
//! This module chooses files, cases and the exit code; how results look for whom stands in its submodules.

mod github;
mod human;
mod json;
mod junit;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};

use crate::action::Registry;
use crate::language::{Diagnostic, Level, Source, render_human};
use crate::playbook::{Approvals, Catalogue, Playbook, compile_folder};
use crate::rehearsal::cases::{SourceTable, Suite, SuiteResult, load};

use super::context::Context;
use super::exit::Error;
use super::output;

/// Run the tests of playbooks.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 every case passed; 1 a case failed, a file has faults, no case was run, or less is covered than \
                          is wanted; 2 wrong usage. See also: standdown help tests"
)]
pub struct Test {
    /// Test files, playbooks, or folders of them [default: the playbooks of the configuration, or ./playbooks]
    paths: Vec<PathBuf>,
    /// Only cases whose name has this in it
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// How results are shown
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Also write the results as XML in the form of `JUnit` to this file
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Fail if the cases of any playbook go through less than this of its steps and branches
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    coverage_min: Option<u8>,
}

/// How results are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Human,
    /// For programs
    Json,
    /// For test reports
    Junit,
    /// For code reviews on GitHub
    Github,
}

/// Everything that the command found.
struct Findings {
    suites: Vec<(Suite, SuiteResult)>,
    diagnostics: Vec<Diagnostic>,
    sources: Vec<Source>,
    took: Duration,
    /// How much of it performing the cases took.
    performing: Duration,
    /// Whether only some of the cases were to run: then coverage says nothing.
    partial: bool,
    /// How much of each playbook is to be covered, in percent.
    wanted: Option<u8>,
    /// Playbooks of the folders that have no tests at all: their files.
    untested: Vec<String>,
}

/// A file of which less is covered than is wanted.
struct Shortfall {
    file: String,
    words: String,
}

impl Findings {
    fn passed(&self) -> usize {
        self.suites.iter().flat_map(|(_, result)| &result.cases).filter(|case| case.passed()).count()
    }

    fn failed(&self) -> usize {
        self.suites.iter().flat_map(|(_, result)| &result.cases).filter(|case| !case.passed()).count()
    }

    fn errors(&self) -> usize {
        self.diagnostics.iter().filter(|fault| fault.level == Level::Error).count()
    }

    /// Files whose cases go through less than is wanted.
    fn shortfalls(&self) -> Vec<Shortfall> {
        let Some(wanted) = self.wanted.filter(|_| !self.partial) else { return Vec::new() };
        let less = |(_, result): &&(Suite, SuiteResult)| result.coverage.percent() < usize::from(wanted);
        let covered = self.suites.iter().filter(less).map(|(suite, _)| {
            let words = format!("less than {wanted} % of {} is covered", suite.playbook.name);
            Shortfall { file: suite.file.clone(), words }
        });
        let untested = self.untested.iter().map(|file| {
            let words = "the playbook has no tests, so nothing of it is covered".to_owned();
            Shortfall { file: file.clone(), words }
        });
        covered.chain(untested).collect()
    }
}

/// The files of playbooks of a folder that no test file is about.
fn untested(path: &Path, catalogue: &Catalogue, findings: &Findings) -> Vec<String> {
    if !path.is_dir() {
        return Vec::new();
    }
    let is_tested = |playbook: &Playbook| {
        // A test file with faults has been shown. One that is there and says nothing of this playbook is no test of it.
        let beside = Path::new(&playbook.file).with_extension("test.yaml");
        let is_faulty = |fault: &Diagnostic| fault.level == Level::Error && Path::new(&fault.file) == beside;
        findings.diagnostics.iter().any(is_faulty)
            || findings.suites.iter().any(|(suite, _)| suite.playbook.name == playbook.name)
    };
    let found = compile_folder(path, catalogue).playbooks;
    found.into_iter().filter(|playbook| !is_tested(playbook)).map(|playbook| playbook.file).collect()
}

impl Test {
    pub fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let began = Instant::now();
        let configuration = context.configuration_file().map(|_| context.configuration());
        let (folder, table, approvals) = match configuration {
            Some(Ok(configuration)) => (configuration.playbooks, configuration.sources, configuration.approvals),
            Some(Err(_)) => {
                let text = "the configuration has faults, so its sources and approvals are not known here; see `standdown check`\n";
                output::complain(text)?;
                (PathBuf::from("playbooks"), SourceTable::new(), Approvals::default())
            }
            None => (PathBuf::from("playbooks"), SourceTable::new(), Approvals::default()),
        };
        let paths = if self.paths.is_empty() { vec![folder] } else { self.paths };
        let catalogue = Registry::catalogue_without_connections().with_approvals(approvals);
        let partial = self.filter.is_some();
        let mut findings = Findings {
            suites: Vec::new(),
            diagnostics: Vec::new(),
            sources: Vec::new(),
            took: Duration::ZERO,
            performing: Duration::ZERO,
            partial,
            wanted: self.coverage_min,
            untested: Vec::new(),
        };
        for path in &paths {
            let loaded = load(path, &catalogue, &table);
            findings.diagnostics.extend(loaded.diagnostics);
            findings.sources.extend(loaded.sources);
            let ready = Instant::now();
            findings.suites.extend(loaded.suites.into_iter().map(|suite| {
                let result = suite.perform(self.filter.as_deref());
                (suite, result)
            }));
            findings.performing += ready.elapsed();
        }
        if self.coverage_min.is_some_and(|wanted| wanted > 0) && !partial {
            findings.untested = paths.iter().flat_map(|path| untested(path, &catalogue, &findings)).collect();
        }
        findings.took = began.elapsed();
        if let Some(file) = &self.junit {
            let written = std::fs::write(file, junit::render(&findings));
            written.map_err(|error| Error::Failed(format!("failed to write {}: {error}", file.display())))?;
        }
        let shortfalls = findings.shortfalls();
        let format = if context.json() { Format::Json } else { self.format };
        match format {
            Format::Json => output::say_json(&json::view(&findings))?,
            Format::Junit => output::say(&junit::render(&findings))?,
            Format::Github => output::say(&github::render(&findings))?,
            Format::Human => {
                let colour = output::complains_in_colour();
                output::complain(&render_human(&findings.diagnostics, &findings.sources, colour))?;
                output::say(&human::render(&findings))?;
            }
        }
        for Shortfall { file, words } in &shortfalls {
            output::complain(&format!("{file}: {words}\n"))?;
        }
        let nothing = findings.passed() + findings.failed() == 0;
        if nothing && findings.errors() == 0 {
            output::complain("no case was run: none has that in its name\n")?;
        }
        let good = findings.failed() == 0 && findings.errors() == 0 && shortfalls.is_empty() && !nothing;
        Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
