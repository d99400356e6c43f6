//! The rival that keeps nothing: axum reads the body as JSON and answers 202.

use std::net::{SocketAddr, TcpListener};
use std::process::Command;

use anyhow::Context as _;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::connection::Connection;
use super::process::Process;

/// Serves until it is killed. Its address is the argument after the first.
pub fn serve() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve_router(Router::new().route("/hooks/bench", post(receive))))
}

/// Serves a rival's router where the last argument says.
pub async fn serve_router(router: Router) -> anyhow::Result<()> {
    let address: SocketAddr = std::env::args().next_back().context("where to listen is missing")?.parse()?;
    let listener = tokio::net::TcpListener::bind(address).await?;
    Ok(axum::serve(listener, router).await?)
}

async fn receive(body: Bytes) -> (StatusCode, Json<Value>) {
    match serde_json::from_slice::<Value>(&body) {
        Ok(alert) => (StatusCode::ACCEPTED, Json(json!({ "id": alert["id"] }))),
        Err(error) => (StatusCode::BAD_REQUEST, Json(json!({ "error": error.to_string() }))),
    }
}

/// A rival as a process of its own; `arguments` say which.
pub async fn start(arguments: &[&str]) -> anyhow::Result<(Process, SocketAddr)> {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(arguments).arg(address.to_string());
    let process = Process::start(&command, None)?;
    for _ in 0..1000 {
        if Connection::open(address).await.is_ok() {
            return Ok((process, address));
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    anyhow::bail!("the rival {arguments:?} does not answer")
}
