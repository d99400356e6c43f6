//! An identity provider that revokes and introspects tokens (RFC 7009, RFC 7662), or behaves as badly as it is told.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Form, Json, Router};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// How the provider takes a revocation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Revocation {
    /// It does it.
    #[default]
    Works,
    /// It answers 400 and does nothing.
    Refused,
    /// It answers 200 and does nothing.
    Lies,
    /// It answers 503 and does nothing.
    Down,
}

#[derive(Default)]
struct Memory {
    revocation: Revocation,
    dead: BTreeSet<String>,
    calls: Vec<String>,
    keys: Vec<Option<String>>,
}

/// The provider; it ends when this is dropped.
pub struct Provider {
    address: SocketAddr,
    memory: Arc<Mutex<Memory>>,
    _serving: JoinSet<()>,
}

impl Provider {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let memory = Arc::new(Mutex::new(Memory::default()));
        let router = Router::new()
            .route("/token/revocation", post(revoke))
            .route("/token/introspection", post(introspect))
            .with_state(Arc::clone(&memory));
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, memory, _serving: serving }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on, revocations are taken like this.
    pub fn revocations(&self, how: Revocation) {
        self.memory.lock().unwrap().revocation = how;
    }

    /// Makes a token good again, as an agent that fetched a new one under the same name would.
    pub fn revive(&self, token: &str) {
        self.memory.lock().unwrap().dead.remove(token);
    }

    /// Makes a token inactive before anybody asked for it.
    pub fn kill(&self, token: &str) {
        self.memory.lock().unwrap().dead.insert(token.to_owned());
    }

    pub fn is_active(&self, token: &str) -> bool {
        !self.memory.lock().unwrap().dead.contains(token)
    }

    /// `revoke TOKEN` and `introspect TOKEN`, in order.
    pub fn calls(&self) -> Vec<String> {
        self.memory.lock().unwrap().calls.clone()
    }

    /// How many revocations were asked for.
    pub fn revocations_asked(&self) -> usize {
        self.calls().iter().filter(|call| call.starts_with("revoke ")).count()
    }

    /// The idempotency keys of the revocations, in order.
    pub fn keys(&self) -> Vec<Option<String>> {
        self.memory.lock().unwrap().keys.clone()
    }
}

type Shared = State<Arc<Mutex<Memory>>>;
type Fields = Form<BTreeMap<String, String>>;

async fn revoke(State(memory): Shared, headers: HeaderMap, Form(form): Fields) -> Response {
    let token = form.get("token").cloned().unwrap_or_default();
    let mut memory = memory.lock().unwrap();
    memory.calls.push(format!("revoke {token}"));
    let key = headers.get("idempotency-key").and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
    memory.keys.push(key);
    match memory.revocation {
        Revocation::Works => {
            memory.dead.insert(token);
            StatusCode::OK.into_response()
        }
        Revocation::Refused => {
            (StatusCode::BAD_REQUEST, Json(json!({ "error": "unauthorized_client" }))).into_response()
        }
        Revocation::Lies => StatusCode::OK.into_response(),
        Revocation::Down => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn introspect(State(memory): Shared, Form(form): Fields) -> Response {
    let token = form.get("token").cloned().unwrap_or_default();
    let mut memory = memory.lock().unwrap();
    memory.calls.push(format!("introspect {token}"));
    let active = !memory.dead.contains(&token);
    Json(json!({ "active": active })).into_response()
}
