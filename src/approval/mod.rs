//! Who may decide, by which proof: link tokens and their codes, receipts, and the limits on guessing. A decision that
//! passed here becomes one event for the engine.
//!
//! **Architecture invariant:** opening a link changes nothing in the store, however often it is opened, and nothing here
//! changes a run except by [`crate::engine::Engine::submit`]. The machine checks the vote itself (deadline, eligibility,
//! one vote a person, plan) in the commit that records it; this room only proves who votes. It must not know HTTP or
//! pages.

mod case;
mod decide;
mod error;
mod escalate;
mod limits;
mod link;
mod open;
mod receipt;
#[cfg(test)]
mod tests;
mod together;
mod vote;
mod wrong_code;

pub use case::Case;
pub use decide::{Answer, Submission};
pub use error::{DecideError, OpenError};
pub use limits::Limits;
pub use open::OpenRequest;
pub use receipt::Receipt;
pub use together::{Entry, List, Together};

use std::net::IpAddr;

use tokio::sync::Mutex;

use crate::domain::{Digest, PersonId};
use crate::engine::Engine;

use limits::{Network, PerMinute};

/// How many link decisions are checked at once, each token always by the same lane.
const LANES: usize = 16;

/// The door to requests for decisions.
pub struct Approvals {
    engine: Engine,
    unknown_tokens: PerMinute<Network>,
    decisions: PerMinute<PersonId>,
    incomplete_tries: PerMinute<(Digest, Network)>,
    /// Tries with one token take turns: otherwise many at once could each find the count of wrong codes still low.
    lanes: [Mutex<()>; LANES],
}

impl Approvals {
    /// The door over an engine. The counters of the limits live in memory.
    #[must_use]
    pub fn new(engine: Engine, limits: Limits) -> Self {
        Self {
            engine,
            unknown_tokens: PerMinute::new(limits.unknown_tokens_per_minute),
            decisions: PerMinute::new(limits.decisions_per_minute),
            incomplete_tries: PerMinute::new(limits.incomplete_tries_per_minute),
            lanes: Default::default(),
        }
    }

    /// Counts an unknown token or receipt; whether the address has gone too far.
    fn guessed_too_often(&self, address: IpAddr) -> bool {
        !self.unknown_tokens.take(Network::of(address), self.engine.clock().now())
    }

    /// Counts an incomplete try with a link; whether there are too many from the address.
    fn tries_too_often(&self, token: Digest, address: IpAddr) -> bool {
        !self.incomplete_tries.take((token, Network::of(address)), self.engine.clock().now())
    }

    /// Counts a decision; whether the person makes too many.
    fn decides_too_often(&self, person: &PersonId) -> bool {
        !self.decisions.take(person.clone(), self.engine.clock().now())
    }
}
