//! Runs of three calls: how many a second are sustained, and how fast a burst is drained.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::alert;
use super::book::Book;
use super::daemon::{Daemon, HOOK, Shape};
use super::ledger::Ledger;
use super::numbers::{median, milliseconds, rate};
use super::open_loop::{Pace, Sent, send};
use super::process::Process;
use super::settings::Settings;
use super::stub::Stub;
use super::table::Table;

/// So many that an agent's last run is over long before its next alert.
pub const AGENTS: u64 = 20_000;
pub const BURST: u64 = 3000;
/// A rate at which everything is due at once.
pub const AT_ONCE: f64 = 1e9;
const CONNECTIONS: usize = 64;
pub const RATES: [u32; 14] = [100, 250, 500, 750, 1000, 1250, 1500, 1750, 2000, 2500, 3000, 3500, 4000, 5000];
/// What "sustained" means: 99 of 100 third calls come within this time after the alert was due.
const P99_MAX: Duration = Duration::from_secs(1);

/// A daemon with the target that its runs call.
pub struct Subject {
    pub daemon: Daemon,
    pub stub: Stub,
    pub ledger: Ledger,
    /// Alerts that were acknowledged so far, each of which starts a run.
    pub accepted: u64,
    series: u64,
}

/// Alerts that each start a run.
pub struct Load {
    /// Sets these alerts apart from those of other measures.
    pub series: String,
    pub per_second: f64,
    pub count: u64,
    /// How long to wait for runs after the last alert was sent.
    pub patience: Duration,
}

/// One measure's outcome.
pub struct Outcome {
    pub book: Arc<Book>,
    pub sent: Sent,
    pub count: u64,
    /// From the first alert until the last third call.
    pub drained: Duration,
    pub cpu: Duration,
}

impl Subject {
    pub async fn start(settings: &Settings) -> anyhow::Result<Self> {
        let stub = Stub::start()?;
        let shape = Shape { agents: AGENTS, idle_playbooks: 0, target: Some(stub.address), store: None };
        let daemon = Daemon::start(settings, &shape).await?;
        let ledger = Ledger::open(&daemon.store).await?;
        Ok(Self { daemon, stub, ledger, accepted: 0, series: 0 })
    }

    /// Sends so many alerts at a rate, and waits until all runs are over (for some seconds).
    pub async fn pace(&mut self, per_second: f64, count: u64, patience: Duration) -> anyhow::Result<Outcome> {
        self.series += 1;
        let load = Load { series: format!("series-{}", self.series), per_second, count, patience };
        let outcome = load.put_on(self.daemon.address, HOOK, &self.stub, self.daemon.process()).await?;
        self.accepted += outcome.sent.accepted;
        self.ledger.wait_until_quiet(patience).await?;
        Ok(outcome)
    }

    /// Every acknowledged alert started a run, every run ended as it should, and no call was made twice.
    pub async fn check(&mut self, table: &mut Table, outcomes: &[Outcome]) -> anyhow::Result<()> {
        let standing = self.ledger.runs().await?;
        let repeats: u64 = outcomes.iter().map(|outcome| outcome.book.repeats().0).sum();
        let (ids, mut missing) = (outcomes.iter().flat_map(|outcome| outcome.sent.ids.clone()).collect::<Vec<_>>(), 0);
        missing += self.ledger.missing(&ids).await?;
        table.remark(format!(
            "runs: {} alerts were acknowledged, {missing} of them are missing; runs in the store: {} completed, {} open, \
             {} ended otherwise; calls made twice: {repeats}",
            self.accepted, standing.completed, standing.open, standing.otherwise
        ));
        anyhow::ensure!(missing == 0, "acknowledged alerts are missing");
        Ok(())
    }
}

impl Load {
    /// Puts it on whoever listens there, and waits for the third calls of all that was accepted.
    pub async fn put_on(
        self,
        address: SocketAddr,
        path: &str,
        stub: &Stub,
        subject: &Process,
    ) -> anyhow::Result<Outcome> {
        let Self { series, per_second, count, patience } = self;
        let book = stub.open(usize::try_from(count)?);
        let body = |number| alert::body(&series, number, alert::STARTS_A_RUN, AGENTS);
        let (began, cpu) = (Instant::now(), subject.cpu());
        let pace = Pace { address, path, connections: CONNECTIONS, per_second, count, body, book: &book };
        let sent = send(&pace).await?;
        let until = Instant::now() + patience;
        while book.completed.load(Ordering::Relaxed) < sent.accepted && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let drained = began.elapsed();
        let cpu = subject.cpu().saturating_sub(cpu);
        Ok(Outcome { book, sent, count, drained, cpu })
    }
}

impl Outcome {
    /// Whether everything was taken and done in time.
    pub fn is_sustained(&self) -> bool {
        let done = self.book.until_call(2);
        done.count() as u64 == self.count && done.percentile(99.0) < P99_MAX
    }

    /// Third calls per second, from the first alert to the last of them.
    pub fn per_second(&self) -> f64 {
        self.book.completed.load(Ordering::Relaxed) as f64 / self.drained.as_secs_f64()
    }

    pub fn cpu_per_run_ms(&self) -> f64 {
        self.cpu.as_secs_f64() * 1000.0 / self.book.completed.load(Ordering::Relaxed).max(1) as f64
    }
}

pub async fn measure(settings: &Settings, table: &mut Table) -> anyhow::Result<()> {
    eprintln!("runs of three calls: a burst of {BURST}, then rates");
    let mut subject = Subject::start(settings).await?;
    let mut outcomes = Vec::new();
    let mut drained = Vec::new();
    for _ in 0..settings.rounds {
        let outcome = subject.pace(AT_ONCE, BURST, Duration::from_secs(60)).await?;
        drained.push((outcome.per_second(), outcome.cpu_per_run_ms()));
        outcomes.push(outcome);
    }
    let per_second = median(drained.iter().map(|(rate, _)| *rate).collect());
    let cpu = median(drained.iter().map(|(_, cpu)| *cpu).collect());
    table.number(format!("3-step runs, burst of {BURST} drained"), rate(per_second), ">= 3x Restate");
    table.number("CPU per completed run, in a burst", format!("{cpu:.2} ms"), "<= 0.7 ms");
    sustained(settings, &mut subject, table, &mut outcomes).await?;
    subject.check(table, &outcomes).await?;
    subject.daemon.stop()
}

async fn sustained(
    settings: &Settings,
    subject: &mut Subject,
    table: &mut Table,
    outcomes: &mut Vec<Outcome>,
) -> anyhow::Result<()> {
    let mut best = None;
    for per_second in RATES {
        let count = u64::from(per_second) * settings.time.as_secs();
        let outcome = subject.pace(f64::from(per_second), count, Duration::from_secs(15)).await?;
        let done = outcome.book.until_call(2);
        let text = format!(
            "p50 {}, p99 {}, {:.2} ms CPU a run",
            milliseconds(done.percentile(50.0)),
            milliseconds(done.percentile(99.0)),
            outcome.cpu_per_run_ms()
        );
        eprintln!("  at {per_second}/s: {} of {count} done, {text}", done.count());
        let sustained = outcome.is_sustained();
        outcomes.push(outcome);
        if !sustained {
            break;
        }
        best = Some((per_second, text));
    }
    let shown = best.map_or_else(|| "none".to_owned(), |(rate, text)| format!("{rate}/s ({text})"));
    table.number("3-step runs sustained, p99 of request to third call < 1 s", shown, ">= 1,500/s");
    Ok(())
}
