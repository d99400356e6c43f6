//! Who is at the other end of a connection, as the operating system says it and nothing that was sent.
//!
//! Forwarding headers are ignored: anybody can write them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use tokio::net::UnixListener;

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Somewhere on the network.
    Network(SocketAddr),
    /// A process of this machine, over the local socket.
    Local {
        /// The user that it runs as; `None` if the system would not say.
        uid: Option<u32>,
    },
}

impl Peer {
    /// The address that limits are counted by; the local socket counts as this machine.
    #[must_use]
    pub const fn address(self) -> IpAddr {
        match self {
            Self::Network(address) => address.ip(),
            Self::Local { .. } => IpAddr::V4(Ipv4Addr::LOCALHOST),
        }
    }
}

impl Connected<SocketAddr> for Peer {
    fn connect_info(address: SocketAddr) -> Self {
        Self::Network(address)
    }
}

impl Connected<IncomingStream<'_, UnixListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Self {
        Self::Local { uid: stream.io().peer_cred().ok().map(|credentials| credentials.uid()) }
    }
}
