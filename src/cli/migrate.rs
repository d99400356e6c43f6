//! `standdown migrate`: the store's tables brought up to date without serving. `serve` does the same at its start.

use std::process::ExitCode;

use clap::Args;

use crate::store::upkeep::{self, SchemaState};

use super::context::{Context, store_options};
use super::exit::Error;
use super::render::add;

/// Bring the store's tables up to date.
#[derive(Debug, Args)]
pub struct Migrate {
    /// Only say what would be done; exits with 1 if anything would
    #[arg(long)]
    check: bool,
}

impl Migrate {
    pub async fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let configuration = context.configuration().map_err(|faults| super::check::refused(&faults))?;
        let (store, options) = (&configuration.store, store_options(&configuration));
        let state =
            if self.check { upkeep::schema(store, &options).await } else { upkeep::migrate(store, &options).await };
        let state = state.map_err(|error| Error::Failed(error.to_string()))?;
        let done = !self.check;
        context.show(&state, |state| words(state, done))?;
        Ok(if done || state.pending.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn words(state: &SchemaState, done: bool) -> String {
    if state.pending.is_empty() {
        return format!("the tables are up to date (version {})\n", state.known);
    }
    let mut text = match (state.version, done) {
        (None, true) => "there was no store; it was created:\n".to_owned(),
        (None, false) => "there is no store; it would be created:\n".to_owned(),
        (Some(version), true) => format!("the tables were of version {version}; this was done:\n"),
        (Some(version), false) => format!("the tables are of version {version}; this would be done:\n"),
    };
    for step in &state.pending {
        add(&mut text, format_args!("  {step}\n"));
    }
    text
}
