//! From what the configuration says to the parts that the rooms bring.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderName;
use jiff::SignedDuration;
use secrecy::ExposeSecret as _;

use crate::action::{ActionOptions, Registry};
use crate::channel::{Channel, SmtpChannel, WebhookChannel};
use crate::client::Secrets;
use crate::config::{Configuration, PersonCredentials, RetentionOptions, codes};
use crate::domain::{Digest, PersonId};
use crate::engine::{Ages, Inventory, Options, Reach, delivery::Channels};
use crate::intake::Sources;
use crate::language::{Diagnostic, Level};
use crate::source::Source;
use crate::web;

use super::BuildError;

/// What reaches the world outside: actions, sources, channels. Every fault of all of them is reported at once.
pub(super) fn adapters(
    configuration: &Configuration,
    secrets: &Arc<dyn Secrets>,
    mut faults: Vec<Diagnostic>,
) -> Result<(Registry, Sources, Channels), BuildError> {
    let options = ActionOptions { evidence_folder: configuration.evidence_folder.clone() };
    let registry = Registry::build(&configuration.connections, &options, secrets.clone());
    if let Err(found) = &registry {
        faults.extend(
            found
                .iter()
                .map(|fault| configuration.diagnostic("/connections", codes::CONNECTION, fault.to_string(), None)),
        );
    }
    let sources = sources(configuration, secrets.as_ref(), &mut faults);
    let channels = channels(configuration, secrets, &mut faults);
    let broken = faults.iter().any(|fault| fault.level == Level::Error);
    match registry {
        Ok(registry) if !broken => Ok((registry, sources, channels)),
        _ => Err(BuildError::Configuration(faults)),
    }
}

fn sources(configuration: &Configuration, secrets: &dyn Secrets, faults: &mut Vec<Diagnostic>) -> Sources {
    let mut sources = BTreeMap::new();
    for (id, options) in &configuration.sources {
        match Source::compile(id, options, secrets) {
            Ok(source) => {
                sources.insert(id.clone(), source);
            }
            Err(found) => faults.extend(found.into_iter().map(|placed| {
                let pointer = format!("/sources/{id}{}", placed.pointer);
                configuration.diagnostic(&pointer, placed.fault.code, placed.fault.message, placed.fault.hint)
            })),
        }
    }
    sources
}

fn channels(configuration: &Configuration, secrets: &Arc<dyn Secrets>, faults: &mut Vec<Diagnostic>) -> Channels {
    let mut channels = Channels::default();
    if let Some(options) = &configuration.channels.email {
        match SmtpChannel::build("email", options, secrets.clone()) {
            Ok(channel) => channels.email = Some(Channel::Smtp(channel)),
            Err(error) => {
                faults.push(configuration.diagnostic("/channels/email", codes::CHANNEL, error.to_string(), None));
            }
        }
    }
    for (name, options) in &configuration.channels.webhooks {
        match WebhookChannel::build(name, options, secrets.clone()) {
            Ok(channel) => {
                channels.webhooks.insert(name.clone(), Channel::Webhook(channel));
            }
            Err(error) => {
                let pointer = format!("/channels/webhooks/{name}");
                faults.push(configuration.diagnostic(&pointer, codes::CHANNEL, error.to_string(), None));
            }
        }
    }
    channels
}

pub(super) fn inventory(configuration: &Configuration) -> Inventory {
    Inventory::new(configuration.agents.clone(), configuration.directory.clone())
}

pub(super) fn engine_options(configuration: &Configuration, local_addr: SocketAddr) -> Options {
    let public_url = configuration.public_url_at(local_addr);
    let webhooks: BTreeSet<String> = configuration.channels.webhooks.keys().cloned().collect();
    Options {
        workers: configuration.limits.workers,
        contained_per_hour: configuration.limits.contained_per_hour,
        ages: ages(&configuration.retention),
        reach: Reach { email: configuration.channels.email.is_some(), webhooks },
        public_url: public_url.map(|url| url.as_str().trim_end_matches('/').to_owned()).unwrap_or_default(),
        ..Options::default()
    }
}

fn ages(retention: &RetentionOptions) -> Ages {
    // What is longer than time itself is for ever.
    let age = |age: Option<Duration>| age.and_then(|age| SignedDuration::try_from(age).ok());
    Ages {
        finished_runs: age(retention.finished_runs),
        closed_incidents: age(retention.closed_incidents),
        lifted_holds: age(retention.lifted_holds),
        messages: age(retention.messages),
        deliveries: age(retention.deliveries),
        dead_letters: age(retention.dead_letters),
    }
}

pub(super) fn web_options(configuration: &Configuration, secrets: &dyn Secrets) -> Result<web::Options, BuildError> {
    let fault = |pointer: &str, message: String| {
        BuildError::Configuration(vec![configuration.diagnostic(pointer, codes::GATE, message, None)])
    };
    let token = match &configuration.gate.token {
        Some(reference) => {
            let secret = secrets.resolve(reference).map_err(|error| fault("/gate/token", error.to_string()))?;
            Some(Digest::of(secret.expose_secret().as_bytes()))
        }
        None => None,
    };
    let header = match &configuration.gate.header {
        Some(name) => {
            Some(HeaderName::try_from(name.as_str()).map_err(|error| fault("/gate/header", error.to_string()))?)
        }
        None => None,
    };
    let gate = web::GateOptions { token, header };
    Ok(web::Options { body_bytes_max: configuration.limits.body_bytes_max, gate })
}

/// Who is behind a credential, as the configuration says it.
pub(super) struct Credentials(pub PersonCredentials);

impl web::People for Credentials {
    fn by_token(&self, token: &str) -> Option<PersonId> {
        self.0.person_by_token(token)
    }

    fn by_uid(&self, uid: u32) -> Option<PersonId> {
        self.0.person_by_uid(uid)
    }
}
