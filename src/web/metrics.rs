//! What the daemon counts, in the `OpenMetrics` text format.
//!
//! What passes through this room is counted as it passes. What happens to runs is read from the store when somebody asks
//! (`runs`), so that nothing below needs to know that it is being counted. Counters begin at zero with the process.

mod runs;

use std::convert::Infallible;

use jiff::SignedDuration;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabel as _, EncodeLabelSet, LabelSetEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::engine::Engine;
use crate::store::{Approvals, Claims, Outbox, ReadModel};

use super::fresh::Fresh;
use super::problem::Problem;

/// How long a scrape serves: it reads the store, which has better things to do.
const SCRAPE_LIFETIME: SignedDuration = SignedDuration::from_secs(2);
/// How long an answer of the store counts.
const PING_LIFETIME: SignedDuration = SignedDuration::from_secs(1);
/// The most open requests to people that are counted.
const APPROVALS_MAX: u32 = 1_000;

/// The most quarantined runs that are counted.
const QUARANTINED_MAX: u32 = 1_000;

/// Names and values of labels; the names are fixed where the metric is used.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Labels<const N: usize>([(&'static str, String); N]);

impl<const N: usize> EncodeLabelSet for Labels<N> {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), std::fmt::Error> {
        for pair in &self.0 {
            (pair.0, pair.1.as_str()).encode(encoder.encode_label())?;
        }
        Ok(())
    }
}

/// What is counted.
pub struct Metrics {
    registry: Registry,
    alerts: Family<Labels<2>, Counter>,
    gate_allowed: Counter,
    gate_refused: Counter,
    gate_unauthenticated: Counter,
    messages_waiting: Gauge,
    messages_undelivered: Gauge,
    approvals_pending: Gauge,
    frozen: Gauge,
    forgotten: Family<Labels<1>, Counter>,
    quarantined: Gauge,
    late_replies: Gauge,
    runs: runs::Tally,
    scraped: Fresh<String>,
    store_answers: Fresh<bool>,
}

impl Metrics {
    /// Everything at zero, for a process that began at `since`: runs that ended before are not counted.
    #[must_use]
    pub fn new(since: jiff::Timestamp) -> Self {
        let mut registry = Registry::with_prefix("standdown");
        let alerts = Family::default();
        registry.register(
            "deliveries",
            "Deliveries of alert sources, by source and what became of them",
            alerts.clone(),
        );
        let gate = Family::<Labels<1>, Counter>::default();
        registry.register("gate_answers", "Answers of the gate", gate.clone());
        let answer = |word: &str| gate.get_or_create(&Labels([("answer", word.to_owned())])).clone();
        let (gate_allowed, gate_refused) = (answer("allowed"), answer("refused"));
        let gate_unauthenticated = answer("unauthenticated");
        let forgotten = Family::default();
        registry.register("forgotten", "What was removed because of its age, by kind", forgotten.clone());
        let mut gauge = |name: &str, help: &str| {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        Self {
            messages_waiting: gauge("messages_waiting", "Messages to people that wait to be sent"),
            messages_undelivered: gauge("messages_undelivered", "Messages to people that could not be delivered"),
            approvals_pending: gauge("approvals_pending", "Requests that wait for people, at most 1000"),
            frozen: gauge("frozen", "1 while calls to the outside are stopped"),
            quarantined: gauge(
                "runs_quarantined",
                "Runs that nobody touches until a person releases them, at most 1000",
            ),
            late_replies: gauge("late_replies", "Answers of calls that are kept because they came too late to count"),
            runs: runs::Tally::register(&mut registry, since),
            alerts,
            forgotten,
            gate_allowed,
            gate_refused,
            gate_unauthenticated,
            registry,
            scraped: Fresh::new(SCRAPE_LIFETIME),
            store_answers: Fresh::new(PING_LIFETIME),
        }
    }

    /// Counts a delivery of a source.
    pub fn alert(&self, source: &str, outcome: &str) {
        let labels = Labels([("source", source.to_owned()), ("outcome", outcome.to_owned())]);
        self.alerts.get_or_create(&labels).inc();
    }

    /// Counts an answer of the gate.
    pub fn gate(&self, answer: &'static str) {
        match answer {
            "allowed" => &self.gate_allowed,
            "refused" => &self.gate_refused,
            _ => &self.gate_unauthenticated,
        }
        .inc();
    }

    /// Everything as text; at most 2 seconds old.
    pub async fn text(&self, engine: &Engine) -> Result<String, Problem> {
        self.scraped.get(engine.clock().now(), self.scrape(engine)).await
    }

    /// Whether the store answers, or did at most a second ago.
    pub async fn store_answers(&self, engine: &Engine) -> bool {
        let ask = async {
            let answer = engine.store().ping().await;
            if let Err(error) = &answer {
                tracing::error!(%error, "the store does not answer");
            }
            Ok::<bool, Infallible>(answer.is_ok())
        };
        self.store_answers.get(engine.clock().now(), ask).await.unwrap_or_else(|never| match never {})
    }

    /// Reads what the store knows and writes everything down.
    async fn scrape(&self, engine: &Engine) -> Result<String, Problem> {
        let store = engine.store();
        let (waiting, undelivered) = store.message_counts().await?;
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        self.messages_waiting.set(number(waiting));
        self.messages_undelivered.set(number(undelivered));
        self.approvals_pending
            .set(i64::try_from(store.approvals(true, APPROVALS_MAX).await?.len()).unwrap_or(i64::MAX));
        self.frozen.set(i64::from(engine.is_frozen()));
        for (kind, total) in engine.forgotten().counts() {
            let counter = self.forgotten.get_or_create(&Labels([("kind", kind.as_str().to_owned())])).clone();
            counter.inc_by(total.saturating_sub(counter.get()));
        }
        let quarantined = store.quarantined_runs(QUARANTINED_MAX).await?.len();
        self.quarantined.set(i64::try_from(quarantined).unwrap_or(i64::MAX));
        self.late_replies.set(number(store.late_reply_count().await?));
        self.runs.update(store).await?;
        let mut text = String::new();
        encode(&mut text, &self.registry).map_err(|_| Problem::internal())?;
        Ok(text)
    }
}
