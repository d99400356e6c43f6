//! The configuration as the rest of the program sees it: typed, checked, and with a place for faults found later.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use url::Url;

use super::decode::{Fault, Kind};
use super::document::{Document, Layer};
use super::people::PersonCredentials;
use super::secrets;
use super::settings::{Channels, GateOptions, LimitOptions, LogOptions, RetentionOptions};
use crate::action::ConnectionOptions;
use crate::client::{SecretReference, Secrets};
use crate::domain::agent::Agent;
use crate::domain::directory::Directory;
use crate::domain::names::{ConnectionName, SourceId};
use crate::language::{Diagnostic, Level};
use crate::playbook::Approvals;
use crate::source::SourceOptions;

/// Everything that the file, the environment and the defaults say together.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Where the daemon answers.
    pub listen: SocketAddr,
    /// Where people reach it, if that is not simply `listen`; see [`Configuration::public_url_at`].
    pub public_url: Option<Url>,
    /// The Unix socket of the command line, if any.
    pub socket: Option<PathBuf>,
    /// The store's address, such as `sqlite:/var/lib/standdown/standdown.db` or
    /// `postgres://standdown@db1,db2/standdown`.
    pub store: String,
    /// The password of the store's user, if the store is a server that asks for one.
    pub store_password: Option<SecretReference>,
    /// The folder of the playbooks.
    pub playbooks: PathBuf,
    /// The approvals that playbooks may use by name, and the one that fills what the others leave out.
    pub approvals: Approvals,
    /// How the daemon logs.
    pub log: LogOptions,
    /// People, groups and the fallback owner.
    pub directory: Directory,
    /// How people prove who they are.
    pub credentials: PersonCredentials,
    /// The inventory.
    pub agents: Vec<Agent>,
    /// Who may send alerts.
    pub sources: BTreeMap<SourceId, SourceOptions>,
    /// Systems that actions reach.
    pub connections: BTreeMap<ConnectionName, ConnectionOptions>,
    /// How people are reached.
    pub channels: Channels,
    /// How the gate is asked.
    pub gate: GateOptions,
    /// The limits that the daemon puts on itself.
    pub limits: LimitOptions,
    /// How long what is over is kept.
    pub retention: RetentionOptions,
    /// The folder of large evidence, if any.
    pub evidence_folder: Option<PathBuf>,
    /// What a person should look at, though the configuration is taken.
    pub warnings: Vec<Diagnostic>,
    pub(super) document: Document,
    pub(super) inventory: Vec<Layer>,
}

impl Configuration {
    /// The address that links are built from, for a daemon that listens at `bound`. Ends with `/`.
    #[must_use]
    pub fn public_url_at(&self, bound: SocketAddr) -> Option<Url> {
        match &self.public_url {
            Some(url) => Some(url.clone()),
            None => Url::parse(&format!("http://{bound}/")).ok(),
        }
    }

    /// Resolves every secret that is named, and reports all that can't be. A secret of an agent is only warned of: it is
    /// needed when that agent is to be contained, and must not keep the daemon from containing others.
    #[must_use]
    pub fn check_secrets(&self, secrets: &dyn Secrets) -> Vec<Diagnostic> {
        let unresolved = secrets::unresolved(&self.document.value, secrets);
        let mut found: Vec<_> = unresolved.iter().map(|fault| self.document.diagnostic(fault)).collect();
        for layer in &self.inventory {
            let faults = secrets::unresolved(&layer.value, secrets);
            found.extend(faults.iter().map(|fault| Diagnostic { level: Level::Warning, ..layer.diagnostic(fault) }));
        }
        found
    }

    /// Every secret that is there and so short that redaction leaves it alone.
    #[must_use]
    pub fn short_secrets(&self, secrets: &dyn Secrets) -> Vec<Diagnostic> {
        let here = secrets::short(&self.document.value, secrets);
        let mut found: Vec<_> = here.iter().map(|fault| self.document.diagnostic(fault)).collect();
        for layer in &self.inventory {
            let faults = secrets::short(&layer.value, secrets);
            found.extend(faults.iter().map(|fault| layer.diagnostic(fault)));
        }
        found.into_iter().map(|fault| Diagnostic { level: Level::Warning, ..fault }).collect()
    }

    /// A fault that another module found in its settings, placed in the file. `pointer` is a JSON pointer (RFC 6901)
    /// from the top of the configuration, such as `/sources/prod/map/title`.
    #[must_use]
    pub fn diagnostic(&self, pointer: &str, code: &'static str, message: String, hint: Option<String>) -> Diagnostic {
        self.document.diagnostic(&Fault { pointer: pointer.to_owned(), kind: Kind::Value, code, message, hint })
    }
}
