//! `standdown plan`: what a playbook would do to an agent, step by step, and how it ends by what people say.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use serde_json::Value;

use crate::domain::alert::{Authentication, Claimed};
use crate::domain::{Actor, Agent, AgentId, Alert, AlertId, AlertStatus, Digest, Severity, SourceId, Trust};
use crate::playbook::Playbook;
use crate::rehearsal::explanation::explain;
use crate::rehearsal::plan::{Asks, Plan as Planned, PlannedStep, plan};

use super::context::Context;
use super::exit::Error;
use super::material::Material;
use super::render::{add, printable};

/// Say what a playbook would do, without doing anything.
#[derive(Debug, Args)]
pub struct Plan {
    /// The playbook: a file, or a name in the folder of playbooks
    playbook: String,
    /// The agent that it would be about
    #[arg(long)]
    agent: AgentId,
    /// A file with the message of a sender; without it the playbook is started by hand
    #[arg(long, value_name = "FILE")]
    alert: Option<PathBuf>,
    /// The source that reads the message: one of the configuration, or a preset
    #[arg(long, default_value = "generic", value_name = "SOURCE")]
    source: String,
}

impl Plan {
    pub fn run(self, context: &Context) -> Result<(), Error> {
        let material = Material::read(context)?;
        let playbook = material.playbook(&self.playbook)?;
        let agent = material.agent(&self.agent)?;
        let now = context.now();
        let (alert, matched) = match &self.alert {
            Some(file) => {
                let alert = material.alerts(file, &self.source, context)?.into_iter().next();
                let alert = alert.ok_or_else(|| Error::Failed("failed to find an alert".to_owned()))?;
                let matched = explain(&playbook, &alert, &agent, now).matched;
                (alert, Some(matched))
            }
            None => (Arc::new(by_hand(&agent, now)?), None),
        };
        let actor = Actor::Source { id: alert.source.clone() };
        let planned = plan(&playbook, &material.inventory, &agent, &alert, &actor, now);
        let planned = planned.map_err(|error| Error::Failed(format!("failed to plan: {error}")))?;
        let words = |planned: &Planned| {
            let mut text = head(&playbook, &agent);
            match &matched {
                Some(Ok(false)) => {
                    add(&mut text, format_args!("It does NOT match this alert; see `standdown explain`.\n"));
                }
                Some(Err(error)) => add(&mut text, format_args!("Its condition can't be evaluated: {error}\n")),
                Some(Ok(true)) | None => {}
            }
            text + &described(planned)
        };
        context.show(&planned, words)
    }
}

/// The alert of a run that a person starts.
fn by_hand(agent: &Agent, at: Timestamp) -> Result<Alert, Error> {
    let source = SourceId::parse("manual").map_err(|error| Error::Failed(error.to_string()))?;
    Ok(Alert {
        id: AlertId::generate(at),
        source,
        trust: Trust::Contain,
        delivery_id: None,
        event_id: None,
        dedup_key: Digest::ZERO,
        group_key: None,
        rule: Some("manual".to_owned()),
        title: "started by hand".to_owned(),
        status: AlertStatus::Event,
        severity: Severity::High,
        severity_raw: None,
        occurred_at: at,
        occurred_at_assumed: false,
        ended_at: None,
        received_at: at,
        agent: Claimed { id: Some(agent.id.to_string()), ..Claimed::default() },
        principal: None,
        credential: None,
        owner: None,
        resources: Vec::new(),
        labels: std::collections::BTreeMap::new(),
        fields: serde_json::Map::new(),
        is_test: false,
        truncated: false,
        auth: Authentication { scheme: "internal".to_owned(), key_id: None },
    })
}

fn head(playbook: &Playbook, agent: &Agent) -> String {
    let mut text = format!("{}: {}\n", playbook.name, printable(&playbook.title));
    let gate = if agent.gated { "behind the gate" } else { "NOT behind the gate: a pause stops it nowhere" };
    let owner = agent.owner.as_ref().map_or_else(|| "nobody".to_owned(), ToString::to_string);
    add(&mut text, format_args!("for {} ({}, {gate}; owned by {owner})\n", agent.id, agent.tier));
    if agent.protected {
        add(&mut text, format_args!("{} is protected: people are asked before anything contains it.\n", agent.id));
    }
    if playbook.mode == crate::domain::Mode::Observe {
        add(
            &mut text,
            format_args!("The playbook only observes: nothing of this is done until it says `mode: enforce`.\n"),
        );
    }
    text
}

fn described(planned: &Planned) -> String {
    let mut text = String::new();
    for stage in &planned.stages {
        add(&mut text, format_args!("\n{}\n", stage.name));
        if let Some(when) = &stage.when {
            add(&mut text, format_args!("  only when {}\n", printable(when)));
        }
        for step in &stage.steps {
            add_step(&mut text, step);
        }
    }
    add(&mut text, format_args!("\nHow it ends, if every call works:\n"));
    for end in &planned.ends {
        let (people, run, standing, containment) = (end.people, end.run, end.standing, end.containment);
        add(
            &mut text,
            format_args!("  {people:<15} the run is {run}, the agent {standing}; containment: {containment}\n"),
        );
    }
    let irreversible: Vec<&str> = planned
        .stages
        .iter()
        .flat_map(|stage| &stage.steps)
        .filter(|step| step.irreversible)
        .map(|step| step.name.as_str())
        .collect();
    if !irreversible.is_empty() {
        add(&mut text, format_args!("\nCan't be undone: {}\n", irreversible.join(", ")));
    }
    text
}

fn add_step(text: &mut String, step: &PlannedStep) {
    let impact = step.impact.and_then(|impact| serde_json::to_value(impact).ok());
    let impact = impact.as_ref().and_then(Value::as_str).map(|impact| format!(" [{impact}]")).unwrap_or_default();
    add(text, format_args!("  {}: {}{impact}\n", step.name, step.what));
    if let Some(when) = &step.when {
        add(text, format_args!("    only when {}\n", printable(when)));
    }
    if let Some(asks) = &step.asks {
        add_asks(text, asks);
    }
    match &step.parameters {
        Some(Value::Object(map)) => {
            for (name, value) in map {
                add(text, format_args!("    {name}: {}\n", printable(&shown(value))));
            }
        }
        Some(Value::Null) => {}
        Some(other) => add(text, format_args!("    with {}\n", printable(&other.to_string()))),
        None if step.impact.is_some() => add(text, format_args!("    (its turn comes in none of the ends below)\n")),
        None => {}
    }
    if let Some(reason) = &step.fails {
        add(text, format_args!("    WOULD FAIL: {}\n", printable(reason)));
    }
    if let Some(undo) = &step.undo {
        add(text, format_args!("    undo: {undo}\n"));
    }
}

fn add_asks(text: &mut String, asks: &Asks) {
    let people: Vec<&str> = asks.people.iter().map(crate::domain::PersonId::as_str).collect();
    let people = if people.is_empty() { "nobody that is known here".to_owned() } else { people.join(", ") };
    add(text, format_args!("    asks {people}: {}\n", printable(&asks.question)));
    add(text, format_args!("    silence for {} {}\n", span(asks.timeout_s), asks.silence));
    if !asks.releases.is_empty() {
        add(text, format_args!("    a yes lets go: {}\n", asks.releases.join(", ")));
    }
}

fn span(seconds: u64) -> String {
    let parts = [(seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let mut text = String::new();
    for (count, unit) in parts.iter().filter(|(count, _)| *count > 0) {
        add(&mut text, format_args!("{count}{unit}"));
    }
    text
}

/// A parameter; of a secret the place where it is.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(map) => match map.get("$secret").and_then(Value::as_str) {
            Some(place) => format!("the secret at {place}"),
            None => value.to_string(),
        },
        other => other.to_string(),
    }
}
