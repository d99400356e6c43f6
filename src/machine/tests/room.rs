//! Runs that carry as much as they may: nothing is sent whose result could not be recorded.

use serde_json::json;

use super::simulator::{CONTAIN, Sim, agent};
use crate::domain::approval::{Choice, Vote};
use crate::domain::event::CallOutcome;
use crate::domain::{Approval, Assurance, Listed, Mode, PersonId, Verdict};
use crate::machine::room::weight;
use crate::machine::{Phase, replay};

const ROW_BYTES_MAX: usize = 256 * 1024;

const MANY: &str = r#"
playbook: many
title: Many
owner: user:ana
mode: enforce
match: { when: "true" }
stages:
  - stage: contain
    steps:
      - { step: act, for_each: { in: "agent.systems", as: one, parallel: 100 }, action: try.verifiable, with: { value: "{{one}}" } }
  - stage: inform
    steps:
      - { step: tell, action: notify, with: { to: owner, template: contained } }
"#;

fn many(items: usize) -> Sim {
    let mut rich = agent();
    rich.systems = (0..items).map(|index| format!("system-{index}")).collect();
    Sim::start_with(MANY, rich, Mode::Enforce, None)
}

fn bytes(sim: &Sim) -> usize {
    serde_json::to_string(&sim.run).unwrap().len()
}

fn prepared(sim: &mut Sim, kib: usize) {
    let path = sim.call(|phase| *phase == Phase::Prepare).path;
    let snapshot = Some(json!({ "members": "x".repeat(kib * 1024) }));
    sim.submit(crate::domain::EventKind::AttemptPrepared { path, baseline: None, snapshot }).unwrap();
}

#[test]
fn a_hundred_items_with_large_snapshots_fail_before_anything_is_sent_that_could_not_be_recorded() {
    let mut sim = many(100);
    let mut sent = 0;
    for _ in 0..100 {
        prepared(&mut sim, 4);
        sent = sim.calls.iter().filter(|call| call.phase == Phase::Send).count();
        assert!(bytes(&sim) < ROW_BYTES_MAX, "{}", bytes(&sim));
    }
    assert!((20..60).contains(&sent), "as many as there is room for: {sent}");
    for _ in 0..sent {
        sim.ended(CallOutcome::Applied { output: json!("y".repeat(15 * 1024)) });
        assert!(bytes(&sim) < ROW_BYTES_MAX, "{}", bytes(&sim));
    }
    while sim.calls.iter().any(|call| matches!(call.phase, Phase::Prove { .. })) {
        sim.proved(true);
        assert!(bytes(&sim) < ROW_BYTES_MAX, "{}", bytes(&sim));
    }
    let failed: Vec<_> = sim.run.steps.values().filter(|record| record.verdict == Some(Verdict::Failed)).collect();
    assert_eq!(failed.len(), 100 - sent + 1, "each that was not done, and the step as a whole");
    let words = format!("{:?}", sim.step("act").state);
    assert!(words.contains("nothing was sent: the run has no room left"), "{words}");
    assert_eq!(sim.state("tell"), "succeeded", "the owner is told");
    assert_eq!(replay(&sim.playbook, &sim.events).unwrap().0, sim.run);
}

#[test]
fn one_snapshot_that_is_too_large_fails_its_step_before_the_call() {
    let mut sim = many(2);
    prepared(&mut sim, 17);
    prepared(&mut sim, 15);
    let words = format!("{:?}", sim.step("act[0]").state);
    assert!(words.contains("nothing was sent: what was there before takes 18 KiB, and at most 16 KiB"), "{words}");
    assert_eq!((sim.step("act[0]").snapshot.as_ref(), sim.calls.len()), (None, 1));
    assert_eq!(sim.calls[0].path.to_string(), "act[1]");
}

#[test]
fn many_large_answers_of_steps_that_are_no_items_are_left_out_rather_than_lost() {
    let steps: String = (0..40)
        .map(|index| format!("      - {{ step: s{index}, action: try.idempotent, with: {{ value: x }} }}\n"))
        .collect();
    let text = format!(
        "playbook: wide\nmode: enforce\nmatch: {{ when: \"true\" }}\nstages:\n  - stage: a\n    steps:\n{steps}"
    );
    let mut sim = Sim::start(&text);
    for _ in 0..40 {
        sim.ended(CallOutcome::Applied { output: json!("z".repeat(15 * 1024)) });
        assert!(bytes(&sim) < ROW_BYTES_MAX, "{}", bytes(&sim));
    }
    assert!(sim.run.steps.values().all(|record| record.state.as_str() == "succeeded"));
    assert_eq!(sim.step("s39").output, json!({ "left_out": "too large" }));
    assert!(sim.step("s0").output.is_string());
}

#[test]
fn what_people_are_asked_and_what_they_say_counts_as_part_of_a_run() {
    let long = || "\u{1}\"y".repeat(10_000);
    let person = |number: usize| PersonId::parse(&format!("{}-{number}", "p".repeat(60))).unwrap();
    let vote = |number: usize| Vote {
        person: person(number),
        choice: Choice::Approve,
        reason: "because\n".repeat(200),
        assurance: Assurance::Link,
        at: jiff::Timestamp::UNIX_EPOCH,
    };
    let everybody = || (0..500).map(person).collect::<std::collections::BTreeSet<PersonId>>();
    let changes: [(&str, &dyn Fn(&mut Approval)); 6] = [
        ("the question", &|approval| approval.ask = long()),
        ("the prompt", &|approval| approval.reason_prompt = Some(long())),
        ("the votes", &|approval| approval.votes = (0..20).map(vote).collect()),
        ("the people", &|approval| approval.people = everybody()),
        ("the requests beside it", &|approval| approval.with = vec![Listed::from(&*approval); 500]),
        ("the quorums", &|approval| approval.quorums[0].from = everybody()),
    ];
    for (what, change) in changes {
        let mut sim = Sim::start(CONTAIN);
        sim.contain();
        let (weight_before, before) = (weight(&sim.run), bytes(&sim));
        sim.run.approvals.values_mut().for_each(change);
        let (thought, is) = (weight(&sim.run) - weight_before, bytes(&sim) - before);
        assert!(is > 20_000, "{what}: the test makes it large: {is}");
        assert!(thought >= is, "{what} was thought {thought} bytes, and takes {is}");
    }
}
