//! What can be wrong between entries of the inventory, and between them and the configuration.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Entry;
use crate::config::document::{Document, Layer};
use crate::config::people::unknown_principal;
use crate::config::{codes, pointer};
use crate::language::{Diagnostic, suggest};

/// Reports names that mean two agents, and names that mean nothing.
pub(super) fn check(document: &Document, layers: &[Layer], entries: &[Entry], faults: &mut Vec<Diagnostic>) {
    names(layers, entries, faults);
    for entry in entries {
        let Some(layer) = layers.get(entry.file) else { continue };
        owner(document, layer, entry, faults);
        children(layers, layer, entry, faults);
        handles(document, layer, entry, faults);
    }
}

/// The ids in the files, also of entries that are faulty.
pub(super) fn written_ids(layers: &[Layer]) -> impl Iterator<Item = &str> {
    let lists = layers.iter().filter_map(|layer| layer.value.get("agents")?.as_array());
    lists.flatten().filter_map(|agent| agent.get("id")?.as_str())
}

/// "Did you mean" for an agent's id, or else this.
pub(super) fn meant_or(layers: &[Layer], id: &str, otherwise: &str) -> String {
    suggest(id, written_ids(layers)).map_or_else(|| otherwise.to_owned(), |name| format!("did you mean `{name}`?"))
}

fn names(layers: &[Layer], entries: &[Entry], faults: &mut Vec<Diagnostic>) {
    let mut taken: BTreeMap<&str, &Entry> = BTreeMap::new();
    let mut shown: BTreeMap<&str, &Entry> = BTreeMap::new();
    // Every id before any alias: an alias that is another agent's id is the alias's fault, wherever it stands.
    let ids = entries.iter().map(|entry| (entry, "/id".to_owned(), entry.shape.id.as_str()));
    let aliases = entries.iter().flat_map(|entry| {
        let aliases = entry.shape.aliases.iter().enumerate();
        aliases.map(move |(index, alias)| (entry, format!("/aliases/{index}"), alias.as_str()))
    });
    for (entry, field, name) in ids.chain(aliases) {
        let Some(layer) = layers.get(entry.file) else { continue };
        let Some(first) = taken.insert(name, entry) else { continue };
        let place = line_of(layers, first);
        let message = format!("`{name}` already names the agent `{}` ({place})", first.shape.id);
        let fault = layer.error(&format!("{}{field}", entry.at), codes::SHARED_AGENT_NAME, message);
        faults.push(fault.hint("an id or alias names one agent: change one of the two"));
    }
    for entry in entries {
        let (Some(name), Some(layer)) = (entry.shape.name.as_deref(), layers.get(entry.file)) else { continue };
        let Some(first) = shown.insert(name, entry) else { continue };
        let message =
            format!("`{}` is called `{name}` too: an alert that names only that finds neither", first.shape.id);
        let fault = layer.error(&format!("{}/name", entry.at), codes::SHARED_AGENT_NAME, message);
        faults.push(Diagnostic { level: crate::language::Level::Warning, ..fault });
    }
}

fn line_of(layers: &[Layer], entry: &Entry) -> String {
    let Some(layer) = layers.get(entry.file) else { return String::new() };
    let line = layer.span(&format!("{}/id", entry.at), crate::config::decode::Kind::Value).map(|span| span.line);
    line.map_or_else(|| layer.name.clone(), |line| format!("{}:{line}", layer.name))
}

fn owner(document: &Document, layer: &Layer, entry: &Entry, faults: &mut Vec<Diagnostic>) {
    let unknown = entry.shape.owner.as_ref().and_then(|owner| unknown_principal(document, owner));
    if let Some((code, message, hint)) = unknown {
        faults.push(layer.error(&format!("{}/owner", entry.at), code, message).hint(hint));
    }
}

fn children(layers: &[Layer], layer: &Layer, entry: &Entry, faults: &mut Vec<Diagnostic>) {
    for (index, child) in entry.shape.children.iter().enumerate() {
        let at = format!("{}/children/{index}", entry.at);
        if *child == entry.shape.id {
            let message = "an agent can't be its own child";
            faults.push(layer.error(&at, codes::UNKNOWN_AGENT, message).hint("remove it from the list"));
        } else if !written_ids(layers).any(|id| id == child.as_str()) {
            let message = format!("the inventory has no agent `{child}`");
            let hint = meant_or(layers, child.as_str(), "add it to the inventory");
            faults.push(layer.error(&at, codes::UNKNOWN_AGENT, message).hint(hint));
        }
    }
}

fn handles(document: &Document, layer: &Layer, entry: &Entry, faults: &mut Vec<Diagnostic>) {
    for (connector, fields) in &entry.shape.handles {
        let Some(name) = fields.get("connection").and_then(Value::as_str) else { continue };
        let at = format!("{}{}/connection", entry.at, pointer::child("/handles", connector));
        if let Err(hint) = document.known("/connections", name) {
            let message = format!("there is no connection `{name}`");
            faults.push(layer.error(&at, codes::UNKNOWN_CONNECTION, message).hint(hint));
            continue;
        }
        let connection = document.value.pointer(&pointer::child("/connections", name));
        let actual = connection.and_then(|connection| connection.get("connector")?.as_str());
        if let Some(actual) = actual.filter(|actual| actual != connector) {
            let message = format!("the connection `{name}` is one of `{actual}`, not of `{connector}`");
            let fault = layer.error(&at, codes::UNKNOWN_CONNECTION, message);
            faults.push(fault.hint(format!("write the handle under `{actual}:`, or name another connection")));
        }
    }
}
