//! The small world of the demo: an authorization server (RFC 6749, 7009, 7662), a system that takes its tokens, and an
//! inbox. All of them listen on loopback and end with the demo.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Tokens by value: whether they are active.
type Tokens = Arc<Mutex<BTreeMap<String, bool>>>;

/// A message as the inbox received it.
#[derive(Clone, Debug)]
pub(super) struct Mail {
    pub subject: String,
    pub text: String,
}

impl Mail {
    /// The one link in it.
    pub fn link(&self) -> Option<&str> {
        self.text.split_whitespace().find(|word| word.starts_with("http") && word.contains("/a/apr_"))
    }
}

/// What was received so far.
#[derive(Clone, Default)]
pub(super) struct Inbox(Arc<Mutex<Vec<Mail>>>);

impl Inbox {
    /// The first message that has this in it.
    pub async fn wait(&self, patience: Duration, needle: &str) -> Option<Mail> {
        let deadline = tokio::time::Instant::now() + patience;
        while tokio::time::Instant::now() < deadline {
            let found = {
                let mails = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                mails.iter().find(|mail| mail.text.contains(needle)).cloned()
            };
            if found.is_some() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        None
    }
}

/// The demo's surroundings; they end when it is dropped.
pub(super) struct World {
    pub url: String,
    pub inbox: Inbox,
    _servers: JoinSet<()>,
}

impl World {
    pub async fn start() -> anyhow::Result<Self> {
        let inbox = Inbox::default();
        let tokens = Tokens::default();
        let servers_of_tokens = Router::new()
            .route("/token", post(issue))
            .route("/token/revocation", post(revoke))
            .route("/token/introspection", post(introspect))
            .route("/ledger", get(ledger))
            .with_state(tokens);
        let inbox_route = Router::new().route("/inbox", post(receive)).with_state(inbox.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let mut servers = JoinSet::new();
        servers.spawn(async move {
            if let Err(error) = axum::serve(listener, servers_of_tokens.merge(inbox_route)).await {
                tracing::error!(%error, "the demo's world ended");
            }
        });
        Ok(Self { url, inbox, _servers: servers })
    }
}

async fn issue(State(tokens): State<Tokens>) -> Json<Value> {
    let token = format!("demo-{}", uuid::Uuid::now_v7().simple());
    tokens.lock().unwrap_or_else(PoisonError::into_inner).insert(token.clone(), true);
    Json(json!({ "access_token": token, "token_type": "Bearer" }))
}

async fn revoke(State(tokens): State<Tokens>, Form(form): Form<BTreeMap<String, String>>) -> StatusCode {
    let mut tokens = tokens.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(active) = form.get("token").and_then(|token| tokens.get_mut(token)) {
        *active = false;
    }
    StatusCode::OK
}

async fn introspect(State(tokens): State<Tokens>, Form(form): Form<BTreeMap<String, String>>) -> Json<Value> {
    let tokens = tokens.lock().unwrap_or_else(PoisonError::into_inner);
    let active = form.get("token").and_then(|token| tokens.get(token)).copied().unwrap_or(false);
    Json(json!({ "active": active }))
}

/// What the agent works on: it wants an active token.
async fn ledger(State(tokens): State<Tokens>, headers: HeaderMap) -> StatusCode {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let tokens = tokens.lock().unwrap_or_else(PoisonError::into_inner);
    if token.and_then(|token| tokens.get(token)).copied().unwrap_or(false) {
        StatusCode::OK
    } else {
        StatusCode::UNAUTHORIZED
    }
}

async fn receive(State(inbox): State<Inbox>, Json(message): Json<Value>) -> StatusCode {
    let part = |name: &str| message.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mail = Mail { subject: part("subject"), text: part("text") };
    inbox.0.lock().unwrap_or_else(PoisonError::into_inner).push(mail);
    StatusCode::NO_CONTENT
}
