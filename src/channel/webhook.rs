//! A webhook to another system: a POST of JSON, signed by Standard Webhooks 1.0, through the guarded client.
//!
//! The secret is resolved for each message, so that a rotated one takes effect at once. Any 2xx is a delivery; what else
//! a status means follows the specification: 410 and other refusals end the matter, the rest may be tried again.

use super::error::{BuildError, DeliveryError};
use super::message::{Address, Message};
use super::options::WebhookOptions;
use super::signature;
use crate::client::{Body, ClientOptions, GuardedClient, Request, SecretReference, Secrets, SendError, refusal_under};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::json;
use std::fmt;
use std::sync::Arc;
use url::Url;

/// A configured webhook.
pub struct WebhookChannel {
    name: String,
    url: Url,
    secret: SecretReference,
    secrets: Arc<dyn Secrets>,
    client: GuardedClient,
}

impl fmt::Debug for WebhookChannel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("WebhookChannel").field("name", &self.name).finish_non_exhaustive()
    }
}

impl WebhookChannel {
    /// Sets up the channel; nothing is sent.
    ///
    /// # Errors
    /// If the authorities cannot be read.
    pub fn build(name: &str, options: &WebhookOptions, secrets: Arc<dyn Secrets>) -> Result<Self, BuildError> {
        let client = GuardedClient::build(&ClientOptions {
            timeout: options.timeout,
            // The body of the answer is of no interest.
            body_bytes_max: 0,
            ca: options.ca.clone(),
            networks: options.networks.clone(),
            ..ClientOptions::default()
        })
        .map_err(|source| BuildError::Client { name: name.to_owned(), source })?;
        Ok(Self { name: name.to_owned(), url: options.url.clone(), secret: options.secret.clone(), secrets, client })
    }

    /// The name under which the channel is configured.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// POSTs the message as `{id, at, subject, text}`, signed as of `now`.
    ///
    /// # Errors
    /// See [`Channel::send_at`](super::Channel::send_at).
    pub async fn send(&self, message: &Message, now: Timestamp) -> Result<(), DeliveryError> {
        match &message.to {
            Address::Webhook { name } if *name == self.name => {}
            _ => {
                let reason = format!("the message is not for the webhook {}", self.name);
                return Err(DeliveryError::Permanent(reason));
            }
        }
        let response = self.client.send(self.request(message, now)?).await;
        let setting = format!("channels.webhooks.{}", self.name);
        let failed = |error: SendError| DeliveryError::Transient(refusal_under(&error.to_string(), &setting));
        let status = response.map_err(failed)?.status;
        let reason = format!("the webhook {} answered with status {status}", self.name);
        match status {
            200..=299 => Ok(()),
            408 | 409 | 425 | 429 | 500..=599 => Err(DeliveryError::Transient(reason)),
            _ => Err(DeliveryError::Permanent(reason)),
        }
    }

    fn request(&self, message: &Message, now: Timestamp) -> Result<Request, DeliveryError> {
        let body = json!({
            "id": message.id,
            "at": message.at.to_string(),
            "subject": message.subject,
            "text": message.text,
        });
        let bytes = body.to_string().into_bytes();
        // A secret that cannot be read or used now can be put right, so the message waits for it.
        let secret = self.secrets.resolve(&self.secret).map_err(|error| DeliveryError::Transient(error.to_string()))?;
        let signature = signature::sign(&secret, &message.id, now.as_second(), &bytes)
            .map_err(|reason| DeliveryError::Transient(format!("{reason}; correct {}", self.secret)))?;
        let header = |name: &str, value: String| (name.to_owned(), SecretString::from(value));
        Ok(Request {
            method: "POST".to_owned(),
            url: self.url.clone(),
            headers: vec![
                header("webhook-id", message.id.clone()),
                header("webhook-timestamp", now.as_second().to_string()),
                header("webhook-signature", signature),
            ],
            body: Some(Body::Raw { content_type: "application/json".to_owned(), bytes }),
            timeout: None,
        })
    }
}

#[cfg(test)]
mod tests;
