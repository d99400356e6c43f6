//! A target of runs that keeps a book: who called which path, with which idempotency key, in which order.
//!
//! It takes a moment for every answer, so that a daemon that dies has calls under way, and it can hold calls unanswered
//! until it is told otherwise. A call stands in the book from the moment that it arrives, answered or not.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::patience::poll;

/// How long an answer takes: long enough to be killed in.
const ANSWER_TIME: Duration = Duration::from_millis(20);

#[derive(Default)]
struct Shared {
    holding: Mutex<bool>,
    /// Path to the keys of its calls, in order; an empty key is none.
    calls: Mutex<BTreeMap<String, Vec<String>>>,
    released: Notify,
}

/// The target; it ends when this is dropped.
pub struct Target {
    address: SocketAddr,
    shared: Arc<Shared>,
    _serving: JoinSet<()>,
}

impl Target {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let router = Router::new().fallback(take).with_state(Arc::clone(&shared));
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, shared, _serving: serving }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on, calls that come are held (or not); those that are held already stay so.
    pub fn hold(&self, holding: bool) {
        *self.shared.holding.lock().unwrap() = holding;
    }

    /// Answers every call that is held.
    pub fn release(&self) {
        self.shared.released.notify_waiters();
    }

    /// The keys of the calls of every path, in order.
    pub fn calls(&self) -> BTreeMap<String, Vec<String>> {
        self.shared.calls.lock().unwrap().clone()
    }

    /// The keys of the calls of one path, in order.
    pub fn calls_of(&self, path: &str) -> Vec<String> {
        self.shared.calls.lock().unwrap().get(path).cloned().unwrap_or_default()
    }

    /// Waits until a path was called so often; fails the test when it is not in time.
    pub async fn until_called(&self, path: &str, times: usize, limit: Duration) {
        let called = poll(limit, || async { (self.calls_of(path).len() >= times).then_some(()) }).await;
        called.unwrap_or_else(|| panic!("{path} was not called {times} times within {limit:?}: {:?}", self.calls()));
    }
}

async fn take(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap) -> (StatusCode, &'static str) {
    let key = headers.get("idempotency-key").map_or("", |key| key.to_str().unwrap()).to_owned();
    // Made before anybody can release it.
    let released = shared.released.notified();
    shared.calls.lock().unwrap().entry(uri.path().to_owned()).or_default().push(key);
    let holding = *shared.holding.lock().unwrap();
    if holding {
        released.await;
    } else {
        tokio::time::sleep(ANSWER_TIME).await;
    }
    (StatusCode::OK, "{}")
}
