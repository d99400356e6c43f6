//! The parts of the load generator, and the order of the measures.

mod accepts;
mod alert;
mod bare;
mod book;
mod connection;
mod daemon;
mod delays;
mod flood;
mod ledger;
mod matching;
mod memory;
mod numbers;
mod open_loop;
mod peers;
mod playbooks;
mod postgres;
mod process;
mod prototype;
mod raw;
mod replicas;
mod runs;
mod settings;
mod sqlite;
mod start;
mod stub;
mod table;

use settings::{Measure, Settings};
use table::Table;

/// Runs what the arguments ask for: a rival as a process of its own, or the measures.
pub fn run(arguments: &[String]) -> anyhow::Result<()> {
    match arguments.first().map(String::as_str) {
        Some("serve-bare") => return bare::serve(),
        Some("serve-prototype") => return prototype::serve(std::path::Path::new(&arguments[1])),
        _ => {}
    }
    let settings = Settings::parse(arguments)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut table = Table::default();
    let outcome = runtime.block_on(measure(&settings, &mut table));
    table.print(&settings);
    outcome
}

async fn measure(settings: &Settings, table: &mut Table) -> anyhow::Result<()> {
    if settings.wants(Measure::Accepts) {
        accepts::measure(settings, table).await?;
    }
    if settings.wants(Measure::Runs) {
        runs::measure(settings, table).await?;
    }
    if settings.wants(Measure::Delays) {
        delays::measure(settings, table).await?;
    }
    if settings.wants(Measure::Memory) {
        memory::measure(settings, table).await?;
    }
    if settings.wants(Measure::Start) {
        start::measure(settings, table).await?;
    }
    if settings.wants(Measure::Matching) {
        matching::measure(settings, table).await?;
    }
    if settings.wants(Measure::Replicas) {
        replicas::measure(settings, table).await?;
    }
    if settings.wants(Measure::Peers) {
        peers::measure(settings, table).await?;
    }
    Ok(())
}
