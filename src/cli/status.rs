//! `standdown status`: the daemon at a glance.

use clap::Args;

use crate::machine::Tone;
use crate::web::api::view::{LoadView, StatusView};

use super::context::Context;
use super::exit::Error;
use super::render::{add, paint, tone::bold};

/// What the daemon is doing, at a glance.
#[derive(Debug, Args)]
pub struct Status {}

impl Status {
    pub async fn run(self, context: &Context) -> Result<(), Error> {
        let status: StatusView = context.client()?.get("/status", &[]).await?;
        context.show(&status, words)
    }
}

fn words(status: &StatusView) -> String {
    let mut text = format!("{} {}\n", bold("standdown"), status.version);
    if status.frozen {
        text.push_str(&paint(Tone::Bad, "✗ FROZEN: nothing outside is called; `standdown thaw` lets it go on"));
        text.push('\n');
    }
    let counts = &status.counts;
    let mut line = |count: u64, what: &str, tone: Tone| {
        let tone = if count == 0 { Tone::Neutral } else { tone };
        text.push_str(&paint(tone, &format!("{count:>6}  {what}")));
        text.push('\n');
    };
    line(counts.pending_approvals, "requests wait for people", Tone::Waiting);
    line(counts.open_incidents, "incidents are open", Tone::Waiting);
    line(counts.open_runs, "runs are under way", Tone::Neutral);
    line(counts.held_agents, &format!("of {} agents are held", counts.agents), Tone::Waiting);
    line(counts.waiting_messages, "messages wait to be sent", Tone::Neutral);
    line(counts.undelivered_messages, "messages could not be delivered", Tone::Bad);
    line(status.playbooks.serving, "playbooks serve", Tone::Neutral);
    text.push_str(&load(&status.playbooks));
    text
}

/// What is wrong with the playbooks, if anything is.
pub(super) fn load(load: &LoadView) -> String {
    let mut text = String::new();
    if load.refused_whole {
        let line =
            "✗ the playbooks on disk do not fit together: the folder is refused, and what served before serves on\n";
        text.push_str(&paint(Tone::Bad, line));
    }
    for name in load.kept.iter().filter(|_| !load.refused_whole) {
        let line = format!("✗ {name} is broken on disk; its last good version serves\n");
        text.push_str(&paint(Tone::Bad, &line));
    }
    for diagnostic in &load.diagnostics {
        let tone = if diagnostic.level == "error" { Tone::Bad } else { Tone::Waiting };
        let place = match (diagnostic.line, diagnostic.column) {
            (Some(line), Some(column)) => format!("{}:{line}:{column}", diagnostic.file),
            _ => diagnostic.file.clone(),
        };
        let line = format!("{place}: {}[{}]: {}\n", diagnostic.level, diagnostic.code, diagnostic.message);
        text.push_str(&paint(tone, &line));
        if let Some(hint) = &diagnostic.hint {
            add(&mut text, format_args!("    hint: {hint}\n"));
        }
    }
    text
}
