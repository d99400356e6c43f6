//! Small but whole domain values, numbered, so that a test says only what matters to it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use standdown::domain::action::Verdict;
use standdown::domain::actor::Assurance;
use standdown::domain::alert::{Authentication, Claimed};
use standdown::domain::approval::{ApprovalStatus, OnTimeout, Plan, Quorum};
use standdown::domain::message::Via;
use standdown::domain::run::StageRecord;
use standdown::domain::{
    Actor, Agent, AgentId, Alert, AlertId, AlertStatus, Approval, ApprovalCause, ApprovalId, Digest, Hold, HoldCause,
    HoldId, HoldLevel, Incident, IncidentId, IncidentStatus, Message, MessageId, MessageKind, Mode, PersonId,
    PlaybookName, Run, RunId, RunStatus, Severity, SourceId, StageName, StepName, StepPath, StepRecord, Trust,
    Variables,
};
use standdown::store::{Commit, DeadLetter, Guard, Row, Subject, Token};

/// A time, in seconds after the tests' beginning, with a fraction that must survive.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_microsecond(1_767_225_600_000_123 + seconds * 1_000_000).unwrap()
}

/// The source of all samples.
pub fn source() -> SourceId {
    SourceId::parse("grafana").unwrap()
}

/// An agent's id.
pub fn agent(name: &str) -> AgentId {
    AgentId::parse(name).unwrap()
}

/// The playbook of all samples.
pub fn playbook() -> PlaybookName {
    PlaybookName::parse("contain-runaway").unwrap()
}

/// A person.
pub fn person(name: &str) -> PersonId {
    PersonId::parse(name).unwrap()
}

/// The person behind by-hand changes.
pub fn by_hand() -> Actor {
    Actor::Person { id: person("ana"), assurance: Assurance::Login }
}

/// A step's path.
pub fn path(step: &str) -> StepPath {
    StepName::parse(step).unwrap().into()
}

/// A firing alert about what `identity` says.
pub fn alert(identity: &str, seconds: i64) -> Alert {
    Alert {
        id: AlertId::generate(at(seconds)),
        source: source(),
        trust: Trust::Contain,
        delivery_id: Some(format!("delivery-{identity}-{seconds}")),
        event_id: Some(format!("event-{identity}")),
        dedup_key: Digest::of(identity.as_bytes()),
        group_key: None,
        rule: Some("token_spend_rate".to_owned()),
        title: format!("Spend of {identity} is far above its baseline"),
        status: AlertStatus::Firing,
        severity: Severity::High,
        severity_raw: Some("page".to_owned()),
        occurred_at: at(seconds),
        occurred_at_assumed: false,
        ended_at: None,
        received_at: at(seconds),
        agent: Claimed { id: Some("billing-bot".to_owned()), instance: Some("pod-7".to_owned()), name: None },
        principal: Some(json!({"kind": "service_account", "id": "billing@prod"})),
        credential: None,
        owner: None,
        resources: vec!["openai/gpt".to_owned()],
        labels: BTreeMap::from([("env".to_owned(), "prod".to_owned()), ("team".to_owned(), "billing".to_owned())]),
        fields: serde_json::Map::from_iter([("rate".to_owned(), json!(117))]),
        is_test: false,
        notes: Vec::new(),
        truncated: false,
        auth: Authentication { scheme: "bearer".to_owned(), key_id: Some("k1".to_owned()) },
    }
}

/// A new incident of that key.
pub fn incident(key: &str, seconds: i64) -> Incident {
    Incident {
        id: IncidentId::generate(at(seconds)),
        version: 1,
        key: key.to_owned(),
        agent: Some(agent("billing-bot")),
        status: IncidentStatus::New,
        severity: Severity::High,
        title: "Spend is far above its baseline".to_owned(),
        unowned: false,
        alerts: 1,
        opened_at: at(seconds),
        last_alert_at: at(seconds),
    }
}

/// A run in its first stage.
pub fn run(incident: IncidentId, alert: Alert, seconds: i64) -> Run {
    let stage = |name: &str| StageRecord {
        name: StageName::parse(name).unwrap(),
        started_at: Some(at(seconds)),
        deadline: None,
        skipped: None,
    };
    Run {
        id: RunId::generate(at(seconds)),
        version: 1,
        semantics: 1,
        incident,
        playbook: playbook(),
        digest: Digest::of(b"name: contain-runaway"),
        mode: Mode::Enforce,
        agent: Arc::new(Agent::unknown(agent("billing-bot"))),
        alert: Arc::new(alert),
        vars: Variables::default(),
        started_by: Actor::Source { id: source() },
        started_at: at(seconds),
        deadline: None,
        status: RunStatus::Running { stage: 0 },
        stages: vec![stage("contain"), stage("decide")],
        steps: ["pause", "revoke", "tell_owner"].map(|step| (path(step), StepRecord::pending())).into(),
        approvals: BTreeMap::new(),
        rechecks: Vec::new(),
        joined: 0,
        inherits: Vec::new(),
        lineage: None,
        versions: std::collections::BTreeMap::new(),
        sources: BTreeSet::new(),
        ended_at: None,
    }
}

/// A run with an incident of its own, not committed yet.
pub fn lone_run(seconds: i64) -> Run {
    run(IncidentId::generate(at(seconds)), alert("lone", seconds), seconds)
}

/// A run whose containment is known.
pub fn contained(mut run: Run) -> Run {
    for record in run.steps.values_mut() {
        record.verdict = Some(Verdict::Contained);
    }
    run
}

/// A pending request.
pub fn approval(seconds: i64) -> Approval {
    Approval {
        id: ApprovalId::generate(at(seconds)),
        path: path("decide"),
        cause: ApprovalCause::Playbook,
        status: ApprovalStatus::Pending,
        ask: "Retire billing-bot?".to_owned(),
        releases: vec![path("revoke")],
        approvers: Vec::new(),
        exclude: Vec::new(),
        people: BTreeSet::from([person("ana"), person("sam")]),
        quorums: vec![Quorum { approve: 1, reject: 1, from: BTreeSet::from([person("ana"), person("sam")]) }],
        reason_required: true,
        reason_prompt: None,
        identity: Assurance::Link,
        asked_at: at(seconds),
        deadline: at(seconds + 900),
        on_timeout: OnTimeout::Reject,
        escalated: false,
        valid_for: None,
        plan: Plan::new(json!({"steps": ["revoke"]})),
        votes: Vec::new(),
        decided_at: None,
        bundle: None,
        with: Vec::new(),
        withdrawn: None,
    }
}

/// A hold by hand; asked about at `until`, if any.
pub fn hold(name: &str, until: Option<i64>, seconds: i64) -> Hold {
    Hold {
        id: HoldId::generate(at(seconds)),
        agent: agent(name),
        level: HoldLevel::Paused,
        cause: HoldCause::Person,
        reason: "spends too much".to_owned(),
        until: until.map(at),
        ask_at_end: until.is_some(),
        by: by_hand(),
        placed_at: at(seconds),
    }
}

/// A message of a run.
pub fn message(run: Option<RunId>, seconds: i64) -> Message {
    Message {
        id: MessageId::generate(at(seconds)),
        to: person("ana"),
        via: Via::Email,
        run,
        incident: None,
        kind: MessageKind::Notice { subject: "Paused".to_owned(), text: "billing-bot is paused.".to_owned() },
        created_at: at(seconds),
    }
}

/// A fresh token.
pub fn token(name: &str, approval: ApprovalId, run: RunId) -> Token {
    Token {
        digest: Digest::of(name.as_bytes()),
        code: Digest::of(format!("{name} and code").as_bytes()),
        approval,
        run,
        person: person("ana"),
        message: MessageId::generate(at(0)),
        minted_at: at(0),
        failures: 0,
        revoked: false,
    }
}

/// A refused delivery.
pub fn dead_letter(seconds: i64) -> DeadLetter {
    DeadLetter {
        id: AlertId::generate(at(seconds)),
        source: source(),
        at: at(seconds),
        code: "SD2003".to_owned(),
        reason: "failed to read the body: no `alerts`".to_owned(),
        body: "{}".to_owned(),
    }
}

/// One fact of a history.
pub fn event(subject: &Subject, kind: &'static str, body: Value, seconds: i64) -> Row {
    Row::Event { subject: subject.clone(), at: at(seconds), actor: Actor::System, kind, body }
}

/// A commit of rows without guards.
pub fn rows(rows: impl IntoIterator<Item = Row>) -> Commit {
    Commit { guards: Vec::new(), rows: rows.into_iter().collect() }
}

/// A commit of rows under one guard.
pub fn guarded(guard: Guard, rows: impl IntoIterator<Item = Row>) -> Commit {
    Commit { guards: vec![guard], rows: rows.into_iter().collect() }
}

/// A run as a row.
pub fn run_row(run: &Run) -> Row {
    Row::Run(Box::new(run.clone()))
}

/// An incident as a row.
pub fn incident_row(incident: &Incident) -> Row {
    Row::Incident(Box::new(incident.clone()))
}

/// An alert as a row.
pub fn alert_row(alert: &Alert, incident: Option<IncidentId>) -> Row {
    let raw = json!({"alerts": [{"status": "firing"}]});
    Row::Alert { alert: Arc::new(alert.clone()), raw: Arc::new(raw), incident }
}

/// A delivery as a row.
pub fn delivery_row(delivery: &str) -> Row {
    Row::Delivery { source: source(), delivery: delivery.to_owned(), at: at(0), answer: json!({"alerts": 1}) }
}
