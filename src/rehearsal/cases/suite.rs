//! A test file: its playbook, what its cases share, and the cases.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::{AgentId, Mode, StepName};
use crate::language::{Diagnostic, Level, Source, Span, SpanMap};
use crate::playbook::{Approvals, Catalogue, Fields, Node, Playbook, Report, compile, compile_folder, read_approvals};
use crate::rehearsal::codes;
use crate::rehearsal::family::{self, Library, Missing, starts_others};

use super::alert::TestAlert;
use super::inventory::TestInventory;
use super::payload::{Payloads, SourceTable};
use super::words::time;
use super::{Case, Moment, Setting, expectation, happening, outcomes};

/// The end of the name of a test file.
const ENDING: &str = ".test.yaml";
/// When a case begins, if it does not say: a Monday, three in the morning.
const BEGINNING: &str = "2026-11-23T03:00:00Z";
const MODES: [(&str, Mode); 2] = [("observe", Mode::Observe), ("enforce", Mode::Enforce)];
const KEYS: [&str; 8] = ["playbook", "approvals", "default_approval", "mode", "at", "inventory", "alert", "cases"];
const CASE_KEYS: [&str; 9] = ["case", "mode", "at", "inventory", "agent", "alert", "outcomes", "then", "expect"];

/// A test file, ready to be performed.
#[derive(Clone, Debug)]
pub struct Suite {
    /// The name of the file.
    pub file: String,
    /// The playbook under test.
    pub playbook: Arc<Playbook>,
    /// Its cases, in order.
    pub cases: Vec<Case>,
    places: SpanMap,
}

impl Suite {
    /// Where something of the file stands.
    #[must_use]
    pub fn place(&self, pointer: &str) -> Option<Span> {
        self.places.key(pointer).or_else(|| self.places.nearest(pointer))
    }
}

/// What reading test files found.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The files without faults.
    pub suites: Vec<Suite>,
    /// Every fault and warning, also of the playbooks.
    pub diagnostics: Vec<Diagnostic>,
    /// The files as they were read, for showing the diagnostics.
    pub sources: Vec<Source>,
    /// Playbooks that compiled, by their file: each is compiled once.
    compiled: BTreeMap<PathBuf, Arc<Playbook>>,
    /// The playbooks of folders in which one starts another.
    libraries: BTreeMap<PathBuf, Arc<Library>>,
}

/// Reads the test files of a folder, the one that the path names, or those beside the playbook that it names.
#[must_use]
pub fn load(path: &Path, catalogue: &Catalogue, table: &SourceTable) -> Loaded {
    let mut loaded = Loaded::default();
    match files(path) {
        Ok(files) if files.is_empty() => {
            let message = format!("there are no tests here: no file ends in `{ENDING}`");
            let fault = Diagnostic::error(codes::FILE, &path.display().to_string(), message);
            loaded.diagnostics.push(fault.hint("write the tests of x.yaml into x.test.yaml beside it"));
        }
        Ok(files) => {
            for file in &files {
                let named = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                if named.ends_with(ENDING) {
                    loaded.add(file, catalogue, table);
                } else {
                    loaded.diagnostics.push(misnamed(file));
                }
            }
        }
        Err(error) => loaded.diagnostics.push(unreadable(path, &error)),
    }
    loaded
}

fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if !path.is_dir() {
        let beside = name.strip_suffix(".yaml").filter(|_| !name.ends_with(ENDING));
        return Ok(vec![beside.map_or_else(|| path.to_owned(), |name| path.with_file_name(format!("{name}{ENDING}")))]);
    }
    let entries = std::fs::read_dir(path)?.collect::<io::Result<Vec<_>>>()?;
    let named = entries.into_iter().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = named
        .filter(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.ends_with(ENDING)))
        .collect();
    files.sort();
    Ok(files)
}

fn unreadable(path: &Path, error: &io::Error) -> Diagnostic {
    let message = format!("failed to read it: {error}");
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let playbook = name.strip_suffix(ENDING).map(|name| path.with_file_name(format!("{name}.yaml")));
    let hint = match playbook.filter(|playbook| error.kind() == io::ErrorKind::NotFound && playbook.is_file()) {
        Some(playbook) => format!("{} has no tests yet: write them there", playbook.display()),
        None => "look at the path".to_owned(),
    };
    Diagnostic::error(codes::FILE, &path.display().to_string(), message).hint(hint)
}

/// A file that is named and is no test file by its name.
fn misnamed(path: &Path) -> Diagnostic {
    let message = format!("this is no test file: its name does not end in `{ENDING}`");
    let hint = "name a test file, a playbook, or a folder of them";
    Diagnostic::error(codes::FILE, &path.display().to_string(), message).hint(hint)
}

impl Loaded {
    fn add(&mut self, path: &Path, catalogue: &Catalogue, table: &SourceTable) {
        let source = match std::fs::read_to_string(path) {
            Ok(text) => Source { name: path.display().to_string(), text },
            Err(error) => return self.diagnostics.push(unreadable(path, &error)),
        };
        match crate::language::parse::<Value>(&source) {
            Ok((document, places)) => {
                let suite = self.suite(path, &document, places, catalogue, table);
                self.suites.extend(suite);
            }
            Err(found) => self.diagnostics.extend(found),
        }
        self.sources.push(source);
    }

    fn suite(
        &mut self,
        path: &Path,
        document: &Value,
        places: SpanMap,
        catalogue: &Catalogue,
        table: &SourceTable,
    ) -> Option<Suite> {
        let mut report = Report::new(places.clone());
        let root = Node { value: document, pointer: String::new() };
        let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
        let fields = Fields::open_named(&mut report, &root, &KEYS, &[]);
        let own = fields.as_ref().and_then(|fields| own_approvals(&mut report, fields));
        let own = own.map(|approvals| catalogue.clone().with_approvals(approvals));
        let known = Known { catalogue: own.as_ref().unwrap_or(catalogue), is_shared: own.is_none() };
        let playbook = fields.as_ref().and_then(|fields| self.playbook(&mut report, fields, path, &known));
        let library = playbook.as_ref().map(|playbook| self.library(playbook, &known)).unwrap_or_default();
        let cases = match (&fields, &playbook) {
            (Some(fields), Some(playbook)) => {
                let mut payloads = Payloads::new(folder, table);
                let family = Arc::new(family::of(playbook, &library).0);
                let cases = cases(&mut report, fields, playbook, &family, &mut payloads);
                self.say_missing(&mut report, playbook, &library, &cases);
                cases
            }
            _ => Vec::new(),
        };
        let (found, refused) = report.finish();
        self.diagnostics.extend(found);
        let playbook = playbook.filter(|_| !refused)?;
        Some(Suite { file: path.display().to_string(), playbook, cases, places })
    }

    /// The playbook under test: the one that the file names, or the one beside it.
    fn playbook(
        &mut self,
        report: &mut Report,
        fields: &Fields<'_>,
        path: &Path,
        known: &Known<'_>,
    ) -> Option<Arc<Playbook>> {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let beside = format!("{}.yaml", name.strip_suffix(ENDING).unwrap_or(name));
        let node = fields.get("playbook");
        let named = match &node {
            Some(node) => node.text(report)?.to_owned(),
            None => beside,
        };
        let pointer = node.map_or_else(String::new, |node| node.pointer);
        let file = path.with_file_name(&named);
        if let Some(playbook) = self.compiled.get(&file).filter(|_| known.is_shared) {
            return Some(Arc::clone(playbook));
        }
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) => {
                let message = format!("failed to read the playbook {}: {error}", file.display());
                let hint = "the path is relative to the folder of the test file";
                report.error(&pointer, codes::FILE, message).hint(hint);
                return None;
            }
        };
        let source = Source { name: file.display().to_string(), text };
        let compiled = compile(&source, known.catalogue);
        if let Err(found) = &compiled {
            let errors = found.iter().filter(|fault| fault.level == Level::Error).count();
            let message = format!("the playbook {} has faults ({errors})", file.display());
            report.error(&pointer, codes::FILE, message).hint("mend it first: standdown check");
            self.diagnostics.extend(found.iter().cloned());
            self.sources.push(source);
        }
        let playbook = Arc::new(compiled.ok()?.0);
        if known.is_shared {
            self.compiled.insert(file, Arc::clone(&playbook));
        }
        Some(playbook)
    }

    /// The playbooks that steps of the one under test may start: they stand in its folder.
    fn library(&mut self, playbook: &Playbook, known: &Known<'_>) -> Arc<Library> {
        if !starts_others(playbook) {
            return Arc::default();
        }
        let folder = Path::new(&playbook.file).parent().unwrap_or(Path::new(".")).to_owned();
        let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
        let named = |playbook: Playbook| (playbook.name.clone(), Arc::new(playbook));
        let read = |folder: &PathBuf| -> Arc<Library> {
            Arc::new(compile_folder(folder, known.catalogue).playbooks.into_iter().map(named).collect())
        };
        if known.is_shared { Arc::clone(self.libraries.entry(folder).or_insert_with_key(read)) } else { read(&folder) }
    }

    /// Says which playbooks are not there that a case goes into.
    fn say_missing(&mut self, report: &mut Report, playbook: &Playbook, library: &Library, cases: &[Case]) {
        let whole = |case: &Case| case.script.whole().cloned().collect::<BTreeSet<StepName>>();
        let whole = cases.iter().map(whole).reduce(|all, of_case| all.intersection(&of_case).cloned().collect());
        let (_, missing) = family::of_without(playbook, library, &whole.unwrap_or_default());
        for Missing { diagnostic, source } in missing {
            let message = format!("the playbook {} starts one that is not in its folder", source.name);
            let hint = "mend it first, or say in every case what comes of that run: outcomes: { STEP: completed }";
            report.error("", codes::FILE, message).hint(hint);
            self.diagnostics.push(diagnostic);
            self.sources.push(source);
        }
    }
}

/// What the playbooks of a file of tests may name.
struct Known<'a> {
    catalogue: &'a Catalogue,
    /// Whether it is that of other files, too: what was compiled with it is kept for them.
    is_shared: bool,
}

/// The approvals that a file of tests gives in place of those of the configuration, if it gives any.
fn own_approvals(report: &mut Report, fields: &Fields<'_>) -> Option<Approvals> {
    let (named, default) = (fields.get("approvals"), fields.get("default_approval"));
    (named.is_some() || default.is_some()).then(|| read_approvals(report, named.as_ref(), default.as_ref()))
}

/// What the cases of a file share.
struct Shared<'a> {
    playbook: &'a Playbook,
    family: &'a Arc<Library>,
    mode: Mode,
    at: Timestamp,
    inventory: TestInventory,
    alert: TestAlert,
}

fn cases(
    report: &mut Report,
    fields: &Fields<'_>,
    playbook: &Playbook,
    family: &Arc<Library>,
    payloads: &mut Payloads<'_>,
) -> Vec<Case> {
    let mode = fields.get("mode").and_then(|node| node.word_of(report, &MODES));
    let at = fields.get("at").and_then(|node| time(report, &node));
    let mut inventory = TestInventory::default();
    if let Some(node) = fields.get("inventory") {
        inventory = inventory.patched(report, &node);
    }
    let mut alert = TestAlert::default();
    if let Some(node) = fields.get("alert") {
        alert = alert.patched(report, &node);
    }
    let shared = Shared {
        playbook,
        family,
        mode: mode.unwrap_or(Mode::Enforce),
        at: at.or_else(|| BEGINNING.parse().ok()).unwrap_or(Timestamp::UNIX_EPOCH),
        inventory,
        alert,
    };
    let Some(node) = fields.require(report, "cases") else { return Vec::new() };
    let items = node.items(report, "a list of cases").unwrap_or_default();
    if node.value.as_array().is_some_and(Vec::is_empty) {
        report.error(&node.pointer, codes::FILE, "there are no cases").hint("add `- case: what it tries`");
    }
    alike(report, &items);
    items.iter().filter_map(|item| case(report, &shared, payloads, item)).collect()
}

/// Two cases of one name can't be told apart where results are shown or chosen by name.
fn alike(report: &mut Report, items: &[Node<'_>]) {
    let mut seen = BTreeSet::new();
    for item in items {
        let Some(name) = item.value.get("case").and_then(Value::as_str) else { continue };
        if !seen.insert(name.trim()) {
            let pointer = format!("{}/case", item.pointer);
            let message = format!("there is another case `{}` above", name.trim());
            report.error(&pointer, codes::CASE, message).hint("say what is different about this one");
        }
    }
}

fn case(report: &mut Report, shared: &Shared<'_>, payloads: &mut Payloads<'_>, node: &Node<'_>) -> Option<Case> {
    let fields = Fields::open_named(report, node, &CASE_KEYS, &[])?;
    let name = fields.require(report, "case").and_then(|node| node.text(report)).map(str::to_owned);
    let mode = fields.get("mode").and_then(|node| node.word_of(report, &MODES)).unwrap_or(shared.mode);
    let at = fields.get("at").and_then(|node| time(report, &node)).unwrap_or(shared.at);
    let mut alert = shared.alert.clone();
    if let Some(node) = fields.get("alert") {
        alert = alert.patched(report, &node);
    }
    let mut inventory = shared.inventory.clone();
    if let Some(node) = fields.get("inventory") {
        inventory = inventory.patched(report, &node);
    }
    if let Some(node) = fields.get("agent") {
        let id = alert.agent().and_then(|id| AgentId::parse(id).ok());
        if let Some(name) = node.value.as_str() {
            let hint = format!("to say which agent the case is about, write `alert: {{ agent: {name} }}`");
            node.expected(report, "a mapping of what the inventory says of the agent").hint(hint);
        } else {
            inventory.patch_agent(report, id.as_ref(), &node);
        }
    }
    let surroundings = inventory.surroundings(shared.playbook, shared.family);
    let only = match inventory.agents.as_slice() {
        [only] => Some(only.agent.id.to_string()),
        _ => None,
    };
    let first = alert.alert(report, payloads, only.as_deref(), 1, at);
    let setting = Setting { playbook: shared.playbook, family: shared.family, surroundings: &surroundings };
    let script = fields.get("outcomes").map(|node| outcomes::read(report, &setting, &node)).unwrap_or_default();
    let mut moment = Moment { at, alerts: 1, alert: &alert, only, payloads };
    let then = fields.get("then").map(|node| happening::read_all(report, &setting, &mut moment, &node));
    let then = then.unwrap_or_default();
    let expect = fields.get("expect").map(|node| expectation::read(report, &setting, &node)).unwrap_or_default();
    // An expectation that can't be read is a fault of its own.
    let expects = fields.get("expect").is_some_and(|node| node.value.as_object().is_none_or(|keys| !keys.is_empty()));
    if !expects && expect.checks.is_empty() && then.iter().all(|happening| happening.expect.checks.is_empty()) {
        let message = "the case expects nothing, so it can't fail";
        report.error(&node.pointer, codes::CASE, message).hint("add `expect:`");
    }
    Some(Case {
        name: name?,
        pointer: node.pointer.clone(),
        mode,
        at,
        alert: first?,
        script,
        then,
        expect,
        surroundings,
    })
}
