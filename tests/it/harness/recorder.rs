//! An HTTP server built into the test: it remembers every request and answers what it was told.
//!
//! It stands for whatever the test only needs to be called: the system behind nginx, the receiver of a webhook, a gate.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::patience::poll;

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Request {
    /// The value of a header, empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

#[derive(Debug, Clone)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

struct Memory {
    answer: Answer,
    requests: Vec<Request>,
}

/// The server; it ends when this is dropped.
pub struct Recorder {
    address: SocketAddr,
    memory: Arc<Mutex<Memory>>,
    _serving: JoinSet<()>,
}

impl Recorder {
    /// Answers 200 with `body` to everything, on a free loopback port.
    pub async fn start(body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answer = Answer { status: StatusCode::OK, headers: HeaderMap::new(), body: body.to_owned() };
        let memory = Arc::new(Mutex::new(Memory { answer, requests: Vec::new() }));
        let router = Router::new().fallback(remember).with_state(Arc::clone(&memory));
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, memory, _serving: serving }
    }

    /// `http://127.0.0.1:PORT`, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on, answers with this status, these headers and this body.
    pub fn answer(&self, status: u16, headers: &[(&'static str, &str)], body: &str) {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let status = StatusCode::from_u16(status).unwrap();
        self.memory.lock().unwrap().answer = Answer { status, headers, body: body.to_owned() };
    }

    /// Everything that came, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.memory.lock().unwrap().requests.clone()
    }

    /// The first request that suits `wanted`, waiting for it; fails the test when it does not come.
    pub async fn wait_for(&self, what: &str, limit: Duration, wanted: impl Fn(&Request) -> bool) -> Request {
        let found = poll(limit, || async { self.requests().into_iter().find(|request| wanted(request)) }).await;
        found.unwrap_or_else(|| panic!("no request for {what} within {limit:?}; what came: {:#?}", self.requests()))
    }
}

async fn remember(
    State(memory): State<Arc<Mutex<Memory>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut memory = memory.lock().unwrap();
    memory.requests.push(Request { method, uri, headers, body });
    let Answer { status, headers, body } = memory.answer.clone();
    (status, headers, body).into_response()
}
