//! Keys of signature schemes, made from configured secrets once, when a source is compiled.

use super::scheme::{KeyForm, Scheme};
use crate::client::fingerprint;
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use aws_lc_rs::{constant_time, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};

/// The prefix of the asymmetric signatures of Standard Webhooks.
const ASYMMETRIC_PREFIX: &str = "v1a,";
const PUBLIC_KEY_BYTES: usize = 32;

/// One key and its fingerprint.
pub(super) struct Key {
    pub(super) id: String,
    material: Material,
}

enum Material {
    Symmetric(Box<hmac::Key>),
    AfterTime(SecretString),
    Asymmetric(UnparsedPublicKey<Vec<u8>>),
}

impl Key {
    /// The key that a secret is in a scheme, or what form the secret should have.
    pub(super) fn new(scheme: &Scheme, secret: &SecretString) -> Result<Self, &'static str> {
        let text = secret.expose_secret();
        let symmetric = |bytes: &[u8]| Material::Symmetric(Box::new(hmac::Key::new(*scheme.algorithm, bytes)));
        let material = match scheme.key {
            KeyForm::Text => symmetric(text.as_bytes()),
            KeyForm::TimeThenText => Material::AfterTime(secret.clone()),
            KeyForm::StandardWebhooks => {
                if let Some(public) = text.strip_prefix("whpk_") {
                    asymmetric(public)?
                } else {
                    let bytes = STANDARD.decode(text.strip_prefix("whsec_").unwrap_or(text)).ok();
                    let bytes = bytes.filter(|bytes| !bytes.is_empty()).ok_or("`whsec_` and base64 are expected")?;
                    symmetric(&bytes)
                }
            }
        };
        Ok(Self { id: fingerprint(secret), material })
    }

    /// Whether one of the entries of the signature header signs the content.
    pub(super) fn signs(&self, scheme: &Scheme, entries: &[&str], time: &str, content: &[u8]) -> bool {
        let mac = match &self.material {
            Material::Asymmetric(key) => {
                let signatures = entries.iter().filter_map(|entry| entry.strip_prefix(ASYMMETRIC_PREFIX));
                let mut signatures = signatures.filter_map(|text| STANDARD.decode(text).ok());
                return signatures.any(|signature| key.verify(content, &signature).is_ok());
            }
            Material::Symmetric(key) => hmac::sign(key, content),
            Material::AfterTime(secret) => {
                let key = SecretString::from(format!("{time}{}", secret.expose_secret()));
                hmac::sign(&hmac::Key::new(*scheme.algorithm, key.expose_secret().as_bytes()), content)
            }
        };
        let given = entries.iter().filter_map(|entry| entry.strip_prefix(scheme.prefix));
        given
            .filter_map(|text| scheme.encoding.decode(text))
            .any(|signature| constant_time::verify_slices_are_equal(&signature, mac.as_ref()).is_ok())
    }
}

fn asymmetric(public: &str) -> Result<Material, &'static str> {
    let bytes = STANDARD.decode(public).ok().filter(|bytes| bytes.len() == PUBLIC_KEY_BYTES);
    let bytes = bytes.ok_or("after `whpk_` the base64 of an ed25519 public key of 32 bytes is expected")?;
    Ok(Material::Asymmetric(UnparsedPublicKey::new(&ED25519, bytes)))
}
