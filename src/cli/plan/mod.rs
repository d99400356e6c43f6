//! `standdown plan`: what a playbook would do to an agent, step by step, and how it ends by what people say.

mod human;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;

use crate::domain::alert::{Authentication, Claimed};
use crate::domain::{Agent, AgentId, Alert, AlertId, AlertStatus, Digest, Severity, SourceId, Trust};
use crate::intake::subject;
use crate::playbook::Playbook;
use crate::rehearsal::explanation::explain;
use crate::rehearsal::matching::starter;
use crate::rehearsal::plan::{Occasion, Plan as Planned, plan};

use super::context::Context;
use super::exit::Error;
use super::material::Material;
use super::output;
use super::render::{add, printable};
use human::described;

/// Say what a playbook would do, without doing anything.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 the plan is shown, also of what would fail; 1 a file can't be read or has faults; 2 wrong usage, such \
                          as an unknown playbook, agent or source."
)]
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
                let alerts = material.alerts(file, &self.source, context)?;
                if alerts.len() > 1 {
                    let (shown, count) = (file.display(), alerts.len());
                    output::complain(&format!("{shown} has {count} alerts; the plan is for the first\n"))?;
                }
                let alert = alerts.into_iter().next();
                let alert = alert.ok_or_else(|| Error::Failed("failed to find an alert".to_owned()))?;
                let about = subject::of(&material.inventory, &alert).agent;
                if about.id != agent.id {
                    let text =
                        format!("the alert is about {}; the plan takes it as one about {}\n", about.id, agent.id);
                    output::complain(&text)?;
                }
                let matched = explain(&playbook, &alert, &agent, None, now).matched;
                (alert, Some(matched))
            }
            None => (Arc::new(by_hand(&agent, now)?), None),
        };
        let occasion = Occasion {
            inventory: &material.inventory,
            playbooks: &material.family(&self.playbook, &playbook)?,
            agent: &agent,
            alert: &alert,
            by_hand: self.alert.is_none(),
            actor: &starter(&alert),
            at: now,
        };
        let planned = plan(&playbook, &occasion);
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
        notes: Vec::new(),
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
