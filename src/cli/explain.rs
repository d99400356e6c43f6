//! `standdown explain`: why a playbook matches an alert or not, part by part of its condition.

mod last;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};

use crate::domain::{Agent, AgentId, Alert};
use crate::intake::subject;
use crate::language::Explained;
use crate::playbook::{Playbook, Rerun};
use crate::rehearsal::explanation::{Again, Explanation, explain};

use super::context::Context;
use super::exit::Error;
use super::material::Material;
use super::output;
use super::render::{add, printable, quoted};

/// Say why a playbook matches an alert or not.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 it is explained, whether it matches or not; 1 a file can't be read or has faults; 2 wrong usage, such \
                          as an unknown playbook, agent or source."
)]
pub struct Explain {
    /// The playbook: a file, or a name in the folder of playbooks [default: every one of that folder]
    #[arg(long)]
    playbook: Option<String>,
    /// A file with the message of a sender
    #[arg(long, value_name = "FILE")]
    alert: PathBuf,
    /// The source that reads the message: one of the configuration, or a preset
    #[arg(long, default_value = "generic", value_name = "SOURCE")]
    source: String,
    /// Take it as an alert about this agent of the inventory
    #[arg(long)]
    agent: Option<AgentId>,
    /// Ask `rerun_when` as after a run of this kind, such as `severity=LOW,ended=2h`; also `started=3h`,
    /// `outcome=failed` and `verdict=unproven`
    #[arg(long, value_name = "KEY=VALUE,...", value_parser = last::parse)]
    last: Option<last::Told>,
}

impl Explain {
    pub fn run(self, context: &Context) -> Result<(), Error> {
        let material = Material::read(context)?;
        let playbooks = match &self.playbook {
            Some(named) => vec![material.playbook(named)?],
            None => material.playbooks(&material.folder())?,
        };
        let now = context.now();
        let last = self.last.map(|told| told.before(now));
        let mut text = String::new();
        let mut views = Vec::new();
        for alert in material.alerts(&self.alert, &self.source, context)? {
            let agent = match &self.agent {
                Some(id) => material.agent(id)?,
                None => subject::of(&material.inventory, &alert).agent,
            };
            add_alert(&mut text, &alert, &agent);
            for playbook in &playbooks {
                let explanation = explain(playbook, &alert, &agent, last.as_ref(), now);
                add_explanation(&mut text, playbook, &explanation);
                views.push(view(&alert, &agent, playbook, &explanation));
            }
        }
        if context.json() {
            return Ok(output::say_json(&views)?);
        }
        Ok(output::say(&text)?)
    }
}

fn add_alert(text: &mut String, alert: &Alert, agent: &Agent) {
    let rule = alert.rule.as_deref().unwrap_or("without a rule");
    let known = if agent.known {
        format!("{}, {}", agent.id, agent.tier)
    } else {
        format!("{}, NOT in the inventory", agent.id)
    };
    let (rule, title) = (quoted(rule), quoted(&alert.title));
    add(
        text,
        format_args!("alert: \"{title}\" ({rule}, {}, {}) about {known}\n", alert.severity, alert.status.as_str()),
    );
}

fn add_explanation(text: &mut String, playbook: &Arc<Playbook>, explanation: &Explanation) {
    let verdict = match (&explanation.matched, &explanation.besides) {
        (Ok(true), None) => "matches".to_owned(),
        (Ok(true), Some(why)) => format!("would match, but starts nothing: {why}"),
        (Ok(false), _) => "does not match".to_owned(),
        (Err(error), _) => format!("CAN'T BE TOLD: {error}"),
    };
    add(text, format_args!("\n{} {verdict}\n", playbook.name));
    add_parts(text, &explanation.parts);
    if let Some(again) = &explanation.again {
        let verdict = match &again.rerun {
            Some(Rerun::Yes(_)) => "after such a run it starts again",
            Some(Rerun::No(_)) => "after such a run it does NOT start again",
            Some(Rerun::Fault(_)) => "after such a run it does NOT start again: that can't be told",
            Some(Rerun::Unsaid) | None => {
                "after a run for the same incident it starts again only if this holds (--last tries it)"
            }
        };
        add(text, format_args!("  {verdict}\n"));
        if again.parts.is_empty() {
            add(text, format_args!("         {}\n", printable(&again.condition)));
        }
        add_parts(text, &again.parts);
    }
    add(text, format_args!("\n"));
}

fn add_parts(text: &mut String, parts: &[Explained]) {
    for part in parts {
        let value = match &part.value {
            Ok(Value::Bool(true)) => "true".to_owned(),
            Ok(Value::Bool(false)) => "FALSE".to_owned(),
            Ok(other) => other.to_string(),
            Err(_) => "?".to_owned(),
        };
        let indent = "  ".repeat(part.depth);
        add(text, format_args!("  {value:<6} {indent}{}\n", printable(&part.text)));
        for (path, value) in &part.facts {
            let value = value.as_ref().map_or_else(|| "(not there)".to_owned(), Value::to_string);
            add(text, format_args!("         {indent}    {path} is {}\n", quoted(&value)));
        }
        if let Err(error) = &part.value {
            add(text, format_args!("         {indent}    {}\n", printable(error)));
        }
    }
}

fn parts_view(parts: &[Explained]) -> Vec<Value> {
    let part = |part: &Explained| {
        json!({
            "depth": part.depth,
            "text": part.text,
            "value": part.value.as_ref().ok(),
            "error": part.value.as_ref().err(),
            "facts": part.facts.iter().map(|(path, value)| json!({ "path": path, "value": value })).collect::<Vec<_>>(),
        })
    };
    parts.iter().map(part).collect()
}

fn again_view(again: &Again) -> Value {
    let (starts, why) = match &again.rerun {
        Some(Rerun::Yes(why)) => (Some(true), Some(why)),
        Some(Rerun::No(why) | Rerun::Fault(why)) => (Some(false), Some(why)),
        Some(Rerun::Unsaid) | None => (None, None),
    };
    json!({ "condition": again.condition, "starts": starts, "why": why, "parts": parts_view(&again.parts) })
}

fn view(alert: &Alert, agent: &Agent, playbook: &Playbook, explanation: &Explanation) -> Value {
    json!({
        "alert": { "title": alert.title, "rule": alert.rule, "severity": alert.severity },
        "agent": { "id": agent.id, "known": agent.known },
        "playbook": playbook.name,
        "matched": explanation.matched.as_ref().ok(),
        "error": explanation.matched.as_ref().err(),
        "starts_nothing_because": explanation.besides,
        "parts": parts_view(&explanation.parts),
        "rerun_when": explanation.again.as_ref().map(again_view),
    })
}
