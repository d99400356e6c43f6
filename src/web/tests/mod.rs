//! The router against a real store and the real machine, one request at a time, without a socket.

mod access;
mod agents;
mod approvals;
mod docs;
mod gate;
mod health;
mod hooks;
mod incidents;
mod runs;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::state::{GateOptions, LastLoad, Options, People, WebState};
use super::{Metrics, Peer, router};
use crate::action::{ActionOptions, Registry};
use crate::approval::{Approvals, Limits};
use crate::client::{Secrets, StaticSecrets};
use crate::clock::{Clock as _, TestClock};
use crate::domain::{Agent, AgentId, Digest, Directory, Person, PersonId, SourceId};
use crate::engine::{self, Engine, Gate, Inventory, Library, Supervisor};
use crate::guide::Guide;
use crate::intake::Intake;
use crate::source::{Source, SourceOptions};
use crate::store::{Store, StoreOptions};

const PLAYBOOK: &str = include_str!("pause-and-ask.yaml");
const ANA: &str = "token-of-ana";
const BEN: &str = "token-of-ben";
const SENDER: &str = "token-of-the-sender";

struct Tokens;

impl People for Tokens {
    fn by_token(&self, token: &str) -> Option<PersonId> {
        token.strip_prefix("token-of-").filter(|name| *name != "the-sender").map(|name| PersonId::parse(name).unwrap())
    }

    fn by_uid(&self, uid: u32) -> Option<PersonId> {
        (uid == 4242).then(|| PersonId::parse("ana").unwrap())
    }
}

/// A daemon's insides with one playbook, one agent, one source and two people.
struct World {
    router: Router,
    state: WebState,
    clock: TestClock,
    _folder: tempfile::TempDir,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The status and the problem's code.
    fn problem(&self) -> (u16, String) {
        (self.status.as_u16(), self.json()["code"].as_str().unwrap_or_default().to_owned())
    }
}

impl World {
    async fn new() -> Self {
        Self::with_gate(GateOptions::default()).await
    }

    async fn with_gate(gate: GateOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = TestClock::at("2026-11-23T03:58:15Z".parse().unwrap());
        let secrets: Arc<dyn Secrets> = Arc::new(StaticSecrets::parse([("env:SENDER", SENDER)]).unwrap());
        let registry =
            Registry::build(&BTreeMap::new(), &ActionOptions { evidence_folder: None }, secrets.clone()).unwrap();
        let url = format!("sqlite:{}", folder.path().join("standdown.db").display());
        // Nothing beats here, so it must not matter how long a test takes.
        let options = StoreOptions { lease: std::time::Duration::from_hours(1), ..StoreOptions::default() };
        let store = Store::open(&url, options).await.unwrap();
        let playbooks = folder.path().join("playbooks");
        std::fs::create_dir(&playbooks).unwrap();
        std::fs::write(playbooks.join("pause-and-ask.yaml"), PLAYBOOK).unwrap();
        let library = Arc::new(Library::new(registry.catalogue(), playbooks));
        let loaded = library.load(&store, clock.now()).await.unwrap();
        assert_eq!((loaded.serving, loaded.diagnostics.len()), (1, 0), "{:?}", loaded.diagnostics);
        let (system_alerts, _) = tokio::sync::mpsc::unbounded_channel();
        let (engine, _loops) = Engine::build(engine::Parts {
            store,
            clock: Arc::new(clock.clone()),
            performer: Arc::new(registry),
            library,
            inventory: inventory(),
            gate: Arc::new(Gate::new(false)),
            options: engine::Options::default(),
            supervisor: Supervisor::default(),
            system_alerts,
        })
        .await
        .unwrap();
        let last_load = Arc::new(LastLoad::default());
        last_load.set(loaded);
        let state = WebState {
            intake: Arc::new(Intake::new(engine.clone(), sources(secrets.as_ref()))),
            approvals: Arc::new(Approvals::new(engine.clone(), Limits::default())),
            people: Arc::new(Tokens),
            last_load,
            guide: Arc::new(LazyLock::new(|| Guide::new(&[super::codes::CODES]))),
            metrics: Arc::new(Metrics::new(clock.now())),
            options: Arc::new(Options { body_bytes_max: 4096, gate }),
            engine,
        };
        Self { router: router(state.clone()), state, clock, _folder: folder }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 20).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(request(Method::GET, path, Some(ANA), None)).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(request(Method::POST, path, Some(ANA), Some(body))).await
    }

    async fn ben(&self, path: &str, body: Value) -> Answer {
        self.send(request(Method::POST, path, Some(BEN), Some(body))).await
    }

    /// Delivers an alert about billing-bot; gives the run that it starts.
    async fn alert(&self) -> String {
        let answer =
            self.send(delivery(&json!({ "id": "a", "title": "odd", "rule": "misuse", "agent": "billing-bot" }))).await;
        assert_eq!(answer.status, 202, "{}", answer.text);
        answer
            .json()
            .pointer("/alerts/0/run")
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("{}", answer.text))
            .to_owned()
    }
}

fn request(method: Method, path: &str, token: Option<&str>, body: Option<Value>) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    request.body(body.map_or_else(Body::empty, |body| Body::from(body.to_string()))).unwrap()
}

fn delivery(body: &Value) -> Request<Body> {
    request(Method::POST, "/hooks/detector", Some(SENDER), Some(body.clone()))
}

/// A request that comes from that peer.
fn from(peer: Peer, mut request: Request<Body>) -> Request<Body> {
    request.extensions_mut().insert(ConnectInfo(peer));
    request
}

fn network() -> Peer {
    Peer::Network(SocketAddr::from(([192, 0, 2, 7], 40_000)))
}

fn inventory() -> Inventory {
    let mut directory = Directory { fallback: vec!["user:ana".parse().unwrap()], ..Directory::default() };
    for name in ["ana", "ben"] {
        let id = PersonId::parse(name).unwrap();
        let person = Person { id: id.clone(), name: name.to_owned(), email: None, webhook: None };
        directory.people.insert(id, person);
    }
    let id = AgentId::parse("billing-bot").unwrap();
    let agent = Agent { known: true, gated: true, owner: Some("user:ana".parse().unwrap()), ..Agent::unknown(id) };
    let slashed = AgentId::parse("spiffe://prod/mail-bot").unwrap();
    Inventory::new(vec![agent, Agent { known: true, ..Agent::unknown(slashed) }], directory)
}

fn sources(secrets: &dyn Secrets) -> BTreeMap<SourceId, Source> {
    let options: SourceOptions =
        serde_yaml::from_str("preset: generic\nauth: { bearer: env:SENDER }\ntrust: contain").unwrap();
    let id = SourceId::parse("detector").unwrap();
    BTreeMap::from([(id.clone(), Source::compile(&id, &options, secrets).unwrap())])
}

fn digest(token: &str) -> Digest {
    Digest::of(token.as_bytes())
}

const MINUTE: Duration = Duration::from_mins(1);
