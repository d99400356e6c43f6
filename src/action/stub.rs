//! A target for tests: an HTTP server inside the test that answers as a script says and remembers what it was sent.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::{ActionOptions, AuthOptions, BasicOptions, ConnectionOptions, Registry};
use crate::client::{SecretReference, StaticSecrets};
use crate::clock::{SystemClock, TestClock};
use crate::domain::StepPath;
use crate::domain::event::CallOutcome;
use crate::domain::{ActionName, ConnectionName, RunId, StepName};
use crate::machine::call::About;
use crate::machine::{Call, CallResult, Direction, Phase};

/// What the stub was sent.
#[derive(Clone, Debug)]
pub struct Received {
    pub method: String,
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

/// What it answers.
#[derive(Clone)]
pub enum Reply {
    Text(u16, String),
    With(u16, &'static str, String),
    Silence,
}

impl Reply {
    pub fn json(status: u16, body: &Value) -> Self {
        Self::Text(status, body.to_string())
    }

    pub fn status(status: u16) -> Self {
        Self::Text(status, String::new())
    }
}

type Script = Arc<dyn Fn(&Received, usize) -> Reply + Send + Sync>;

#[derive(Clone)]
struct Shared {
    script: Script,
    received: Arc<Mutex<Vec<Received>>>,
}

/// A running stub.
pub struct Stub {
    pub address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    _server: JoinSet<()>,
}

impl Stub {
    /// Starts a stub; the script is given each request and how many came before it.
    pub async fn start(script: impl Fn(&Received, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::new(Mutex::new(Vec::new()));
        let shared = Shared { script: Arc::new(script), received: Arc::clone(&received) };
        let router = Router::new().fallback(answer).with_state(shared);
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, received, _server: server }
    }

    /// A stub that always answers the same.
    pub async fn always(reply: Reply) -> Self {
        Self::start(move |_, _| reply.clone()).await
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// A registry with the connections `api` (http, bearer) and `idp` (oauth, basic), both to this stub.
    pub fn registry(&self) -> Registry {
        registry(&self.url())
    }
}

async fn answer(State(shared): State<Shared>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let received = Received {
        method: method.to_string(),
        path: uri.to_string(),
        headers: headers.collect(),
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let count = {
        let mut all = shared.received.lock().unwrap();
        all.push(received.clone());
        all.len() - 1
    };
    match (shared.script)(&received, count) {
        Reply::Text(status, body) => (StatusCode::from_u16(status).unwrap(), body).into_response(),
        Reply::With(status, header, value) => {
            (StatusCode::from_u16(status).unwrap(), [(header, value)]).into_response()
        }
        Reply::Silence => std::future::pending().await,
    }
}

/// The secrets of the tests.
pub fn secrets() -> StaticSecrets {
    StaticSecrets::parse([
        ("env:IDP", "idp-password-1"),
        ("env:API", "api-token-22"),
        ("env:VICTIM", "victim-token-333"),
    ])
    .unwrap()
}

/// The options of a connection to loopback.
pub fn connection(connector: &str, url: &str) -> ConnectionOptions {
    ConnectionOptions {
        base_url: Some(url.parse().unwrap()),
        networks: vec!["127.0.0.0/8".parse().unwrap()],
        ..ConnectionOptions::new(connector)
    }
}

/// A registry with the connections `api` and `idp` to that URL.
pub fn registry(url: &str) -> Registry {
    let reference = |text: &str| SecretReference::parse(text).unwrap();
    let bearer = AuthOptions { bearer: Some(reference("env:API")), ..AuthOptions::default() };
    let basic = BasicOptions { username: "standdown".to_owned(), password: reference("env:IDP") };
    let basic = AuthOptions { basic: Some(basic), ..AuthOptions::default() };
    let connections = [
        (name("api"), ConnectionOptions { auth: Some(bearer), ..connection("http", url) }),
        (name("idp"), ConnectionOptions { auth: Some(basic), ..connection("oauth", url) }),
    ];
    Registry::build(&connections.into(), &ActionOptions::default(), Arc::new(secrets())).unwrap()
}

pub fn name(text: &str) -> ConnectionName {
    ConnectionName::parse(text).unwrap()
}

/// A call of an action, done, with 2 s for an exchange.
pub fn call(action: &str, parameters: Value, phase: Phase) -> Call {
    Call {
        run: RunId::generate(start()),
        path: StepPath::from(StepName::parse("step").unwrap()),
        direction: Direction::Do,
        phase,
        action: ActionName::parse(action).unwrap(),
        parameters,
        key: "key-1".to_owned(),
        attempt: 1,
        timeout: Duration::from_secs(2),
        protection: crate::domain::Protection::None,
        snapshot: None,
        about: About {
            agent: "billing-bot".to_owned(),
            incident: "inc_1".to_owned(),
            alert: Arc::new(crate::domain::samples::alert(start())),
        },
    }
}

/// Sends the change and returns how it ended.
pub async fn send(registry: &Registry, call: &Call) -> CallOutcome {
    match registry.perform(call, &clock()).await {
        CallResult::Ended(outcome) => outcome,
        other => panic!("{other:?}"),
    }
}

pub fn start() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

/// A clock that stands still.
pub fn clock() -> TestClock {
    TestClock::at(start())
}

/// The real clock, where looking must come to an end by itself.
pub const REAL: SystemClock = SystemClock;
