//! The inventory's files: a YAML file, or every YAML file of a folder.
//!
//! Faults are found across files: an id or alias names one agent wherever it stands. This module makes entries; which
//! of them an alert means is the engine's question.

mod checks;
mod shape;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::codes;
use super::decode::{Fault, Kind, decode};
use super::document::{Document, Layer};
use super::file;
use super::pointer;
use crate::domain::agent::Agent;
use crate::language::Diagnostic;
use shape::AgentShape;

/// An entry and where it was read: the file's number and the pointer in it.
struct Entry {
    file: usize,
    at: String,
    shape: AgentShape,
}

/// Reads the inventory that the configuration names.
pub(super) fn read(document: &Document, faults: &mut Vec<Diagnostic>) -> (Vec<Agent>, Vec<Layer>) {
    let path = document.value.pointer("/agents").and_then(Value::as_str);
    let layers = path.map(|path| layers(document, Path::new(path), faults)).unwrap_or_default();
    let mut entries = Vec::new();
    for (file, layer) in layers.iter().enumerate() {
        entries_of(file, layer, &mut entries, faults);
    }
    checks::check(document, &layers, &entries, faults);
    let mut agents = Vec::new();
    for entry in entries {
        let Some(layer) = layers.get(entry.file) else { continue };
        match entry.shape.into_agent() {
            Ok(agent) => agents.push(agent),
            Err((field, code, message)) => {
                faults.push(layer.error(&format!("{}{field}", entry.at), code, message));
            }
        }
    }
    protect(document, &mut agents, &layers, faults);
    (agents, layers)
}

fn layers(document: &Document, path: &Path, faults: &mut Vec<Diagnostic>) -> Vec<Layer> {
    let files = match files(path) {
        Ok(files) => files,
        Err(error) => {
            let message = format!("failed to read the inventory {}: {}", path.display(), error.kind());
            faults
                .push(document.error("/agents", codes::UNREADABLE, message).hint("check the path and its permissions"));
            return Vec::new();
        }
    };
    let mut layers = Vec::new();
    for path in files {
        let read = file::read(&path).map_err(|fault| vec![fault]).and_then(|source| Layer::read(&source));
        match read {
            Ok(layer) => layers.push(layer),
            Err(found) => faults.extend(found),
        }
    }
    layers
}

fn files(path: &Path) -> Result<Vec<PathBuf>, std::io::Error> {
    if !fs::metadata(path)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn entries_of(file: usize, layer: &Layer, entries: &mut Vec<Entry>, faults: &mut Vec<Diagnostic>) {
    let fields = layer.value.as_object().into_iter().flatten();
    for (key, _) in fields.filter(|(key, _)| *key != "agents") {
        faults.push(layer.diagnostic(&Fault {
            pointer: pointer::child("", key),
            kind: Kind::Key,
            code: codes::UNKNOWN_SETTING,
            message: format!("there is no setting `{key}` in an inventory"),
            hint: Some("an inventory has one list, `agents:`".to_owned()),
        }));
    }
    let items = match layer.value.get("agents") {
        Some(Value::Array(items)) => items,
        Some(Value::Null) => return,
        _ => {
            let message = "an inventory is a list of agents";
            faults
                .push(layer.error("/agents", codes::WRONG_VALUE, message).hint("begin with `agents:` and `- id: ...`"));
            return;
        }
    };
    for (index, item) in items.iter().enumerate() {
        let at = format!("/agents/{index}");
        let (shape, found) = decode::<AgentShape>(item);
        let under = |fault: Fault| Fault { pointer: format!("{at}{}", fault.pointer), ..fault };
        faults.extend(found.into_iter().map(|fault| layer.diagnostic(&under(fault))));
        if let Some(shape) = shape {
            entries.push(Entry { file, at, shape });
        }
    }
}

/// Marks the agents of the main file's `protected` list.
fn protect(document: &Document, agents: &mut [Agent], layers: &[Layer], faults: &mut Vec<Diagnostic>) {
    let listed = document.value.pointer("/protected").and_then(Value::as_array).into_iter().flatten();
    for id in listed.filter_map(Value::as_str) {
        if let Some(agent) = agents.iter_mut().find(|agent| agent.id.as_str() == id) {
            agent.protected = true;
        } else if !checks::written_ids(layers).any(|known| known == id) {
            let at = document.item("/protected", id);
            let fault =
                document.error(&at, codes::UNKNOWN_AGENT, format!("the inventory has no agent `{id}` to protect"));
            faults.push(fault.hint(checks::meant_or(layers, id, "add it to the inventory")));
        }
    }
}
