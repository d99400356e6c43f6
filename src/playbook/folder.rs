//! A folder of playbooks, read and compiled whole.
//!
//! A playbook's tests (`*.test.yaml`) lie beside it and are not read here. What can't be read is a fault like any
//! other, because a playbook that is silently missing is found out during an incident.

mod file;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::{Catalogue, Playbook, codes, compile, descendants, family};
use crate::domain::PlaybookName;
use crate::language::{Diagnostic, Level, Source, sharing_large_stack};

/// How the files of tests end, which lie beside their playbooks.
const TESTS_ENDING: &str = ".test.yaml";

/// What a folder holds.
#[derive(Clone, Debug, Default)]
pub struct Folder {
    /// The playbooks that compiled, in the order of their files.
    pub playbooks: Vec<Playbook>,
    /// Every fault and warning of every file.
    pub diagnostics: Vec<Diagnostic>,
    /// The files as they were read, for showing the diagnostics.
    pub sources: Vec<Source>,
    /// The names of playbooks that did not compile, as far as their text still says them, with their files.
    pub broken: BTreeMap<PlaybookName, String>,
}

/// Reads and compiles every `*.yaml` of a folder, or the one file that the path names, and looks at how the playbooks run
/// each other. Of a single file, what stands beside it is looked at for that; only what concerns the file is told.
#[must_use]
pub fn compile_folder(path: &Path, catalogue: &Catalogue) -> Folder {
    let mut folder = read_folder(path, catalogue);
    let lone =
        folder.playbooks.first().filter(|playbook| !path.is_dir() && !descendants(playbook, |_| None).is_empty());
    let beside = lone.and_then(|_| path.parent());
    let beside = beside.map(|parent| if parent.as_os_str().is_empty() { Path::new(".") } else { parent });
    let mut beside = beside.map(|parent| read_folder(parent, catalogue)).unwrap_or_default();
    beside.playbooks.retain(|other| folder.playbooks.iter().all(|playbook| playbook.name != other.name));
    let mut broken = folder.broken.clone();
    broken.extend(std::mem::take(&mut beside.broken));
    let own = |fault: &Diagnostic| folder.playbooks.iter().any(|playbook| playbook.file == fault.file);
    let mut found = family(folder.playbooks.iter().chain(&beside.playbooks), &broken);
    found.retain(own);
    folder
        .playbooks
        .retain(|playbook| !found.iter().any(|fault| fault.level == Level::Error && fault.file == playbook.file));
    folder.diagnostics.extend(found);
    folder
}

/// Reads and compiles every `*.yaml` of a folder, or the one file that the path names, each by itself.
#[must_use]
pub fn read_folder(path: &Path, catalogue: &Catalogue) -> Folder {
    sharing_large_stack(|| read_each(path, catalogue))
}

fn read_each(path: &Path, catalogue: &Catalogue) -> Folder {
    let mut folder = Folder::default();
    let files = if path.is_dir() { folder.list(path) } else { vec![path.to_owned()] };
    let mut named: BTreeMap<String, String> = BTreeMap::new();
    for file in files {
        let shown = file.display().to_string();
        if shown.ends_with(TESTS_ENDING) {
            let fault = Diagnostic::error(codes::FILE, &shown, "this is a file of tests, and no playbook");
            folder.diagnostics.push(fault.hint(format!("run `standdown test {shown}`")));
            continue;
        }
        let source = match file::read(&file, &shown) {
            Ok(text) => Source { name: shown, text },
            Err(found) => {
                folder.diagnostics.push(*found);
                continue;
            }
        };
        match compile(&source, catalogue) {
            Ok((playbook, warnings)) => {
                folder.diagnostics.extend(warnings);
                folder.add(playbook, &mut named);
            }
            Err(found) => {
                folder.diagnostics.extend(found);
                folder.broken.extend(names(&source.text).map(|name| (name, source.name.clone())));
            }
        }
        folder.sources.push(source);
    }
    folder
}

impl Folder {
    /// The playbook files of a folder, by name.
    fn list(&mut self, path: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => {
                self.diagnostics.push(file::unreadable(&path.display().to_string(), &error));
                return Vec::new();
            }
        };
        let mut files: Vec<PathBuf> =
            entries.into_iter().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
        files.sort();
        for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "yml")) {
            let message = "the file is not read: playbooks end in `.yaml`";
            let warning = Diagnostic::warning(codes::FILE, &file.display().to_string(), message);
            self.diagnostics.push(warning.hint("rename it"));
        }
        files.retain(|file| {
            let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            !name.starts_with('.')
                && name.strip_suffix(".yaml").is_some_and(|name| name.strip_suffix(".test").is_none())
        });
        files
    }

    /// Adds a playbook, unless another file has one of that name.
    fn add(&mut self, playbook: Playbook, named: &mut BTreeMap<String, String>) {
        let name = playbook.name.to_string();
        if let Some(other) = named.get(&name) {
            let message = format!("the playbook `{name}` stands in {other} too");
            let diagnostic = Diagnostic::error(codes::DUPLICATE_PLAYBOOK, &playbook.file, message);
            self.diagnostics.push(diagnostic.at(Some(name_place(&playbook))).hint("rename one of the two"));
            return;
        }
        named.insert(name, playbook.file.clone());
        self.playbooks.push(playbook);
    }
}

/// The name that a text which may not parse gives its playbook, on a line of its own.
fn names(text: &str) -> Option<PlaybookName> {
    let rest = text.lines().find_map(|line| line.strip_prefix("playbook:"))?;
    let rest = rest.split_once(" #").map_or(rest, |(rest, _)| rest);
    PlaybookName::parse(rest.trim().trim_matches(['"', '\''])).ok()
}

/// Where a playbook's name stands; the text has compiled, so it can be read again.
fn name_place(playbook: &Playbook) -> crate::language::Span {
    let source = Source { name: playbook.file.clone(), text: playbook.text.to_string() };
    let start = crate::language::Span { line: 1, column: 1, length: 1 };
    let places = crate::language::parse::<serde_json::Value>(&source).ok();
    places.and_then(|(_, places)| places.value("/playbook")).unwrap_or(start)
}

#[cfg(test)]
mod tests;
