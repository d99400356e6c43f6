//! Senders that deliver alerts at a steady rate over several connections, and the book that they keep.
//!
//! Each delivers as a sender outside does: what was not answered, or answered 503, is sent again as the same delivery
//! until it is taken. What an answer must never be fails the test: a refusal without `Retry-After`, a 2xx of a daemon that
//! says of itself that it is not ready.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::daemon::{Daemon, Delivery, Setup};
use super::patience::poll;

/// How many send at the same time.
const SENDERS: u64 = 8;
/// How often each sends: together 200 a second.
const PERIOD: Duration = Duration::from_millis(40);
/// How long a sender waits before it sends again what was not taken.
const PAUSE: Duration = Duration::from_millis(20);
/// How long an answer may take before a sender gives it up.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a delivery may need in the end, over all deaths on the way.
const LIMIT: Duration = Duration::from_mins(1);

/// One alert that was answered 2xx.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    pub number: u64,
    pub incident: String,
    pub run: String,
}

/// What all senders saw.
#[derive(Clone, Debug, Default)]
pub struct Book {
    pub acknowledged: Vec<Acknowledged>,
    /// How often a delivery got no answer at all.
    pub unanswered: usize,
    /// How often one was answered 503.
    pub refused: usize,
    /// How often a daemon that had been gone was asked whether it is ready, right after its first 2xx.
    pub readiness_checks: usize,
}

/// The senders; they end when this is dropped.
pub struct Load {
    book: Arc<Mutex<Book>>,
    ending: Arc<AtomicBool>,
    /// How often the daemon was killed.
    kills: Arc<AtomicUsize>,
    senders: JoinSet<()>,
}

impl Load {
    /// Begins to send to a daemon; every second alert starts the playbook `keyed`, the others `once`.
    pub fn start(url: &str) -> Self {
        let (book, ending) = (Arc::new(Mutex::new(Book::default())), Arc::new(AtomicBool::new(false)));
        let (kills, mut senders) = (Arc::new(AtomicUsize::new(0)), JoinSet::new());
        for first in 0..SENDERS {
            let client = reqwest::Client::builder().timeout(ANSWER_TIME_MAX).build().unwrap();
            let sender = Sender { url: url.to_owned(), client, book: Arc::clone(&book), kills: Arc::clone(&kills) };
            let ending = Arc::clone(&ending);
            senders.spawn(async move {
                let mut ticks = interval(PERIOD);
                ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
                let mut number = first;
                while !ending.load(Ordering::Relaxed) {
                    ticks.tick().await;
                    sender.deliver(number).await;
                    number += SENDERS;
                }
            });
        }
        Self { book, ending, kills, senders }
    }

    /// Kills the daemon. The senders know of it before it happens, so that they don't take its successor for it.
    pub fn kill(&self, daemon: &mut Daemon) {
        self.kills.fetch_add(1, Ordering::SeqCst);
        daemon.kill9();
    }

    /// How many alerts were answered 2xx so far.
    pub fn acknowledged(&self) -> usize {
        self.book.lock().unwrap().acknowledged.len()
    }

    /// How often one was answered 503 so far.
    pub fn refused(&self) -> usize {
        self.book.lock().unwrap().refused
    }

    /// Waits until so many more alerts were answered 2xx than now.
    pub async fn until_acknowledged(&mut self, more: usize) {
        let wanted = self.acknowledged() + more;
        self.until(|book| book.acknowledged.len() >= wanted).await;
    }

    /// Waits until so many more deliveries were answered 503 than now.
    pub async fn until_refused(&mut self, more: usize) {
        let wanted = self.refused() + more;
        self.until(|book| book.refused >= wanted).await;
    }

    async fn until(&mut self, wanted: impl Fn(&Book) -> bool) {
        let reached = poll(LIMIT, || {
            // A sender that failed says why; the others would only go on.
            if let Some(ended) = self.senders.try_join_next() {
                ended.unwrap();
            }
            let reached = wanted(&self.book.lock().unwrap());
            async move { reached.then_some(()) }
        })
        .await;
        reached.unwrap_or_else(|| panic!("the senders did not get on: {:#?}", self.book.lock().unwrap()));
    }

    /// Lets every sender bring home what it has in hand, and gives the book.
    pub async fn finish(mut self) -> Book {
        self.ending.store(true, Ordering::Relaxed);
        while let Some(ended) = self.senders.join_next().await {
            ended.unwrap();
        }
        std::mem::take(&mut *self.book.lock().unwrap())
    }
}

/// The alert of that number, and the delivery that brings it.
pub fn delivery(number: u64, rule: &str) -> Delivery {
    let id = format!("load-{number}");
    let body = json!({
        "id": id, "event_id": id, "rule": rule, "title": format!("alert {number} of the load"), "severity": "high",
        "agent": format!("agent-{number}"), "fields": { "number": number.to_string() },
    });
    Delivery::new(&id, &body)
}

/// The rule of the alert of that number.
pub const fn rule(number: u64) -> &'static str {
    if number.is_multiple_of(2) { "keyed" } else { "once" }
}

struct Sender {
    url: String,
    client: reqwest::Client,
    book: Arc<Mutex<Book>>,
    kills: Arc<AtomicUsize>,
}

impl Sender {
    async fn deliver(&self, number: u64) {
        let gone = AtomicBool::new(false);
        let taken = poll(LIMIT, || self.try_deliver(number, &gone)).await;
        let taken = taken.unwrap_or_else(|| panic!("alert {number} was never taken"));
        self.book.lock().unwrap().acknowledged.push(taken);
    }

    /// One delivery; `gone` becomes true when the daemon was not there.
    async fn try_deliver(&self, number: u64, gone: &AtomicBool) -> Option<Acknowledged> {
        let kills = self.kills.load(Ordering::SeqCst);
        let answer = match self.send(number).await {
            Ok((StatusCode::ACCEPTED, answer)) => answer,
            Ok((StatusCode::SERVICE_UNAVAILABLE, _)) => {
                self.book.lock().unwrap().refused += 1;
                tokio::time::sleep(PAUSE).await;
                return None;
            }
            Ok((status, answer)) => panic!("alert {number} was answered {status}: {answer}"),
            Err(_) => {
                gone.store(true, Ordering::Relaxed);
                self.book.lock().unwrap().unanswered += 1;
                tokio::time::sleep(PAUSE).await;
                return None;
            }
        };
        if gone.load(Ordering::Relaxed) {
            self.assert_ready(kills).await;
        }
        let text =
            |key: &str| answer["alerts"][0][key].as_str().unwrap_or_else(|| panic!("no {key}: {answer}")).to_owned();
        Some(Acknowledged { number, incident: text("incident"), run: text("run") })
    }

    async fn send(&self, number: u64) -> reqwest::Result<(StatusCode, Value)> {
        let delivery = delivery(number, rule(number));
        let mut request = self.client.post(format!("{}/hooks/{}", self.url, Setup::DETECTOR));
        for (name, value) in delivery.headers() {
            request = request.header(name, value);
        }
        let response = request.body(delivery.body).send().await?;
        let status = response.status();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let seconds =
                response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse::<u32>().ok());
            assert!(seconds.is_some(), "a 503 must say when to come back: {:?}", response.headers());
        }
        Ok((status, response.json().await?))
    }

    /// Whoever takes alerts says that it is ready; it may have been killed again since then, and another one answers.
    async fn assert_ready(&self, kills: usize) {
        let ready = self.client.get(format!("{}/readyz", self.url)).send().await;
        if let Some(ready) = ready.ok().filter(|_| self.kills.load(Ordering::SeqCst) == kills) {
            assert_eq!(ready.status(), StatusCode::OK, "an alert was taken before the daemon was ready");
            self.book.lock().unwrap().readiness_checks += 1;
        }
    }
}
