//! The settings that belong to no other module: logging, the gate, the limits and the channels together.
//!
//! Their defaults are in `default.yaml` and nowhere else.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::channel::{SmtpOptions, WebhookOptions};
use crate::client::{SecretReference, duration};

/// How the daemon logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogOptions {
    /// For people or for programs.
    pub format: LogFormat,
    /// The least important thing that is logged.
    pub level: LogLevel,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// A readable line.
    Human,
    /// One JSON object a line.
    Json,
}

/// How important a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// A person must look.
    Error,
    /// Something is odd.
    Warn,
    /// What happens.
    Info,
    /// Why it happens.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// The word as filters write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// How the gate is asked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateOptions {
    /// The bearer token of whoever asks; none only on a loopback address.
    #[serde(default)]
    pub token: Option<SecretReference>,
    /// How a request names its agent.
    pub identify: GateIdentify,
    /// The header that names it, in lower case; present exactly with [`GateIdentify::Header`].
    #[serde(default)]
    pub header: Option<String>,
    /// Whether an agent that the inventory does not have may act.
    pub allow_unknown: bool,
    /// Whether an agent that is not known to be held may act while the store can't be asked who is.
    pub allow_stale: bool,
}

/// How a request to the gate names its agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateIdentify {
    /// By the path: `/gate/ID`.
    Path,
    /// By a header.
    Header,
}

/// The limits that the daemon puts on itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitOptions {
    /// Agents that playbooks may contain in an hour before a person has to decide.
    pub contained_per_hour: u32,
    /// Actions that run at once.
    pub workers: usize,
    /// Writes that may wait for the store.
    pub queue: usize,
    /// The largest body of a request, in bytes.
    pub body_bytes_max: usize,
    /// How long a stopping daemon waits for actions under way.
    #[serde(deserialize_with = "duration::deserialize")]
    pub drain: Duration,
    /// How long a daemon may be silent before others that share its database take its runs over.
    #[serde(deserialize_with = "duration::deserialize")]
    pub lease: Duration,
}

/// How long what is over is kept; `None` keeps it for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionOptions {
    /// Runs that are over.
    #[serde(deserialize_with = "age")]
    pub finished_runs: Option<Duration>,
    /// Closed incidents with their alerts.
    #[serde(deserialize_with = "age")]
    pub closed_incidents: Option<Duration>,
    /// Holds that were lifted.
    #[serde(deserialize_with = "age")]
    pub lifted_holds: Option<Duration>,
    /// Messages that were sent or given up.
    #[serde(deserialize_with = "age")]
    pub messages: Option<Duration>,
    /// Deliveries, by which a replay is known.
    #[serde(deserialize_with = "age")]
    pub deliveries: Option<Duration>,
    /// Refused deliveries.
    #[serde(deserialize_with = "age")]
    pub dead_letters: Option<Duration>,
}

fn age<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| duration::parse_duration(&text)).transpose().map_err(serde::de::Error::custom)
}

/// How people are reached.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channels {
    /// The mail server, if people are reached by e-mail.
    #[serde(default)]
    pub email: Option<SmtpOptions>,
    /// Webhooks by name.
    #[serde(default)]
    pub webhooks: BTreeMap<String, WebhookOptions>,
}
