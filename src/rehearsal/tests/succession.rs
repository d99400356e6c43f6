//! What a run takes over with the place of another one in a rehearsal: the same holds as in the daemon.

use std::sync::Arc;

use super::engine::{Outline, outline, waits_for};
use super::family::{CHILD, PARENT, assert_good};
use super::replayed::{alert, of, playbook, replayed};
use crate::domain::approval::{ApprovalStatus, Choice};
use crate::domain::*;
use crate::engine::Inventory;
use crate::engine::electorate::eligible;
use crate::engine::tests::harness::{World as EngineWorld, agent_id};
use crate::engine::tests::outside::catalogue;
use crate::engine::tests::samples;
use crate::intake::tests::desk::{self, ASK, Desk, run_of};
use crate::language::Source;
use crate::playbook::{Catalogue, compile};
use crate::rehearsal::{Performance, Script, Start, World};

#[test]
fn a_run_that_takes_the_place_of_another_takes_over_what_that_ones_family_holds() {
    let restarts = |text: &str| text.replace("mode: enforce", "mode: enforce\nincident: { on_new_alert: restart }");
    let by_child = r"
  - case: the run that a step starts takes over what its forerunner holds
    then:
      - { after: 1m, alert: {} }
      - { approve: other/release, by: sam }
    expect: { runs: 2, standings: { mail-bot: active } }
";
    assert_good(&[("parent", &restarts(PARENT)), ("child", CHILD)], "parent", by_child);
    let first_only = restarts(PARENT).replace("agent: mail-bot }", "agent: billing-bot }, when: alert.rule == 'first'");
    let asks = first_only.replace(
        "  - stage: inform",
        &format!("      - {{ step: pause, action: agent.pause, hold: 8h }}\n{ASKS}  - stage: inform"),
    );
    let rest = CHILD.split("      - step: revoke").next().unwrap().to_owned() + "      - { step: rest, wait: 4h }\n";
    let by_parent = r"
  - case: a run takes over what the runs hold that its forerunner started
    alert: { rule: first }
    then:
      - { after: 1m, alert: { rule: second } }
      - { approve: free, by: ana }
    expect: { runs: 2, standing: active }
";
    assert_good(&[("parent", &asks), ("child", &rest)], "parent", by_parent);
}

const ASKS: &str = r#"  - stage: decide
    steps:
      - { step: release, approval: { ask: "Let it go?", releases: [free], approvers: [owner], timeout: 4h } }
  - stage: restore
    when: steps.release.decision == 'approved'
    steps:
      - { step: free, action: undo, with: { steps: [pause] } }
"#;

#[test]
fn a_replayed_run_over_which_too_much_is_held_already_is_joined_and_what_its_family_holds_counts() {
    let parent = "playbook: parent\nmode: enforce\nmatch: { when: \"alert.source == 'siem'\" }\nincident: { on_new_alert: restart }\nstages:\n  \
                  - stage: one\n    steps:\n      - { step: pause, action: agent.pause }\n      \
                  - { step: other, action: run_playbook, with: { playbook: child } }\n";
    let child = "playbook: child\nmode: enforce\nmatch: { when: \"alert.source == 'nobody'\" }\nstages:\n  \
                 - stage: one\n    steps:\n      - { step: pause, action: agent.pause }\n      - { step: rest, wait: 24h }\n";
    let alerts: Vec<_> = (0..505).map(|minute| alert("siem", "a-bot", minute)).collect();
    let report = replayed(&[playbook(parent), playbook(child)], &alerts, None);
    let parent = of(&report, "parent");
    assert_eq!((parent.runs, parent.joined), (500, 5), "two holds a time, a thousand at most: {parent:?}");
}

/// Starts the playbook that pauses and asks, about the same agent.
const CALLS_ASK: &str = r#"
playbook: calls
owner: user:ana
mode: enforce
match: { when: "alert.rule == 'misuse'" }
incident: { on_new_alert: restart }
stages:
  - stage: contain
    steps:
      - { step: pause, action: agent.pause }
      - { step: other, action: run_playbook, with: { playbook: ask } }
"#;

/// How many holds each run of the last family took over, how it stands in the end, and how many holds stand then.
type Succession = (Vec<(usize, Outline)>, usize);

fn by_the_engine() -> Succession {
    let world = EngineWorld::new(&[CALLS_ASK, ASK]);
    let desk = Desk::open(&world);
    assert!(desk.life.gate_allows("billing-bot"), "the gate has seen it");
    let mut last = Vec::new();
    for id in ["a", "b", "c"] {
        let body = desk::alert_with(id, "billing-bot", &serde_json::json!({ "rule": "misuse" }));
        let parent = run_of(&desk.taken(&body));
        let waiting = desk.life.until_run(parent, "it waits for another run", |run| waits_for(run).is_some());
        let child = waits_for(&waiting).unwrap();
        desk.life.pending(child);
        last = vec![parent, child];
    }
    desk.life.vote(last[1], "ana", Choice::Approve).unwrap();
    let ends = last.iter().rev().map(|id| desk.life.until_finished(*id)).collect::<Vec<_>>();
    let family = ends.iter().rev().map(|run| (run.inherits.len(), outline(run))).collect();
    (family, desk.life.engine.holds_on(&agent_id("billing-bot")).len())
}

fn by_a_rehearsal() -> Succession {
    let compiled = |text: &str| {
        let source = Source { name: "story.yaml".into(), text: text.into() };
        Arc::new(compile(&source, &Catalogue::new(catalogue())).unwrap().0)
    };
    let inventory = Arc::new(Inventory::new(vec![samples::agent("billing-bot")], samples::directory()));
    let (mut world, mut script) = (World::new(inventory, 10), Script::default());
    let (above, below) = (compiled(CALLS_ASK), compiled(ASK));
    world.playbooks = Arc::new([(below.name.clone(), below)].into());
    let at = "2026-11-23T03:00:00Z".parse().unwrap();
    let alert = Arc::new(samples::alert(at));
    let bot = world.inventory.agent(&agent_id("billing-bot")).unwrap();
    let incident = IncidentId::generate(at);
    let mut last: Option<Performance> = None;
    for _ in 0..3 {
        let make_way = |mut old: Performance| {
            let id = old.run.id;
            old.make_way(id, &mut world, &mut script, &alert).unwrap().unwrap()
        };
        let inherits = last.map(make_way).unwrap_or_default();
        let actor = Actor::Source { id: alert.source.clone() };
        let start = Start { mode: Mode::Enforce, incident, agent: &bot, alert: &alert, actor, inherits };
        let mut next = Performance::begin(&above, start, &mut world, &mut script, at).unwrap();
        next.settle(&mut world, &mut script).unwrap();
        last = Some(next);
    }
    let mut last = last.unwrap();
    let child = last.children[0].run.clone();
    let approval = child.approvals.values().find(|it| it.status == ApprovalStatus::Pending).unwrap();
    let person = PersonId::parse("ana").unwrap();
    let kind = EventKind::Voted {
        approval: approval.id,
        person: person.clone(),
        choice: Choice::Approve,
        reason: "looked at the logs".into(),
        assurance: Assurance::Api,
        plan: approval.plan.hash,
        eligible: eligible(world.inventory.directory(), approval, bot.owner.as_ref()),
        together: None,
    };
    let actor = Actor::Person { id: person, assurance: Assurance::Api };
    last.submit(child.id, &mut world, &mut script, actor, kind).unwrap();
    last.settle(&mut world, &mut script).unwrap();
    let family = last.family().into_iter().map(|it| (it.run.inherits.len(), outline(&it.run))).collect();
    (family, world.holds_on(&agent_id("billing-bot")).len())
}

#[test]
fn restarted_families_take_over_and_let_go_what_they_do_in_the_engine() {
    let rehearsed = by_a_rehearsal();
    assert_eq!(rehearsed.0.iter().map(|(inherits, _)| *inherits).collect::<Vec<_>>(), [4, 2], "{rehearsed:#?}");
    assert_eq!(rehearsed, by_the_engine());
}
