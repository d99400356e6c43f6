//! The shapes of a configuration file, as serde reads them.
//!
//! Every setting is optional here: what is left out was filled from the defaults before, and what is faulty was taken
//! out, so that the checks can go on and find the rest. What must be there is demanded when the configuration is made.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::settings::{Channels, GateOptions, LimitOptions, LogOptions, RetentionOptions};
use crate::action::ConnectionOptions;
use crate::client::SecretReference;
use crate::domain::directory::Principal;
use crate::domain::names::{ConnectionName, GroupName, PersonId, SourceId};
use crate::source::SourceOptions;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Shape {
    pub(super) listen: Option<String>,
    pub(super) public_url: Option<String>,
    pub(super) socket: Option<String>,
    pub(super) store: Option<String>,
    pub(super) store_password: Option<SecretReference>,
    pub(super) playbooks: Option<String>,
    /// Read by the language of playbooks, with its own faults.
    pub(super) approvals: IgnoredAny,
    /// Likewise.
    pub(super) default_approval: IgnoredAny,
    pub(super) agents: Option<String>,
    pub(super) protected: Vec<String>,
    pub(super) log: Option<LogOptions>,
    pub(super) people: BTreeMap<PersonId, PersonShape>,
    pub(super) groups: BTreeMap<GroupName, Vec<String>>,
    pub(super) fallback_owner: Vec<Principal>,
    pub(super) sources: BTreeMap<SourceId, SourceOptions>,
    pub(super) connections: BTreeMap<ConnectionName, ConnectionOptions>,
    pub(super) channels: Channels,
    pub(super) gate: Option<GateOptions>,
    pub(super) limits: Option<LimitOptions>,
    pub(super) retention: Option<RetentionOptions>,
    pub(super) evidence_folder: Option<String>,
}

/// A person.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonShape {
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
    pub(super) token: Option<String>,
    pub(super) uid: Option<u32>,
    pub(super) webhook: Option<String>,
}
