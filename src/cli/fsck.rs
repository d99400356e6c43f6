//! `standdown fsck`: the whole store looked through, without a daemon or beside one. It changes nothing.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use crate::action::{ActionOptions, Registry};
use crate::client::{Secrets, SystemSecrets};
use crate::config::Configuration;
use crate::engine::{Inspection, Library, inspect};
use crate::machine::Tone;
use crate::playbook::Catalogue;
use crate::store::Store;

use super::context::{Context, store_options};
use super::exit::Error;
use super::output;
use super::render::{add, paint, printable};

/// Check the whole store. Exits with 1 if anything is wrong.
#[derive(Debug, Args)]
pub struct Fsck {}

impl Fsck {
    pub async fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let configuration = context.configuration().map_err(|faults| super::check::refused(&faults))?;
        let store = Store::open_for_reading(&configuration.store, store_options(&configuration)).await;
        let store = store.map_err(|error| Error::Failed(error.to_string()))?;
        let library = Library::new(catalogue(&configuration)?, configuration.playbooks.clone());
        let inspection = inspect(&store, &library).await;
        store.close().await;
        context.show(&inspection, words)?;
        Ok(if inspection.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// The actions that playbook versions may name. A connection that can't be set up here takes its actions along: runs of
/// them are checked by their chains alone.
fn catalogue(configuration: &Configuration) -> Result<Catalogue, Error> {
    let secrets: Arc<dyn Secrets> = Arc::new(SystemSecrets);
    let options = ActionOptions { evidence_folder: configuration.evidence_folder.clone() };
    match Registry::build(&configuration.connections, &options, secrets) {
        Ok(registry) => Ok(registry.catalogue()),
        Err(faults) => {
            for fault in faults {
                output::complain(&format!("warning: {fault}\n"))?;
            }
            Ok(Registry::catalogue_without_connections())
        }
    }
}

fn words(inspection: &Inspection) -> String {
    let mut text = String::new();
    for (what, count) in &inspection.counts {
        add(&mut text, format_args!("{count:>9}  {}\n", what.replace('_', " ")));
    }
    for fault in &inspection.faults {
        let line = format!("✗ {} {}: {}", fault.subject, fault.place, fault.what);
        text.push_str(&paint(Tone::Bad, &printable(&line)));
        add(&mut text, format_args!("\n    hint: {}\n", fault.hint));
    }
    let told = u64::try_from(inspection.faults.len()).unwrap_or(u64::MAX);
    let rest = inspection.fault_count.saturating_sub(told);
    if rest > 0 {
        add(&mut text, format_args!("and {rest} more\n"));
    }
    let (tone, end) = match inspection.fault_count {
        0 => (Tone::Good, "✓ no fault".to_owned()),
        1 => (Tone::Bad, "✗ 1 fault".to_owned()),
        count => (Tone::Bad, format!("✗ {count} faults")),
    };
    text.push_str(&paint(tone, &end));
    text.push('\n');
    text
}
