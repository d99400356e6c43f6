//! What it costs to ask many playbooks about an alert that none of them takes.

use std::cell::Cell;
use std::time::{Duration, Instant};

use standdown::action::Registry;
use standdown::domain::Agent;
use standdown::playbook::compile_folder;
use standdown::playbook::context::matching_values;

use super::book::Delays;
use super::daemon::{Daemon, HOOK, Shape};
use super::flood::{Way, flood};
use super::numbers::{milliseconds, rate};
use super::settings::Settings;
use super::table::Table;
use super::{alert, playbooks};
use crate::samples;

const PLAYBOOKS: [usize; 3] = [1, 100, 1000];

pub async fn measure(settings: &Settings, table: &mut Table) -> anyhow::Result<()> {
    eprintln!("matching against 1, 100 and 1,000 playbooks");
    let next = Cell::new(0);
    for count in PLAYBOOKS {
        let mut daemon =
            Daemon::start(settings, &Shape { agents: 1000, idle_playbooks: count, target: None, store: None }).await?;
        let body = |number| alert::body("matching", number, alert::STARTS_NOTHING, 1000);
        let (address, time) = (daemon.address, settings.time.min(Duration::from_secs(3)));
        let way = Way { address, path: HOOK, connections: 1, time, next: &next, body, book: None };
        let alone = flood(&way).await?;
        let body = |number| alert::body("matching-64", number, alert::STARTS_NOTHING, 1000);
        let way = Way { address, path: HOOK, connections: 64, time, next: &next, body, book: None };
        let many = flood(&way).await?;
        let delays = alone.delays();
        let within = in_process(settings, count)?;
        table.number(
            format!("matching, {count} playbooks"),
            format!(
                "{} in process; ack p50 {}, p99 {}; {} at 64 connections",
                milliseconds(within.percentile(50.0)),
                milliseconds(delays.percentile(50.0)),
                milliseconds(delays.percentile(99.0)),
                rate(many.per_second()),
            ),
            if count == 1000 { "<= 1 ms" } else { "flat to 100" },
        );
        daemon.stop()?;
    }
    Ok(())
}

/// The conditions alone, without HTTP and store, on one thread.
fn in_process(settings: &Settings, count: usize) -> anyhow::Result<Delays> {
    let folder = tempfile::TempDir::new_in(&settings.directory)?;
    playbooks::write(folder.path(), false, count)?;
    let compiled = compile_folder(folder.path(), &Registry::catalogue_without_connections());
    anyhow::ensure!(compiled.playbooks.len() == count, "{} of {count} playbooks compiled", compiled.playbooks.len());
    let alert = samples::alert("matching", 0);
    let agent = Agent::unknown(samples::agent("agent-00001"));
    let mut delays = Vec::new();
    let until = Instant::now() + Duration::from_secs(1);
    while Instant::now() < until {
        let began = Instant::now();
        let values = matching_values(&alert, &agent);
        for playbook in &compiled.playbooks {
            anyhow::ensure!(!playbook.when.evaluate_bool(&values, alert.received_at)?, "a playbook matches");
        }
        delays.push(began.elapsed());
    }
    Ok(Delays::from(delays))
}
