//! What an operator can say about a client: deadlines, trust, and which private networks it may reach.
//!
//! It owns the defaults too. It must not know which connection the options belong to.

use super::duration;
use ipnet::IpNet;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// The options of a [`GuardedClient`](super::GuardedClient). In a file, durations are text such as `10s` and headers a map.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClientOptions {
    /// The time for name resolution, connecting and the TLS handshake together.
    #[serde(deserialize_with = "duration::deserialize")]
    pub connect_timeout: Duration,
    /// The time for the whole call, until the last byte of the answer's body.
    #[serde(deserialize_with = "duration::deserialize")]
    pub timeout: Duration,
    /// How many bytes of an answer's body are kept; the rest is not read and the response says `truncated`.
    pub body_bytes_max: usize,
    /// A file of PEM certificates. If given, only authorities in it are trusted; otherwise those of the platform.
    pub ca: Option<PathBuf>,
    /// A Unix socket to speak through; the host of the URL is then a name only, and nothing is resolved.
    pub unix_socket: Option<PathBuf>,
    /// The private ranges that this connection means to reach, such as `10.20.0.0/16`. Plain HTTP is spoken only to these.
    pub networks: Vec<IpNet>,
    /// Headers of every request. A value is text, or a secret as `{"$secret": "env:NAME"}`.
    #[serde(deserialize_with = "header_map")]
    pub headers: Vec<(String, Value)>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
            body_bytes_max: 256 * 1024,
            ca: None,
            unix_socket: None,
            networks: Vec::new(),
            headers: Vec::new(),
        }
    }
}

fn header_map<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, Value)>, D::Error> {
    Ok(BTreeMap::<String, Value>::deserialize(deserializer)?.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_with_defaults_for_what_is_left_out() {
        let options: ClientOptions = serde_yaml::from_str(
            "timeout: 1m30s\nnetworks: [127.0.0.0/8]\nheaders:\n  X-Team: red\n  X-Key: {$secret: env:KEY}\n",
        )
        .unwrap();
        assert_eq!(options.timeout, Duration::from_secs(90));
        assert_eq!(options.connect_timeout, Duration::from_secs(5));
        assert_eq!(options.networks.len(), 1);
        assert_eq!(options.headers.len(), 2);
    }

    #[test]
    fn an_unknown_field_or_a_number_without_a_unit_is_refused() {
        assert!(serde_yaml::from_str::<ClientOptions>("timeot: 10s\n").is_err());
        assert!(serde_json::from_str::<ClientOptions>(r#"{"timeout": "10"}"#).is_err());
    }
}
