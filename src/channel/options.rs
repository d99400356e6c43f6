//! What an operator can say about channels.
//!
//! The kind is the key (`ops-mail: { smtp: { host: ... } }`), so that every error is placed at the line that causes it.

use super::error::BuildError;
use super::{Channel, SmtpChannel, WebhookChannel};
use crate::client::{SecretReference, Secrets, duration};
use ipnet::IpNet;
use serde::Deserialize;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

const TIMEOUT: Duration = Duration::from_secs(20);

/// The options of one channel, by kind.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelOptions {
    /// E-mail.
    Smtp(SmtpOptions),
    /// A signed POST.
    Webhook(WebhookOptions),
}

impl ChannelOptions {
    /// Sets up the channel under the given name.
    ///
    /// # Errors
    /// [`BuildError`] says which option to change.
    pub fn build(&self, name: &str, secrets: Arc<dyn Secrets>) -> Result<Channel, BuildError> {
        Ok(match self {
            Self::Smtp(options) => Channel::Smtp(SmtpChannel::build(name, options, secrets)?),
            Self::Webhook(options) => Channel::Webhook(WebhookChannel::build(name, options, secrets)?),
        })
    }
}

/// The options of e-mail by SMTP (RFC 5321).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpOptions {
    /// The mail server's name or address; its certificate must be for it.
    pub host: String,
    /// The port; by default 587 with `starttls`, 465 with `implicit`, 25 with `none`.
    pub port: Option<u16>,
    /// How the connection is encrypted.
    #[serde(default)]
    pub tls: SmtpTls,
    /// The user name, if the server wants one.
    pub username: Option<String>,
    /// Where the password is.
    pub password: Option<SecretReference>,
    /// The sender, such as `Standdown <standdown@example.com>`.
    pub from: String,
    /// A file of PEM certificates. If given, only authorities in it are trusted; otherwise those of the platform.
    pub ca: Option<PathBuf>,
    /// The time for one whole delivery.
    #[serde(default = "timeout", deserialize_with = "duration::deserialize")]
    pub timeout: Duration,
}

impl SmtpOptions {
    /// The port in use.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.tls {
            SmtpTls::Starttls => 587,
            SmtpTls::Implicit => 465,
            SmtpTls::None => 25,
        })
    }
}

/// How an SMTP connection is encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmtpTls {
    /// Upgraded before anything is said (RFC 3207); a server without STARTTLS is refused.
    #[default]
    Starttls,
    /// TLS from the first byte (RFC 8314).
    Implicit,
    /// Not at all: for a relay on this machine.
    None,
}

/// The options of a webhook signed by Standard Webhooks 1.0.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookOptions {
    /// Where to POST to.
    pub url: Url,
    /// Where the signing secret is, in the form `whsec_<base64 of 24 to 64 bytes>`.
    pub secret: SecretReference,
    /// The time for one whole delivery.
    #[serde(default = "timeout", deserialize_with = "duration::deserialize")]
    pub timeout: Duration,
    /// A file of PEM certificates. If given, only authorities in it are trusted; otherwise those of the platform.
    pub ca: Option<PathBuf>,
    /// The private ranges that this webhook means to reach.
    #[serde(default)]
    pub networks: Vec<IpNet>,
}

impl fmt::Debug for WebhookOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The path of a webhook's URL is often a secret.
        formatter
            .debug_struct("WebhookOptions")
            .field("host", &self.url.host_str())
            .field("secret", &self.secret)
            .field("networks", &self.networks)
            .finish_non_exhaustive()
    }
}

fn timeout() -> Duration {
    TIMEOUT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_is_the_key_and_the_port_follows_the_encryption() {
        let text = "smtp:\n  host: mail.example.com\n  from: ops@example.com\n  timeout: 5s\n";
        let ChannelOptions::Smtp(options) = serde_yaml::from_str(text).unwrap() else { panic!("not smtp") };
        assert_eq!((options.tls, options.port(), options.timeout), (SmtpTls::Starttls, 587, Duration::from_secs(5)));
        let text = "webhook:\n  url: https://hooks.example.com/t/hunter2\n  secret: env:HOOK\n";
        let options: ChannelOptions = serde_yaml::from_str(text).unwrap();
        assert!(!format!("{options:?}").contains("hunter2"));
    }

    #[test]
    fn an_unknown_option_or_a_plain_password_is_refused() {
        let plain = "smtp:\n  host: a\n  from: b@c.example\n  username: u\n  password: hunter2\n";
        let error = serde_yaml::from_str::<ChannelOptions>(plain).unwrap_err().to_string();
        assert!(error.contains("env:NAME"), "{error}");
        assert!(serde_yaml::from_str::<ChannelOptions>("smtp:\n  hots: a\n  from: b@c.example\n").is_err());
        assert!(serde_yaml::from_str::<ChannelOptions>("pigeon:\n  loft: a\n").is_err());
    }
}
