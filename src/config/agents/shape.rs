//! The shape of an agent in a file, and the entry that it makes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::Value;

use crate::client::SecretReference;
use crate::config::{codes, pointer};
use crate::domain::agent::{Agent, Credential, Handle, Tier};
use crate::domain::digest::Digest;
use crate::domain::directory::Principal;
use crate::domain::names::{AgentId, ConnectionName};

/// An agent as a file writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AgentShape {
    pub(super) id: AgentId,
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) aliases: Vec<String>,
    #[serde(default)]
    pub(super) owner: Option<Principal>,
    #[serde(default)]
    deployed_by: Option<String>,
    #[serde(default)]
    tier: Option<Tier>,
    #[serde(default)]
    environment: Option<String>,
    #[serde(default)]
    systems: Vec<String>,
    #[serde(default)]
    depends_on: Vec<String>,
    #[serde(default)]
    pub(super) children: Vec<AgentId>,
    #[serde(default)]
    pub(super) handles: BTreeMap<String, BTreeMap<String, Value>>,
    #[serde(default)]
    credentials: BTreeMap<String, CredentialShape>,
    #[serde(default)]
    gated: bool,
    #[serde(default)]
    protected: bool,
    #[serde(default)]
    reviewed_at: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CredentialShape {
    #[serde(default, rename = "ref")]
    reference: Option<SecretReference>,
    #[serde(default)]
    hash: Option<String>,
}

/// A fault of an entry: the pointer below the entry, the code and the message.
pub(super) type EntryFault = (String, &'static str, String);

impl AgentShape {
    /// The entry, or the first of its values that can't be one.
    pub(super) fn into_agent(self) -> Result<Agent, EntryFault> {
        let mut handles = BTreeMap::new();
        for (connector, fields) in &self.handles {
            handles.insert(connector.clone(), handle(connector, fields)?);
        }
        let mut credentials = BTreeMap::new();
        for (name, shape) in self.credentials {
            let hash = shape.hash.map(|hash| checked_hash(&name, hash)).transpose()?;
            let reference = shape.reference.map(|reference| reference.to_string());
            credentials.insert(name, Credential { reference, hash });
        }
        Ok(Agent {
            name: self.name.unwrap_or_else(|| self.id.to_string()),
            id: self.id,
            known: true,
            aliases: self.aliases,
            owner: self.owner,
            deployed_by: self.deployed_by,
            tier: self.tier.unwrap_or(Tier::Unknown),
            environment: self.environment,
            systems: self.systems,
            depends_on: self.depends_on,
            children: self.children,
            handles,
            credentials,
            gated: self.gated,
            protected: self.protected,
            reviewed_at: self.reviewed_at.as_deref().map(reviewed_at).transpose()?,
        })
    }
}

fn handle(connector: &str, fields: &BTreeMap<String, Value>) -> Result<Handle, EntryFault> {
    let at = pointer::child("/handles", connector);
    let Some(connection) = fields.get("connection") else {
        let message = "the handle does not say which connection reaches the system: add `connection:`";
        return Err((at, codes::MISSING_SETTING, message.to_owned()));
    };
    let connection = connection.as_str().unwrap_or_default();
    let connection = ConnectionName::parse(connection)
        .map_err(|error| (pointer::child(&at, "connection"), codes::WRONG_VALUE, error.to_string()))?;
    let mut references = BTreeMap::new();
    for (name, value) in fields.iter().filter(|(name, _)| *name != "connection") {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                let message = "a reference is text or a number".to_owned();
                return Err((pointer::child(&at, name), codes::WRONG_VALUE, message));
            }
        };
        references.insert(name.clone(), text);
    }
    Ok(Handle { connection, references })
}

fn checked_hash(name: &str, hash: String) -> Result<String, EntryFault> {
    let digits = hash.strip_prefix("hmac-sha256:").or_else(|| hash.strip_prefix("sha256:"));
    if digits.is_some_and(|digits| digits.parse::<Digest>().is_ok()) {
        return Ok(hash);
    }
    let at = pointer::child(&pointer::child("/credentials", name), "hash");
    let message = "a credential stands here as hmac-sha256: or sha256: and 64 hexadecimal digits, never itself (the text \
                   is withheld)";
    Err((at, codes::LITERAL_SECRET, message.to_owned()))
}

fn reviewed_at(text: &str) -> Result<Timestamp, EntryFault> {
    let day = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    text.parse::<Timestamp>().ok().or_else(day).ok_or_else(|| {
        let message = "this is no time: write a day as 2026-11-01, or 2026-11-01T09:00:00Z".to_owned();
        ("/reviewed_at".to_owned(), codes::WRONG_VALUE, message)
    })
}
