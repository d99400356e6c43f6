//! The HTTP interface: alert sources deliver, proxies ask the gate, people read and decide, programs use the API.
//!
//! This room owns routes, who may call them and the shapes of their answers. It decides nothing: what happens is said by
//! `intake`, `approval` and `engine`, and every change carries the caller as its actor.
//!
//! **Architecture invariant:** no SQL, no adapter, and no status code chosen for a domain error outside of [`problem`].
//! A GET changes nothing. No path of a link, no token and no body reaches a log: what is logged is the matched route.

pub mod api;
mod caller;
pub mod codes;
mod envelope;
mod fresh;
mod gate;
mod health;
mod hooks;
pub mod listen;
pub mod metrics;
mod peer;
pub mod problem;
mod router;
mod state;
pub mod ui;

#[cfg(test)]
mod tests;

pub use caller::Caller;
pub use metrics::Metrics;
pub use peer::Peer;
pub use problem::Problem;
pub use router::router;
pub use state::{GateOptions, LastLoad, Options, Pages, People, WebState};
