//! `standdown playbooks`: those that serve, and reading the folder again.

use std::process::ExitCode;

use clap::Subcommand;

use crate::domain::Mode;
use crate::machine::Tone;
use crate::web::api::view::{LoadView, PlaybookList};

use super::context::Context;
use super::exit::Error;
use super::render::{Table, or_nothing};
use super::status::load;

/// Playbooks that serve.
#[derive(Debug, Subcommand)]
pub enum Playbooks {
    /// Those that serve
    List,
    /// Read the folder again; the exit code is 1 if a file is broken
    Reload,
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
                context.show(&loaded, |loaded| format!("{} playbooks serve\n{}", loaded.serving, load(loaded)))?;
                let broken = loaded.diagnostics.iter().any(|diagnostic| diagnostic.level == "error");
                Ok(if broken { ExitCode::FAILURE } else { ExitCode::SUCCESS })
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
