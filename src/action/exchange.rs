//! One exchange with a target: secrets put in, sent once, the answer taken with what must be redacted from it.
//!
//! A [`Message`] holds references to secrets, never values; those exist between here and the client only.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::answer::Answer;
use super::connection::Connection;
use super::parameters::scalar_text;
use super::port::Task;
use crate::client::{Body, Redactor, Request, SendError, refusal_under, reveal};

/// The content of a message.
pub enum Content {
    /// JSON, with secrets as references.
    Json(Value),
    /// Form fields: text, numbers, booleans or references to secrets.
    Form(Vec<(String, Value)>),
    /// Text of any type.
    Text(String),
}

/// What is to be sent.
pub struct Message {
    /// The method in capitals.
    pub method: String,
    /// Where to.
    pub url: Url,
    /// Headers: text or references to secrets.
    pub headers: Vec<(String, Value)>,
    /// A credential of the victim's own, sent as a bearer token.
    pub bearer: Option<Value>,
    /// The content.
    pub content: Option<Content>,
    /// Whether the connection's credentials go along.
    pub authenticate: bool,
    /// The idempotency key, for whatever is no read.
    pub key: Option<String>,
}

/// The header that carries the idempotency key.
const KEY_HEADER: &str = "Idempotency-Key";

/// Sends the message once and reads the answer, within `limit` or the connection's own timeout.
pub async fn exchange(connection: &Connection, message: Message, limit: Duration) -> Result<Answer, SendError> {
    send(connection, message, limit, false).await
}

/// Makes the change that a task asks for: over a connection that is open already where the call may be sent again.
pub async fn make_change(connection: &Connection, message: Message, task: &Task<'_>) -> Result<Answer, SendError> {
    send(connection, message, task.remaining(), task.call.may_be_sent_again()).await
}

async fn send(
    connection: &Connection,
    message: Message,
    limit: Duration,
    repeatable: bool,
) -> Result<Answer, SendError> {
    let mut known = Vec::new();
    let request = assemble(connection, message, &mut known).map_err(SendError::NotSent)?;
    let limit = connection.timeout.map_or(limit, |own| own.min(limit));
    let redactor = Redactor::new(&known);
    let request = Request { timeout: Some(limit), ..request };
    let sent = if repeatable {
        connection.client.send_repeatable(request).await
    } else {
        connection.client.send(request).await
    };
    match sent {
        Ok(response) => Ok(Answer::new(response, redactor)),
        Err(SendError::NotSent(reason)) => Err(SendError::NotSent(redactor.text(&named(connection, &reason)))),
        Err(SendError::Ambiguous(reason)) => Err(SendError::Ambiguous(redactor.text(&reason))),
    }
}

/// Why nothing was sent; a refused address with the connection whose `networks` would let it through.
fn named(connection: &Connection, reason: &str) -> String {
    match &connection.name {
        Some(name) => refusal_under(reason, &format!("connections.{name}")),
        None => refusal_under(reason, "a connection of the connector `http` and name it in the step"),
    }
}

/// What failed, without the client's introduction.
pub fn reason(error: SendError) -> String {
    match error {
        SendError::NotSent(reason) | SendError::Ambiguous(reason) => reason,
    }
}

fn assemble(connection: &Connection, message: Message, known: &mut Vec<SecretString>) -> Result<Request, String> {
    let mut headers = Vec::new();
    if message.authenticate
        && let Some(auth) = &connection.auth
    {
        let header = auth.header(connection.secrets.as_ref())?;
        known.extend(header.secrets);
        headers.push((header.name, header.value));
    }
    for reference in &connection.header_secrets {
        known.push(connection.secrets.resolve(reference).map_err(|error| error.to_string())?);
    }
    if let Some(token) = &message.bearer {
        let token = revealed_text(connection, "bearer", token, known)?;
        headers.push(("Authorization".to_owned(), SecretString::from(format!("Bearer {}", token.expose_secret()))));
    }
    for (name, value) in &message.headers {
        headers.push((name.clone(), revealed_text(connection, name, value, known)?));
    }
    if let Some(key) = message.key {
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case(KEY_HEADER));
        headers.push((KEY_HEADER.to_owned(), SecretString::from(key)));
    }
    let body = message.content.map(|content| body(connection, content, known)).transpose()?;
    Ok(Request { method: message.method, url: message.url, headers, body, timeout: None })
}

fn body(connection: &Connection, content: Content, known: &mut Vec<SecretString>) -> Result<Body, String> {
    match content {
        Content::Json(value) => {
            let revealed = reveal(&value, connection.secrets.as_ref()).map_err(|error| error.to_string())?;
            known.extend(revealed.secrets);
            Ok(Body::Json(revealed.value))
        }
        Content::Form(fields) => fields
            .into_iter()
            .map(|(name, value)| Ok((name.clone(), revealed_text(connection, &name, &value, known)?)))
            .collect::<Result<_, String>>()
            .map(Body::Form),
        Content::Text(text) => {
            Ok(Body::Raw { content_type: "text/plain; charset=utf-8".to_owned(), bytes: text.into_bytes() })
        }
    }
}

/// A header or field as text, its secret put in.
fn revealed_text(
    connection: &Connection,
    name: &str,
    value: &Value,
    known: &mut Vec<SecretString>,
) -> Result<SecretString, String> {
    let revealed = reveal(value, connection.secrets.as_ref()).map_err(|error| error.to_string())?;
    known.extend(revealed.secrets);
    let text = scalar_text(&revealed.value);
    text.map(SecretString::from).ok_or_else(|| format!("`{}` must be text, a number or a boolean", name.escape_debug()))
}
