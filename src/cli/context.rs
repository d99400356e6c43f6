//! What all subcommands share: how the daemon is found, whether JSON is wanted, and the time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use crate::app::Reread;
use crate::client::SystemSecrets;
use crate::clock::{Clock as _, SystemClock};
use crate::config::{self, Configuration};
use crate::language::{Diagnostic, render_human};
use crate::store::{Password, StoreOptions};

use super::client::Client;
use super::exit::Error;
use super::output;

/// Where a configuration is looked for, in this order.
const CONFIGURATION_FILES: [&str; 2] = ["standdown.yaml", "/etc/standdown/standdown.yaml"];
/// The socket without any configuration, as the defaults say.
const SOCKET: &str = "standdown.sock";

/// How the daemon is found.
#[derive(Clone, Debug, Default, Args)]
pub struct Connection {
    /// The configuration file [default: standdown.yaml here, or /etc/standdown/standdown.yaml]
    #[arg(long, global = true, value_name = "FILE", env = "STANDDOWN_CONFIG", hide_env_values = true)]
    pub config: Option<PathBuf>,
    /// The daemon's local socket [default: the one of the configuration]
    #[arg(long, global = true, value_name = "PATH", conflicts_with = "url")]
    pub socket: Option<PathBuf>,
    /// The daemon's address, instead of its socket; the token of a person is read from `STANDDOWN_TOKEN`
    #[arg(long, global = true, value_name = "URL", env = "STANDDOWN_URL")]
    pub url: Option<String>,
    /// Print what the daemon answers as JSON
    #[arg(long, global = true)]
    pub json: bool,
}

/// How a command opens the store of a configuration.
pub fn store_options(configuration: &Configuration) -> StoreOptions {
    let password = configuration.store_password.clone().map(|named| Password::new(named, Arc::new(SystemSecrets)));
    StoreOptions { password, ..StoreOptions::default() }
}

/// What all subcommands share.
pub struct Context {
    connection: Connection,
    environment: BTreeMap<String, String>,
}

impl Context {
    /// A context over the environment of the process.
    pub fn new(connection: Connection) -> Self {
        // A variable that is no Unicode can't be one of ours.
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self { connection, environment: std::env::vars_os().filter_map(text).collect() }
    }

    /// The time.
    #[expect(clippy::unused_self, reason = "commands ask their context, so that a test's context can say another time")]
    pub fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    /// The configuration file: the one that was named, or the first that is there.
    pub fn configuration_file(&self) -> Option<PathBuf> {
        let found = || CONFIGURATION_FILES.iter().map(PathBuf::from).find(|path| path.is_file());
        self.connection.config.clone().or_else(found)
    }

    /// The configuration.
    pub fn configuration(&self) -> Result<Configuration, Vec<Diagnostic>> {
        config::load(self.configuration_file().as_deref(), &self.environment)
    }

    /// What can be read of a configuration with faults.
    pub fn remains(&self) -> config::Remains {
        config::remains(self.configuration_file().as_deref(), &self.environment)
    }

    /// By which a daemon reads the configuration again.
    pub fn reread(&self) -> Reread {
        let (file, environment) = (self.configuration_file(), self.environment.clone());
        Arc::new(move || config::load(file.as_deref(), &environment))
    }

    /// A client of the daemon.
    pub fn client(&self) -> Result<Client, Error> {
        if let Some(url) = &self.connection.url {
            let token = self.environment.get("STANDDOWN_TOKEN").filter(|token| !token.is_empty());
            let token = token.ok_or_else(|| {
                Error::Usage(
                    "failed to call the daemon: --url needs a person's API token in STANDDOWN_TOKEN".to_owned(),
                )
            })?;
            return Client::network(url, token);
        }
        Client::local(&self.socket()?)
    }

    fn socket(&self) -> Result<PathBuf, Error> {
        if let Some(path) = &self.connection.socket {
            return Ok(path.clone());
        }
        if self.configuration_file().is_none() {
            return Ok(Path::new(SOCKET).to_owned());
        }
        let configuration = self.configuration().map_err(|faults| {
            let shown = render_human(&faults, &config::excerpts(&faults), false);
            Error::Failed(format!(
                "failed to find the socket: the configuration has faults (or name it with --socket)\n{shown}"
            ))
        })?;
        configuration.socket.ok_or_else(|| {
            Error::Usage("failed to call the daemon: the configuration has no socket; use --url".to_owned())
        })
    }

    /// Shows an answer: as JSON if that is wanted, otherwise in words.
    pub fn show<T: Serialize>(&self, answer: &T, words: impl FnOnce(&T) -> String) -> Result<(), Error> {
        if self.connection.json {
            output::say_json(answer)?;
        } else {
            output::say(&words(answer))?;
        }
        Ok(())
    }

    /// A variable of the environment.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str)
    }

    /// Whether JSON is wanted.
    pub const fn json(&self) -> bool {
        self.connection.json
    }
}
