//! A daemon without its doors, within the test: real intake, engine, store and actions, and a clock that is told the time.
//!
//! It is configured by the same files as a daemon, so that what is tried here is what an operator would have. Messages
//! stay in the outbox, where a test reads them; only the identity provider is a stand-in.

mod provider;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use standdown::action::{ActionOptions, Registry};
use standdown::approval::{Answer, Approvals, DecideError, Limits};
use standdown::client::{Secrets, SystemSecrets};
use standdown::clock::{Clock, TestClock};
use standdown::config::{self, Configuration};
use standdown::domain::approval::{ApprovalStatus, Choice};
use standdown::domain::{AgentId, Approval, Assurance, Message, MessageKind, PersonId, Run, RunId, StepPath};
use standdown::engine::{Engine, Gate, Inventory, Library, Options, Parts, Reach, RunHistory, Supervisor, SystemAlert};
use standdown::intake::Intake;
use standdown::source::Source;
use standdown::store::{Outbox, RunLog, Store, StoreOptions};
use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedReceiver;

pub use provider::{Provider, Revocation};

/// How long a test waits for something that must come by itself.
const PATIENCE: Duration = Duration::from_secs(30);

const BEARER: &str = "bearer-of-the-lab";

/// The most messages that a test reads.
const MESSAGES_MAX: u32 = 1000;

/// The shipped playbooks, told to act.
pub fn enforced(playbook: &str) -> String {
    let acting = playbook.replacen("mode: observe", "mode: enforce", 1);
    assert_ne!(acting, playbook, "a shipped playbook only observes");
    acting
}

/// What the agents of a lab are; every one is owned by ana and seen by the gate.
#[derive(Clone)]
pub struct Agents {
    /// Their ids.
    pub ids: Vec<String>,
    /// Whether their token is in the inventory.
    pub with_token: bool,
    /// Whether nothing contains them without a person.
    pub protected: bool,
    /// Whether their calls pass the gate, so that a pause stops them.
    pub gated: bool,
}

impl Default for Agents {
    fn default() -> Self {
        Self { ids: vec!["billing-bot".to_owned()], with_token: true, protected: false, gated: true }
    }
}

/// The daemon without its doors.
pub struct Lab {
    pub clock: TestClock,
    pub engine: Engine,
    pub provider: Provider,
    intake: Intake,
    approvals: Approvals,
    own_alerts: Mutex<UnboundedReceiver<SystemAlert>>,
    supervisor: Supervisor,
    _folder: TempDir,
}

impl Lab {
    /// A lab with these playbooks.
    pub async fn start(playbooks: &[&str], agents: &Agents) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let provider = Provider::start().await;
        write(folder.path(), playbooks, agents, &provider.url());
        let loaded = config::load(Some(&folder.path().join("standdown.yaml")), &BTreeMap::new());
        let configuration = loaded.unwrap_or_else(|faults| panic!("{faults:#?}"));
        let clock = TestClock::at("2026-11-23T03:00:00Z".parse().unwrap());
        let supervisor = Supervisor::default();
        let (sender, own_alerts) = tokio::sync::mpsc::unbounded_channel();
        let engine = engine(&configuration, &clock, &supervisor, sender).await;
        let sources = configuration.sources.iter().map(|(id, options)| {
            (id.clone(), Source::compile(id, options, &SystemSecrets).unwrap_or_else(|faults| panic!("{faults:#?}")))
        });
        let intake = Intake::new(engine.clone(), sources.collect());
        let approvals = Approvals::new(engine.clone(), Limits::default());
        let own_alerts = Mutex::new(own_alerts);
        let lab = Self { clock, engine, provider, intake, approvals, own_alerts, supervisor, _folder: folder };
        agents.ids.iter().for_each(|agent| assert!(lab.gate_allows(agent), "{agent} acts before any alert"));
        lab
    }

    /// Ends everything in order.
    pub async fn stop(self) {
        assert!(self.supervisor.stop(Duration::from_secs(10)).await, "a task did not end when it was told to stop");
        self.engine.store().close().await;
    }

    /// Posts an alert about an agent; the answer for it.
    pub async fn alert(&self, rule: &str, agent: &str, fields: Value) -> Value {
        let body = json!({
            "id": format!("{agent}/{rule}"), "rule": rule, "severity": "high", "agent": agent,
            "title": format!("{agent} is where it never was"), "fields": fields,
        });
        let headers = [("authorization".to_owned(), format!("Bearer {BEARER}"))];
        let receipt = self.intake.receive("detector", &headers, body.to_string().as_bytes()).await.unwrap();
        assert_eq!(receipt.status, 202, "{}", receipt.answer);
        receipt.answer["alerts"][0].clone()
    }

    /// Posts an alert that starts a run.
    pub async fn run_for(&self, rule: &str, agent: &str, fields: Value) -> RunId {
        let answer = self.alert(rule, agent, fields).await;
        answer["run"].as_str().unwrap_or_else(|| panic!("no run was started: {answer}")).parse().unwrap()
    }

    /// A run as it is stored.
    pub async fn run(&self, id: RunId) -> Run {
        self.engine.store().run(id).await.unwrap().expect("the run is in the store")
    }

    /// Waits until something is true of a run.
    pub async fn until(&self, id: RunId, what: &str, is_so: impl Fn(&Run) -> bool) -> Run {
        let began = std::time::Instant::now();
        loop {
            let run = self.run(id).await;
            if is_so(&run) {
                return run;
            }
            assert!(began.elapsed() < PATIENCE, "waited too long for: {what}; it is {:#?}", states(&run));
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Waits until people are being asked by a step.
    pub async fn until_asked(&self, id: RunId, step: &str) -> Approval {
        let run = self.until(id, &format!("`{step}` asks people"), |run| asked(run, step).is_some()).await;
        asked(&run, step).unwrap().clone()
    }

    /// Waits until a run is over, and checks that its history leads to its state.
    pub async fn until_finished(&self, id: RunId) -> RunHistory {
        self.until(id, "the run is over", |run| run.status.is_finished()).await;
        let history = self.engine.history(id).await.unwrap();
        assert!(history.consistent, "the history does not lead to the state: {:#?}", history.run);
        history
    }

    /// A person decides, whom the API would know.
    pub async fn vote(&self, approval: &Approval, person: &str, choice: Choice) -> Result<(), DecideError> {
        let person = PersonId::parse(person).unwrap();
        let reason = "looked at the logs".to_owned();
        let answer = Answer { choice, reason, plan: approval.plan.hash, listing: None };
        let decided = self.approvals.decide_by_person(approval.id, &person, answer, Assurance::Api);
        decided.await.map(|_receipt| ())
    }

    /// Lets time pass, and the daemon notice.
    pub async fn wait(&self, time: Duration) {
        self.clock.advance(time);
        assert!(!self.engine.tick_due().await, "a deadline could not be dealt with");
        assert!(!self.engine.ask_about_ended_holds().await, "the end of a hold could not be dealt with");
        let own: Vec<SystemAlert> = {
            let mut alerts = self.own_alerts.lock().unwrap();
            std::iter::from_fn(|| alerts.try_recv().ok()).collect()
        };
        for alert in own {
            self.intake.receive_system(&alert).await.unwrap();
        }
    }

    /// Whether the gate lets an agent act.
    pub fn gate_allows(&self, agent: &str) -> bool {
        self.engine.gate().check(&AgentId::parse(agent).unwrap(), self.clock.now()).allowed
    }

    /// Everything in the outbox, oldest first.
    pub async fn messages(&self) -> Vec<Message> {
        let queued = self.engine.store().messages_due(self.clock.now(), MESSAGES_MAX).await.unwrap();
        queued.into_iter().map(|queued| queued.message).collect()
    }

    /// Subject and text of what a person was told, oldest first; requests are left out.
    pub async fn notices_to(&self, person: &str) -> Vec<(String, String)> {
        let mine = self.messages().await.into_iter().filter(|message| message.to.as_str() == person);
        mine.filter_map(|message| match message.kind {
            MessageKind::Notice { subject, text } => Some((subject, text)),
            MessageKind::ApprovalRequest { .. } => None,
        })
        .collect()
    }
}

/// The request of a step that people are being asked.
fn asked<'a>(run: &'a Run, step: &str) -> Option<&'a Approval> {
    let path: StepPath = step.parse().unwrap();
    run.pending_approval(&path).filter(|approval| approval.status == ApprovalStatus::Pending)
}

/// Where the steps of a run stand, in words.
pub fn states(run: &Run) -> BTreeMap<String, String> {
    run.steps
        .iter()
        .map(|(path, record)| {
            let verdict = record.verdict.map(|verdict| format!(" ({verdict})")).unwrap_or_default();
            (path.to_string(), format!("{}{verdict}", record.state.as_str()))
        })
        .collect()
}

async fn engine(
    configuration: &Configuration,
    clock: &TestClock,
    supervisor: &Supervisor,
    system_alerts: tokio::sync::mpsc::UnboundedSender<SystemAlert>,
) -> Engine {
    let secrets: Arc<dyn Secrets> = Arc::new(SystemSecrets);
    let actions = ActionOptions { evidence_folder: None };
    let registry =
        Registry::build(&configuration.connections, &actions, secrets).unwrap_or_else(|it| panic!("{it:#?}"));
    let store = Store::open(&configuration.store, StoreOptions::default()).await.unwrap();
    let library = Arc::new(Library::new(registry.catalogue(), configuration.playbooks.clone()));
    let loaded = library.load(&store, clock.now()).await.unwrap();
    assert!(loaded.diagnostics.is_empty(), "{:#?}", loaded.diagnostics);
    let options = Options {
        contained_per_hour: configuration.limits.contained_per_hour,
        reach: Reach { email: true, webhooks: BTreeSet::new() },
        ..Options::default()
    };
    let parts = Parts {
        store,
        clock: Arc::new(clock.clone()),
        performer: Arc::new(registry),
        library,
        inventory: Inventory::new(configuration.agents.clone(), configuration.directory.clone()),
        gate: Arc::new(Gate::new(false)),
        options,
        supervisor: supervisor.clone(),
        system_alerts,
    };
    let (engine, loops) = Engine::build(parts).await.unwrap();
    engine.run(loops);
    engine
}

fn write(folder: &Path, playbooks: &[&str], agents: &Agents, provider: &str) {
    let put = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    std::fs::create_dir(folder.join("playbooks")).unwrap();
    for text in playbooks {
        let name = text.lines().find_map(|line| line.strip_prefix("playbook: ")).unwrap();
        put(&format!("playbooks/{name}.yaml"), text);
    }
    put("password", "pa55word-of-the-lab");
    put("bearer", BEARER);
    let mut inventory = Vec::new();
    for id in &agents.ids {
        put(&format!("{id}.token"), &format!("token-of-{id}"));
        let reference = format!("file:{}", folder.join(format!("{id}.token")).display());
        let credentials = if agents.with_token { json!({ "idp": { "ref": reference } }) } else { json!({}) };
        inventory.push(json!({
            "id": id, "owner": "user:ana", "tier": "autonomous", "gated": agents.gated, "credentials": credentials,
        }));
    }
    put("agents.yaml", &json!({ "agents": inventory }).to_string());
    let protected = if agents.protected { agents.ids.join(", ") } else { String::new() };
    put(
        "standdown.yaml",
        &format!(
            r#"store: sqlite:standdown.db
socket: null
playbooks: playbooks
agents: agents.yaml
protected: [{protected}]
people:
  ana: {{ name: Ana, email: ana@example.com }}
  sam: {{ name: Sam, email: sam@example.com }}
fallback_owner: ["user:sam"]
sources:
  detector: {{ preset: generic, auth: {{ bearer: "file:{folder}/bearer" }}, trust: contain }}
connections:
  corporate-idp:
    connector: oauth
    base_url: {provider}
    auth: {{ basic: {{ username: standdown, password: "file:{folder}/password" }} }}
    networks: [127.0.0.0/8]
channels:
  email: {{ host: 127.0.0.1, port: 25, tls: none, from: "standdown@example.com" }}
"#,
            folder = folder.display(),
        ),
    );
}
