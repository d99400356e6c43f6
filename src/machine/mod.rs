//! The pure state machine of a run: events in, state and effects out.
//!
//! **Architecture invariant:** no async, no clock, no randomness, no logging, no look-ups. What the machine needs to know
//! comes in with the event; what must happen goes out as an [`Effect`]. The same events give the same state, which is
//! how a history is checked and how recovery works. An illegal transition is a typed error, also for stored data.

pub mod call;

pub use call::{Call, CallResult, Direction, Phase};
