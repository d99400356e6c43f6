//! Plans: what a step goes through, and what the playbooks would do that steps start.

use std::sync::Arc;

use jiff::Timestamp;

use crate::action::Registry;
use crate::domain::{Actor, Agent, AgentId, SourceId};
use crate::engine::Inventory;
use crate::engine::tests::samples::{alert, directory};
use crate::language::Source;
use crate::playbook::{Approvals, Playbook, compile};
use crate::rehearsal::family::Library;
use crate::rehearsal::plan::{Occasion, Plan, PlannedStep, plan};

fn playbook(text: &str) -> Arc<Playbook> {
    compiled(text, Approvals::default())
}

fn compiled(text: &str, approvals: Approvals) -> Arc<Playbook> {
    let source = Source { name: "test.yaml".into(), text: text.into() };
    match compile(&source, &Registry::catalogue_without_connections().with_approvals(approvals)) {
        Ok((playbook, _)) => Arc::new(playbook),
        Err(faults) => panic!("{}", crate::language::render_human(&faults, &[source], false)),
    }
}

fn planned(text: &str, others: &[&str], by_hand: bool) -> Plan {
    planned_of(&playbook(text), others, by_hand)
}

fn planned_of(playbook: &Arc<Playbook>, others: &[&str], by_hand: bool) -> Plan {
    let at: Timestamp = "2026-11-23T03:00:00Z".parse().unwrap();
    let bot = |id: &str, systems: &[&str]| Agent {
        known: true,
        gated: true,
        owner: Some("user:ana".parse().unwrap()),
        systems: systems.iter().map(|it| (*it).to_owned()).collect(),
        ..Agent::unknown(AgentId::parse(id).unwrap())
    };
    let inventory = Arc::new(Inventory::new(vec![bot("bot", &["crm", "erp"]), bot("mail-bot", &[])], directory()));
    let library: Library = others.iter().map(|text| self::playbook(text)).map(|it| (it.name.clone(), it)).collect();
    let occasion = Occasion {
        inventory: &inventory,
        playbooks: &Arc::new(library),
        agent: &inventory.agent(&AgentId::parse("bot").unwrap()).unwrap(),
        alert: &Arc::new(alert(at)),
        by_hand,
        actor: &Actor::Source { id: SourceId::parse("detector").unwrap() },
        at,
    };
    plan(playbook, &occasion).unwrap()
}

/// A plan of one step that goes through items.
fn each(list: &str, by_hand: bool) -> crate::rehearsal::plan::Each {
    let text = format!(
        r#"
playbook: p
mode: enforce
match: {{ when: "true" }}
stages:
  - stage: first
    steps:
      - {{ step: evidence, action: evidence.capture }}
  - stage: second
    steps:
      - step: tell
        for_each: {{ in: "{list}", as: one, at_most: 5, parallel: 2 }}
        action: notify
        with: {{ to: owner, subject: "{{{{one}}}}", text: "Look at it." }}
"#
    );
    step(&planned(&text, &[], by_hand), 1, "tell").each.clone().expect("it goes through items")
}

fn step<'p>(plan: &'p Plan, stage: usize, name: &str) -> &'p PlannedStep {
    plan.stages[stage].steps.iter().find(|step| step.name == name).unwrap()
}

#[test]
fn a_plan_says_which_items_a_step_goes_through_where_that_can_be_told() {
    let told = each("agent.systems", false);
    assert_eq!(told.items.as_deref(), Some(&["crm".into(), "erp".into()][..]));
    assert_eq!((told.list.as_str(), told.name.as_str(), told.at_most, told.parallel), ("agent.systems", "one", 5, 2));
    assert_eq!(each("agent.systems.filter(it, it != 'crm')", true).items.unwrap().len(), 1);
}

#[test]
fn a_plan_does_not_invent_items_that_come_of_steps_or_of_an_alert_that_is_not_there() {
    let of_steps = each("steps.evidence.output.hosts", false);
    assert_eq!(
        (of_steps.items, of_steps.untold.as_deref()),
        (None, Some("they come of what `evidence` will have come to"))
    );
    let by_hand = each("alert.resources", true);
    assert_eq!(
        (by_hand.items, by_hand.untold.as_deref()),
        (None, Some("they come of the alert; name one with --alert FILE"))
    );
    assert!(each("alert.resources", false).items.is_some());
}

#[test]
fn a_plan_goes_into_the_playbooks_that_steps_start_down_to_the_limit() {
    let starts = |name: &str, other: &str| {
        format!(
            "playbook: {name}\nmode: enforce\nmatch: {{ when: \"true\" }}\nstages:\n  - stage: one\n    steps:\n      \
             - {{ step: pause, action: agent.pause, hold: 8h }}\n      \
             - {{ step: other, action: run_playbook, with: {{ playbook: {other}, agent: mail-bot }} }}\n"
        )
    };
    let (first, second) = (starts("first", "second"), starts("second", "first"));
    let plan = planned(&first, &[&first, &second], true);
    let mut run = step(&plan, 0, "other").runs.as_ref().unwrap();
    for (depth, name) in [(2, "second"), (3, "first"), (4, "second")] {
        assert_eq!(run.playbook.as_str(), name);
        assert_eq!(run.agents.iter().map(AgentId::as_str).collect::<Vec<_>>(), ["mail-bot"], "{depth}");
        let pause = run.stages[0].steps.iter().find(|step| step.name == "pause").unwrap();
        assert!(pause.parameters.is_some(), "its turn came");
        let other = run.stages[0].steps.iter().find(|step| step.name == "other").unwrap();
        let refused = other.fails.as_deref().is_some_and(|why| why.contains("at most 4 deep"));
        assert_eq!(refused, depth == 4, "{other:?}");
        run = other.runs.as_ref().unwrap();
    }
    assert!(run.stages.is_empty(), "runs start each other at most four deep");
    let end = &plan.ends[0];
    assert_eq!((end.standing, end.others.get("mail-bot").copied()), ("paused", Some("paused")));
}

#[test]
fn a_plan_names_the_approvals_of_the_configuration_that_fill_a_request_and_whom_they_resolve_to() {
    let kept = serde_json::json!({
        "approvals": { "owner-release": { "approvers": ["owner", "user:sam"], "timeout": "4h", "on_timeout": "escalate" } },
        "default_approval": { "identity": "api" },
    });
    let text = r#"
playbook: p
mode: enforce
match: { when: "true" }
stages:
  - stage: contain
    steps: [{ step: pause, action: agent.pause, hold: 8h }]
  - stage: ask
    steps: [{ step: q, approval: { use: owner-release, ask: Free it?, releases: [free] } }]
  - stage: restore
    when: steps.q.decision == 'approved'
    steps: [{ step: free, action: undo, with: { steps: [pause] } }]
  - stage: never
    when: steps.q.decision == 'nothing'
    steps: [{ step: r, approval: { ask: Again?, timeout: 1h, approvers: ["user:sam"] } }]
"#;
    let playbook = compiled(text, Approvals::pinned(Some(&kept)));
    let plan = planned_of(&playbook, &[], true);
    let asks = step(&plan, 1, "q").asks.as_ref().unwrap();
    let named = |people: &std::collections::BTreeSet<crate::domain::PersonId>| {
        people.iter().map(|it| it.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(named(&asks.people), ["ana", "sam"], "{asks:?}");
    let approvers: Vec<String> = asks.approvers.iter().map(ToString::to_string).collect();
    assert_eq!(approvers, ["owner", "user:sam"]);
    assert_eq!(asks.lent["approvals.owner-release"], ["approvers", "on_timeout", "timeout"]);
    assert_eq!(asks.lent["default_approval"], ["identity"]);
    assert!(!asks.more.is_empty(), "silence asks the fallback owner: {asks:?}");
    let never = step(&plan, 3, "r").asks.as_ref().unwrap();
    assert_eq!((named(&never.people), never.more.len()), (vec!["sam".to_owned()], 0), "though its turn never comes");
    assert_eq!(plan.version, playbook.digest);
}

#[test]
fn a_plan_says_when_a_playbook_starts_again_and_which_version_of_another_a_step_starts() {
    let child = "playbook: child\nmode: enforce\nmatch: { when: \"false\" }\nstages:\n  - stage: one\n    steps: [{ step: pause, action: agent.pause, hold: 8h }]\n";
    let parent = "playbook: parent\nmode: enforce\nmatch: { when: \"true\" }\n\
                  rerun_when: \" last.outcome == 'failed' \"\nstages:\n  - stage: one\n    \
                  steps: [{ step: other, action: run_playbook, with: { playbook: child } }]\n";
    let plan = planned(parent, &[child], true);
    assert_eq!(plan.rerun_when.as_deref(), Some("last.outcome == 'failed'"));
    let run = step(&plan, 0, "other").runs.as_ref().unwrap();
    assert_eq!(run.version, playbook(child).digest);
    let again = planned(parent, &[&child.replace("8h", "9h")], true);
    assert_ne!(step(&again, 0, "other").runs.as_ref().unwrap().version, run.version);
    assert_eq!(planned(child, &[], true).rerun_when, None);
}
