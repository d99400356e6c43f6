//! Connections flat out: each sends its next alert as soon as the last one was answered.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use standdown::domain::AlertId;

use super::book::{Book, Delays};
use super::connection::Connection;

/// What came of it.
#[derive(Default)]
pub struct Flood {
    /// Alerts that were answered 202.
    pub accepted: u64,
    /// Alerts that were answered 503.
    pub refused: u64,
    /// Anything else.
    pub failed: u64,
    pub time: Duration,
    /// The ids that the answers name.
    pub ids: Vec<AlertId>,
    waits: Vec<Duration>,
}

/// Where and how alerts are sent.
pub struct Way<'a, Body: Fn(u64) -> String> {
    pub address: SocketAddr,
    pub path: &'a str,
    pub connections: usize,
    pub time: Duration,
    /// The next alert's number, shared by all who send.
    pub next: &'a Cell<u64>,
    pub body: Body,
    /// Where to write down what was sent and answered.
    pub book: Option<&'a Book>,
}

impl Flood {
    pub fn per_second(&self) -> f64 {
        self.accepted as f64 / self.time.as_secs_f64()
    }

    /// From the sending of an alert to its 202.
    pub fn delays(&self) -> Delays {
        Delays::from(self.waits.clone())
    }

    fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.failed += other.failed;
        self.ids.extend(other.ids);
        self.waits.extend(other.waits);
    }
}

/// Sends until the time is over and everything that was sent is answered.
pub async fn flood<Body: Fn(u64) -> String>(way: &Way<'_, Body>) -> anyhow::Result<Flood> {
    let began = Instant::now();
    let mut all = Flood::default();
    for sent in join_all((0..way.connections).map(|_| one_connection(way, began))).await {
        all.add(sent?);
    }
    all.time = began.elapsed();
    Ok(all)
}

async fn one_connection<Body: Fn(u64) -> String>(way: &Way<'_, Body>, began: Instant) -> anyhow::Result<Flood> {
    let mut sent = Flood::default();
    let mut connection = Connection::open(way.address).await?;
    while began.elapsed() < way.time {
        let number = way.next.get();
        way.next.set(number + 1);
        let body = (way.body)(number);
        let at = Instant::now();
        if let Some(book) = way.book {
            book.plan(number, at);
        }
        let answer = connection.post(way.path, &body).await?;
        match answer.status {
            202 => {
                sent.waits.push(at.elapsed());
                sent.accepted += 1;
                sent.ids.extend(alert_id(answer.body));
                if let Some(book) = way.book {
                    book.acknowledge(number);
                }
            }
            503 => sent.refused += 1,
            _ => sent.failed += 1,
        }
    }
    Ok(sent)
}

/// The id of the alert in an answer, found without reading the rest.
pub fn alert_id(body: &[u8]) -> Option<AlertId> {
    let at = body.windows(4).position(|window| window == b"alt_")?;
    std::str::from_utf8(body.get(at..at + 30)?).ok()?.parse().ok()
}
