//! How long things take: in quiet times, at a steady thousand a second, and while a storm goes on.

use std::cell::Cell;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::alert;
use super::book::Book;
use super::daemon::HOOK;
use super::flood::{Flood, Way, flood};
use super::numbers::{milliseconds, percent, rate};
use super::runs::{AGENTS, Subject};
use super::settings::Settings;
use super::table::Table;

const STORM_CONNECTIONS: usize = 64;
const STORM: Duration = Duration::from_secs(8);
/// The runs that were acknowledged first: they must not wait for the last.
const FIRST: usize = 1000;
/// How long a storm's runs may take before they are counted as they are.
const PATIENCE: Duration = Duration::from_secs(120);

pub async fn measure(settings: &Settings, table: &mut Table) -> anyhow::Result<()> {
    eprintln!("delays: 5/s, 1,000/s, and a storm");
    let mut subject = Subject::start(settings).await?;
    let calm = if settings.quick { 25 } else { 150 };
    let outcome = subject.pace(5.0, calm, Duration::from_secs(5)).await?;
    lines(table, "5/s", &outcome.book, "p50 <= 5 ms, p99 <= 20 ms");
    let count = 1000 * settings.time.as_secs();
    let outcome = subject.pace(1000.0, count, Duration::from_secs(20)).await?;
    lines(table, "1,000/s", &outcome.book, "");
    storm(&mut subject, table).await?;
    subject.daemon.stop()
}

fn lines(table: &mut Table, at: &str, book: &Book, goal: &'static str) {
    let text = |delays: super::book::Delays| {
        format!("p50 {}, p99 {}", milliseconds(delays.percentile(50.0)), milliseconds(delays.percentile(99.0)))
    };
    table.number(format!("request to 202, at {at}"), text(book.acknowledgements()), "");
    table.number(format!("request to first call, at {at}"), text(book.until_call(0)), "");
    table.number(format!("request to third call, at {at}"), text(book.until_call(2)), goal);
}

async fn storm(subject: &mut Subject, table: &mut Table) -> anyhow::Result<()> {
    let (book, next) = (subject.stub.open(1_000_000), Cell::new(0));
    let body = |number| alert::body("storm", number, alert::STARTS_A_RUN, AGENTS);
    let (address, book) = (subject.daemon.address, &book);
    let way =
        Way { address, path: HOOK, connections: STORM_CONNECTIONS, time: STORM, next: &next, body, book: Some(book) };
    let highest = Cell::new(0.0);
    let (over, began) = (Cell::new(false), Instant::now());
    let watch = async {
        while !over.get() {
            highest.set(subject.daemon.process().memory_mib().max(highest.get()));
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let work = async {
        let sent = flood(&way).await;
        let at_end = book.completed.load(Ordering::Relaxed);
        // What was accepted is done when no run is open any more; the memory is watched until then.
        let quiet = subject.ledger.wait_until_quiet(PATIENCE).await;
        over.set(true);
        Ok::<_, anyhow::Error>((sent?, at_end, quiet?))
    };
    let ((), worked) = futures_util::future::join(watch, work).await;
    let (sent, at_end, quiet): (Flood, u64, bool) = worked?;
    let (first, acknowledged) = (book.from_acknowledgement(FIRST), book.acknowledgements());
    table.number(
        format!("storm, {STORM_CONNECTIONS} connections for 8 s: accepted"),
        format!(
            "{}, {} answered 503, p99 of 202 {}",
            rate(sent.per_second()),
            percent(sent.refused as f64 / (sent.refused + sent.accepted).max(1) as f64),
            milliseconds(acknowledged.percentile(99.0))
        ),
        "an honest 503",
    );
    table.number(
        format!("storm: 202 to third call of the first {FIRST} runs"),
        format!("p50 {}, p99 {}", milliseconds(first.percentile(50.0)), milliseconds(first.percentile(99.0))),
        "<= 1 s",
    );
    table.number("storm: memory (PSS), highest", format!("{:.0} MiB", highest.get()), "<= 200 MB");
    let all = book.completed.load(Ordering::Relaxed);
    table.remark(format!(
        "storm: {at_end} runs were over when it ended, {all} after {:.1} s{}; an agent whose run is under way starts no \
         second one",
        began.elapsed().as_secs_f64(),
        if quiet { "" } else { ", and some still open" }
    ));
    Ok(())
}
