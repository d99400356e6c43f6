//! Deliveries signed by Standard Webhooks 1.0, made here anew and not with the daemon's own code.

use std::time::SystemTime;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;

use super::setup::SIGNING_KEY;

/// One delivery: its id, its time and its body. A signature that does not fit can be set.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub id: String,
    pub at: Timestamp,
    pub body: Vec<u8>,
    /// Instead of the right one.
    pub signature: Option<String>,
}

impl Delivery {
    /// A delivery of now.
    pub fn new(id: &str, body: &Value) -> Self {
        Self::of_bytes(id, body.to_string().as_bytes())
    }

    /// The same with a body that need not be JSON.
    pub fn of_bytes(id: &str, body: &[u8]) -> Self {
        Self { id: id.to_owned(), at: now(), body: body.to_vec(), signature: None }
    }

    /// Its headers: signature, time, id and kind.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        vec![
            ("content-type", "application/json".to_owned()),
            ("webhook-id", self.id.clone()),
            ("webhook-timestamp", self.at.as_second().to_string()),
            ("webhook-signature", self.signature.clone().unwrap_or_else(|| self.sign())),
        ]
    }

    /// Its right signature.
    pub fn signed(&self) -> String {
        self.sign()
    }

    fn sign(&self) -> String {
        let mut signed = format!("{}.{}.", self.id, self.at.as_second()).into_bytes();
        signed.extend_from_slice(&self.body);
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SIGNING_KEY), &signed);
        format!("v1,{}", STANDARD.encode(tag.as_ref()))
    }
}

/// The daemon compares it with its own clock, which no test can move.
#[expect(clippy::disallowed_methods, reason = "a real daemon compares this with its own clock")]
fn now() -> Timestamp {
    Timestamp::try_from(SystemTime::now()).unwrap()
}
