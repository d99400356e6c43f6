//! Alerts at a fixed rate, whether or not the last ones were answered: what waits in line counts as delay.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use standdown::domain::AlertId;
use tokio::sync::Semaphore;

use super::book::Book;
use super::connection::Connection;
use super::flood::alert_id;

/// What came of it.
#[derive(Default)]
pub struct Sent {
    pub accepted: u64,
    pub refused: u64,
    pub failed: u64,
    pub ids: Vec<AlertId>,
}

/// How alerts are sent.
pub struct Pace<'a, Body: Fn(u64) -> String> {
    pub address: SocketAddr,
    pub path: &'a str,
    pub connections: usize,
    pub per_second: f64,
    pub count: u64,
    pub body: Body,
    pub book: &'a Book,
}

/// Sends all of it; the time that it takes is given by the rate, unless the subject can't keep up.
pub async fn send<Body: Fn(u64) -> String>(pace: &Pace<'_, Body>) -> anyhow::Result<Sent> {
    let (due, next, sent) = (Semaphore::new(0), Cell::new(0_u64), RefCell::new(Sent::default()));
    let senders = join_all((0..pace.connections).map(|_| sender(pace, &due, &next, &sent)));
    let ((), ended) = join(keep_pace(pace, &due), senders).await;
    ended.into_iter().collect::<anyhow::Result<Vec<()>>>()?;
    Ok(sent.into_inner())
}

async fn keep_pace<Body: Fn(u64) -> String>(pace: &Pace<'_, Body>, due: &Semaphore) {
    let began = Instant::now();
    let mut planned = 0;
    while planned < pace.count {
        let now = ((began.elapsed().as_secs_f64() * pace.per_second) as u64 + 1).min(pace.count);
        for number in planned..now {
            pace.book.plan(number, began + Duration::from_secs_f64(number as f64 / pace.per_second));
        }
        due.add_permits(usize::try_from(now - planned).unwrap());
        planned = now;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // Everybody is let through once more, to see that nothing is left.
    due.add_permits(pace.connections);
}

async fn sender<Body: Fn(u64) -> String>(
    pace: &Pace<'_, Body>,
    due: &Semaphore,
    next: &Cell<u64>,
    sent: &RefCell<Sent>,
) -> anyhow::Result<()> {
    let mut connection = Connection::open(pace.address).await?;
    loop {
        due.acquire().await?.forget();
        let number = next.get();
        if number >= pace.count {
            return Ok(());
        }
        next.set(number + 1);
        let answer = connection.post(pace.path, &(pace.body)(number)).await?;
        let mut sent = sent.borrow_mut();
        match answer.status {
            200 | 202 => {
                pace.book.acknowledge(number);
                sent.accepted += 1;
                sent.ids.extend(alert_id(answer.body));
            }
            503 => sent.refused += 1,
            _ => sent.failed += 1,
        }
    }
}
