//! How many alerts a second are accepted, durably: the daemon against three rivals that do less.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::Duration;

use tempfile::TempDir;

use super::daemon::{Daemon, HOOK, Shape};
use super::flood::{Flood, Way, flood};
use super::ledger::Ledger;
use super::numbers::{median, milliseconds, percent, rate};
use super::settings::Settings;
use super::table::Table;
use super::{alert, bare, raw};

const CONNECTIONS: [usize; 4] = [1, 16, 64, 256];
const AGENTS: u64 = 20_000;

/// What one round brought, per second.
struct Round {
    daemon: Flood,
    prototype: f64,
    bare: f64,
    raw: f64,
    cpu_microseconds: f64,
}

pub async fn measure(settings: &Settings, table: &mut Table) -> anyhow::Result<()> {
    eprintln!("accepts: daemon, prototype, bare axum and raw SQLite in turns");
    let folder = TempDir::new_in(&settings.directory)?;
    let mut daemon =
        Daemon::start(settings, &Shape { agents: AGENTS, idle_playbooks: 1, target: None, store: None }).await?;
    let database = folder.path().join("prototype.db");
    let (_prototype, prototype) = bare::start(&["serve-prototype", &database.display().to_string()]).await?;
    let (_bare, bare) = bare::start(&["serve-bare"]).await?;
    let next = Cell::new(0);
    let (mut ids, mut refused) = (Vec::new(), 0);
    for connections in CONNECTIONS {
        let mut rounds = Vec::new();
        for _ in 0..settings.rounds {
            let cpu = daemon.process().cpu();
            let ours = send(settings, daemon.address, connections, &next).await?;
            let cpu = daemon.process().cpu().saturating_sub(cpu);
            anyhow::ensure!(ours.failed == 0, "{} alerts were answered neither 202 nor 503", ours.failed);
            ids.extend(ours.ids.iter().copied());
            refused += ours.refused;
            rounds.push(Round {
                cpu_microseconds: cpu.as_secs_f64() * 1e6 / ours.accepted.max(1) as f64,
                daemon: ours,
                prototype: send(settings, prototype, connections, &next).await?.per_second(),
                bare: send(settings, bare, connections, &next).await?.per_second(),
                raw: raw::write(&folder.path().join("raw.db"), connections, AGENTS, settings.time).await?,
            });
        }
        lines(table, connections, &rounds);
    }
    let mut ledger = Ledger::open(&daemon.store).await?;
    let missing = ledger.missing(&ids).await?;
    table.remark(format!(
        "accepts: {} alerts were answered 202, {missing} of them are missing in the store; {refused} were answered 503",
        ids.len()
    ));
    anyhow::ensure!(missing == 0, "acknowledged alerts are missing");
    daemon.stop()
}

async fn send(settings: &Settings, address: SocketAddr, connections: usize, next: &Cell<u64>) -> anyhow::Result<Flood> {
    let body = |number| alert::body("accepts", number, alert::STARTS_NOTHING, AGENTS);
    flood(&Way { address, path: HOOK, connections, time: settings.time, next, body, book: None }).await
}

fn lines(table: &mut Table, connections: usize, rounds: &[Round]) {
    let of = |value: fn(&Round) -> f64| median(rounds.iter().map(value).collect());
    let ours = of(|round| round.daemon.per_second());
    let delay = |percent: f64| {
        let all = rounds.iter().map(|round| round.daemon.delays().percentile(percent).as_secs_f64());
        milliseconds(Duration::from_secs_f64(median(all.collect())))
    };
    let goal = |text| if connections == 64 { text } else { "" };
    let shown = format!(
        "{}, p50 {}, p99 {}, {:.0} us CPU each",
        rate(ours),
        delay(50.0),
        delay(99.0),
        of(|round| round.cpu_microseconds)
    );
    let ratio = |of_round: fn(&Round) -> f64| {
        percent(median(rounds.iter().map(|round| round.daemon.per_second() / of_round(round)).collect()))
    };
    let at = format!("accepts, {connections} connections");
    table.line(
        format!("{at}, of a bare prototype"),
        ratio(|round| round.prototype),
        shown,
        rate(of(|round| round.prototype)),
        goal(">= 70 %"),
    );
    let bare = rate(of(|round| round.bare));
    table.line(format!("{at}, of bare axum"), ratio(|round| round.bare), rate(ours), bare, goal(">= 25 %"));
    let raw = rate(of(|round| round.raw));
    table.line(format!("{at}, of raw SQLite batches"), ratio(|round| round.raw), rate(ours), raw, "");
}
