//! How soon the daemon serves: from nothing, and with many runs open.

use std::time::{Duration, Instant};

use super::alert;
use super::connection::Connection;
use super::daemon::{Daemon, HOOK, Shape};
use super::ledger::Ledger;
use super::numbers::{median, milliseconds};
use super::settings::Settings;
use super::stub::Stub;
use super::table::Table;

/// Every alert starts a run of each of these.
pub const WAITING_PLAYBOOKS: u64 = 5;

pub async fn measure(settings: &Settings, table: &mut Table) -> anyhow::Result<()> {
    first_accept(settings, table).await?;
    recovery(settings, table).await
}

async fn first_accept(settings: &Settings, table: &mut Table) -> anyhow::Result<()> {
    let mut times = Vec::new();
    let shape = Shape { agents: 10, idle_playbooks: 2, target: None, store: None };
    for round in 0..5 {
        let mut daemon = Daemon::prepare(settings, &shape).await?;
        let began = Instant::now();
        daemon.spawn()?;
        for attempt in 0.. {
            let body = alert::body(&format!("start-{round}"), attempt, alert::STARTS_NOTHING, 10);
            if let Ok(mut connection) = Connection::open(daemon.address).await
                && connection.post(HOOK, &body).await.is_ok_and(|answer| answer.status == 202)
            {
                break;
            }
            anyhow::ensure!(began.elapsed() < Duration::from_secs(30), "the daemon does not serve");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        times.push(began.elapsed().as_secs_f64());
        daemon.stop()?;
    }
    let shown = milliseconds(Duration::from_secs_f64(median(times)));
    table.number("start of the process to first durable 202", shown, "<= 100 ms");
    Ok(())
}

/// Many runs that wait, and after them one whose call was under way when the daemon was killed: recovery looks at open
/// runs from the oldest to the newest, so that the call comes again when the last was looked at.
async fn recovery(settings: &Settings, table: &mut Table) -> anyhow::Result<()> {
    let alerts: u64 = if settings.quick { 4_000 } else { 20_000 };
    let runs = alerts * WAITING_PLAYBOOKS;
    eprintln!("recovery: making {runs} open runs");
    let stub = Stub::start()?;
    let mut daemon =
        Daemon::start(settings, &Shape { agents: alerts, idle_playbooks: 0, target: Some(stub.address), store: None })
            .await?;
    let mut connection = Connection::open(daemon.address).await?;
    for from in (0..alerts).step_by(50) {
        let bodies = (from..(from + 50).min(alerts)).map(|number| alert::body("wait", number, alert::WAITS, alerts));
        let body = format!(r#"{{"alerts":[{}]}}"#, bodies.collect::<Vec<_>>().join(","));
        let answer = connection.post(HOOK, &body).await?;
        anyhow::ensure!(answer.status == 202, "a batch was answered {}", answer.status);
    }
    let held = alert::body("hold", 0, alert::HOLDS, alerts);
    anyhow::ensure!(connection.post(HOOK, &held).await?.status == 202, "the last alert was not taken");
    wait_for_held(&stub, 1, Duration::from_secs(10)).await?;
    let open = Ledger::open(&daemon.store).await?.open_runs().await?;
    anyhow::ensure!(open == i64::try_from(runs)? + 1, "{open} runs are open instead of {}", runs + 1);
    daemon.kill();
    let began = Instant::now();
    let ready = daemon.launch().await?;
    wait_for_held(&stub, 2, Duration::from_secs(120)).await?;
    let looked_at = began.elapsed();
    table.number(format!("recovery, {runs} open runs: start to ready"), milliseconds(ready), "<= 2 s");
    let shown = format!("{}, then {:.0} MiB", milliseconds(looked_at), daemon.process().memory_mib());
    table.number(format!("recovery, {runs} open runs: start to the last one looked at"), shown, "<= 2 s");
    daemon.kill();
    Ok(())
}

async fn wait_for_held(stub: &Stub, count: u64, limit: Duration) -> anyhow::Result<()> {
    let began = Instant::now();
    while stub.held() < count {
        anyhow::ensure!(began.elapsed() < limit, "the call that is held did not come");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}
