//! Actions: what touches the world outside, behind one port.
//!
//! This room owns how a step is performed: a few primitives in Rust (`http.call`, `process.freeze`, `process.thaw`,
//! `evidence.capture`) and every other integration as a YAML file on top of HTTP. It turns one [`Call`] into one
//! [`CallResult`] and says honestly what is known of it: not sent, refused, in doubt, applied, seen.
//!
//! **Architecture invariant:** nothing in here decides whether, when or how often a call is made, nothing is retried and
//! nothing is stored. That is the machine's and the engine's. An action never sees a playbook, a run's state or a person.
//!
//! [`Call`]: crate::machine::Call
//! [`CallResult`]: crate::machine::CallResult

mod answer;
mod auth;
mod connection;
mod connector;
mod error;
mod evidence;
mod exchange;
pub mod help;
mod http_call;
mod location;
mod options;
mod parameters;
mod perform;
mod port;
mod process;
mod registry;
mod rules;
#[cfg(test)]
mod stub;

pub use error::BuildError;
pub use help::ConnectorHelp;
pub use options::{ActionOptions, AuthOptions, BasicOptions, ConnectionOptions, HeaderOptions};
pub use registry::Registry;
