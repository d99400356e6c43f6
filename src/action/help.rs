//! What people are told about the connectors that are part of the program.

use super::connection::ConnectionSpec;
use super::{connector, http_call};
use crate::domain::Codes;

/// The codes of this room, with their lines and their help.
pub const CODES: Codes = Codes::new(
    &[(connector::CONNECTOR_FAULT, "A connector's declaration is not one: a fault of this program.")],
    include_str!("codes.md"),
);

/// A connector, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectorHelp {
    /// Its name, such as `oauth`.
    pub name: String,
    /// One line on what it reaches.
    pub help: String,
    /// Where its API is, if that is the same for everybody.
    pub base_url: Option<String>,
    /// Whether a connection must have credentials.
    pub auth_required: bool,
    /// What an operator may set: name, default and one line.
    pub settings: Vec<(String, String, String)>,
    /// Its actions: name and one line.
    pub actions: Vec<(String, String)>,
}

/// Every connector, that of `http.call` first.
#[must_use]
pub fn connectors() -> Vec<ConnectorHelp> {
    let call = http_call::spec().map(|spec| (spec.name.to_string(), spec.help)).ok();
    let spec = ConnectionSpec { help: http_call::CONNECTION_HELP.to_owned(), ..ConnectionSpec::default() };
    let mut found = vec![one(http_call::CONNECTOR, &spec, call.into_iter().collect())];
    let embedded = connector::embedded().as_deref().unwrap_or_default();
    found.extend(embedded.iter().map(|connector| {
        let actions = connector.actions.iter().map(|action| (action.spec.name.to_string(), action.spec.help.clone()));
        one(&connector.name, &connector.connection, actions.collect())
    }));
    found
}

fn one(name: &str, spec: &ConnectionSpec, actions: Vec<(String, String)>) -> ConnectorHelp {
    let settings = spec.settings.iter();
    ConnectorHelp {
        name: name.to_owned(),
        help: spec.help.clone(),
        base_url: spec.base_url.as_ref().map(ToString::to_string),
        auth_required: spec.auth_required,
        settings: settings.map(|(name, spec)| (name.clone(), spec.default.clone(), spec.help.clone())).collect(),
        actions,
    }
}
