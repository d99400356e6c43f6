//! `http.call`: one HTTP request as the step describes it.
//!
//! For what no connector covers. The step itself says how strong the call is and what may be done after a crash, because
//! nothing here can know. With a connection its credentials go along, and then only to below its base URL.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use serde_json::{Map, Value};
use url::Url;

use super::connection::Connection;
use super::exchange::{Content, Message, make_change};
use super::parameters::{checked, scalar_text};
use super::port::{Action, Pending, Prepared, Sight, Task, not_sent, refused};
use super::registry::Connections;
use super::rules::{Rules, SUCCESS, environment};
use super::{location, parameters};
use crate::domain::event::CallOutcome;
use crate::domain::{ActionName, Digest, NameError, Protection};
use crate::language::Expression;
use crate::playbook::{ActionKind, ActionSpec, ParameterSpec, ParameterType};

/// The connector whose connections `http.call` uses.
pub const CONNECTOR: &str = "http";
/// What a connection of it is to.
pub const CONNECTION_HELP: &str = "any HTTP API, for http.call";

const NAME: &str = "http.call";
/// How many conditions are kept compiled.
const CONDITIONS_MAX: u64 = 256;
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// The action.
pub struct HttpCall {
    spec: ActionSpec,
    connections: Arc<Connections>,
    /// Conditions by their text: compiling one takes longer than the rest of a call.
    conditions: Cache<String, Expression>,
}

/// What it is.
pub fn spec() -> Result<ActionSpec, NameError> {
    use ParameterType::{Any, Map, String};
    let parameters = [
        ("method", String, true, "GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS"),
        ("url", String, true, "an absolute URL, or a path below the connection's base URL"),
        ("connection", String, false, "a connection of the connector `http`: its address, credentials and networks"),
        ("headers", Map, false, "headers: text or references to secrets"),
        ("json", Any, false, "the body as JSON"),
        ("form", Map, false, "the body as form fields"),
        ("body", String, false, "the body as text"),
        ("success", String, false, "CEL over status, headers and body: accepted; else any 2xx"),
        ("refused", String, false, "CEL over status, headers and body: certainly nothing was done"),
    ];
    let parameters = parameters.into_iter().map(|(name, kind, required, help)| {
        let values = if name == "method" { METHODS.map(str::to_owned).to_vec() } else { Vec::new() };
        (name.to_owned(), ParameterSpec { kind, required, values, help: help.to_owned() })
    });
    Ok(ActionSpec {
        name: ActionName::parse(NAME)?,
        kind: ActionKind::External,
        parameters: parameters.collect::<BTreeMap<_, _>>(),
        connector: None,
        impact: None,
        protection: Protection::None,
        prepares: false,
        proves: false,
        prove_within: Duration::ZERO,
        undoable: false,
        timeout: Duration::from_secs(10),
        digest: Digest::of(b"http.call 1"),
        help: "send one HTTP request; the step says how strong it is".to_owned(),
    })
}

impl HttpCall {
    /// The action with the connections that it may use.
    pub fn new(spec: ActionSpec, connections: Arc<Connections>) -> Self {
        Self { spec, connections, conditions: Cache::new(CONDITIONS_MAX) }
    }

    fn message(&self, task: &Task<'_>) -> Result<(&Connection, Message, Rules), String> {
        let given = checked(&self.spec, &task.call.parameters)?;
        let text = |name: &str| given.get(name).and_then(Value::as_str);
        let connection = match text("connection") {
            Some(name) => self.connections.get(CONNECTOR, name)?,
            None => self.connections.plain(),
        };
        let method = text("method").unwrap_or_default().to_owned();
        let reads = matches!(method.as_str(), "GET" | "HEAD" | "OPTIONS");
        let message = Message {
            url: target(connection, text("url").unwrap_or_default())?,
            headers: headers(given)?,
            bearer: None,
            content: content(given)?,
            authenticate: true,
            key: (!reads).then(|| task.call.key.clone()),
            method,
        };
        Ok((connection, message, self.rules(text("success"), text("refused"))?))
    }

    fn rules(&self, success: Option<&str>, refused: Option<&str>) -> Result<Rules, String> {
        let refused = refused.map(|source| self.condition("refused", source)).transpose()?;
        let success = self.condition("success", success.unwrap_or(SUCCESS))?;
        Ok(Rules { success, already_done: None, refused, retry: None })
    }

    fn condition(&self, name: &str, source: &str) -> Result<Expression, String> {
        if let Some(compiled) = self.conditions.get(source) {
            return Ok(compiled);
        }
        let compiled = Expression::compile_bool(source, &environment()).map_err(|faults| {
            let fault = faults.first().map(|fault| fault.message.clone()).unwrap_or_default();
            format!("`{name}` is no condition over status, headers and body: {fault}")
        })?;
        self.conditions.insert(source.to_owned(), compiled.clone());
        Ok(compiled)
    }
}

/// The URL, which with a connection must be below its base.
fn target(connection: &Connection, text: &str) -> Result<Url, String> {
    match &connection.base_url {
        Some(base) if text.starts_with('/') => location::join(base, text),
        Some(base) => {
            let url = Url::parse(text).map_err(|error| format!("`url` is no URL: {error}"))?;
            let below = location::is_below(base, &url);
            below.then_some(url).ok_or_else(|| "`url` is not below the connection's base URL".to_owned())
        }
        None => Url::parse(text).map_err(|error| format!("`url` is no URL: {error}")),
    }
}

fn headers(given: &Map<String, Value>) -> Result<Vec<(String, Value)>, String> {
    let headers = given.get("headers").and_then(Value::as_object).into_iter().flatten();
    headers
        .map(|(name, value)| {
            let sendable = scalar_text(value).is_some() || crate::client::is_secret_value(value).is_some();
            let pair = (name.clone(), value.clone());
            sendable.then_some(pair).ok_or_else(|| format!("the header `{}` must be text", name.escape_debug()))
        })
        .collect()
}

fn content(given: &Map<String, Value>) -> Result<Option<Content>, String> {
    let value = |name: &str| given.get(name).filter(|value| !value.is_null());
    match (value("json"), value("form"), value("body")) {
        (None, None, None) => Ok(None),
        (Some(json), None, None) => Ok(Some(Content::Json(json.clone()))),
        (None, Some(form), None) => {
            let fields = form.as_object().into_iter().flatten();
            Ok(Some(Content::Form(fields.map(|(name, value)| (name.clone(), value.clone())).collect())))
        }
        (None, None, Some(body)) => Ok(parameters::scalar_text(body).map(Content::Text)),
        _ => Err("only one of `json`, `form` and `body` can be sent".to_owned()),
    }
}

impl Action for HttpCall {
    fn spec(&self) -> &ActionSpec {
        &self.spec
    }

    fn prepare<'a>(&'a self, _: Task<'a>) -> Pending<'a, Result<Prepared, String>> {
        Box::pin(async { Ok(Prepared::default()) })
    }

    fn send<'a>(&'a self, task: Task<'a>) -> Pending<'a, CallOutcome> {
        Box::pin(async move {
            if !task.is_do() {
                return refused("`http.call` can't be undone; write a step of its own that takes it back");
            }
            match self.message(&task) {
                Ok((connection, message, rules)) => {
                    rules.outcome(make_change(connection, message, &task).await, task.now())
                }
                Err(reason) => not_sent(reason),
            }
        })
    }

    fn look<'a>(&'a self, _: Task<'a>) -> Pending<'a, Sight> {
        Box::pin(async { Sight::blind("`http.call` has no probe; nothing shows its effect") })
    }
}

#[cfg(test)]
mod tests;
