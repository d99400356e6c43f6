//! What one source may cause alone, and what waits for a second.

use jiff::SignedDuration;

use super::simulator::{Sim, agent};
use crate::domain::{AlertId, EventKind, Mode, Outcome, RunStatus, SourceId};
use crate::machine::replay;

const TWO: &str = r#"
playbook: two
title: Two
owner: user:ana
mode: enforce
match: { when: "true", corroborate: { sources: 2, within: 10m, until_then: UNTIL } }
stages:
  - stage: contain
    steps:
      - { step: tell, action: notify, with: { to: owner, template: alert } }
      - { step: pause, action: agent.pause }
      - { step: wipe, action: try.destroy, irreversible: { because: "a test" } }
  - stage: after
    steps:
      - { step: last, action: notify, with: { to: owner, template: contained } }
"#;

fn joins(sim: &mut Sim, source: &str) {
    let source = Some(SourceId::parse(source).unwrap());
    sim.submit(EventKind::AlertJoined { alert: AlertId::generate(sim.at), source }).unwrap();
}

fn states(sim: &Sim) -> [&'static str; 4] {
    ["tell", "pause", "wipe", "last"].map(|name| sim.state(name))
}

#[test]
fn one_source_causes_no_more_than_the_playbook_lets_it() {
    let of = |until: &str| states(&Sim::start(&TWO.replace("UNTIL", until)));
    assert_eq!(of("observe"), ["waiting", "waiting", "waiting", "pending"]);
    assert_eq!(of("notify"), ["succeeded", "waiting", "waiting", "pending"]);
    assert_eq!(of("contain"), ["succeeded", "succeeded", "waiting", "pending"]);
}

#[test]
fn an_alert_of_another_source_lets_the_rest_go() {
    let mut sim = Sim::start(&TWO.replace("UNTIL", "notify"));
    assert_eq!(sim.run.wake_at(), Some(sim.at + SignedDuration::from_mins(10)), "nothing waits for ever");
    let first = sim.run.alert.source.to_string();
    joins(&mut sim, &first);
    assert_eq!(sim.state("pause"), "waiting", "the same source says it twice");
    joins(&mut sim, "other-source");
    assert_eq!((sim.state("pause"), sim.state("wipe"), sim.placed.len()), ("succeeded", "doing", 1));
    sim.applied();
    assert_eq!(sim.run.status, RunStatus::Finished(Outcome::Completed));
    let (_, entries) = replay(&sim.playbook, &sim.events).unwrap();
    let said = |words: &str| entries.iter().any(|entry| entry.text.contains(words));
    assert!(said("waiting for an alert of another source until") && said("from source other-source joined"));
}

#[test]
fn what_nobody_corroborates_in_time_is_not_done_and_the_run_goes_on() {
    let mut sim = Sim::start(&TWO.replace("UNTIL", "notify"));
    sim.wait(SignedDuration::from_mins(10));
    assert_eq!(states(&sim), ["succeeded", "skipped", "skipped", "succeeded"]);
    assert!(format!("{:?}", sim.step("pause").state).contains("1 of 2 sources within 600 s"));
    assert!(sim.placed.is_empty() && sim.calls.is_empty());
}

#[test]
fn what_people_decide_about_needs_no_second_source() {
    let text = TWO
        .replace("UNTIL", "notify")
        .replace("action: agent.pause", "action: agent.pause, approval: { ask: Sure?, timeout: 1h }");
    let mut sim = Sim::start(&text);
    let vote = sim.vote_of("ana", crate::domain::approval::Choice::Approve);
    sim.submit(vote).unwrap();
    assert_eq!(sim.state("pause"), "succeeded");
}

#[test]
fn an_observed_run_waits_for_nobody() {
    let sim = Sim::start_with(&TWO.replace("UNTIL", "notify"), agent(), Mode::Observe, None);
    assert!(sim.run.status.is_finished());
}

const SILENT: &str = r#"
playbook: silent
title: Silent
owner: user:ana
mode: enforce
match: { when: "true", corroborate: { sources: 2, within: 10m, until_then: notify } }
stages:
  - stage: contain
    steps:
      - { step: pause, action: agent.pause, approval: { ask: "Pause?", timeout: 5m, on_timeout: act } }
"#;

#[test]
fn silence_is_no_second_source() {
    let mut sim = Sim::start(SILENT);
    sim.wait(SignedDuration::from_mins(5));
    assert_eq!((sim.state("pause"), sim.placed.len()), ("waiting", 0));
    sim.wait(SignedDuration::from_mins(5));
    assert_eq!((sim.state("pause"), sim.placed.len()), ("skipped", 0));
    // What nobody decides in the whole time is not done either.
    let mut sim = Sim::start(&SILENT.replace("timeout: 5m", "timeout: 20m"));
    sim.wait(SignedDuration::from_mins(20));
    assert_eq!((sim.state("pause"), sim.placed.len()), ("skipped", 0));
}

#[test]
fn a_second_source_lets_go_what_silence_alone_did_not_and_nobody_is_asked_twice() {
    let mut sim = Sim::start(SILENT);
    sim.wait(SignedDuration::from_mins(5));
    joins(&mut sim, "other-source");
    assert_eq!((sim.state("pause"), sim.placed.len(), sim.run.approvals.len()), ("succeeded", 1, 1));
    let mut sim = Sim::start(SILENT);
    joins(&mut sim, "other-source");
    assert_eq!(sim.placed.len(), 0, "people are still asked");
    sim.wait(SignedDuration::from_mins(5));
    assert_eq!((sim.state("pause"), sim.placed.len()), ("succeeded", 1));
}

#[test]
fn the_items_of_a_step_that_silence_lets_go_wait_for_a_second_source_too() {
    let text = SILENT.replace(
        "step: pause, action: agent.pause,",
        "step: pause, for_each: { in: \"['a', 'b']\" }, action: try.verifiable, with: { value: \"{{item}}\" },",
    );
    let mut sim = Sim::start(&text);
    sim.wait(SignedDuration::from_mins(5));
    assert_eq!((sim.state("pause[0]"), sim.state("pause[1]"), sim.calls.len()), ("waiting", "waiting", 0));
    joins(&mut sim, "other-source");
    assert_eq!((sim.state("pause[0]"), sim.calls.len()), ("doing", 2));
}

#[test]
fn what_standdown_says_itself_corroborates_nothing() {
    for own in ["system", "schedule"] {
        let mut sim = Sim::start(&TWO.replace("UNTIL", "notify"));
        joins(&mut sim, own);
        assert_eq!(sim.state("pause"), "waiting", "{own}");
    }
}
