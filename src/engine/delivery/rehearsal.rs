//! A daemon in small for the tests of messages, approvals and pages: an engine over a real database in a temporary
//! folder, a clock that is stepped, and a receiver of webhooks that keeps what it is sent.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::channel::{Channel, WebhookChannel, WebhookOptions};
use crate::client::{SecretReference, StaticSecrets};
use crate::clock::{Clock, TestClock};
use crate::domain::alert::{AlertStatus, Authentication, Claimed};
use crate::domain::event::CallOutcome;
use crate::domain::{
    Actor, Agent, AgentId, Alert, AlertId, Approval, Digest, Directory, HoldId, Incident, IncidentId, IncidentStatus,
    Mode, Person, PersonId, PlaybookName, Principal, Run, RunId, Severity, SourceId, Tier, Trust,
};
use crate::engine::gate::Gate;
use crate::engine::{Engine, Inventory, Library, Options, Parts, Performer, Reach, StartRequest, Supervisor};
use crate::machine::{Call, CallResult};
use crate::playbook::fixture;
use crate::store::{Commit, Guard, Row, RunLog, Store, StoreOptions};

use super::{Channels, Delivery};

mod playbooks;

pub(crate) use playbooks::{BUDGET, GUARD, RELEASE};

pub(crate) const START: &str = "2026-11-23T10:07:00Z";

/// What the alert and the inventory say.
pub(crate) struct Scene {
    pub playbook: &'static str,
    pub title: String,
    pub agent_name: String,
    pub alert: fn(&mut Alert),
    pub gate_saw_the_agent: bool,
}

impl Default for Scene {
    fn default() -> Self {
        Self {
            playbook: RELEASE,
            title: "token used from an unexpected network".to_owned(),
            agent_name: "billing-bot".to_owned(),
            alert: |_| {},
            gate_saw_the_agent: false,
        }
    }
}

/// The daemon.
pub(crate) struct Rehearsal {
    pub engine: Engine,
    pub clock: TestClock,
    pub run: RunId,
    pub receiver: Receiver,
    pub delivery: Delivery,
    pub folder: tempfile::TempDir,
}

impl Rehearsal {
    pub async fn of(scene: Scene) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = TestClock::at(START.parse().unwrap());
        let (engine, agent) = engine(&folder, &clock, &scene).await;
        if scene.gate_saw_the_agent {
            assert!(engine.gate().check(&agent.id, clock.now()).allowed);
        }
        let run = start(&engine, &agent, &scene).await;
        let receiver = Receiver::listen().await;
        let channels = Channels { email: None, webhooks: BTreeMap::from([("ops".to_owned(), receiver.channel())]) };
        let delivery = Delivery::new(engine.clone(), channels);
        Self { engine, clock, run, receiver, delivery, folder }
    }

    /// A run about one more agent of ana's.
    pub async fn also(&self, name: &str) -> RunId {
        self.also_of(name, "ana").await
    }

    /// A run about one more agent of somebody's.
    pub async fn also_of(&self, name: &str, owner: &str) -> RunId {
        let owner = Some(Principal::User(person(owner)));
        let agent = Agent { id: AgentId::parse(name).unwrap(), owner, ..agent(name) };
        start(&self.engine, &agent, &Scene::default()).await
    }

    /// A run about one more agent of ana's, whose alert says this.
    pub async fn also_about(&self, name: &str, title: &str) -> RunId {
        let owner = Some(Principal::User(person("ana")));
        let agent = Agent { id: AgentId::parse(name).unwrap(), owner, ..agent(name) };
        start(&self.engine, &agent, &Scene { title: title.to_owned(), ..Scene::default() }).await
    }

    /// A run in the place of the first one, about the same agent, that takes its holds over.
    pub async fn again(&self) -> RunId {
        let run = self.run().await;
        let inherits = run.steps.values().filter_map(|record| record.hold).collect();
        start_with(&self.engine, &run.agent, &Scene::default(), inherits).await
    }

    /// A run as it is stored.
    pub async fn read(&self, run: RunId) -> Run {
        self.engine.store().run(run).await.unwrap().unwrap()
    }

    pub async fn run(&self) -> Run {
        self.engine.store().run(self.run).await.unwrap().unwrap()
    }

    /// The newest request of the run.
    pub async fn approval(&self) -> Approval {
        let run = self.run().await;
        let newest = run.steps.values().find_map(|record| record.approval).unwrap();
        run.approvals[&newest].clone()
    }

    /// Sends what is due; gives the links and codes that arrived by it.
    pub async fn deliver(&self) -> Vec<Arrived> {
        self.delivery.try_deliver_due().await;
        self.receiver.take().iter().filter_map(Arrived::read).collect()
    }

    /// Sends what is due; gives the link and code of this person, whose digest the store knows.
    pub async fn link_of(&self, person: &str) -> Arrived {
        use crate::store::Approvals as _;
        for arrived in self.deliver().await {
            let digest = Digest::of(arrived.token.as_bytes());
            if self.engine.store().token(&digest).await.unwrap().unwrap().person.as_str() == person {
                return arrived;
            }
        }
        panic!("nothing arrived for {person}");
    }
}

/// A request for a decision as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    pub subject: String,
    pub text: String,
    pub token: String,
    pub code: String,
}

impl Arrived {
    pub fn read(body: &Value) -> Option<Self> {
        let (subject, text) = (body["subject"].as_str()?.to_owned(), body["text"].as_str()?.to_owned());
        let token = text.split_once("/a/")?.1.split_whitespace().next()?.to_owned();
        let code = subject.strip_prefix('[')?.get(..4)?.to_owned();
        Some(Self { subject, text, token, code })
    }

    /// A code that is not the right one.
    pub fn wrong_code(&self) -> String {
        format!("{:04}", (self.code.parse::<u32>().unwrap() + 1) % 10_000)
    }
}

pub(crate) fn person(id: &str) -> PersonId {
    PersonId::parse(id).unwrap()
}

struct Obedient;

impl Performer for Obedient {
    fn perform<'a>(
        &'a self,
        _call: &'a Call,
        _clock: &'a dyn Clock,
    ) -> Pin<Box<dyn Future<Output = CallResult> + Send + 'a>> {
        Box::pin(async { CallResult::Ended(CallOutcome::Applied { output: Value::Null }) })
    }
}

async fn engine(folder: &tempfile::TempDir, clock: &TestClock, scene: &Scene) -> (Engine, Agent) {
    let url = format!("sqlite:{}", folder.path().join("standdown.db").display());
    // Nothing beats here, so it must not matter how long a test takes.
    let options = StoreOptions { lease: std::time::Duration::from_hours(1), ..StoreOptions::default() };
    let store = Store::open(&url, options).await.unwrap();
    let playbooks = folder.path().join("playbooks");
    std::fs::create_dir(&playbooks).unwrap();
    std::fs::write(playbooks.join("token-misuse.yaml"), scene.playbook).unwrap();
    let library = Library::new(fixture::catalogue(), playbooks);
    let loaded = library.load(&store, clock.now()).await.unwrap();
    assert_eq!(loaded.serving, 1, "{:?}", loaded.diagnostics);
    let agent = agent(&scene.agent_name);
    let (system_alerts, _) = tokio::sync::mpsc::unbounded_channel();
    let webhooks = BTreeSet::from(["ops".to_owned()]);
    let parts = Parts {
        store,
        clock: Arc::new(clock.clone()),
        performer: Arc::new(Obedient),
        library: Arc::new(library),
        inventory: Inventory::new(vec![agent.clone()], directory()),
        gate: Arc::new(Gate::new(false)),
        options: Options {
            reach: Reach { email: false, webhooks },
            public_url: "https://standdown.example".to_owned(),
            ..Options::default()
        },
        supervisor: Supervisor::default(),
        system_alerts,
    };
    (Engine::build(parts).await.unwrap().0, agent)
}

async fn start(engine: &Engine, agent: &Agent, scene: &Scene) -> RunId {
    start_with(engine, agent, scene, Vec::new()).await
}

async fn start_with(engine: &Engine, agent: &Agent, scene: &Scene, inherits: Vec<HoldId>) -> RunId {
    let now = engine.clock().now();
    let mut alert = alert(&scene.title, now);
    (scene.alert)(&mut alert);
    let id = IncidentId::generate(now);
    let incident = Incident {
        id,
        version: 1,
        key: format!("{} {id}", agent.id),
        agent: Some(agent.id.clone()),
        status: IncidentStatus::New,
        severity: alert.severity,
        title: alert.title.clone(),
        unowned: false,
        alerts: 1,
        opened_at: now,
        last_alert_at: now,
    };
    let serving = engine.library().serving();
    let started = engine
        .prepare(StartRequest {
            playbook: &serving[&PlaybookName::parse("token-misuse").unwrap()],
            mode: Mode::Enforce,
            incident: incident.id,
            agent: &Arc::new(agent.clone()),
            alert: &Arc::new(alert.clone()),
            actor: Actor::Source { id: alert.source.clone() },
            inherits,
        })
        .unwrap();
    let id = started.run().id;
    let guards = vec![Guard::IncidentVersion { incident: incident.id, expected: 0 }];
    let commit = Commit { guards, rows: vec![Row::Incident(Box::new(incident))] };
    engine.commit(commit, vec![started]).await.unwrap();
    id
}

fn directory() -> Directory {
    let people = ["ana", "ben", "cleo"].map(|id| {
        let name = format!("{}{} Example", id[..1].to_uppercase(), &id[1..]);
        (person(id), Person { id: person(id), name, email: None, webhook: Some("ops".to_owned()) })
    });
    let fallback = vec![Principal::User(person("cleo"))];
    Directory { people: BTreeMap::from(people), groups: BTreeMap::new(), fallback }
}

fn agent(name: &str) -> Agent {
    Agent {
        name: name.to_owned(),
        known: true,
        owner: Some(Principal::User(person("ana"))),
        tier: Tier::Autonomous,
        environment: Some("production".to_owned()),
        gated: true,
        ..Agent::unknown(AgentId::parse("billing-bot").unwrap())
    }
}

fn alert(title: &str, now: Timestamp) -> Alert {
    Alert {
        id: AlertId::generate(now),
        source: SourceId::parse("grafana").unwrap(),
        trust: Trust::Contain,
        delivery_id: None,
        event_id: None,
        dedup_key: Digest::of(title.as_bytes()),
        group_key: None,
        rule: Some("token_anomalous_use".to_owned()),
        title: title.to_owned(),
        status: AlertStatus::Firing,
        severity: Severity::High,
        severity_raw: None,
        occurred_at: now,
        occurred_at_assumed: false,
        ended_at: None,
        received_at: now,
        agent: Claimed::default(),
        principal: None,
        credential: None,
        owner: None,
        resources: vec!["ledger".to_owned(), "invoices".to_owned()],
        labels: BTreeMap::new(),
        fields: Map::new(),
        is_test: false,
        notes: Vec::new(),
        truncated: false,
        auth: Authentication { scheme: "bearer".to_owned(), key_id: None },
    }
}

/// A receiver of webhooks: keeps every body, and answers as it is told.
pub(crate) struct Receiver {
    url: String,
    status: Arc<AtomicU16>,
    bodies: Arc<Mutex<Vec<Value>>>,
    _tasks: JoinSet<()>,
}

impl Receiver {
    async fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (status, bodies) = (Arc::new(AtomicU16::new(204)), Arc::<Mutex<Vec<Value>>>::default());
        let mut tasks = JoinSet::new();
        let (answer, kept) = (status.clone(), bodies.clone());
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(receive(stream, answer.clone(), kept.clone()));
            }
        });
        Self { url, status, bodies, _tasks: tasks }
    }

    /// From now on every message is answered with this status.
    pub fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// What arrived since it was last asked for.
    pub fn take(&self) -> Vec<Value> {
        std::mem::take(&mut *self.bodies.lock().unwrap())
    }

    fn channel(&self) -> Channel {
        let secrets = StaticSecrets::parse([("env:HOOK", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]).unwrap();
        let options = WebhookOptions {
            url: self.url.parse().unwrap(),
            secret: SecretReference::parse("env:HOOK").unwrap(),
            timeout: Duration::from_secs(10),
            ca: None,
            networks: vec!["127.0.0.0/8".parse().unwrap()],
        };
        Channel::Webhook(WebhookChannel::build("ops", &options, Arc::new(secrets)).unwrap())
    }
}

async fn receive(mut stream: TcpStream, status: Arc<AtomicU16>, bodies: Arc<Mutex<Vec<Value>>>) {
    let mut received = Vec::new();
    let mut part = [0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut part).await {
        received.extend_from_slice(&part[..length]);
        let text = String::from_utf8_lossy(&received);
        let Some((_, body)) = text.split_once("\r\n\r\n") else { continue };
        let Ok(body) = serde_json::from_str(body) else { continue };
        bodies.lock().unwrap().push(body);
        let answer = format!("HTTP/1.1 {} X\r\nContent-Length: 0\r\n\r\n", status.load(Ordering::SeqCst));
        stream.write_all(answer.as_bytes()).await.unwrap();
        return;
    }
}
