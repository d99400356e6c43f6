//! `standdown evidence`: what the steps of a run captured.

use clap::Subcommand;

use crate::domain::RunId;
use crate::machine::Tone;
use crate::web::api::view::{EvidenceList, EvidenceView};

use super::context::Context;
use super::exit::Error;
use super::render::tone::bold;
use super::render::{add, paint, quoted};

/// What runs captured when they contained an agent.
#[derive(Debug, Subcommand)]
pub enum Evidence {
    /// The evidence of one run, with its digest and whether it still has it
    Show {
        /// The run, run_...
        run: RunId,
    },
}

impl Evidence {
    pub async fn run(self, context: &Context) -> Result<(), Error> {
        let Self::Show { run } = self;
        let list: EvidenceList = context.client()?.get(&format!("/runs/{run}/evidence"), &[]).await?;
        context.show(&list, words)
    }
}

fn words(list: &EvidenceList) -> String {
    if list.evidence.is_empty() {
        return format!("{} captured no evidence\n", list.run);
    }
    list.evidence.iter().map(one).collect::<Vec<_>>().join("\n")
}

fn one(view: &EvidenceView) -> String {
    let mut text =
        format!("{}  {} bytes, SHA-256 {}\n", bold(&view.step.to_string()), view.mark.bytes, view.mark.sha256);
    if let Some(file) = &view.file {
        add(&mut text, format_args!("  file {}\n", quoted(file)));
    }
    if let Some(fault) = &view.fault {
        text.push_str(&paint(Tone::Bad, &format!("✗ {}\n", quoted(fault))));
    }
    if let Some(evidence) = &view.evidence {
        // JSON escapes what could steer a terminal.
        add(&mut text, format_args!("{evidence:#}\n"));
    }
    text
}
