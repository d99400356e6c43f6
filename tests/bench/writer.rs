//! How many commits of the shape that intake makes are on disk per second, and what limits it.
//!
//! Three ways alternate on real files with fsync on, so that they share the weather: the store itself with 1, 16, 64 and
//! 256 waiting callers; the store with one commit per transaction; and bare SQLite writing the same bytes in batches,
//! without guards, hashing or callers. Beside them the lighter commit of an alert that starts no run. On a shared machine the ratios say more than the numbers.
//!
//! `cargo bench --bench writer -- SECONDS ROUNDS [CALLERS]` (3 and 3 if left out; with CALLERS only that many and bare
//! SQLite, to profile).
#![allow(
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark may stop where it stands"
)]
#![allow(clippy::print_stdout, reason = "a benchmark is for reading")]

#[path = "writer/bare.rs"]
mod bare;
#[path = "writer/intake.rs"]
mod intake;
#[path = "writer/report.rs"]
mod report;
#[path = "../it/store/samples.rs"]
#[allow(dead_code)]
mod samples;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use standdown::store::{Spent, Store, StoreOptions, Writer};
use tempfile::TempDir;

/// What one way did in one round.
struct Measured {
    way: String,
    /// Rows of one commit.
    rows: usize,
    commits: u64,
    batches: u64,
    p50: Duration,
    p99: Duration,
    spent: Option<Spent>,
    wall: Duration,
    cpu: Duration,
}

impl Measured {
    fn commits_per_second(&self) -> f64 {
        self.commits as f64 / self.wall.as_secs_f64()
    }
}

fn main() {
    let numbers: Vec<u64> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let seconds = Duration::from_secs(numbers.first().copied().unwrap_or(3));
    let rounds = numbers.get(1).copied().unwrap_or(3);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut all = Vec::new();
    for _ in 0..rounds {
        if let Some(callers) = numbers.get(2) {
            all.push(runtime.block_on(through_the_store(*callers as usize, 512, seconds, true)));
            all.push(runtime.block_on(bare_sqlite(64, seconds)));
            continue;
        }
        for callers in [1, 16, 64, 256] {
            all.push(runtime.block_on(through_the_store(callers, 512, seconds, true)));
        }
        all.push(runtime.block_on(through_the_store(64, 512, seconds, false)));
        all.push(runtime.block_on(through_the_store(64, 1, seconds, true)));
        all.push(runtime.block_on(bare_sqlite(64, seconds)));
    }
    report::print(&all);
}

async fn through_the_store(callers: usize, batch_commits_max: usize, time: Duration, runs: bool) -> Measured {
    let directory = scratch();
    let url = format!("sqlite:{}", directory.path().join("bench.db").display());
    let options = StoreOptions { batch_commits_max, ..StoreOptions::default() };
    let store = Store::open(&url, options).await.unwrap();
    let counter = Arc::new(AtomicU64::new(0));
    let (start, cpu) = (Instant::now(), cpu_time());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..callers {
        let (store, counter) = (store.clone(), Arc::clone(&counter));
        tasks.spawn(async move {
            let mut waits = Vec::new();
            while start.elapsed() < time {
                let number = counter.fetch_add(1, Ordering::Relaxed);
                let commit = if runs { intake::commit(number) } else { intake::commit_without_run(number) };
                let begun = Instant::now();
                store.commit(commit).await.unwrap();
                waits.push(begun.elapsed());
            }
            waits
        });
    }
    let mut waits: Vec<Duration> = tasks.join_all().await.into_iter().flatten().collect();
    let (wall, cpu) = (start.elapsed(), cpu_time().saturating_sub(cpu));
    waits.sort();
    let stats = store.writer_stats();
    store.close().await;
    let way = if batch_commits_max == 1 {
        "one commit a transaction, 64 callers".to_owned()
    } else if !runs {
        format!("{callers} callers, alerts that start no run")
    } else {
        format!("{callers} callers")
    };
    let rows = if runs { intake::ROWS } else { intake::ROWS_WITHOUT_RUN };
    Measured {
        way,
        rows,
        commits: stats.commits,
        batches: stats.batches,
        p50: waits[waits.len() / 2],
        p99: waits[waits.len() * 99 / 100],
        spent: Some(stats.spent),
        wall,
        cpu,
    }
}

async fn bare_sqlite(batch: usize, time: Duration) -> Measured {
    let directory = scratch();
    let cpu = cpu_time();
    let (commits, waits, wall) = bare::write(&directory.path().join("bench.db"), batch, time).await;
    Measured {
        way: format!("bare SQLite, batches of {batch}"),
        rows: intake::ROWS,
        commits,
        batches: commits / batch as u64,
        p50: waits[waits.len() / 2],
        p99: waits[waits.len() * 99 / 100],
        spent: None,
        wall,
        cpu: cpu_time().saturating_sub(cpu),
    }
}

/// The processor time that this process has used, of all its threads; nothing where the system does not say.
fn cpu_time() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<u64> =
        text.rsplit(')').next().unwrap_or("").split(' ').map(|field| field.parse().unwrap_or(0)).collect();
    // User and system time, the 14th and 15th field, in hundredths of a second; counted here from behind the name.
    let ticks = fields.get(12).copied().unwrap_or(0) + fields.get(13).copied().unwrap_or(0);
    Duration::from_millis(ticks * 10)
}

/// Where the databases go: a real disk, unless `STANDDOWN_BENCH_DIR` says otherwise.
fn scratch() -> TempDir {
    let directory =
        std::env::var_os("STANDDOWN_BENCH_DIR").map_or_else(|| std::env::current_dir().unwrap(), Into::into);
    TempDir::new_in(directory).unwrap()
}
