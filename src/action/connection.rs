//! A configured endpoint, ready to be called: its client, its base URL, its credentials and its settings.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::auth::Auth;
use super::error::BuildError;
use super::options::ConnectionOptions;
use crate::client::{ClientOptions, GuardedClient, SecretReference, Secrets, is_secret_value};
use crate::domain::ConnectionName;

/// What a connector says of its connections.
#[derive(Clone, Debug, Default)]
pub struct ConnectionSpec {
    /// One line for people on what it is a connection to.
    pub help: String,
    /// Where its API is, if that is the same for everybody.
    pub base_url: Option<Url>,
    /// Whether a connection must have credentials.
    pub auth_required: bool,
    /// The header that carries its secret, if it is not `Authorization`.
    pub auth_header: Option<String>,
    /// Whether Basic credentials are form-encoded first (RFC 6749, section 2.3.1).
    pub form_encoded: bool,
    /// What an operator may set.
    pub settings: BTreeMap<String, SettingSpec>,
}

/// One thing that an operator may set.
#[derive(Clone, Debug)]
pub struct SettingSpec {
    /// What it is otherwise.
    pub default: String,
    /// One line for people.
    pub help: String,
}

/// A configured endpoint. Cloning it is cheap enough for a call.
#[derive(Clone)]
pub struct Connection {
    /// What the configuration calls it; `None` only for calls without a connection.
    pub name: Option<ConnectionName>,
    /// The connector that it belongs to.
    pub connector: String,
    /// Where it is; `None` only for calls without a connection.
    pub base_url: Option<Url>,
    /// Its settings, defaults filled in.
    pub settings: BTreeMap<String, String>,
    /// The longest time for one exchange.
    pub timeout: Option<Duration>,
    /// How it shows who Standdown is.
    pub auth: Option<Auth>,
    /// Secrets in the headers of every request.
    pub header_secrets: Vec<SecretReference>,
    /// The client.
    pub client: GuardedClient,
    /// Where secrets are resolved.
    pub secrets: Arc<dyn Secrets>,
}

impl Connection {
    /// A connection from its options. Every fault of them is reported.
    pub fn build(
        name: &ConnectionName,
        options: &ConnectionOptions,
        spec: &ConnectionSpec,
        secrets: &Arc<dyn Secrets>,
    ) -> Result<Self, Vec<BuildError>> {
        let mut faults = Vec::new();
        let base_url = base_url(name, options, spec).map_err(|fault| faults.push(fault)).ok();
        let auth = auth(name, options, spec).map_err(|fault| faults.push(fault)).ok().flatten();
        let settings = settings(name, options, spec, &mut faults);
        let client = client(options, secrets)
            .map_err(|source| faults.push(BuildError::Client { connection: name.clone(), source }))
            .ok();
        match client {
            Some(client) if faults.is_empty() => Ok(Self {
                name: Some(name.clone()),
                connector: options.connector.clone(),
                base_url,
                settings,
                timeout: options.timeout,
                auth,
                header_secrets: options.headers.values().filter_map(is_secret_value).collect(),
                client,
                secrets: Arc::clone(secrets),
            }),
            _ => Err(faults),
        }
    }

    /// What serves a call that names no connection: public addresses only, no credentials.
    pub fn plain(secrets: Arc<dyn Secrets>) -> Result<Self, BuildError> {
        let options = ConnectionOptions::new("http");
        Ok(Self {
            client: client(&options, &secrets).map_err(BuildError::Plain)?,
            name: None,
            connector: options.connector,
            base_url: None,
            settings: BTreeMap::new(),
            timeout: None,
            auth: None,
            header_secrets: Vec::new(),
            secrets,
        })
    }

    /// The settings as templates see them.
    pub fn values(&self) -> Value {
        self.settings.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect()
    }
}

fn client(options: &ConnectionOptions, secrets: &Arc<dyn Secrets>) -> Result<GuardedClient, crate::client::BuildError> {
    let options = ClientOptions {
        ca: options.ca.clone(),
        unix_socket: options.unix_socket.clone(),
        networks: options.networks.clone(),
        headers: options.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        ..ClientOptions::default()
    };
    GuardedClient::build_with(&options, Arc::clone(secrets))
}

fn base_url(name: &ConnectionName, options: &ConnectionOptions, spec: &ConnectionSpec) -> Result<Url, BuildError> {
    let fault = |reason| BuildError::BaseUrl { connection: name.clone(), reason };
    let url = options.base_url.as_ref().or(spec.base_url.as_ref());
    let url = url.ok_or_else(|| BuildError::NoBaseUrl { connection: name.clone() })?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(fault("must begin with https:// (or http:// for an address in `networks`)"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(fault("holds credentials; move them to `auth`"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(fault("has a query or a fragment; remove it"));
    }
    Ok(url.clone())
}

fn auth(name: &ConnectionName, options: &ConnectionOptions, spec: &ConnectionSpec) -> Result<Option<Auth>, BuildError> {
    let fault = |reason| BuildError::Auth { connection: name.clone(), reason };
    match &options.auth {
        Some(auth) => Auth::new(auth, spec.auth_header.as_deref(), spec.form_encoded).map(Some).map_err(fault),
        None if spec.auth_required => Err(fault(format!("is missing; `{}` needs credentials", options.connector))),
        None => Ok(None),
    }
}

fn settings(
    name: &ConnectionName,
    options: &ConnectionOptions,
    spec: &ConnectionSpec,
    faults: &mut Vec<BuildError>,
) -> BTreeMap<String, String> {
    let mut fault = |setting: &str, reason: String| {
        faults.push(BuildError::Setting { connection: name.clone(), setting: setting.to_owned(), reason });
    };
    let mut settings: BTreeMap<String, String> =
        spec.settings.iter().map(|(setting, spec)| (setting.clone(), spec.default.clone())).collect();
    for (setting, value) in &options.settings {
        if !spec.settings.contains_key(setting) {
            let known = spec.settings.iter().map(|(known, spec)| format!("`{known}` ({})", spec.help));
            let known = known.collect::<Vec<_>>().join(", ");
            fault(setting, format!("does not exist; `{}` has: {known}", options.connector));
        } else if setting.ends_with("_path") && !value.starts_with('/') {
            fault(setting, "must be a path that begins with a slash".to_owned());
        } else {
            settings.insert(setting.clone(), value.clone());
        }
    }
    settings
}
