//! The pure state machine of a run: events in, state and effects out.
//!
//! **Architecture invariant:** no async, no clock, no randomness, no logging, no look-ups. What the machine needs to know
//! comes in with the event; what must happen goes out as an [`Effect`]. The same events give the same state, which is
//! how a history is checked and how recovery works. An illegal transition is a typed error, also for stored data.

mod action;
mod advance;
mod approve;
mod attempt;
pub mod call;
mod child;
mod context;
mod corroborate;
mod driver;
mod due;
mod each;
mod effect;
mod error;
mod events;
mod key;
mod moot;
mod motion;
pub mod notice;
mod plan;
mod room;
mod start;
mod tick;
pub mod timeline;
mod transition;
mod undo;
mod vars;
mod wait;

#[cfg(test)]
mod tests;

pub use approve::escalates_to;
pub use call::{About, Call, CallResult, Direction, Phase};
pub use context::variables;
pub use driver::{ANSWERS_MAX, Answers, Driven, Electorate, Wanted, drive};
pub use due::{due, wanted};
pub use effect::{Asked, Effect, Notice};
pub use error::IllegalTransition;
pub use key::attempt_of;
pub use room::room_for_listed;
pub use timeline::{Entry, ReplayError, Tone, replay};
pub use transition::{begin, transition};

/// The number of the rules in this room. A history replays to the same state only under the same rules: it goes up
/// whenever an event would lead to another state than before.
pub const SEMANTICS: u32 = 3;
