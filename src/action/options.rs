//! What an operator writes about connections and actions.
//!
//! Plain structs without flattening or untagged choices, so that a fault in the file keeps its place. Secrets are only ever
//! references. Whether the parts fit together is checked when the registry is built.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;
use url::Url;

use crate::client::{SecretReference, parse_duration};

/// One configured endpoint of a connector.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionOptions {
    /// The connector, such as `oauth`; `http` for the connections of `http.call`.
    pub connector: String,
    /// Where it is. A path in it stands before the paths of all requests.
    #[serde(default)]
    pub base_url: Option<Url>,
    /// How Standdown shows who it is.
    #[serde(default)]
    pub auth: Option<AuthOptions>,
    /// PEM file of the only authorities that are trusted.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// Headers of every request: text, or `{$secret: "env:NAME"}`.
    #[serde(default)]
    pub headers: BTreeMap<String, Value>,
    /// The private networks that this connection may reach.
    #[serde(default)]
    pub networks: Vec<IpNet>,
    /// A Unix socket to speak through.
    #[serde(default)]
    pub unix_socket: Option<PathBuf>,
    /// The longest time for one exchange, if shorter than the step's.
    #[serde(default, deserialize_with = "optional_duration")]
    pub timeout: Option<Duration>,
    /// What the connector lets an operator set, such as `revocation_path`.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
}

impl ConnectionOptions {
    /// A connection of that connector with nothing else said.
    #[must_use]
    pub fn new(connector: &str) -> Self {
        Self {
            connector: connector.to_owned(),
            base_url: None,
            auth: None,
            ca: None,
            headers: BTreeMap::new(),
            networks: Vec::new(),
            unix_socket: None,
            timeout: None,
            settings: BTreeMap::new(),
        }
    }
}

/// How Standdown shows who it is. Exactly one is given.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthOptions {
    /// `Authorization: Bearer` (RFC 6750).
    #[serde(default)]
    pub bearer: Option<SecretReference>,
    /// `Authorization: Basic` (RFC 7617).
    #[serde(default)]
    pub basic: Option<BasicOptions>,
    /// Another header.
    #[serde(default)]
    pub header: Option<HeaderOptions>,
}

/// A user name and a password.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BasicOptions {
    /// The user name; no secret.
    pub username: String,
    /// Where the password is.
    pub password: SecretReference,
}

/// A header that holds a secret.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderOptions {
    /// Its name. May be left out where the connector names it.
    #[serde(default)]
    pub name: Option<String>,
    /// Where its value is.
    pub value: SecretReference,
}

/// What an operator can say about actions as such.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ActionOptions {
    /// Where evidence goes that is too large for a run's state: an existing folder that only the daemon may read.
    pub evidence_folder: Option<PathBuf>,
}

fn optional_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| parse_duration(&text).map_err(de::Error::custom)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_read_with_its_secrets_as_references() {
        let options: ConnectionOptions = serde_yaml::from_str(
            "connector: oauth\nbase_url: https://idp.example/\nauth: {basic: {username: standdown, password: env:IDP}}\n\
             timeout: 5s\nsettings: {revocation_path: /revoke}\n",
        )
        .unwrap();
        assert_eq!(options.timeout, Some(Duration::from_secs(5)));
        assert_eq!(options.auth.unwrap().basic.unwrap().password.as_str(), "env:IDP");
    }

    #[test]
    fn an_unknown_key_or_a_secret_in_clear_is_refused_without_repeating_it() {
        assert!(serde_yaml::from_str::<ConnectionOptions>("connector: oauth\nbase: x\n").is_err());
        let error = serde_json::from_str::<AuthOptions>(r#"{"bearer": "hunter2"}"#).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
