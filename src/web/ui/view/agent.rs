//! The agent: who answers for it, what needs it, what holds it, and whether what is asked can be undone.

use serde::Serialize;

use crate::approval::Case;
use crate::domain::{Approval, HoldCause, Impact, Standing, Tier};
use crate::engine::delivery::moment::distance;

use super::super::text::line;

/// Holds and names that a page lists.
const LISTED_MAX: usize = 6;

#[derive(Serialize)]
pub(super) struct AgentView {
    name: String,
    id: Option<String>,
    known: bool,
    owner: String,
    environment: String,
    tier: &'static str,
    standing: String,
    holds: Vec<String>,
    dependents: String,
    undo: &'static str,
}

impl AgentView {
    pub fn new(case: &Case) -> Self {
        let agent = &case.run.agent;
        let dependents: Vec<String> = case.dependents.iter().take(LISTED_MAX).map(ToString::to_string).collect();
        let more = case.dependents.len().saturating_sub(dependents.len());
        let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
        Self {
            name: line(&agent.name, 80),
            id: (agent.name != agent.id.as_str()).then(|| agent.id.to_string()),
            known: agent.known,
            owner: agent
                .owner
                .as_ref()
                .map_or_else(|| "nobody; the fallback owner is asked".to_owned(), ToString::to_string),
            environment: agent
                .environment
                .as_deref()
                .map_or_else(|| "unknown environment".into(), |name| line(name, 60)),
            tier: match agent.tier {
                Tier::ReadOnly => "reads only",
                Tier::Supervised => "acts with a person in the loop",
                Tier::Autonomous => "acts alone",
                Tier::Unknown => "nobody said how much it may do alone",
            },
            standing: standing(case),
            holds: holds(case),
            dependents: if dependents.is_empty() {
                "no other agent that we know of".into()
            } else {
                dependents.join(", ") + &tail
            },
            undo: undo(&case.approval),
        }
    }
}

/// What the agent may do now, and whether anybody saw that it keeps to it.
fn standing(case: &Case) -> String {
    let word = match case.standing {
        Standing::Active => return "active: nothing holds it".to_owned(),
        Standing::Restricted => "restricted",
        Standing::Paused => "paused",
        Standing::Retired => "retired",
    };
    if case.containment.unproven_hold { format!("{word} (unproven)") } else { word.to_owned() }
}

/// Who holds the agent, and whether that hold would stay after an approval.
fn holds(case: &Case) -> Vec<String> {
    let words = case.holds.iter().take(LISTED_MAX).map(|hold| {
        let who = match &hold.cause {
            HoldCause::Run { run, .. } if *run == case.run.id => "this run".to_owned(),
            HoldCause::Run { run, .. } => format!("another run, {run}"),
            HoldCause::Unreadable => "nobody knows whom".to_owned(),
            HoldCause::Person => hold.by.person().map_or_else(|| "a person".to_owned(), |id| case.name(id).to_owned()),
        };
        let stays = if case.wording.releases && !case.approval.would_lift(hold.id) {
            " This hold STAYS, whatever you answer."
        } else {
            ""
        };
        let text =
            format!("{} by {who}, {}: {}", Standing::from(hold.level), distance(hold.placed_at, case.now), hold.reason);
        line(&text, 160) + stays
    });
    words.collect()
}

/// Whether what an approval does can be taken back.
fn undo(approval: &Approval) -> &'static str {
    let does = |impact: Impact| approval.plan.steps().any(|step| step.has(impact));
    if does(Impact::Destroy) {
        "NO: what this does can not be restored"
    } else if does(Impact::Release) {
        "yes: it can be stopped again at any time"
    } else if approval.plan.steps().all(|step| step.impact.is_empty()) {
        "nothing is done by the answer itself"
    } else {
        "yes: what this does can be undone"
    }
}
