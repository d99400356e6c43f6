//! The rival without HTTP: the same bodies, made beforehand, written to SQLite in batches.

use std::path::Path;
use std::time::{Duration, Instant};

use super::alert;
use super::sqlite::Pair;

/// Alerts per second on disk, in batches of that size.
pub async fn write(database: &Path, batch: usize, agents: u64, time: Duration) -> anyhow::Result<f64> {
    let bodies: Vec<String> =
        (0..batch as u64).map(|number| alert::body("raw", number, alert::STARTS_NOTHING, agents)).collect();
    let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
    let mut pair = Pair::open(database).await?;
    let (began, mut count) = (Instant::now(), 0_usize);
    while began.elapsed() < time {
        pair.write(&bodies).await?;
        count += bodies.len();
    }
    Ok(count as f64 / began.elapsed().as_secs_f64())
}
