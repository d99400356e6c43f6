//! The rival that does the least durable work: parse, wait for a group commit of two rows, answer 202.
//!
//! Its writer is a thread that takes whatever queued up during the last commit, as the daemon's does; there are no
//! guards, no history, no incident, no matching and no runs.

use std::path::Path;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, response::IntoResponse};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::bare::serve_router;
use super::sqlite::Pair;

const QUEUE: usize = 4096;
const BATCH: usize = 512;

struct Waiting {
    body: String,
    done: oneshot::Sender<()>,
}

/// Serves until it is killed, with its database at that path.
pub fn serve(database: &Path) -> anyhow::Result<()> {
    let (sender, receiver) = mpsc::channel(QUEUE);
    let database = database.to_owned();
    let writer = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::spawn(move || writer.block_on(write(&database, receiver)).unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve_router(Router::new().route("/hooks/bench", post(receive)).with_state(sender)))
}

async fn receive(State(writer): State<mpsc::Sender<Waiting>>, body: Bytes) -> axum::response::Response {
    let Ok(alert) = serde_json::from_slice::<Value>(&body) else { return StatusCode::BAD_REQUEST.into_response() };
    let (done, committed) = oneshot::channel();
    if writer.try_send(Waiting { body: alert.to_string(), done }).is_err() || committed.await.is_err() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    (StatusCode::ACCEPTED, Json(json!({ "id": alert["id"] }))).into_response()
}

async fn write(database: &Path, mut queue: mpsc::Receiver<Waiting>) -> anyhow::Result<()> {
    let mut pair = Pair::open(database).await?;
    let mut waiting = Vec::new();
    while queue.recv_many(&mut waiting, BATCH).await > 0 {
        let bodies: Vec<&str> = waiting.iter().map(|waiting| waiting.body.as_str()).collect();
        pair.write(&bodies).await?;
        for waiting in waiting.drain(..) {
            waiting.done.send(()).ok();
        }
    }
    Ok(())
}
