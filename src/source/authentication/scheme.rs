//! The signature schemes of senders, as data: what is signed, with what key, and where the signature stands.
//!
//! A new sender of the common kind is one entry of the table. Header names are in lower case.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Where the time of a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Time {
    /// The scheme signs none, so a replay can't be seen by its age.
    None,
    /// In a header of its own, as seconds since the epoch.
    Header(&'static str),
    /// In the signature header, as the entry with this prefix.
    Entry(&'static str),
}

/// A part of what is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Text(&'static str),
    Id,
    Time,
    Body,
}

/// How a configured secret becomes a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyForm {
    /// Its bytes.
    Text,
    /// `whsec_` and base64, or `whpk_` and the base64 of an ed25519 public key (Standard Webhooks 1.0).
    StandardWebhooks,
    /// The time of the delivery, and then its bytes.
    TimeThenText,
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Hexadecimal,
    Base64,
}

/// One scheme.
pub(super) struct Scheme {
    pub(super) name: &'static str,
    pub(super) header: &'static str,
    /// What stands between several signatures of one header.
    pub(super) separator: char,
    /// What a signature of the known version starts with; others are skipped.
    pub(super) prefix: &'static str,
    pub(super) encoding: Encoding,
    pub(super) algorithm: &'static hmac::Algorithm,
    pub(super) key: KeyForm,
    /// The header with the delivery's id.
    pub(super) id: Option<&'static str>,
    pub(super) time: Time,
    pub(super) content: &'static [Part],
}

/// The most common scheme: the hexadecimal HMAC-SHA256 of the body.
const PLAIN: Scheme = Scheme {
    name: "",
    header: "",
    separator: ',',
    prefix: "",
    encoding: Encoding::Hexadecimal,
    algorithm: &hmac::HMAC_SHA256,
    key: KeyForm::Text,
    id: None,
    time: Time::None,
    content: &[Part::Body],
};

const TIME_DOT_BODY: &[Part] = &[Part::Time, Part::Text("."), Part::Body];

/// Every scheme, by name.
pub(super) static SCHEMES: [Scheme; 14] = [
    Scheme { name: "cursor", header: "x-webhook-signature", prefix: "sha256=", ..PLAIN },
    Scheme {
        name: "gitguardian",
        header: "gitguardian-signature",
        prefix: "sha256=",
        key: KeyForm::TimeThenText,
        time: Time::Header("timestamp"),
        ..PLAIN
    },
    Scheme { name: "github", header: "x-hub-signature-256", prefix: "sha256=", ..PLAIN },
    Scheme { name: "grafana", header: "x-grafana-alerting-signature", ..PLAIN },
    Scheme {
        name: "grafana-timestamp",
        header: "x-grafana-alerting-signature",
        time: Time::Header("x-grafana-alerting-timestamp"),
        content: &[Part::Time, Part::Text(":"), Part::Body],
        ..PLAIN
    },
    Scheme {
        name: "hcp-vault-radar",
        header: "x-hcp-radar-signature",
        prefix: "sha512=",
        algorithm: &hmac::HMAC_SHA512,
        ..PLAIN
    },
    Scheme {
        name: "langfuse",
        header: "x-langfuse-signature",
        prefix: "v1=",
        time: Time::Entry("t="),
        content: TIME_DOT_BODY,
        ..PLAIN
    },
    Scheme { name: "pagerduty", header: "x-pagerduty-signature", prefix: "v1=", ..PLAIN },
    Scheme {
        name: "rootly",
        header: "x-rootly-signature",
        prefix: "v1=",
        time: Time::Entry("t="),
        content: &[Part::Time, Part::Body],
        ..PLAIN
    },
    Scheme { name: "sentry", header: "sentry-hook-signature", ..PLAIN },
    Scheme {
        name: "slack",
        header: "x-slack-signature",
        prefix: "v0=",
        time: Time::Header("x-slack-request-timestamp"),
        content: &[Part::Text("v0:"), Part::Time, Part::Text(":"), Part::Body],
        ..PLAIN
    },
    Scheme { name: "splunk-observability", header: "x-sfx-signature", encoding: Encoding::Base64, ..PLAIN },
    Scheme {
        name: "standard-webhooks",
        header: "webhook-signature",
        separator: ' ',
        prefix: "v1,",
        encoding: Encoding::Base64,
        key: KeyForm::StandardWebhooks,
        id: Some("webhook-id"),
        time: Time::Header("webhook-timestamp"),
        content: &[Part::Id, Part::Text("."), Part::Time, Part::Text("."), Part::Body],
        ..PLAIN
    },
    Scheme {
        name: "stripe",
        header: "stripe-signature",
        prefix: "v1=",
        time: Time::Entry("t="),
        content: TIME_DOT_BODY,
        ..PLAIN
    },
];

/// The scheme of a name.
pub(super) fn named(name: &str) -> Option<&'static Scheme> {
    SCHEMES.iter().find(|scheme| scheme.name == name)
}

impl Encoding {
    /// The bytes of a written signature.
    pub(super) fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Base64 => STANDARD.decode(text).ok(),
            Self::Hexadecimal => {
                let pairs = (0..text.len()).step_by(2).map(|at| text.get(at..at + 2));
                pairs.map(|pair| u8::from_str_radix(pair.filter(|pair| !pair.starts_with('+'))?, 16).ok()).collect()
            }
        }
    }
}
