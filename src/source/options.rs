//! What a source says of itself in the configuration: plain shapes, read by serde, checked when a source is compiled.
//!
//! The shapes have no flattened, tagged or untagged parts, because a fault must have its exact place. Secrets stand here
//! as references only.

mod map;
mod secret_list;
mod short_form;

pub use map::{
    AgentOptions, CredentialOptions, FieldsOptions, MapOptions, PrincipalOptions, SeverityOptions, StatusOptions,
};
pub use secret_list::SecretList;

use crate::domain::Trust;
use serde::Deserialize;

/// A source in the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceOptions {
    /// The name of an embedded mapping.
    pub preset: Option<String>,
    /// How deliveries prove who sent them.
    #[serde(default)]
    pub auth: AuthOptions,
    /// The strongest thing that an alert may cause without a person; `notify` when left out.
    #[serde(default)]
    pub trust: Trust,
    /// The mapping; with a preset, the fields given here replace those of the preset.
    pub map: Option<MapOptions>,
    /// The largest body, in bytes; 1 MiB when left out.
    pub body_bytes_max: Option<usize>,
    /// Whether a delivery without an id is refused.
    #[serde(default)]
    pub require_delivery_id: bool,
    /// The status code of a delivery that was taken; 202 when left out.
    pub answer: Option<u16>,
}

/// How deliveries prove who sent them: exactly one of these.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthOptions {
    /// `Authorization: Bearer` with one of these tokens (RFC 6750).
    pub bearer: Option<SecretList>,
    /// `Authorization: Basic` with a user and one of these passwords (RFC 7617).
    pub basic: Option<BasicOptions>,
    /// A signature over the body.
    pub hmac: Option<HmacOptions>,
}

/// A user name and its passwords.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BasicOptions {
    /// The user name, without a colon.
    pub user: String,
    /// The passwords; several while one is being replaced by another.
    pub passwords: SecretList,
}

/// A signature scheme and its keys.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HmacOptions {
    /// The scheme's name, such as `standard-webhooks`.
    pub preset: String,
    /// The keys; several while one is being replaced by another.
    pub secrets: SecretList,
    /// How far the signed time may be from the time of receipt, both ways, as in `5m`; 300 s when left out.
    pub tolerance: Option<String>,
}
