//! A daemon with its door for alerts: two sources, one with a token, one that signs and numbers its deliveries.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::client::StaticSecrets;
use crate::clock::Clock;
use crate::domain::{Incident, PersonId, RunId, SourceId, StepPath};
use crate::engine::tests::harness::{Life, World};
use crate::intake::{Intake, Receipt, Refused, Sources};
use crate::source::{AuthOptions, HmacOptions, Source, SourceOptions};
use crate::store::{Outbox, ReadModel, RunLog, Subject};

const TOKEN: &str = "s3cr3t-bearer-token";
const KEY: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// A life of the daemon with its intake.
pub struct Desk {
    pub intake: Intake,
    pub life: Life,
}

impl Desk {
    pub fn open(world: &World) -> Self {
        let life = world.start();
        Self { intake: Intake::new(life.engine.clone(), sources()), life }
    }

    pub fn crash(self) {
        let Self { intake, life } = self;
        drop(intake);
        life.crash();
    }

    /// Delivers a body with the token.
    pub fn send(&self, body: &Value) -> Result<Receipt, Refused> {
        self.life.on(self.intake.receive("detector", &bearer(), body.to_string().as_bytes()))
    }

    /// Delivers a body that must be taken; what is said of its first alert.
    pub fn taken(&self, body: &Value) -> Value {
        self.send(body).unwrap().answer["alerts"][0].clone()
    }

    /// Delivers a signed body under a delivery id.
    pub fn send_signed(&self, id: &str, body: &Value) -> Result<Receipt, Refused> {
        self.life.on(self.receive_signed(id, body))
    }

    /// A signed body under a delivery id comes in.
    pub async fn receive_signed(&self, id: &str, body: &Value) -> Result<Receipt, Refused> {
        let body = body.to_string();
        let headers = signed(id, self.life.clock.now(), &body);
        self.intake.receive("signed", &headers, body.as_bytes()).await
    }

    pub fn incidents(&self) -> Vec<Incident> {
        self.life.on(self.intake.engine().store().incidents(false, 1000)).unwrap()
    }

    /// The names of the facts of an incident's history.
    pub fn facts(&self, incident: &Incident) -> Vec<String> {
        let subject = Subject::Incident(incident.id);
        let facts = self.life.on(self.intake.engine().store().events(&subject)).unwrap();
        crate::store::verify_chain(&facts, &subject).unwrap();
        facts.into_iter().map(|fact| fact.kind).collect()
    }

    /// Who has messages waiting, and what they begin with.
    pub fn told(&self) -> BTreeMap<PersonId, Vec<String>> {
        let due = self.intake.engine().store().messages_due(self.life.clock.now(), 1000);
        let mut told: BTreeMap<PersonId, Vec<String>> = BTreeMap::new();
        for queued in self.life.on(due).unwrap() {
            let subject = match queued.message.kind {
                crate::domain::MessageKind::Notice { subject, .. } => subject,
                crate::domain::MessageKind::ApprovalRequest { .. } => "a request".to_owned(),
            };
            told.entry(queued.message.to).or_default().push(subject);
        }
        told
    }

    /// How many commits something took.
    pub fn commits(&self, work: impl FnOnce()) -> u64 {
        let before = self.intake.engine().store().writer_stats().commits;
        work();
        self.intake.engine().store().writer_stats().commits - before
    }
}

/// The sources of these tests.
pub fn sources() -> Sources {
    let secrets = StaticSecrets::parse([("env:TOKEN", TOKEN), ("env:KEY", KEY)]).unwrap();
    let bearer =
        AuthOptions { bearer: Some(serde_json::from_value(json!("env:TOKEN")).unwrap()), ..Default::default() };
    let hmac = HmacOptions {
        preset: "standard-webhooks".into(),
        secrets: serde_json::from_value(json!(["env:KEY"])).unwrap(),
        tolerance: None,
    };
    let signed = AuthOptions { hmac: Some(hmac), ..Default::default() };
    let source = |name: &str, auth: AuthOptions| {
        let id = SourceId::parse(name).unwrap();
        let trust = crate::domain::Trust::Contain;
        let options = SourceOptions { preset: Some("generic".into()), auth, trust, ..Default::default() };
        let source = Source::compile(&id, &options, &secrets).unwrap();
        (id, source)
    };
    Sources::from([source("detector", bearer), source("signed", signed)])
}

pub fn bearer() -> Vec<(String, String)> {
    vec![("authorization".into(), format!("Bearer {TOKEN}"))]
}

pub fn signed(id: &str, at: Timestamp, body: &str) -> Vec<(String, String)> {
    let time = at.as_second().to_string();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(KEY.trim_start_matches("whsec_")).unwrap());
    let signature = STANDARD.encode(hmac::sign(&key, format!("{id}.{time}.{body}").as_bytes()));
    let pairs = [("webhook-id", id), ("webhook-timestamp", &time), ("webhook-signature", &format!("v1,{signature}"))];
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// A firing alert about an agent.
pub fn alert(id: &str, agent: &str) -> Value {
    json!({ "id": id, "rule": "token_anomalous_use", "title": format!("{agent} misbehaves"), "agent": agent })
}

/// The same alert with some fields changed.
pub fn alert_with(id: &str, agent: &str, changes: &Value) -> Value {
    let mut body = alert(id, agent);
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

pub fn run_of(answer: &Value) -> RunId {
    answer["run"].as_str().unwrap_or_else(|| panic!("no run in {answer}")).parse().unwrap()
}

pub fn step(name: &str) -> StepPath {
    name.parse().unwrap()
}

/// A playbook that matches token misuse and only says what it would do.
pub const OBSERVE: &str = r#"
playbook: observe
title: Observe
owner: user:ana
mode: observe
match: { when: "alert.rule == 'token_anomalous_use'" }
stages:
  - stage: contain
    steps:
      - { step: pause, action: agent.pause }
      - { step: revoke, action: try.contain }
"#;

/// A playbook that pauses the agent and asks its owner.
pub const ASK: &str = r#"
playbook: ask
title: Ask
owner: user:ana
mode: enforce
match: { when: "alert.rule == 'token_anomalous_use'" }
incident: { on_new_alert: join }
stages:
  - stage: contain
    steps:
      - { step: pause, action: agent.pause }
  - stage: decide
    steps:
      - step: override
        approval: { ask: "Let {{agent.name}} resume?", releases: [resume], approvers: [owner], timeout: 4h, identity: link }
  - stage: restore
    when: steps.override.decision == 'approved'
    steps:
      - { step: resume, action: undo, with: { steps: [pause] } }
"#;
