//! The same story, told by the engine over a real store and by a rehearsal: both must come to the same state.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;

use crate::domain::approval::{ApprovalStatus, Choice};
use crate::domain::*;
use crate::engine::Inventory;
use crate::engine::electorate::eligible;
use crate::engine::tests::harness::{World as EngineWorld, agent_id};
use crate::engine::tests::outside::catalogue;
use crate::engine::tests::samples::{agent, alert, directory};
use crate::language::Source;
use crate::playbook::{Catalogue, Playbook, compile};
use crate::rehearsal::{Performance, Script, Start, World};

const STORY: &str = r#"
playbook: story
owner: user:ana
mode: enforce
match: { when: "true" }
stages:
  - stage: contain
    steps:
      - { step: pause, action: agent.pause, hold: 8h }
      - { step: revoke, action: try.contain, verify: { within: 30s } }
  - stage: inform
    steps:
      - { step: tell_owner, action: notify, with: { to: owner, template: contained } }
  - stage: decide
    steps:
      - step: override
        approval: { ask: "Let {{agent.name}} resume?", releases: [resume], approvers: [owner], timeout: 4h, identity: link,
          on_timeout: escalate, escalate_to: [fallback] }
  - stage: restore
    when: steps.override.decision == 'approved'
    steps:
      - { step: resume, action: undo, with: { steps: [pause] } }
  - stage: retire
    when: steps.override.decision == 'rejected'
    steps:
      - { step: retire, action: agent.retire }
"#;

/// What of a run must be the same.
#[derive(Debug, PartialEq)]
pub(super) struct Outline {
    version: u64,
    status: RunStatus,
    steps: BTreeMap<String, (StepState, Option<Verdict>, Option<Decision>, Option<serde_json::Value>)>,
    approvals: Vec<(StepPath, ApprovalCause, ApprovalStatus, Vec<PersonId>, String)>,
}

pub(super) fn outline(run: &Run) -> Outline {
    // Ids differ, and so does what waits for one.
    let state = |state: &StepState| match state {
        StepState::Waiting(Waiting::Approval { .. }) => StepState::Waiting(Waiting::Child { paths: Vec::new() }),
        other => other.clone(),
    };
    let steps = run.steps.iter().map(|(path, record)| {
        (path.to_string(), (state(&record.state), record.verdict, record.decision, record.params.clone()))
    });
    let mut approvals: Vec<_> = run
        .approvals
        .values()
        .map(|it| (it.path.clone(), it.cause, it.status, it.people.iter().cloned().collect(), it.ask.clone()))
        .collect();
    approvals.sort_by_key(|(path, cause, status, ..)| (path.clone(), *cause as u8, status.as_str()));
    Outline { version: run.version, status: run.status.clone(), steps: steps.collect(), approvals }
}

/// What happens in both.
#[derive(Clone, Copy)]
enum Act {
    Vote(&'static str, Choice),
    Wait(Duration),
}

fn by_the_engine(acts: &[Act], trust: Trust, limit: u32) -> Outline {
    let mut world = EngineWorld::new(&[STORY]);
    world.options.contained_per_hour = limit;
    let life = world.start();
    assert!(life.gate_allows("billing-bot"), "the gate has seen it");
    let run = life.launch_with("story", "billing-bot", trust);
    for act in acts {
        life.pending(run);
        match act {
            Act::Vote(person, choice) => {
                life.vote(run, person, *choice).unwrap();
            }
            Act::Wait(time) => life.wait(*time),
        }
    }
    let over =
        |run: &Run| run.status.is_finished() || run.approvals.values().any(|it| it.status == ApprovalStatus::Pending);
    outline(
        &life.until_run(run, "it is over, or people are asked", |run| over(run) && run.in_hand() == InHand::Nothing),
    )
}

fn by_a_rehearsal(acts: &[Act], trust: Trust, limit: u32) -> Outline {
    let source = Source { name: "story.yaml".into(), text: STORY.into() };
    let playbook: Arc<Playbook> = Arc::new(compile(&source, &Catalogue::new(catalogue())).unwrap().0);
    let inventory = Arc::new(Inventory::new(vec![agent("billing-bot")], directory()));
    let mut world = World::new(inventory, limit);
    let mut script = Script::default();
    let at = "2026-11-23T03:00:00Z".parse().unwrap();
    let alert = Arc::new(Alert { trust, ..alert(at) });
    let bot = world.inventory.agent(&agent_id("billing-bot")).unwrap();
    let actor = Actor::Source { id: alert.source.clone() };
    let incident = IncidentId::generate(at);
    let start = Start { mode: Mode::Enforce, incident, agent: &bot, alert: &alert, actor, inherits: Vec::new() };
    let mut performance = Performance::begin(&playbook, start, &mut world, &mut script, at).unwrap();
    for act in acts {
        performance.settle(&mut world, &mut script).unwrap();
        match act {
            Act::Wait(time) => {
                let until = performance.now().checked_add(SignedDuration::try_from(*time).unwrap()).unwrap();
                performance.pass_until(&mut world, &mut script, until).unwrap();
            }
            Act::Vote(person, choice) => {
                let mut open = performance.run.approvals.values();
                let approval = open.find(|it| it.status == ApprovalStatus::Pending).unwrap();
                let person = PersonId::parse(person).unwrap();
                let kind = EventKind::Voted {
                    approval: approval.id,
                    person: person.clone(),
                    choice: *choice,
                    reason: "looked at the logs".into(),
                    assurance: Assurance::Link,
                    plan: approval.plan.hash,
                    eligible: eligible(world.inventory.directory(), approval, bot.owner.as_ref()),
                    together: None,
                };
                let actor = Actor::Person { id: person, assurance: Assurance::Link };
                let run = performance.run.id;
                performance.submit(run, &mut world, &mut script, actor, kind).unwrap();
            }
        }
    }
    performance.settle(&mut world, &mut script).unwrap();
    outline(&performance.run)
}

#[test]
fn a_rehearsal_comes_to_the_same_state_as_the_engine() {
    let hours = |hours| Act::Wait(Duration::from_hours(hours));
    let (yes, no) = (Act::Vote("ana", Choice::Approve), Act::Vote("ana", Choice::Reject));
    for (what, acts, trust, limit) in [
        ("nobody answers yet", &[][..], Trust::Contain, 10),
        ("approved", &[yes], Trust::Contain, 10),
        ("rejected", &[no], Trust::Contain, 10),
        ("others are asked", &[hours(4), Act::Vote("sam", Choice::Approve)], Trust::Contain, 10),
        ("silence", &[hours(4), hours(4)], Trust::Contain, 10),
        ("a source without trust", &[yes, no], Trust::Notify, 10),
        ("no place in the budget", &[no, no], Trust::Contain, 0),
    ] {
        assert_eq!(by_a_rehearsal(acts, trust, limit), by_the_engine(acts, trust, limit), "{what}");
    }
}

const PARENT: &str = r#"
playbook: parent
owner: user:ana
mode: enforce
match: { when: "true" }
stages:
  - stage: contain
    steps:
      - { step: other, action: run_playbook, with: { playbook: child, agent: mail-bot } }
  - stage: inform
    steps:
      - { step: tell, action: notify, with: { to: owner, subject: "{{steps.other.verdict}}", text: "It is over." } }
"#;
const CHILD: &str = r#"
playbook: child
owner: user:ana
mode: enforce
match: { when: "false" }
stages:
  - stage: contain
    mode: sequential
    steps:
      - { step: act, action: try.contain, verify: { within: 30s } }
      - { step: rest, wait: 1h }
"#;

/// The run that a step waits for.
pub(super) fn waits_for(run: &Run) -> Option<RunId> {
    run.steps.values().find_map(|record| match record.state {
        StepState::Waiting(Waiting::Run { run, .. }) => Some(run),
        _ => None,
    })
}

#[test]
fn a_run_that_a_step_starts_comes_to_the_same_state_as_in_the_engine_and_so_does_the_one_above() {
    let hour = Duration::from_hours(1);
    let life_of = EngineWorld::new(&[PARENT, CHILD]);
    let life = life_of.start();
    let parent = life.launch("parent", "billing-bot");
    let waiting = life.until_run(parent, "it waits for another run", |run| waits_for(run).is_some());
    let child = waits_for(&waiting).unwrap();
    let rests = |run: &Run| matches!(run.steps[&"rest".parse().unwrap()].state, StepState::Waiting(_));
    life.until_run(child, "it rests", rests);
    life.wait(hour);
    life.until_finished(parent);
    let by_the_engine = [outline(&life.run(parent)), outline(&life.run(child))];

    let compiled = |text: &str| {
        let source = Source { name: "story.yaml".into(), text: text.into() };
        Arc::new(compile(&source, &Catalogue::new(catalogue())).unwrap().0)
    };
    let inventory = Arc::new(Inventory::new(vec![agent("billing-bot"), agent("mail-bot")], directory()));
    let (mut world, mut script) = (World::new(inventory, 10), Script::default());
    let (above, below) = (compiled(PARENT), compiled(CHILD));
    world.playbooks = Arc::new([(below.name.clone(), below)].into());
    let at = "2026-11-23T03:00:00Z".parse().unwrap();
    let alert = Arc::new(alert(at));
    let bot = world.inventory.agent(&agent_id("billing-bot")).unwrap();
    let actor = Actor::Source { id: alert.source.clone() };
    let incident = IncidentId::generate(at);
    let start = Start { mode: Mode::Enforce, incident, agent: &bot, alert: &alert, actor, inherits: Vec::new() };
    let mut performance = Performance::begin(&above, start, &mut world, &mut script, at).unwrap();
    performance.settle(&mut world, &mut script).unwrap();
    let until = performance.now().checked_add(SignedDuration::try_from(hour).unwrap()).unwrap();
    performance.pass_until(&mut world, &mut script, until).unwrap();
    let rehearsed: Vec<Outline> = performance.family().into_iter().map(|it| outline(&it.run)).collect();
    assert_eq!(rehearsed, by_the_engine);
}
