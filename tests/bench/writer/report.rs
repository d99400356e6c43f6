//! The table at the end, for people.

use std::time::Duration;

use crate::{Measured, intake};

/// Prints every way with its best round, the spread of its rounds, and what limited it.
pub fn print(all: &[Measured]) {
    let mut ways: Vec<&str> = Vec::new();
    for measured in all {
        if !ways.contains(&measured.way.as_str()) {
            ways.push(&measured.way);
        }
    }
    println!("bytes of JSON in a commit: {}", intake::sizes());
    println!(
        "{:<36} {:>9} {:>15} {:>8} {:>6} {:>8} {:>8} {:>12}",
        "way", "commits/s", "all rounds", "rows/s", "batch", "p50 ms", "p99 ms", "cpu us each"
    );
    let mut bests = Vec::new();
    for way in ways {
        let mut rounds: Vec<&Measured> = all.iter().filter(|measured| measured.way == way).collect();
        rounds.sort_by(|a, b| a.commits_per_second().total_cmp(&b.commits_per_second()));
        let (worst, best) = (rounds[0], rounds[rounds.len() - 1]);
        println!(
            "{way:<36} {:>9.0} {:>15} {:>8.0} {:>6.1} {:>8.2} {:>8.2} {:>12.0}",
            best.commits_per_second(),
            format!("{:.0}-{:.0}", worst.commits_per_second(), best.commits_per_second()),
            best.commits_per_second() * best.rows as f64,
            best.commits as f64 / best.batches.max(1) as f64,
            milliseconds(best.p50),
            milliseconds(best.p99),
            best.cpu.as_secs_f64() * 1e6 / best.commits.max(1) as f64,
        );
        bests.push((way.to_owned(), best));
    }
    for (way, best) in &bests {
        println!("{way}: {}", shares(best));
    }
    let best =
        |name: &str| bests.iter().find(|(way, _)| way.starts_with(name)).map(|(_, best)| best.commits_per_second());
    if let (Some(store), Some(single), Some(bare)) = (best("64 callers"), best("one commit"), best("bare")) {
        println!(
            "64 callers do {:.1}x of one commit a transaction, {:.2}x of bare SQLite",
            store / single,
            store / bare
        );
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn shares(measured: &Measured) -> String {
    let share = |time: Duration| 100.0 * time.as_secs_f64() / measured.wall.as_secs_f64();
    let Some(spent) = measured.spent else { return "all of it in SQLite".to_owned() };
    let busy = spent.look_up + spent.gather + spent.write + spent.commit + spent.answer + spent.checkpoint;
    format!(
        "look-up {:.0} %, hash and gather {:.0} %, statements {:.0} %, commit and fsync {:.0} %, answers {:.0} %, checkpoint {:.0} %, idle \
         {:.0} %; encoding took the callers {:.0} us a commit",
        share(spent.look_up),
        share(spent.gather),
        share(spent.write),
        share(spent.commit),
        share(spent.answer),
        share(spent.checkpoint),
        100.0 - share(busy),
        spent.prepare.as_secs_f64() * 1e6 / measured.commits.max(1) as f64,
    )
}
