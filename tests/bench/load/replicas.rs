//! The same on PostgreSQL, with one, two and three replicas on one database, against its own single-row inserts.

use std::cell::Cell;

use futures_util::future::join_all;

use super::alert;
use super::daemon::{Daemon, HOOK, Shape};
use super::flood::{Flood, Way, flood};
use super::ledger::Ledger;
use super::numbers::{median, percent, rate};
use super::postgres::{Postgres, fresh_database};
use super::settings::Settings;
use super::table::Table;

const REPLICAS: [usize; 3] = [1, 2, 3];
const CONNECTIONS: usize = 64;
const AGENTS: u64 = 4000;

pub async fn measure(settings: &Settings, table: &mut Table) -> anyhow::Result<()> {
    let Some(postgres) = Postgres::start(&settings.directory).await? else {
        table.remark("replicas: not measured; PostgreSQL is not installed (apt-get install postgresql)".to_owned());
        return Ok(());
    };
    eprintln!("replicas: accepts on PostgreSQL and single-row inserts in turns");
    for count in REPLICAS {
        let mut rounds = Vec::new();
        for _ in 0..settings.rounds {
            let pair = postgres.pgbench(settings.time).await?;
            match accepts(settings, &fresh_database(&postgres.url).await?, count).await {
                Ok(ours) => rounds.push((ours, pair)),
                Err(error) => {
                    let error = error.to_string();
                    table.remark(format!("replicas: not measured; {}", error.lines().next().unwrap_or_default()));
                    return postgres.stop();
                }
            }
        }
        let ours = median(rounds.iter().map(|(ours, _)| *ours).collect());
        let pair = median(rounds.iter().map(|(_, pair)| *pair).collect());
        let ratio = median(rounds.iter().map(|(ours, pair)| ours / pair).collect());
        let measure = format!("PostgreSQL, {count} replicas: accepts of single-row inserts");
        table.line(measure, percent(ratio), rate(ours), rate(pair), ">= 40 %");
    }
    postgres.stop()
}

/// Accepted alerts per second of so many replicas together.
async fn accepts(settings: &Settings, store: &str, count: usize) -> anyhow::Result<f64> {
    let mut daemons = Vec::new();
    for _ in 0..count {
        let shape = Shape { agents: AGENTS, idle_playbooks: 1, target: None, store: Some(store.to_owned()) };
        daemons.push(Daemon::start(settings, &shape).await?);
    }
    let next = Cell::new(0);
    let ways = daemons.iter().map(|daemon| Way {
        address: daemon.address,
        path: HOOK,
        connections: CONNECTIONS / count,
        time: settings.time,
        next: &next,
        body: |number| alert::body("replicas", number, alert::STARTS_NOTHING, AGENTS),
        book: None,
    });
    let ways: Vec<_> = ways.collect();
    let sent = join_all(ways.iter().map(flood)).await.into_iter().collect::<anyhow::Result<Vec<Flood>>>()?;
    let ids: Vec<_> = sent.iter().flat_map(|flood| flood.ids.iter().copied()).collect();
    let missing = Ledger::open(store).await?.missing(&ids).await?;
    anyhow::ensure!(missing == 0, "{missing} acknowledged alerts are missing");
    for daemon in &mut daemons {
        daemon.stop()?;
    }
    Ok(sent.iter().map(Flood::per_second).sum())
}
