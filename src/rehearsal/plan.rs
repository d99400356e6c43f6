//! What a playbook would do to an agent: each step with its parameters and its undo, and how it ends by what people say.
//!
//! The playbook is rehearsed three times, with people who approve, people who refuse, and nobody who answers; what each
//! step would be given is taken from the first of these in which its turn comes.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::domain::approval::{ApprovalStatus, Choice, OnTimeout};
use crate::domain::{
    Actor, Agent, Alert, Approval, ApprovalCause, EventKind, Impact, IncidentId, Mode, PersonId, StepPath, StepState,
};
use crate::engine::Inventory;
use crate::engine::electorate::eligible;
use crate::machine::IllegalTransition;
use crate::playbook::{ActionKind, ActionStep, ApprovalSpec, Body, Playbook, Stage, Step};

use super::performance::{Performance, Start};
use super::script::Script;
use super::world::World;

/// How often people are asked, or time passes, before a rehearsal is given up.
const ROUNDS_MAX: usize = 500;

/// What a playbook would do.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    /// Its stages, in order.
    pub stages: Vec<PlannedStage>,
    /// How it ends, by what people say.
    pub ends: Vec<End>,
}

/// One stage.
#[derive(Clone, Debug, Serialize)]
pub struct PlannedStage {
    /// Its name.
    pub name: String,
    /// When it is gone through at all.
    pub when: Option<String>,
    /// Its steps, in order.
    pub steps: Vec<PlannedStep>,
}

/// One step.
#[derive(Clone, Debug, Serialize)]
pub struct PlannedStep {
    /// Its name.
    pub name: String,
    /// The action, `approval` or `wait`.
    pub what: String,
    /// How strong it is, if it acts.
    pub impact: Option<Impact>,
    /// When it is done at all.
    pub when: Option<String>,
    /// What it would be given; secrets as references. `None` if its turn comes in no rehearsal.
    pub parameters: Option<Value>,
    /// Why it would fail, if it would.
    pub fails: Option<String>,
    /// What undoing it restores, or that it can't be undone. `None` where there is nothing to undo.
    pub undo: Option<String>,
    /// Whether it can't be undone though it changes something.
    pub irreversible: bool,
    /// Who would be asked, and for how long.
    pub asks: Option<Asks>,
}

/// A request to people.
#[derive(Clone, Debug, Serialize)]
pub struct Asks {
    /// The question.
    pub question: String,
    /// Who may vote; empty if its turn comes in no rehearsal.
    pub people: BTreeSet<PersonId>,
    /// How long they have, in seconds.
    pub timeout_s: u64,
    /// What silence does.
    pub silence: &'static str,
    /// Steps that a yes lets go.
    pub releases: Vec<String>,
}

/// How a run ends.
#[derive(Clone, Debug, Serialize)]
pub struct End {
    /// What people say: `approved`, `rejected` or `nobody answers`.
    pub people: &'static str,
    /// How the run ends.
    pub run: &'static str,
    /// What the agent may do then.
    pub standing: &'static str,
    /// What is known of the containment.
    pub containment: &'static str,
}

/// What people say in a rehearsal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum People {
    Approve,
    Reject,
    Silent,
}

/// The plan of a playbook for an agent and an alert. `actor` is who starts it.
pub fn plan(
    playbook: &Playbook,
    inventory: &Arc<Inventory>,
    agent: &Arc<Agent>,
    alert: &Arc<Alert>,
    actor: &Actor,
    at: Timestamp,
) -> Result<Plan, IllegalTransition> {
    let mut rehearsed = Vec::new();
    let mut ends = Vec::new();
    for people in [People::Approve, People::Reject, People::Silent] {
        let mut world = World::new(Arc::clone(inventory), u32::MAX);
        let performance = play(playbook, &mut world, agent, alert, actor.clone(), people, at)?;
        ends.push(End {
            people: match people {
                People::Approve => "approved",
                People::Reject => "rejected",
                People::Silent => "nobody answers",
            },
            run: performance.run.status.as_str(),
            standing: world.standing(&agent.id).as_str(),
            containment: performance.run.containment().map_or("none", |(verdict, _)| verdict.as_str()),
        });
        rehearsed.push(performance);
    }
    let stages = playbook.stages.iter().map(|stage| planned_stage(stage, &rehearsed)).collect();
    Ok(Plan { stages, ends })
}

fn play<'p>(
    playbook: &'p Playbook,
    world: &mut World,
    agent: &Arc<Agent>,
    alert: &Arc<Alert>,
    actor: Actor,
    people: People,
    at: Timestamp,
) -> Result<Performance<'p>, IllegalTransition> {
    let mut script = Script::default();
    let start =
        Start { mode: Mode::Enforce, incident: IncidentId::generate(at), agent, alert, actor, inherits: Vec::new() };
    let mut performance = Performance::begin(playbook, start, world, &mut script, at)?;
    for _ in 0..ROUNDS_MAX {
        performance.settle(world, &mut script)?;
        if performance.run.status.is_finished() {
            break;
        }
        if let Some((actor, vote)) = vote(&performance, world, people)
            && performance.submit(world, &mut script, actor, vote).is_ok()
        {
            continue;
        }
        let Some(next) = performance.next() else { break };
        performance.pass_until(world, &mut script, next)?;
    }
    Ok(performance)
}

/// The next vote on an open request.
fn vote(performance: &Performance<'_>, world: &World, people: People) -> Option<(Actor, EventKind)> {
    let choice = match people {
        People::Approve => Choice::Approve,
        People::Reject => Choice::Reject,
        People::Silent => return None,
    };
    let mut open = performance.run.approvals.values().filter(|approval| approval.status == ApprovalStatus::Pending);
    open.find_map(|approval| {
        let eligible = eligible(world.inventory.directory(), approval, performance.run.agent.owner.as_ref());
        let voted = |person: &&PersonId| approval.votes.iter().any(|vote| vote.person == **person);
        let person =
            approval.people.iter().filter(|person| eligible.contains(*person)).find(|person| !voted(person))?;
        let kind = EventKind::Voted {
            approval: approval.id,
            person: person.clone(),
            choice,
            reason: "rehearsed".to_owned(),
            assurance: approval.identity,
            plan: approval.plan.hash,
            eligible: eligible.clone(),
        };
        Some((Actor::Person { id: person.clone(), assurance: approval.identity }, kind))
    })
}

fn planned_stage(stage: &Stage, rehearsed: &[Performance<'_>]) -> PlannedStage {
    PlannedStage {
        name: stage.name.to_string(),
        when: stage.when.as_ref().map(|when| when.source().to_owned()),
        steps: stage.steps.iter().map(|step| planned_step(step, rehearsed)).collect(),
    }
}

fn planned_step(step: &Step, rehearsed: &[Performance<'_>]) -> PlannedStep {
    let path = StepPath::from(step.name.clone());
    // The step itself, and the items that it goes through.
    let of_run = |performance: &Performance<'_>| performance.run.steps.clone();
    let records = || rehearsed.iter().flat_map(of_run).filter(|(at, _)| at.step == step.name).map(|(_, record)| record);
    let fails = records().find_map(|record| match &record.state {
        StepState::Failed { reason } => Some(reason.clone()),
        _ => None,
    });
    let approvals = rehearsed.iter().flat_map(|performance| performance.run.approvals.values());
    let asked = approvals.filter(|approval| approval.path == path && approval.cause == ApprovalCause::Playbook);
    let asked = asked.min_by_key(|approval| approval.asked_at);
    let (what, impact, undo, asks) = match &step.body {
        Body::Action(action) => {
            let guard = action.guard.as_deref().map(|spec| asks(spec, asked));
            (action.spec.name.to_string(), Some(action.impact), undo(action), guard)
        }
        Body::Approval(spec) => ("approval".to_owned(), None, None, Some(asks(spec, asked))),
        Body::Wait(wait) => (format!("wait {} s", wait.span.as_secs()), None, None, None),
    };
    let irreversible = matches!(&step.body, Body::Action(action) if is_irreversible(action));
    PlannedStep {
        name: step.name.to_string(),
        what,
        impact,
        when: step.when.as_ref().map(|when| when.source().to_owned()),
        parameters: records().find_map(|record| record.params.clone()),
        fails,
        undo: if irreversible { Some("it can't be undone".to_owned()) } else { undo },
        irreversible,
        asks,
    }
}

fn is_irreversible(action: &ActionStep) -> bool {
    let changes = matches!(action.impact, Impact::Contain | Impact::Destroy);
    changes && action.spec.kind == ActionKind::External && !action.spec.undoable
}

fn undo(action: &ActionStep) -> Option<String> {
    match &action.spec.kind {
        ActionKind::Hold(_) => Some("the hold is lifted, by people or by a step that they approve".to_owned()),
        ActionKind::External if action.spec.undoable => Some("what was there before is restored".to_owned()),
        ActionKind::RunPlaybook => {
            Some("that playbook undoes what it did, if it says so; it is not rehearsed here".to_owned())
        }
        ActionKind::External | ActionKind::Undo | ActionKind::Notify => None,
    }
}

fn asks(spec: &ApprovalSpec, asked: Option<&Approval>) -> Asks {
    Asks {
        question: asked.map_or_else(|| spec.ask.source().to_owned(), |approval| approval.ask.clone()),
        people: asked.map(|approval| approval.people.clone()).unwrap_or_default(),
        timeout_s: spec.timeout.as_secs(),
        silence: match spec.on_timeout {
            OnTimeout::Reject => "counts as refused",
            OnTimeout::Escalate => "asks more people once, then counts as refused",
            OnTimeout::Act => "lets it go on",
        },
        releases: spec.releases.iter().map(ToString::to_string).collect(),
    }
}
