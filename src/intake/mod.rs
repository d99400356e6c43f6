//! Intake: from the bytes of a delivery to one write with everything in it, and the answer that says what happened.
//!
//! The order is fixed: authenticate the raw bytes, recognise a replay, decode, map, find agent and incident, match, and
//! commit; only then answer. Nothing acts on what a body claims before it is resolved against the inventory. This room
//! knows nothing of HTTP, and changes runs only through the engine.

mod answer;
mod by_hand;
pub mod codes;
mod delivery;
mod incident;
mod matching;
mod memory;
mod plan;
mod planned;
pub mod schedules;
pub mod subject;
pub mod system;
mod turn;

#[cfg(test)]
pub(crate) mod tests;

pub use answer::{Receipt, Refused, RefusedKind};
pub use by_hand::{ByHand, ByHandError};
pub(crate) use plan::still_fires;

use std::collections::BTreeMap;

use arc_swap::ArcSwap;

use crate::domain::SourceId;
use crate::engine::Engine;
use crate::source::Source;

/// The sources of a daemon.
pub type Sources = BTreeMap<SourceId, Source>;

/// Takes deliveries.
pub struct Intake {
    engine: Engine,
    sources: ArcSwap<Sources>,
    memory: memory::Memory,
    ticks: schedules::last::Remembered,
}

impl Intake {
    /// Intake for the given sources.
    #[must_use]
    pub fn new(engine: Engine, sources: Sources) -> Self {
        let now = engine.clock().now();
        Self {
            engine,
            sources: ArcSwap::from_pointee(sources),
            memory: memory::Memory::new(now),
            ticks: schedules::last::Remembered::default(),
        }
    }

    /// The engine behind it.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The largest body that a source takes, in bytes; `None` if there is no such source.
    #[must_use]
    pub fn body_bytes_max(&self, source: &str) -> Option<usize> {
        self.sources.load().get(source).map(Source::body_bytes_max)
    }
}
