//! The shapes of a connector file, as serde reads them. Nothing is checked here but names and types of fields.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::example::Example;
use crate::domain::{Impact, Protection};

/// A file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawConnector {
    pub connector: String,
    pub help: String,
    #[serde(default)]
    pub connection: RawConnection,
    pub actions: BTreeMap<String, RawAction>,
}

/// What its connections need.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawConnection {
    pub base_url: Option<RawDefault>,
    pub auth: RawAuth,
    pub settings: BTreeMap<String, RawDefault>,
}

/// A text that an operator may replace.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawDefault {
    pub default: String,
    #[serde(default)]
    pub help: String,
}

/// What is known of the credentials.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawAuth {
    pub required: bool,
    pub header: Option<String>,
    pub form_encoded: bool,
}

/// One action.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawAction {
    pub help: String,
    pub effect: RawEffect,
    /// `name: type`, or `name: {type, required, values, default, help}`.
    #[serde(default)]
    pub params: BTreeMap<String, Value>,
    pub protection: Protection,
    pub impact: Impact,
    #[serde(default)]
    pub snapshot: Option<RawSnapshot>,
    pub request: RawRequest,
    #[serde(default)]
    pub success: Option<String>,
    #[serde(default)]
    pub already_done: Option<String>,
    #[serde(default)]
    pub refused: Option<String>,
    #[serde(default)]
    pub retry: Option<String>,
    #[serde(default)]
    pub verify: Option<RawVerify>,
    #[serde(default)]
    pub undo: Option<RawRequest>,
    #[serde(default)]
    pub timeout: Option<String>,
    pub example: Example,
}

/// What an action does to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawEffect {
    pub class: EffectClass,
    pub reversible: bool,
    pub scope: EffectScope,
}

/// What kind of thing is taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectClass {
    /// Nothing: it only reads.
    Read,
    /// Where an agent runs.
    Compute,
    /// What it is.
    Identity,
    /// What it is signed in to.
    Sessions,
    /// What it signs in with.
    Secrets,
}

/// Whom it meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectScope {
    /// One credential.
    Credential,
    /// One identity.
    Identity,
    /// One workload.
    Workload,
    /// Everything in a system.
    System,
}

/// The state that undo restores.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawSnapshot {
    /// The path that is read.
    pub get: String,
    /// CEL: the value to keep of the answer.
    pub keep: String,
    /// What `keep` gives once the action has been applied. An undo is refused if it finds anything else.
    #[serde(default)]
    pub left: Option<Value>,
}

/// One request. Exactly one method has a path.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawRequest {
    pub get: Option<String>,
    pub post: Option<String>,
    pub put: Option<String>,
    pub patch: Option<String>,
    pub delete: Option<String>,
    pub query: BTreeMap<String, Value>,
    pub headers: BTreeMap<String, Value>,
    pub bearer: Option<String>,
    pub json: Option<Value>,
    pub form: Option<BTreeMap<String, Value>>,
}

/// How the effect is looked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawVerify {
    #[serde(rename = "as")]
    pub witness: Witness,
    pub request: RawRequest,
    pub before: String,
    pub after: String,
    #[serde(default)]
    pub consecutive: Option<u32>,
    #[serde(default)]
    pub every: Option<String>,
    #[serde(default)]
    pub within: Option<String>,
}

/// Whose eyes a probe looks with, from the best witness to the weakest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Witness {
    /// The contained credential itself, on a read-only path.
    Victim,
    /// The issuer, asked about the credential.
    Introspection,
    /// The administrative state, which may differ from what is enforced.
    Admin,
}

impl Witness {
    /// The word in a detail.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Victim => "the credential itself",
            Self::Introspection => "introspection",
            Self::Admin => "the administrative state",
        }
    }
}
