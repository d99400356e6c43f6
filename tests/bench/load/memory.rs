//! What the daemon needs when nothing happens.

use std::time::Duration;

use super::daemon::{Daemon, Shape};
use super::settings::Settings;
use super::table::Table;

pub async fn measure(settings: &Settings, table: &mut Table) -> anyhow::Result<()> {
    let mut daemon =
        Daemon::start(settings, &Shape { agents: 10, idle_playbooks: 2, target: None, store: None }).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    table.number("memory at rest (PSS)", format!("{:.1} MiB", daemon.process().memory_mib()), "<= 30 MB");
    let cpu = daemon.process().cpu();
    tokio::time::sleep(settings.time).await;
    let spent = daemon.process().cpu().saturating_sub(cpu).as_secs_f64() / settings.time.as_secs_f64();
    table.number("processor at rest", format!("{:.1} %", spent * 100.0), "");
    daemon.stop()
}
