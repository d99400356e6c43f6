//! The port that every action implements, and what it is given.
//!
//! An action knows four things: what it is, how to read the state before, how to make the change, and how to look for
//! the effect once. Asking after a doubtful call and proving an effect are both made of that one look, in `perform`, so
//! that no action can invent its own idea of patience.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::domain::event::CallOutcome;
use crate::domain::step::Baseline;
use crate::machine::{Call, Direction};
use crate::playbook::ActionSpec;

/// A future that an object-safe trait can return.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A call, and how long its present phase may last.
#[derive(Clone, Copy)]
pub struct Task<'a> {
    /// What is asked for.
    pub call: &'a Call,
    /// The time, for what is recorded and for conditions.
    pub clock: &'a dyn Clock,
    /// When this phase, or this look, must be over.
    pub deadline: Instant,
}

impl Task<'_> {
    /// What is left of the time.
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// The time now, as conditions and records have it.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether the step is being done, rather than undone.
    pub fn is_do(&self) -> bool {
        self.call.direction == Direction::Do
    }

    /// One parameter, if it was given.
    pub fn parameter(&self, name: &str) -> Option<&Value> {
        self.call.parameters.get(name).filter(|value| !value.is_null())
    }
}

/// What was there before a change.
#[derive(Debug, Default)]
pub struct Prepared {
    /// What the probe saw.
    pub baseline: Option<Baseline>,
    /// What undo restores.
    pub snapshot: Option<Value>,
}

/// What one look at the target showed.
#[derive(Debug)]
pub struct Sight {
    /// Whether the effect was there; `None` if that could not be seen.
    pub effect: Option<bool>,
    /// What was answered, for people; no secret.
    pub detail: String,
}

impl Sight {
    /// A look that showed nothing either way.
    pub fn blind(detail: impl Into<String>) -> Self {
        Self { effect: None, detail: detail.into() }
    }
}

/// How an effect is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Rhythm {
    /// The pause between two looks.
    pub every: Duration,
    /// How many looks in a row must show the effect.
    pub consecutive: u32,
}

/// Something that can be done to the world outside.
pub trait Action: Send + Sync {
    /// What it is.
    fn spec(&self) -> &ActionSpec;

    /// Reads the baseline and the snapshot. Changes nothing. An error says why the change must not be made.
    fn prepare<'a>(&'a self, task: Task<'a>) -> Pending<'a, Result<Prepared, String>>;

    /// Makes the change, or takes it back.
    fn send<'a>(&'a self, task: Task<'a>) -> Pending<'a, CallOutcome>;

    /// Looks once whether the effect (in the direction of undo: its end) is there. Changes nothing.
    fn look<'a>(&'a self, task: Task<'a>) -> Pending<'a, Sight>;

    /// How the effect is looked for.
    fn rhythm(&self) -> Rhythm {
        Rhythm { every: Duration::from_millis(500), consecutive: 1 }
    }
}

/// Nothing was sent, for that reason.
pub fn not_sent(reason: impl Into<String>) -> CallOutcome {
    let reason = reason.into();
    // What is refused for its address stays so until somebody changes the configuration: no try is wasted on it.
    if crate::client::is_refused(&reason) {
        return CallOutcome::Refused { reason, retry: false };
    }
    CallOutcome::NotSent { reason }
}

/// The target, or the action in its name, said no; trying again does not help.
pub fn refused(reason: impl Into<String>) -> CallOutcome {
    CallOutcome::Refused { reason: reason.into(), retry: false }
}
