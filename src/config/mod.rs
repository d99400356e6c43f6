//! The configuration: an embedded file of defaults, the operator's file over it, the environment over both.
//!
//! This module owns how a configuration is read, merged, checked and placed: every fault of every file is reported at
//! once, with file, line, column, code and hint. Each module below owns its own options and what they mean; this one
//! only reads them. It holds secrets by reference alone, and it starts nothing: what the options are turned into is the
//! composition root's business.
//!
//! **Architecture invariant:** no default stands in code. `default.yaml` has every setting with its default and a
//! comment, and it is what `standdown config --defaults` prints.

mod agents;
mod checks;
pub mod codes;
mod configuration;
mod decode;
mod document;
mod file;
pub mod networks;
mod paths;
mod people;
mod pointer;
mod secrets;
pub mod settings;
mod shape;

pub use configuration::Configuration;
pub use document::DEFAULTS;
pub use file::excerpts;
pub use people::PersonCredentials;
pub use settings::{
    Channels, GateIdentify, GateOptions, LimitOptions, LogFormat, LogLevel, LogOptions, RetentionOptions,
};

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::Value;
use url::Url;

use crate::domain::agent::Agent;
use crate::domain::directory::Directory;
use crate::language::{Diagnostic, Level};
use crate::playbook::{Approvals, Node, Report, read_approvals};
use document::{Document, Layer};
use shape::Shape;

/// Reads the configuration file (or none: the defaults alone), the environment over it, and the inventory.
///
/// # Errors
/// Every fault of every file, in the order of their places, warnings among them.
pub fn load(path: Option<&Path>, environment: &BTreeMap<String, String>) -> Result<Configuration, Vec<Diagnostic>> {
    let source = path.map(file::read).transpose().map_err(|fault| vec![fault])?;
    let mut document = Document::read(source.as_ref())?;
    let mut faults = document.apply(environment);
    faults.extend(secrets::literals(&document.value).iter().map(|fault| document.diagnostic(fault)));
    paths::resolve(&mut document.value, &paths::folder(path));
    let (shape, found) = decode::decode::<Shape>(&document.value);
    faults.extend(found.into_iter().map(named_file).map(|fault| document.diagnostic(&fault)));
    let shape = shape.unwrap_or_default();
    let (directory, credentials) = people::read(&document, &shape, &mut faults);
    let (agents, inventory) = agents::read(&document, &mut faults);
    for layer in &inventory {
        faults.extend(secrets::literals(&layer.value).iter().map(|fault| layer.diagnostic(fault)));
    }
    let approvals = approvals(&document, &mut faults);
    let checked = Checked::new(&document, &shape, &mut faults);
    demand(&document, &mut faults);
    let (errors, warnings): (Vec<_>, Vec<_>) = sorted(faults).into_iter().partition(|one| one.level == Level::Error);
    match (checked, errors.is_empty()) {
        (Some(checked), true) => {
            let parts = Parts { directory, credentials, agents, approvals, warnings, document, inventory };
            Ok(configuration(shape, checked, parts))
        }
        _ => Err(sorted(errors.into_iter().chain(warnings).collect())),
    }
}

/// What can be read of a configuration although it has faults, so that those of the playbooks are found as well.
#[derive(Clone, Debug, Default)]
pub struct Remains {
    /// The folder of the playbooks.
    pub playbooks: PathBuf,
    /// The approvals that playbooks may use; nothing if the file can't be read at all, so that nobody can say which.
    pub approvals: Option<Approvals>,
}

/// Reads what can be read of a configuration file with faults.
#[must_use]
pub fn remains(path: Option<&Path>, environment: &BTreeMap<String, String>) -> Remains {
    let beside = || paths::folder(path).join("playbooks");
    let source = path.and_then(|path| file::read(path).ok());
    let Ok(mut document) = Document::read(source.as_ref()) else {
        return Remains { playbooks: beside(), approvals: None };
    };
    // What is wrong with it has been said.
    drop(document.apply(environment));
    paths::resolve(&mut document.value, &paths::folder(path));
    let playbooks = document.value.pointer("/playbooks").and_then(Value::as_str).map_or_else(beside, PathBuf::from);
    Remains { playbooks, approvals: Some(approvals(&document, &mut Vec::new())) }
}

/// The settings that a configuration can't be without, once they are checked.
struct Checked {
    listen: SocketAddr,
    public_url: Option<Url>,
    log: LogOptions,
    gate: GateOptions,
    limits: LimitOptions,
    retention: RetentionOptions,
}

impl Checked {
    fn new(document: &Document, shape: &Shape, faults: &mut Vec<Diagnostic>) -> Option<Self> {
        let listen = checks::listen(document, shape, faults);
        let public_url = checks::public_url(document, shape, listen, faults);
        checks::paths(document, shape, faults);
        checks::sources(document, shape, faults);
        networks::check(document, shape, faults);
        let mut gate = shape.gate.clone();
        if let Some(gate) = &mut gate {
            checks::gate(document, gate, listen, faults);
        }
        if let Some(limits) = &shape.limits {
            checks::limits(document, limits, faults);
        }
        if let Some(retention) = &shape.retention {
            checks::retention(document, retention, faults);
        }
        let (limits, retention) = (shape.limits?, shape.retention?);
        Some(Self { listen: listen?, public_url, log: shape.log?, gate: gate?, limits, retention })
    }
}

/// An inventory stands in a file of its own: whoever writes it here is told so.
fn named_file(fault: decode::Fault) -> decode::Fault {
    let is_list = fault.pointer == "/agents" || fault.pointer.starts_with("/agents/");
    let hint = is_list.then(|| {
        "`agents` names a file or a folder, such as agents.yaml; the list stands there, under `agents:`".to_owned()
    });
    decode::Fault { hint: hint.or(fault.hint), ..fault }
}

/// The approvals that playbooks may use. What an approval says is the language's to judge.
fn approvals(document: &Document, faults: &mut Vec<Diagnostic>) -> Approvals {
    let of = |name: &str| {
        let value = document.value.get(name);
        value.map(|value| Node { value, pointer: format!("/{name}") })
    };
    let mut report = Report::new(document.places().clone());
    let approvals = read_approvals(&mut report, of("approvals").as_ref(), of("default_approval").as_ref());
    faults.extend(report.finish().0);
    approvals
}

struct Parts {
    directory: Directory,
    credentials: PersonCredentials,
    agents: Vec<Agent>,
    approvals: Approvals,
    warnings: Vec<Diagnostic>,
    document: Document,
    inventory: Vec<Layer>,
}

fn configuration(shape: Shape, checked: Checked, parts: Parts) -> Configuration {
    let path = |text: Option<String>| text.map(PathBuf::from);
    Configuration {
        listen: checked.listen,
        public_url: checked.public_url,
        socket: path(shape.socket),
        store: shape.store.unwrap_or_default(),
        store_password: shape.store_password,
        playbooks: path(shape.playbooks).unwrap_or_default(),
        approvals: parts.approvals,
        log: checked.log,
        directory: parts.directory,
        credentials: parts.credentials,
        agents: parts.agents,
        sources: shape.sources,
        connections: shape.connections,
        channels: shape.channels,
        gate: checked.gate,
        limits: checked.limits,
        retention: checked.retention,
        evidence_folder: path(shape.evidence_folder),
        warnings: parts.warnings,
        document: parts.document,
        inventory: parts.inventory,
    }
}

/// Settings that must not be taken away: `listen: null` says nothing.
fn demand(document: &Document, faults: &mut Vec<Diagnostic>) {
    for name in ["listen", "store", "playbooks"] {
        let at = format!("/{name}");
        if document.value.pointer(&at).is_none_or(Value::is_null) {
            let message = format!("the setting `{name}` can't be none");
            faults.push(document.error(&at, codes::MISSING_SETTING, message).hint("remove the line for the default"));
        }
    }
}

/// The faults by place, each once: two checks may find the same secret.
fn sorted(mut faults: Vec<Diagnostic>) -> Vec<Diagnostic> {
    faults.sort_by(|left, right| (&left.file, left.span, left.code).cmp(&(&right.file, right.span, right.code)));
    faults.dedup_by(|right, left| {
        right.span.is_some() && (&right.file, right.span, right.code) == (&left.file, left.span, left.code)
    });
    faults
}

#[cfg(test)]
mod tests;
