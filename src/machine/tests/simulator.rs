//! A run with somebody who answers the machine's questions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::action::Registry;
use crate::domain::agent::Credential;
use crate::domain::approval::{Choice, Quorum};
use crate::domain::event::{CallOutcome, GateSight, Grant, Proof};
use crate::domain::samples::alert;
use crate::domain::step::Baseline;
use crate::domain::*;
use crate::language::Source;
use crate::machine::{
    Answers, Asked, Call, Driven, Effect, Electorate, IllegalTransition, Notice, Phase, Wanted, begin, drive, replay,
    transition,
};
use crate::playbook::{ActionKind, ActionSpec, Catalogue, ParameterSpec, ParameterType, Playbook, compile};

pub const CONTAIN: &str = r#"
playbook: contain
title: Contain
owner: user:ana
mode: enforce
match: { when: "true" }
stages:
  - stage: contain
    steps:
      - { step: pause, action: agent.pause, hold: 8h }
      - step: revoke
        action: oauth.revoke_token
        with: { connection: idp, token: "{{agent.credentials.idp}}" }
        verify: { within: 30s, recheck: [10m] }
        retry: { max_attempts: 3, backoff: exponential, initial: 1s, max: 30s }
  - stage: inform
    steps:
      - { step: tell_owner, action: notify, with: { to: owner, template: contained } }
  - stage: decide
    steps:
      - step: override
        approval: { ask: "Let {{agent.name}} resume?", releases: [resume], approvers: [owner], timeout: 4h, identity: link }
  - stage: restore
    when: steps.override.decision == 'approved'
    steps:
      - { step: resume, action: undo, with: { steps: [pause] } }
"#;

/// One action of the tests, of every protection, with or without a probe.
fn action(name: &str, protection: Protection, probe: bool, impact: Impact) -> ActionSpec {
    let parameter =
        ParameterSpec { kind: ParameterType::String, required: false, values: Vec::new(), help: String::new() };
    ActionSpec {
        name: ActionName::parse(name).unwrap(),
        kind: ActionKind::External,
        parameters: BTreeMap::from([("value".to_owned(), parameter)]),
        connector: None,
        impact: Some(impact),
        protection,
        prepares: probe,
        proves: probe,
        prove_within: Duration::from_secs(30),
        undoable: true,
        timeout: Duration::from_secs(10),
        digest: Digest::of(name.as_bytes()),
        help: String::new(),
    }
}

fn catalogue() -> Catalogue {
    let real = Registry::catalogue_without_connections();
    let oauth = real.get("oauth.revoke_token").map(|spec| (**spec).clone());
    let own = [
        action("try.idempotent", Protection::Idempotent, false, Impact::Notify),
        action("try.verifiable", Protection::Verifiable, true, Impact::Contain),
        action("try.none", Protection::None, false, Impact::Notify),
        action("try.destroy", Protection::Idempotent, false, Impact::Destroy),
    ];
    Catalogue::new(oauth.into_iter().chain(own))
}

pub fn playbook(text: &str) -> Playbook {
    let source = Source { name: "test.yaml".into(), text: text.into() };
    match compile(&source, &catalogue()) {
        Ok((playbook, _)) => playbook,
        Err(faults) => panic!("{}", crate::language::render_human(&faults, &[source], false)),
    }
}

fn start_time() -> Timestamp {
    "2026-11-23T03:00:00Z".parse().unwrap()
}

pub fn agent() -> Agent {
    let credential = Credential { reference: Some("env:IDP_TOKEN".into()), hash: None };
    Agent {
        known: true,
        name: "Billing bot".into(),
        owner: Some("user:ana".parse().unwrap()),
        tier: Tier::Autonomous,
        gated: true,
        credentials: BTreeMap::from([("idp".to_owned(), credential)]),
        ..Agent::unknown(AgentId::parse("billing-bot").unwrap())
    }
}

/// A run with somebody who answers the machine's questions.
pub struct Sim {
    pub playbook: Arc<Playbook>,
    pub run: Run,
    pub events: Vec<Event>,
    pub at: Timestamp,
    /// Calls that were asked for and not answered yet.
    pub calls: Vec<Call>,
    pub placed: Vec<Hold>,
    pub lifted: Vec<HoldId>,
    pub alarms: Vec<String>,
    pub notices: Vec<String>,
    /// Set to withhold authority from containing steps.
    pub withhold: Option<ApprovalCause>,
    pub free_workers: bool,
    /// Runs that steps asked for.
    pub children: Vec<String>,
    pub stopped: Vec<RunId>,
    /// Set to let no run begin.
    pub refuse_children: bool,
}

impl Sim {
    pub fn start(text: &str) -> Self {
        Self::start_with(text, agent(), Mode::Enforce, None)
    }

    pub fn start_with(text: &str, agent: Agent, mode: Mode, withhold: Option<ApprovalCause>) -> Self {
        let playbook = Arc::new(playbook(text));
        let at = start_time();
        let kind = EventKind::RunStarted {
            run: RunId::generate(at),
            incident: IncidentId::generate(at),
            digest: playbook.digest,
            mode,
            agent: agent.into(),
            alert: alert(at).into(),
            inherits: Vec::new(),
            lineage: None,
            versions: std::collections::BTreeMap::new(),
        };
        let event = Event { at, actor: Actor::Source { id: SourceId::parse("detector").unwrap() }, kind };
        let (run, effects) = begin(&playbook, &event).unwrap();
        let mut sim = Self {
            playbook,
            run,
            events: vec![event],
            at,
            calls: Vec::new(),
            placed: Vec::new(),
            lifted: Vec::new(),
            alarms: Vec::new(),
            notices: Vec::new(),
            withhold,
            free_workers: true,
            children: Vec::new(),
            stopped: Vec::new(),
            refuse_children: false,
        };
        sim.perform(effects);
        sim.check_replay();
        sim
    }

    pub fn submit(&mut self, kind: EventKind) -> Result<(), IllegalTransition> {
        let event = Event::by_system(self.at, kind);
        let (run, effects) = transition(&self.playbook, self.run.clone(), &event)?;
        self.run = run;
        self.events.push(event);
        self.perform(effects);
        self.check_replay();
        Ok(())
    }

    fn check_replay(&self) {
        let (run, entries) = replay(&self.playbook, &self.events).expect("the history replays");
        assert_eq!(run, self.run, "the history leads to another state");
        assert!(!entries.is_empty());
        let stored = serde_json::to_string(&self.run).unwrap();
        assert_eq!(serde_json::from_str::<Run>(&stored).unwrap(), self.run, "the state survives being stored");
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        let (playbook, at) = (Arc::clone(&self.playbook), self.at);
        assert_eq!(drive(&playbook, self, effects, at), Ok(Driven::Settled), "the answers fit, and come to an end");
    }

    pub fn wait(&mut self, time: SignedDuration) {
        self.at += time;
        self.submit(EventKind::Ticked).unwrap();
    }

    /// Takes the one call that is asked for.
    pub fn call(&mut self, phase: fn(&Phase) -> bool) -> Call {
        let index = self.calls.iter().position(|call| phase(&call.phase));
        self.calls.remove(index.unwrap_or_else(|| panic!("no such call among {:?}", self.calls)))
    }

    pub fn prepared(&mut self, live: bool) {
        let path = self.call(|phase| *phase == Phase::Prepare).path;
        let baseline = Some(Baseline { live, detail: "active: true".into(), at: self.at });
        self.submit(EventKind::AttemptPrepared { path, baseline, snapshot: None }).unwrap();
    }

    pub fn ended(&mut self, outcome: CallOutcome) {
        let path = self.call(|phase| *phase == Phase::Send).path;
        self.submit(EventKind::AttemptEnded { path, outcome }).unwrap();
    }

    pub fn applied(&mut self) {
        self.ended(CallOutcome::Applied { output: json!({ "status": 200 }) });
    }

    pub fn proved(&mut self, seen: bool) {
        let path = self.call(|phase| matches!(phase, Phase::Prove { .. })).path;
        let detail = "active: false".to_owned();
        let proof = if seen { Proof::Seen { detail } } else { Proof::NotSeen { detail: "active: true".into() } };
        self.submit(EventKind::AttemptProved { path, proof }).unwrap();
    }

    /// Contains: the revocation is prepared, sent and proved.
    pub fn contain(&mut self) {
        self.prepared(true);
        self.applied();
        self.proved(true);
    }

    pub fn approval(&self) -> Approval {
        let pending = self.run.approvals.values().find(|it| it.decision().is_none() && it.decided_at.is_none());
        pending.expect("a pending request").clone()
    }

    pub fn vote_of(&self, person: &str, choice: Choice) -> EventKind {
        let approval = self.approval();
        EventKind::Voted {
            approval: approval.id,
            person: PersonId::parse(person).unwrap(),
            choice,
            reason: "checked the logs".into(),
            assurance: Assurance::Link,
            plan: approval.plan.hash,
            eligible: approval.people.clone(),
            together: None,
        }
    }

    /// The run after an event, without what follows from it.
    pub fn transition_only(&self, kind: &EventKind) -> Result<Run, IllegalTransition> {
        let event = Event::by_system(self.at, kind.clone());
        transition(&self.playbook, self.run.clone(), &event).map(|(run, _)| run)
    }

    pub fn step(&self, name: &str) -> &StepRecord {
        &self.run.steps[&name.parse::<StepPath>().unwrap()]
    }

    pub fn state(&self, name: &str) -> &'static str {
        self.step(name).state.as_str()
    }
}

impl Answers for Sim {
    fn run(&self) -> &Run {
        &self.run
    }

    fn took(&mut self, run: Run, event: Event) {
        self.run = run;
        self.events.push(event);
    }

    fn grant(&mut self, _impact: Impact, approved: bool) -> Grant {
        let gate = GateSight { seen_at: Some(self.at), standing: Standing::Active };
        match self.withhold {
            Some(cause) if !approved => Grant::Withheld { cause },
            _ => Grant::Granted { gate },
        }
    }

    fn electorate(&mut self, _path: &StepPath, _cause: ApprovalCause, asked: &Asked) -> Electorate {
        let more = asked.approvers.contains(&Principal::Fallback);
        let names = if more { vec!["ana", "sam", "kim"] } else { vec!["ana", "sam"] };
        let people: BTreeSet<PersonId> = names.iter().map(|id| PersonId::parse(id).unwrap()).collect();
        let quorums = vec![Quorum { approve: 1, reject: 1, from: people.clone() }];
        Electorate { approval: ApprovalId::generate(self.at), people, quorums, bundle: None }
    }

    fn notify(&mut self, notice: Notice) -> (BTreeSet<PersonId>, Vec<MessageId>) {
        self.notices.push(format!("{}\n{}", notice.subject, notice.text));
        (BTreeSet::from([PersonId::parse("ana").unwrap()]), vec![MessageId::generate(self.at)])
    }

    fn has_worker(&mut self, _path: &StepPath) -> bool {
        self.free_workers
    }

    fn start_child(&mut self, wanted: Wanted) -> Option<Result<RunId, String>> {
        self.children.push(format!("{} for {}", wanted.playbook, wanted.agent));
        Some(if self.refuse_children { Err("no such playbook".into()) } else { Ok(RunId::generate(self.at)) })
    }

    fn ask(&mut self, _approval: ApprovalId, _people: BTreeSet<PersonId>) {}

    fn alarm(&mut self, notice: Notice) {
        self.alarms.push(notice.subject);
    }

    fn call(&mut self, call: Call) {
        self.calls.push(call);
    }

    fn place(&mut self, hold: Box<Hold>) {
        self.placed.push(*hold);
    }

    fn lift(&mut self, hold: HoldId, _reason: String) {
        self.lifted.push(hold);
    }

    fn stop_child(&mut self, run: RunId, _reason: String) {
        self.stopped.push(run);
    }

    fn regressed(&mut self, _path: StepPath, _detail: String) {}
}
