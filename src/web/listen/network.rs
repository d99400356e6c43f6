//! The network address.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use axum::Router;
use axum_server::Handle;

use crate::engine::Supervisor;
use crate::web::Peer;

/// How long the head of a request may take to arrive.
const HEADER_TIME_MAX: Duration = Duration::from_secs(10);
/// How long requests under way may take after a stop was asked for.
const DRAIN: Duration = Duration::from_secs(10);

/// Binds an address; port 0 takes a free port.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves until the supervisor asks for a stop; requests under way are finished.
pub async fn serve(listener: TcpListener, router: Router, supervisor: Supervisor) -> io::Result<()> {
    let handle = Handle::new();
    let mut server = axum_server::from_tcp(listener)?.handle(handle.clone());
    server.http_builder().http1().header_read_timeout(HEADER_TIME_MAX);
    let stop = async {
        supervisor.stopping().await;
        handle.graceful_shutdown(Some(DRAIN));
        // The other branch ends when the last request has been answered.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        ended = server.serve(router.into_make_service_with_connect_info::<Peer>()) => ended,
        () = stop => Ok(()),
    }
}
