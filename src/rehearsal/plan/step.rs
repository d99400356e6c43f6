//! The steps of a plan, each with what the rehearsals made of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::domain::approval::OnTimeout;
use crate::domain::lineage::DEPTH_MAX;
use crate::domain::{
    AgentId, Approval, ApprovalCause, Digest, Impact, Mode, PersonId, PlaybookName, Principal, StepPath, StepRecord,
    StepState,
};
use crate::engine::electorate::electorate;
use crate::machine::Asked;
use crate::playbook::{ActionKind, ActionStep, ApprovalSpec, Body, Playbook, Stage, Step};
use crate::rehearsal::family::started_by;
use crate::rehearsal::performance::Performance;
use crate::rehearsal::place::covers;

use super::Occasion;
use super::each::{Each, each};

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
    /// What it goes through, if it is done once for each of several items.
    pub each: Option<Each>,
    /// What it would be given, for the first item if there are several; secrets as references. `None` if its turn comes in no
    /// rehearsal.
    pub parameters: Option<Value>,
    /// Why it would fail, if it would.
    pub fails: Option<String>,
    /// What undoing it restores, or that it can't be undone. `None` where there is nothing to undo.
    pub undo: Option<String>,
    /// Whether it can't be undone though it changes something.
    pub irreversible: bool,
    /// Who would be asked, and for how long.
    pub asks: Option<Asks>,
    /// What the playbook would do that it starts.
    pub runs: Option<PlannedRun>,
}

/// A run that a step starts.
#[derive(Clone, Debug, Serialize)]
pub struct PlannedRun {
    /// The playbook.
    pub playbook: PlaybookName,
    /// Its version: a run of the daemon starts the one that served when the first run of its family began.
    pub version: Digest,
    /// What that playbook says of itself; in the plan it acts.
    pub mode: Mode,
    /// The agents that its runs are about; none if no run begins in any rehearsal.
    pub agents: BTreeSet<AgentId>,
    /// Its stages; none where runs would start each other too deeply.
    pub stages: Vec<PlannedStage>,
}

/// A request to people.
#[derive(Clone, Debug, Serialize)]
pub struct Asks {
    /// The question.
    pub question: String,
    /// Whom the playbook, or what fills it, names as approvers.
    pub approvers: Vec<Principal>,
    /// Which people those are, and so may vote.
    pub people: BTreeSet<PersonId>,
    /// Who is asked besides when silence escalates: which people those are.
    pub more: BTreeSet<PersonId>,
    /// What of the configuration fills it, each with the keys that come from there: `approvals.NAME`, `default_approval`.
    pub lent: BTreeMap<String, Vec<String>>,
    /// How long they have, in seconds.
    pub timeout_s: u64,
    /// What silence does.
    pub silence: &'static str,
    /// Steps that a yes lets go.
    pub releases: Vec<String>,
}

/// The stages of a playbook with what its rehearsed runs made of them; `depth` is 1 for a run that no run started.
pub(super) fn stages(
    playbook: &Playbook,
    rehearsed: &[&Performance],
    occasion: &Occasion<'_>,
    depth: u8,
) -> Vec<PlannedStage> {
    let planned = |stage: &Stage| PlannedStage {
        name: stage.name.to_string(),
        when: stage.when.as_ref().map(|when| when.source().to_owned()),
        steps: stage.steps.iter().map(|step| planned_step(step, rehearsed, occasion, depth)).collect(),
    };
    playbook.stages.iter().map(planned).collect()
}

fn planned_step(step: &Step, rehearsed: &[&Performance], occasion: &Occasion<'_>, depth: u8) -> PlannedStep {
    let path = StepPath::from(step.name.clone());
    // The step itself, and the items that it goes through.
    let of_run = |performance: &&'_ Performance| -> Vec<StepRecord> {
        let steps = performance.run.steps.iter().filter(|(at, _)| covers(&path, at));
        steps.map(|(_, record)| record.clone()).collect()
    };
    let records: Vec<StepRecord> = rehearsed.iter().flat_map(of_run).collect();
    let fails = records.iter().find_map(|record| match &record.state {
        StepState::Failed { reason } => Some(reason.clone()),
        _ => None,
    });
    let approvals = rehearsed.iter().flat_map(|performance| performance.run.approvals.values());
    let asked = approvals.filter(|it| covers(&path, &it.path) && it.cause == ApprovalCause::Playbook);
    let asked = asked.min_by_key(|approval| approval.asked_at);
    let (what, impact, undo, asks) = match &step.body {
        Body::Action(action) => {
            let guard = action.guard.as_deref().map(|spec| asks(spec, asked, occasion));
            (action.spec.name.to_string(), Some(action.impact), undo(action), guard)
        }
        Body::Approval(spec) => ("approval".to_owned(), None, None, Some(asks(spec, asked, occasion))),
        Body::Wait(wait) => (format!("wait {} s", wait.span.as_secs()), None, None, None),
    };
    let irreversible = matches!(&step.body, Body::Action(action) if is_irreversible(action));
    PlannedStep {
        name: step.name.to_string(),
        what,
        impact,
        when: step.when.as_ref().map(|when| when.source().to_owned()),
        each: step.for_each.as_ref().map(|it| each(it, rehearsed, occasion)),
        parameters: records.iter().find_map(|record| record.params.clone()),
        fails,
        undo: if irreversible { Some("it can't be undone".to_owned()) } else { undo },
        irreversible,
        asks,
        runs: started_by(step).and_then(|name| run(name, &path, rehearsed, occasion, depth)),
    }
}

fn run(
    name: &PlaybookName,
    path: &StepPath,
    rehearsed: &[&Performance],
    occasion: &Occasion<'_>,
    depth: u8,
) -> Option<PlannedRun> {
    let playbook: &Arc<Playbook> = occasion.playbooks.get(name)?;
    let started = rehearsed.iter().flat_map(|performance| &performance.children);
    let of_step: Vec<&Performance> =
        started.filter(|child| child.above.last().is_some_and(|above| covers(path, above))).collect();
    let deep = depth >= DEPTH_MAX;
    Some(PlannedRun {
        playbook: name.clone(),
        version: playbook.digest,
        mode: playbook.mode,
        agents: of_step.iter().map(|child| child.run.agent.id.clone()).collect(),
        stages: if deep { Vec::new() } else { stages(playbook, &of_step, occasion, depth + 1) },
    })
}

fn is_irreversible(action: &ActionStep) -> bool {
    let changes = matches!(action.impact, Impact::Contain | Impact::Destroy);
    changes && action.spec.kind == ActionKind::External && !action.spec.undoable
}

fn undo(action: &ActionStep) -> Option<String> {
    match &action.spec.kind {
        ActionKind::Hold(_) => Some("the hold is lifted, by people or by a step that they approve".to_owned()),
        ActionKind::External if action.spec.undoable => Some("what was there before is restored".to_owned()),
        ActionKind::RunPlaybook => Some("that playbook undoes what it did, if it says so".to_owned()),
        ActionKind::External | ActionKind::Undo | ActionKind::Notify => None,
    }
}

fn asks(spec: &ApprovalSpec, asked: Option<&Approval>, occasion: &Occasion<'_>) -> Asks {
    let (directory, owner) = (occasion.inventory.directory(), occasion.agent.owner.as_ref());
    let more = if spec.on_timeout == OnTimeout::Escalate { spec.more() } else { &[] };
    let mut lent: BTreeMap<String, Vec<String>> = BTreeMap::new();
    // The name of the approval itself is kept with the version, and nothing that it fills.
    for (key, lender) in spec.lent.iter().filter(|(key, _)| *key != "use") {
        lent.entry(lender.to_string()).or_default().push(key.clone());
    }
    // Where its turn does not come, they are told as they would be asked now.
    let would_be_asked = || {
        let asked = Asked {
            approvers: spec.approvers.clone(),
            exclude: spec.exclude.clone(),
            exclude_person: None,
            thresholds: spec.thresholds.clone(),
        };
        electorate(directory, &asked, owner).0
    };
    Asks {
        approvers: spec.approvers.clone(),
        more: directory.resolve(more, owner),
        lent,
        question: asked.map_or_else(|| spec.ask.source().to_owned(), |approval| approval.ask.clone()),
        people: asked.map_or_else(would_be_asked, |approval| approval.people.clone()),
        timeout_s: spec.timeout.as_secs(),
        silence: match spec.on_timeout {
            OnTimeout::Reject => "counts as refused",
            OnTimeout::Escalate => "asks more people once, then counts as refused",
            OnTimeout::Act => "lets it go on",
        },
        releases: spec.releases.iter().map(ToString::to_string).collect(),
    }
}
