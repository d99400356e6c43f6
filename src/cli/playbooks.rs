//! `standdown playbooks`: those that serve, reading the folder again, and what became of them.

use std::process::ExitCode;

use clap::Subcommand;

use crate::domain::Mode;
use crate::machine::Tone;
use crate::web::api::view::{LoadView, PlaybookHistory, PlaybookList};

use super::context::Context;
use super::exit::Error;
use super::render::{Table, or_nothing, playbooks};
use super::status::load;

/// Playbooks that serve.
#[derive(Debug, Subcommand)]
pub enum Playbooks {
    /// Those that serve
    List,
    /// Read the folder and the approvals of the configuration again; the exit code is 1 if a file is broken
    Reload,
    /// What changed in those that serve, and what was refused: when, and who caused it
    History {
        /// At most so many
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
        /// Show what was written differently, too
        #[arg(long)]
        diff: bool,
    },
}

impl Playbooks {
    pub async fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let client = context.client()?;
        match self {
            Self::List => {
                let list: PlaybookList = client.get("/playbooks", &[]).await?;
                context.show(&list, |list| or_nothing(&table(list), "no playbook serves") + &load(&list.loaded))?;
                Ok(ExitCode::SUCCESS)
            }
            Self::Reload => {
                let loaded: LoadView = client.post("/playbooks/reload", &serde_json::json!({})).await?;
                context.show(&loaded, |loaded| {
                    let change = loaded.change.as_ref().map(|change| playbooks::change(change, true));
                    let change = change.unwrap_or_else(|| "nothing changed\n".to_owned());
                    format!("{} playbooks serve\n{change}{}", loaded.serving, load(loaded))
                })?;
                let broken = loaded.diagnostics.iter().any(|diagnostic| diagnostic.level == "error");
                Ok(if broken { ExitCode::FAILURE } else { ExitCode::SUCCESS })
            }
            Self::History { limit, diff } => {
                let history: PlaybookHistory =
                    client.get("/playbooks/history", &[("limit", limit.to_string())]).await?;
                let now = context.now();
                context.show(&history, |history| playbooks::history(history, now, diff))?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

fn table(list: &PlaybookList) -> Table {
    let mut table = Table::new(["name", "mode", "steps", "version", "file", "title"]);
    for playbook in &list.playbooks {
        let tone = if playbook.mode == Mode::Enforce { Tone::Good } else { Tone::Neutral };
        table.row(
            tone,
            [
                playbook.name.to_string(),
                playbook.mode.as_str().to_owned(),
                playbook.steps.to_string(),
                playbook.digest.prefix(),
                playbook.file.clone(),
                playbook.title.clone(),
            ],
        );
    }
    table
}
