//! What a playbook would do to an agent: each step with its parameters and its undo, and how it ends by what people say.
//!
//! The playbook is rehearsed three times, with people who approve, people who refuse, and nobody who answers; what each
//! step would be given is taken from the first of these in which its turn comes. Where a step starts another playbook, the
//! plan goes into that one.

mod each;
mod step;

pub use each::Each;
pub use step::{Asks, PlannedRun, PlannedStage, PlannedStep};

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::approval::{ApprovalStatus, Choice};
use crate::domain::{Actor, Agent, AgentId, Alert, Digest, EventKind, IncidentId, Mode, PersonId, RunId};
use crate::engine::Inventory;
use crate::engine::electorate::eligible;
use crate::machine::IllegalTransition;
use crate::playbook::Playbook;

use super::family::Library;
use super::performance::{Performance, Start};
use super::script::Script;
use super::world::World;

/// How often people are asked, or time passes, before a rehearsal is given up.
const ROUNDS_MAX: usize = 500;

/// What a playbook would do.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    /// The version of the playbook, as the daemon keeps it.
    pub version: Digest,
    /// When it starts again for an incident in which its last run is over, if it ever does.
    pub rerun_when: Option<String>,
    /// Its stages, in order.
    pub stages: Vec<PlannedStage>,
    /// How it ends, by what people say.
    pub ends: Vec<End>,
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
    /// What other agents may do then that runs of the family held.
    pub others: BTreeMap<AgentId, &'static str>,
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

/// What a plan is made of.
pub struct Occasion<'a> {
    /// Agents and people.
    pub inventory: &'a Arc<Inventory>,
    /// The playbooks that steps may start runs of.
    pub playbooks: &'a Arc<Library>,
    /// The agent that it is about.
    pub agent: &'a Arc<Agent>,
    /// The alert.
    pub alert: &'a Arc<Alert>,
    /// Whether a person starts it and no alert: then the alert has nothing to say.
    pub by_hand: bool,
    /// Who starts it.
    pub actor: &'a Actor,
    /// When.
    pub at: Timestamp,
}

/// The plan of a playbook.
pub fn plan(playbook: &Arc<Playbook>, occasion: &Occasion<'_>) -> Result<Plan, IllegalTransition> {
    let mut rehearsed = Vec::new();
    let mut ends = Vec::new();
    for people in [People::Approve, People::Reject, People::Silent] {
        let mut world = World::new(Arc::clone(occasion.inventory), u32::MAX);
        world.playbooks = Arc::clone(occasion.playbooks);
        let performance = play(playbook, &mut world, occasion, people)?;
        let agent = &occasion.agent.id;
        let others = performance.family().into_iter().map(|run| run.run.agent.id.clone()).filter(|id| id != agent);
        ends.push(End {
            people: match people {
                People::Approve => "approved",
                People::Reject => "rejected",
                People::Silent => "nobody answers",
            },
            run: performance.run.status.as_str(),
            standing: world.standing(agent).as_str(),
            others: others.map(|id| (id.clone(), world.standing(&id).as_str())).collect(),
            containment: performance.run.containment().map_or("none", |(verdict, _)| verdict.as_str()),
        });
        rehearsed.push(performance);
    }
    let rehearsed: Vec<&Performance> = rehearsed.iter().collect();
    Ok(Plan {
        version: playbook.digest,
        rerun_when: playbook.rerun_when.as_ref().map(|condition| condition.source().trim().to_owned()),
        stages: step::stages(playbook, &rehearsed, occasion, 1),
        ends,
    })
}

fn play(
    playbook: &Arc<Playbook>,
    world: &mut World,
    occasion: &Occasion<'_>,
    people: People,
) -> Result<Performance, IllegalTransition> {
    let mut script = Script::default();
    let start = Start {
        mode: Mode::Enforce,
        incident: IncidentId::generate(occasion.at),
        agent: occasion.agent,
        alert: occasion.alert,
        actor: occasion.actor.clone(),
        inherits: Vec::new(),
    };
    let mut performance = Performance::begin(playbook, start, world, &mut script, occasion.at)?;
    for _ in 0..ROUNDS_MAX {
        performance.settle(world, &mut script)?;
        if performance.family().iter().all(|run| run.run.status.is_finished()) {
            break;
        }
        if let Some((run, actor, vote)) = vote(&performance, world, people)
            && performance.submit(run, world, &mut script, actor, vote).is_ok()
        {
            continue;
        }
        let Some(next) = performance.next() else { break };
        performance.pass_until(world, &mut script, next)?;
    }
    Ok(performance)
}

/// The next vote on an open request.
fn vote(performance: &Performance, world: &World, people: People) -> Option<(RunId, Actor, EventKind)> {
    let choice = match people {
        People::Approve => Choice::Approve,
        People::Reject => Choice::Reject,
        People::Silent => return None,
    };
    let all = performance.family().into_iter();
    let all = all.flat_map(|it| it.run.approvals.values().map(move |approval| (&it.run, approval)));
    let mut open = all.filter(|(_, approval)| approval.status == ApprovalStatus::Pending);
    open.find_map(|(run, approval)| {
        let eligible = eligible(world.inventory.directory(), approval, run.agent.owner.as_ref());
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
            together: None,
        };
        Some((run.id, Actor::Person { id: person.clone(), assurance: approval.identity }, kind))
    })
}
