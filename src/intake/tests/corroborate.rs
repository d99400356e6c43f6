//! A second source, by the door of all alerts, and through a crash.

use serde_json::json;

use super::desk::{ASK, Desk, alert, alert_with, run_of, step};
use crate::domain::{StepState, Waiting};
use crate::engine::tests::harness::World;

fn two() -> String {
    ASK.replace("match: { when:", "match: { corroborate: { sources: 2, within: 10m }, when:")
}

#[test]
fn an_agent_is_paused_when_a_second_source_says_the_same_even_after_a_crash() {
    let world = World::new(&[&two()]);
    let desk = Desk::open(&world);
    let run = run_of(&desk.taken(&alert("a", "billing-bot")));
    assert!(matches!(
        desk.life.run(run).steps[&step("pause")].state,
        StepState::Waiting(Waiting::Corroboration { .. })
    ));
    desk.taken(&alert("b", "billing-bot"));
    assert!(desk.life.gate_allows("billing-bot"), "one source is one source, however often it speaks");
    desk.crash();
    let desk = Desk::open(&world);
    assert!(desk.life.gate_allows("billing-bot"));
    let unlike = alert_with("c", "billing-bot", &json!({ "rule": "something_else" }));
    desk.send_signed("one", &unlike).unwrap();
    assert!(desk.life.gate_allows("billing-bot"), "an alert that the playbook does not match corroborates nothing");
    desk.send_signed("two", &alert("d", "billing-bot")).unwrap();
    assert!(!desk.life.gate_allows("billing-bot"));
    desk.life.checked_history(run);
}

#[test]
fn an_agent_of_whom_nobody_else_speaks_is_left_alone() {
    let world = World::new(&[&two()]);
    let desk = Desk::open(&world);
    let run = run_of(&desk.taken(&alert("a", "billing-bot")));
    desk.life.wait(std::time::Duration::from_mins(10));
    assert_eq!(desk.life.run(run).steps[&step("pause")].state.as_str(), "skipped");
    assert!(desk.life.gate_allows("billing-bot"));
}
