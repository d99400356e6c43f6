//! Waiting for something outside the test: polled, bounded, and with a message when it does not come.
//!
//! Only real servers need this. What runs inside the test process steps the clock instead of waiting.

use std::future::Future;
use std::time::{Duration, Instant};

/// How long a server may take to answer after its start. A loaded machine with two cores needs some seconds.
pub const START: Duration = Duration::from_secs(45);

const PAUSE: Duration = Duration::from_millis(25);

/// Asks again and again until `attempt` gives a value; None after `limit`.
pub async fn poll<T, F>(limit: Duration, mut attempt: impl FnMut() -> F) -> Option<T>
where
    F: Future<Output = Option<T>>,
{
    let began = Instant::now();
    loop {
        if let Some(value) = attempt().await {
            return Some(value);
        }
        if began.elapsed() >= limit {
            return None;
        }
        tokio::time::sleep(PAUSE).await;
    }
}
