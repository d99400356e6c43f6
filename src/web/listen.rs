//! Where the daemon listens: a network address and a local socket, until a stop is asked for.
//!
//! **Architecture invariant:** slow senders can't hold a connection: headers must arrive within 10 s.

mod network;
mod socket;

pub use network::{bind, serve};
pub use socket::{LocalSocket, SocketError, bind_socket, serve_socket};
