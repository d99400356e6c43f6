//! `standdown run`: a playbook started by hand.

use clap::Args;

use crate::domain::{AgentId, Mode, PlaybookName};
use crate::web::api::view::{ManualRun, Started};

use super::context::Context;
use super::exit::Error;

/// Start a playbook by hand.
#[derive(Debug, Args)]
pub struct Run {
    /// The playbook
    playbook: PlaybookName,
    /// The agent that it is about
    #[arg(long)]
    agent: AgentId,
    /// Why
    #[arg(long)]
    reason: String,
    /// Only say what it would do
    #[arg(long)]
    observe: bool,
}

impl Run {
    pub async fn run(self, context: &Context) -> Result<(), Error> {
        let mode = self.observe.then_some(Mode::Observe);
        let order = ManualRun { playbook: self.playbook, agent: self.agent, reason: self.reason, mode };
        let started: Started = context.client()?.post("/runs", &order).await?;
        context.show(&started, |started| {
            let follow = format!("  standdown runs show {} --follow\n", started.run);
            format!("started {} ({}) in {}\n{follow}", started.run, started.mode.as_str(), started.incident)
        })
    }
}
