//! What a test does with one life of the daemon: it lets time pass, votes, waits, looks, and ends it.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::samples::{agent_id, alert};
use super::{Life, PATIENCE};
use crate::clock::Clock;
use crate::domain::approval::{ApprovalStatus, Choice};
use crate::domain::*;
use crate::engine::{Engine, RunHistory, StartRequest, Started, SubmitError, SystemAlert};
use crate::store::{Claims, Commit, ReadModel, RunLog, Subject, verify_chain};

impl Life {
    /// Runs something to its end, and the daemon's tasks meanwhile.
    pub fn on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(async { tokio::time::timeout(PATIENCE, work).await.expect("this takes too long") })
    }

    /// Ends this life as a power cut does: nobody is told.
    pub fn crash(self) {
        let Self { engine, runtime, dead, .. } = self;
        dead.lock().unwrap().push(engine.store().replica());
        drop(engine);
        runtime.shutdown_timeout(PATIENCE);
    }

    /// Ends this life as an operator does.
    pub fn stop(self) {
        let clean = self.on(self.supervisor.stop(Duration::from_secs(5)));
        assert!(clean, "a task did not end when it was told to stop");
        self.on(self.engine.leave());
        self.on(self.engine.store().close());
        self.crash();
    }

    /// Waits until something is so.
    pub fn until(&self, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
        self.runtime.block_on(async {
            let began = Instant::now();
            while !is_so().await {
                assert!(began.elapsed() < PATIENCE, "waited too long for: {what}");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
    }

    /// Waits until a run is in a state.
    pub fn until_run(&self, id: RunId, what: &str, is_so: impl Fn(&Run) -> bool) -> Run {
        self.until(&format!("{what}; it is {:#?}", self.states(id)), async || is_so(&self.read(id).await));
        self.run(id)
    }

    /// Waits until a run is quarantined, and says why it is.
    pub fn until_quarantined(&self, id: RunId) -> String {
        let mut reason = None;
        self.until("the run is quarantined", async || {
            reason = self.engine.store().claim(id).await.unwrap().and_then(|claim| claim.quarantined);
            reason.is_some()
        });
        reason.unwrap()
    }

    /// Waits until a run is over.
    pub fn until_finished(&self, id: RunId) -> Run {
        self.until_run(id, "the run is over", |run| run.status.is_finished())
    }

    async fn read(&self, id: RunId) -> Run {
        self.engine.store().run(id).await.unwrap().expect("the run is in the store")
    }

    /// A run as it is stored.
    pub fn run(&self, id: RunId) -> Run {
        self.on(self.read(id))
    }

    /// Where the steps of a run stand, for people who read a failed test.
    pub fn states(&self, id: RunId) -> BTreeMap<String, String> {
        let run = self.run(id);
        run.steps.iter().map(|(path, record)| (path.to_string(), format!("{:?}", record.state))).collect()
    }

    /// Starts a playbook for an agent, as an alert of a trusted source would.
    pub fn launch(&self, playbook: &str, agent: &str) -> RunId {
        self.launch_with(playbook, agent, Trust::Contain)
    }

    /// Starts a playbook for an agent, as an alert of a source with this trust would.
    pub fn launch_with(&self, playbook: &str, agent: &str, trust: Trust) -> RunId {
        self.on(launch(&self.engine, playbook, agent, trust))
    }

    /// Submits an event that Standdown itself causes.
    pub fn submit(&self, run: RunId, kind: EventKind) -> Result<Run, SubmitError> {
        self.on(self.engine.submit(run, Event::by_system(self.clock.now(), kind)))
    }

    /// The request of a run that people are being asked.
    pub fn pending(&self, run: RunId) -> Approval {
        let run = self.until_run(run, "people are asked", |run| pending(run).is_some());
        pending(&run).unwrap().clone()
    }

    /// A person votes on the pending request of a run.
    pub fn vote(&self, run: RunId, person: &str, choice: Choice) -> Result<Run, SubmitError> {
        self.vote_at(&self.engine, run, person, choice)
    }

    /// A person votes on the pending request of a run at some replica.
    pub fn vote_at(&self, engine: &Engine, run: RunId, person: &str, choice: Choice) -> Result<Run, SubmitError> {
        self.pending(run);
        let actor = Actor::Person { id: PersonId::parse(person).unwrap(), assurance: Assurance::Api };
        let kind = Self::vote_event(&self.run(run), person, choice);
        self.on(engine.submit(run, Event { at: self.clock.now(), actor, kind }))
    }

    /// A person votes on a request that may be over by now.
    pub fn vote_settled(&self, run: RunId, request: &Approval, person: &str) -> Result<Run, SubmitError> {
        let person = PersonId::parse(person).unwrap();
        let actor = Actor::Person { id: person.clone(), assurance: Assurance::Api };
        let kind = EventKind::Voted {
            approval: request.id,
            person,
            choice: Choice::Approve,
            reason: "looked at the logs".into(),
            assurance: Assurance::Api,
            plan: request.plan.hash,
            eligible: request.people.clone(),
            together: None,
        };
        self.on(self.engine.submit(run, Event { at: self.clock.now(), actor, kind }))
    }

    /// A person's vote on the pending request of a run.
    pub fn vote_event(run: &Run, person: &str, choice: Choice) -> EventKind {
        let approval = pending(run).expect("people are asked");
        let person = PersonId::parse(person).unwrap();
        EventKind::Voted {
            approval: approval.id,
            person,
            choice,
            reason: "looked at the logs".into(),
            assurance: Assurance::Api,
            plan: approval.plan.hash,
            eligible: approval.people.clone(),
            together: None,
        }
    }

    /// Lets time pass, and the daemon notice.
    pub fn wait(&self, time: Duration) {
        self.clock.advance(time);
        self.on(async {
            assert!(!self.engine.tick_due().await, "a deadline could not be dealt with");
            assert!(!self.engine.ask_about_ended_holds().await, "the end of a hold could not be dealt with");
        });
    }

    /// The alerts of Standdown's own since they were last asked for.
    pub fn own_alerts(&self) -> Vec<SystemAlert> {
        let mut alerts = self.alerts.lock().unwrap();
        std::iter::from_fn(|| alerts.try_recv().ok()).collect()
    }

    /// Waits for alerts of Standdown's own. The timer of this life may be the one that notices what is due, and it says
    /// so a moment after its commit.
    pub fn awaited_alerts(&self) -> Vec<SystemAlert> {
        let mut alerts = Vec::new();
        self.until("an alert comes in", async || {
            alerts.extend(self.own_alerts());
            !alerts.is_empty()
        });
        alerts
    }

    /// Whether the gate lets an agent act.
    pub fn gate_allows(&self, agent: &str) -> bool {
        self.engine.gate().check(&agent_id(agent), self.clock.now()).allowed
    }

    /// A run's history, checked: it leads to the stored state, and nobody changed it.
    pub fn checked_history(&self, id: RunId) -> RunHistory {
        let history = self.on(self.engine.history(id)).unwrap();
        assert!(history.consistent, "the history leads to another state than {:#?}", history.run);
        let subject = Subject::Run(id);
        let events = self.on(self.engine.store().events(&subject)).unwrap();
        verify_chain(&events, &subject).unwrap();
        history
    }

    /// All runs, oldest first.
    pub fn runs(&self) -> Vec<RunId> {
        let runs = self.on(self.engine.store().runs(None, 1000)).unwrap();
        let mut ids: Vec<RunId> = runs.into_iter().map(|run| run.id).collect();
        ids.sort_unstable();
        ids
    }
}

/// Starts a playbook for an agent through the engine's own door.
pub async fn launch(engine: &Engine, playbook: &str, agent: &str, trust: Trust) -> RunId {
    let agent = engine.inventory().agent(&agent_id(agent)).expect("the inventory has the agent");
    launch_about(engine, playbook, &agent, trust).await
}

/// Starts a playbook for an agent, whether or not the inventory has it.
pub async fn launch_about(engine: &Engine, playbook: &str, agent: &Arc<Agent>, trust: Trust) -> RunId {
    let started = prepared(engine, playbook, agent, trust, Vec::new());
    engine.commit(Commit::default(), vec![started]).await.unwrap().remove(0).id
}

/// A run of a playbook that is ready to be committed.
pub fn prepared(engine: &Engine, playbook: &str, agent: &Arc<Agent>, trust: Trust, inherits: Vec<HoldId>) -> Started {
    let at = engine.clock().now();
    let serving = engine.library().serving();
    let playbook = &serving[&PlaybookName::parse(playbook).unwrap()];
    let request = StartRequest {
        playbook,
        mode: playbook.mode,
        incident: IncidentId::generate(at),
        agent,
        alert: &Arc::new(Alert { trust, ..alert(at) }),
        actor: Actor::Source { id: SourceId::parse("detector").unwrap() },
        inherits,
    };
    engine.prepare(request).unwrap()
}

/// The request of a run that waits for people.
pub fn pending(run: &Run) -> Option<&Approval> {
    run.approvals.values().find(|approval| approval.status == ApprovalStatus::Pending)
}
