//! All actions by name, with the connections that they use.
//!
//! The one place where actions are listed. A primitive is one line here; a connector's actions come from its file. What
//! actions exist does not depend on the configuration, so that a playbook can be checked on any machine.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::connection::{Connection, ConnectionSpec};
use super::connector::{self, ConnectorAction};
use super::error::BuildError;
use super::evidence::{self, EvidenceCapture};
use super::help::{self, ConnectorHelp};
use super::http_call::{self, HttpCall};
use super::options::{ActionOptions, ConnectionOptions};
use super::perform;
use super::port::Action;
use super::process::{self, ProcessSignal};
use crate::client::Secrets;
use crate::clock::Clock;
use crate::domain::ConnectionName;
use crate::language::Diagnostic;
use crate::machine::{Call, CallResult};
use crate::playbook::{ActionSpec, Catalogue};

/// The configured connections, as actions find them.
pub struct Connections {
    named: BTreeMap<ConnectionName, Connection>,
    plain: Connection,
}

impl Connections {
    /// Those of a configuration, and what serves calls without one.
    pub const fn new(named: BTreeMap<ConnectionName, Connection>, plain: Connection) -> Self {
        Self { named, plain }
    }

    /// The connection of that name, if it belongs to that connector.
    pub fn get(&self, connector: &str, name: &str) -> Result<&Connection, String> {
        let connection = self.named.get(name);
        let connection = connection
            .ok_or_else(|| format!("there is no connection `{}`; add it to `connections`", name.escape_debug()))?;
        if connection.connector != connector {
            let found = &connection.connector;
            return Err(format!("the connection `{name}` is one of `{found}`, and `{connector}` is needed"));
        }
        Ok(connection)
    }

    /// What serves a call that names no connection.
    pub const fn plain(&self) -> &Connection {
        &self.plain
    }
}

struct Inner {
    actions: BTreeMap<String, Box<dyn Action>>,
    connections: Arc<Connections>,
}

/// Every action that this process can perform. Cloning it is cheap.
#[derive(Clone)]
pub struct Registry(Arc<Inner>);

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("actions", &self.0.actions.keys()).finish_non_exhaustive()
    }
}

impl Registry {
    /// The registry for these connections. Every fault of every connection is reported at once.
    pub fn build(
        connections: &BTreeMap<ConnectionName, ConnectionOptions>,
        options: &ActionOptions,
        secrets: Arc<dyn Secrets>,
    ) -> Result<Self, Vec<BuildError>> {
        let connectors = connector::embedded().as_ref().map_err(|faults| broken(faults))?;
        let mut specs: BTreeMap<&str, ConnectionSpec> =
            connectors.iter().map(|connector| (connector.name.as_str(), connector.connection.clone())).collect();
        let http = ConnectionSpec { help: http_call::CONNECTION_HELP.to_owned(), ..ConnectionSpec::default() };
        specs.insert(http_call::CONNECTOR, http);
        let connections = Arc::new(connect(connections, &specs, secrets)?);

        let mut actions: BTreeMap<String, Box<dyn Action>> = BTreeMap::new();
        let mut add = |action: Box<dyn Action>| actions.insert(action.spec().name.to_string(), action);
        for spec in primitives() {
            match spec.name.as_str() {
                "http.call" => add(Box::new(HttpCall::new(spec, Arc::clone(&connections)))),
                "evidence.capture" => add(Box::new(EvidenceCapture::new(spec, options.evidence_folder.clone()))),
                _ => process::Verb::of(&spec).and_then(|verb| add(Box::new(ProcessSignal::new(spec, verb)))),
            };
        }
        for action in connectors.iter().flat_map(|connector| &connector.actions) {
            add(Box::new(ConnectorAction::new(Arc::clone(action), Arc::clone(&connections))));
        }
        Ok(Self(Arc::new(Inner { actions, connections })))
    }

    /// What actions there are.
    #[must_use]
    pub fn catalogue(&self) -> Catalogue {
        Catalogue::new(self.0.actions.values().map(|action| action.spec().clone()))
    }

    /// What actions there are, without any configuration.
    #[must_use]
    pub fn catalogue_without_connections() -> Catalogue {
        let connectors = connector::embedded().as_deref().unwrap_or_default();
        let declared = connectors.iter().flat_map(|connector| &connector.actions).map(|action| action.spec.clone());
        Catalogue::new(primitives().into_iter().chain(declared))
    }

    /// The connectors that are part of the program, for people.
    #[must_use]
    pub fn connectors() -> Vec<ConnectorHelp> {
        help::connectors()
    }

    /// The name of every connection and of its connector.
    pub fn connection_names(&self) -> impl Iterator<Item = (&ConnectionName, &str)> {
        self.0.connections.named.iter().map(|(name, connection)| (name, connection.connector.as_str()))
    }

    /// Performs one phase of a call, within the call's own deadline. Whatever goes wrong is in the result.
    ///
    /// `clock` gives the times that are recorded; pauses between looks are those of the runtime.
    pub async fn perform(&self, call: &Call, clock: &dyn Clock) -> CallResult {
        match self.0.actions.get(call.action.as_str()) {
            Some(action) => perform::perform(action.as_ref(), call, clock).await,
            None => perform::unknown(call),
        }
    }
}

/// The actions in Rust.
fn primitives() -> Vec<ActionSpec> {
    let specs = [http_call::spec(), evidence::spec(), process::freeze_spec(), process::thaw_spec()];
    specs.into_iter().flatten().collect()
}

fn broken(faults: &[Diagnostic]) -> Vec<BuildError> {
    let text = |fault: &Diagnostic| {
        let place = fault.span.map(|span| format!(":{}:{}", span.line, span.column)).unwrap_or_default();
        BuildError::Connector(format!("{}{place}: {}", fault.file, fault.message))
    };
    faults.iter().map(text).collect()
}

fn connect(
    options: &BTreeMap<ConnectionName, ConnectionOptions>,
    specs: &BTreeMap<&str, ConnectionSpec>,
    secrets: Arc<dyn Secrets>,
) -> Result<Connections, Vec<BuildError>> {
    let mut named = BTreeMap::new();
    let mut faults = Vec::new();
    for (name, options) in options {
        let Some(spec) = specs.get(options.connector.as_str()) else {
            let known = specs.iter().map(|(name, spec)| format!("`{name}` ({})", spec.help));
            let known = known.collect::<Vec<_>>().join(", ");
            let connector = options.connector.clone();
            faults.push(BuildError::UnknownConnector { connection: name.clone(), connector, known });
            continue;
        };
        match Connection::build(name, options, spec, &secrets) {
            Ok(connection) => {
                named.insert(name.clone(), connection);
            }
            Err(more) => faults.extend(more),
        }
    }
    let plain = Connection::plain(secrets).map_err(|fault| faults.push(fault)).ok();
    match plain {
        Some(plain) if faults.is_empty() => Ok(Connections::new(named, plain)),
        _ => Err(faults),
    }
}

#[cfg(test)]
mod tests;
