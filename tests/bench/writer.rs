//! How many commits of the shape that intake makes are on disk per second, and what limits it.
//!
//! Three ways alternate on real files with fsync on, so that they share the weather: the store itself with 1, 16, 64 and
//! 256 waiting callers; the store with one commit per transaction; and bare SQLite writing the same bytes in batches,
//! without guards, hashing or callers. On a shared machine the ratios say more than the numbers.
//!
//! `cargo bench --bench writer -- SECONDS ROUNDS` (3 and 3 if left out).
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark is for reading, and may stop"
)]
#![allow(clippy::cast_precision_loss, clippy::pedantic, reason = "numbers for people")]

#[path = "writer/bare.rs"]
mod bare;
#[path = "writer/intake.rs"]
mod intake;
#[path = "../it/store/samples.rs"]
#[allow(dead_code)]
mod samples;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use standdown::store::{Store, StoreOptions, Writer, WriterStats};
use tempfile::TempDir;

/// What one way did in one round.
struct Measured {
    way: String,
    commits_per_second: f64,
    p50: Duration,
    p99: Duration,
    stats: Option<WriterStats>,
    wall: Duration,
}

fn main() {
    let numbers: Vec<u64> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let seconds = Duration::from_secs(numbers.first().copied().unwrap_or(3));
    let rounds = numbers.get(1).copied().unwrap_or(3);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut all = Vec::new();
    for _ in 0..rounds {
        for callers in [1, 16, 64, 256] {
            all.push(runtime.block_on(through_the_store(callers, 512, seconds)));
        }
        all.push(runtime.block_on(through_the_store(64, 1, seconds)));
        all.push(runtime.block_on(bare_sqlite(64, seconds)));
    }
    println!("bytes of JSON: {}", intake::sizes());
    report(&all);
}

async fn through_the_store(callers: usize, batch_commits_max: usize, time: Duration) -> Measured {
    let directory = TempDir::new_in(std::env::current_dir().unwrap()).unwrap();
    let url = format!("sqlite:{}", directory.path().join("bench.db").display());
    let options = StoreOptions { batch_commits_max, ..StoreOptions::default() };
    let store = Store::open(&url, options).await.unwrap();
    let counter = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..callers {
        let (store, counter) = (store.clone(), Arc::clone(&counter));
        tasks.spawn(async move {
            let mut waits = Vec::new();
            while start.elapsed() < time {
                let commit = intake::commit(counter.fetch_add(1, Ordering::Relaxed));
                let begun = Instant::now();
                store.commit(commit).await.unwrap();
                waits.push(begun.elapsed());
            }
            waits
        });
    }
    let mut waits: Vec<Duration> = tasks.join_all().await.into_iter().flatten().collect();
    let wall = start.elapsed();
    waits.sort();
    let stats = store.writer_stats();
    store.close().await;
    let way = if batch_commits_max == 1 {
        "one commit a transaction, 64 callers".to_owned()
    } else {
        format!("{callers} callers")
    };
    Measured {
        way,
        commits_per_second: stats.commits as f64 / wall.as_secs_f64(),
        p50: waits[waits.len() / 2],
        p99: waits[waits.len() * 99 / 100],
        stats: Some(stats),
        wall,
    }
}

async fn bare_sqlite(batch: usize, time: Duration) -> Measured {
    let directory = TempDir::new_in(std::env::current_dir().unwrap()).unwrap();
    let (commits, waits, wall) = bare::write(&directory.path().join("bench.db"), batch, time).await;
    Measured {
        way: format!("bare SQLite, batches of {batch}"),
        commits_per_second: commits as f64 / wall.as_secs_f64(),
        p50: waits[waits.len() / 2],
        p99: waits[waits.len() * 99 / 100],
        stats: None,
        wall,
    }
}

fn report(all: &[Measured]) {
    let mut ways: Vec<&str> = Vec::new();
    for measured in all {
        if !ways.contains(&measured.way.as_str()) {
            ways.push(&measured.way);
        }
    }
    println!(
        "{:<38} {:>9} {:>17} {:>9} {:>6} {:>8} {:>8}  where the writer's time went",
        "way", "best/s", "spread", "rows/s", "batch", "p50 ms", "p99 ms"
    );
    let mut bests = Vec::new();
    for way in ways {
        let mut of_way: Vec<&Measured> = all.iter().filter(|measured| measured.way == way).collect();
        of_way.sort_by(|a, b| a.commits_per_second.total_cmp(&b.commits_per_second));
        let (worst, best) = (of_way[0], of_way[of_way.len() - 1]);
        let rows = best.commits_per_second * intake::ROWS as f64;
        let batch = best.stats.map_or(64.0, |stats| stats.commits as f64 / stats.batches as f64);
        let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
        println!(
            "{way:<38} {:>9.0} {:>8.0}-{:>8.0} {rows:>9.0} {batch:>6.1} {:>8.2} {:>8.2}  {}",
            best.commits_per_second,
            worst.commits_per_second,
            best.commits_per_second,
            milliseconds(best.p50),
            milliseconds(best.p99),
            shares(best),
        );
        bests.push((way.to_owned(), best.commits_per_second));
    }
    let best = |name: &str| bests.iter().find(|(way, _)| way.starts_with(name)).map_or(f64::NAN, |(_, best)| *best);
    println!("64 callers against one commit a transaction: {:.2}x", best("64 callers") / best("one commit"));
    println!("64 callers against bare SQLite: {:.2}x", best("64 callers") / best("bare"));
}

fn shares(measured: &Measured) -> String {
    let Some(stats) = measured.stats else { return String::new() };
    let share = |time: Duration| 100.0 * time.as_secs_f64() / measured.wall.as_secs_f64();
    let spent = stats.spent;
    let busy = spent.look_up + spent.gather + spent.write + spent.commit + spent.checkpoint;
    format!(
        "look-up {:.0} %, hash and gather {:.0} %, statements {:.0} %, commit and fsync {:.0} %, checkpoint {:.0} %, \
         waiting {:.0} %; encoding took callers {:.1} us a commit",
        share(spent.look_up),
        share(spent.gather),
        share(spent.write),
        share(spent.commit),
        share(spent.checkpoint),
        100.0 - share(busy),
        spent.prepare.as_secs_f64() * 1e6 / stats.commits.max(1) as f64,
    )
}
