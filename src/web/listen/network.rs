//! The network address.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use tokio::sync::oneshot;

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

/// Serves until the supervisor asks for a stop; requests under way are finished. The server is a task of the supervisor:
/// whoever gives up waiting for this does not cut off those who are being answered.
pub async fn serve(listener: TcpListener, router: Router, supervisor: Supervisor) -> io::Result<()> {
    let (told, ended) = oneshot::channel();
    let stop = supervisor.clone();
    supervisor.spawn("network", async move {
        // Nobody may be waiting any more.
        told.send(serve_here(listener, router, stop).await).unwrap_or_default();
    });
    ended.await.unwrap_or_else(|_| Err(io::Error::other("the server's task is gone")))
}

async fn serve_here(listener: TcpListener, router: Router, supervisor: Supervisor) -> io::Result<()> {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::extract::ConnectInfo;
    use axum::routing::get;
    use tokio::sync::Notify;
    use tokio::task::JoinSet;

    use super::*;

    #[tokio::test]
    async fn a_request_under_way_is_finished_though_a_stop_was_asked_for_and_nobody_waits() {
        let (arrived, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (inside, wait) = (arrived.clone(), release.clone());
        let slow = get(async move |ConnectInfo(peer): ConnectInfo<Peer>| {
            inside.notify_one();
            wait.notified().await;
            format!("{}", peer.address())
        });
        let supervisor = Supervisor::default();
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let mut served = Box::pin(serve(listener, Router::new().route("/", slow), supervisor.clone()));
        let asked = JoinSet::from_iter([reqwest::get(url)]);
        tokio::select! {
            ended = &mut served => panic!("{ended:?}"),
            () = arrived.notified() => {}
        }
        drop(served);
        let stopped = JoinSet::from_iter([async move { supervisor.stop(Duration::from_secs(10)).await }]);
        tokio::task::yield_now().await;
        release.notify_one();
        let answer = asked.join_all().await.remove(0).unwrap();
        assert_eq!(answer.text().await.unwrap(), "127.0.0.1");
        assert_eq!(stopped.join_all().await, [true], "the server ended in time");
    }
}
