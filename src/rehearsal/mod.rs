//! Rehearsals: what a playbook would do, without network, database or waiting.
//!
//! A run is performed on the daemon's own machine; the machine's questions are answered by the same functions as in the
//! engine, and what leaves the process is answered by a script. Time is a number that is moved. A run that a step starts is
//! performed with it. On top of that stand the tests of playbooks, plans, and the replay of alerts. Nothing here is ever written to the store or sent to anybody,
//! and nothing here decides how results are shown.
//!
//! **Architecture invariant:** no rule about runs stands here. A rehearsal that comes out differently from the daemon is
//! a fault of the answers in [`performance`], never of a second machine.

pub mod alerts;
pub mod cases;
pub mod codes;
pub mod explanation;
pub mod family;
mod firing;
pub mod matching;
pub mod performance;
pub mod place;
pub mod plan;
pub mod replay;
pub mod script;
pub mod world;

pub use family::Library;
pub use performance::{Performance, Sent, SentKind, Start};
pub use place::Place;
pub use script::Script;
pub use world::World;

#[cfg(test)]
mod tests;
