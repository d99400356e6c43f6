//! `standdown config`: what a configuration file sets, or every default with its comment.

use clap::Args;
use serde_json::json;

use crate::config;

use super::context::Context;
use super::exit::Error;
use super::output;
use super::render::add;

/// Show the settings of a configuration file, or all defaults.
#[derive(Debug, Args)]
pub struct Config {
    /// Print every setting with its default and a comment: a file to begin with
    #[arg(long)]
    defaults: bool,
}

impl Config {
    pub fn run(self, context: &Context) -> Result<(), Error> {
        if self.defaults {
            output::say(config::DEFAULTS)?;
            return Ok(());
        }
        let configuration = context.configuration().map_err(|faults| super::check::refused(&faults))?;
        let path = |path: &std::path::Path| path.display().to_string();
        let summary = json!({
            "file": context.configuration_file().as_deref().map(path),
            "listen": configuration.listen,
            "public_url": configuration.public_url_at(configuration.listen),
            "socket": configuration.socket.as_deref().map(path),
            "store": configuration.store,
            "playbooks": path(&configuration.playbooks),
            "people": configuration.directory.people.len(),
            "agents": configuration.agents.len(),
            "sources": configuration.sources.keys().collect::<Vec<_>>(),
            "connections": configuration.connections.keys().collect::<Vec<_>>(),
            "email": configuration.channels.email.is_some(),
            "webhooks": configuration.channels.webhooks.keys().collect::<Vec<_>>(),
            "gate": if configuration.gate.token.is_some() { "asks for a token" } else { "open to whoever reaches it" },
        });
        context.show(&summary, |summary| {
            let mut text = String::new();
            for (name, value) in summary.as_object().into_iter().flatten() {
                add(&mut text, format_args!("{name:<12} {}\n", plain(value)));
            }
            text
        })
    }
}

fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => "-".to_owned(),
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(items) if items.is_empty() => "-".to_owned(),
        serde_json::Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
