//! Runs that a person starts.

use super::desk::{ASK, Desk, alert, run_of};
use crate::domain::approval::Choice;
use crate::domain::{Mode, Outcome, PersonId, PlaybookName, Run, RunStatus};
use crate::engine::SubmitError;
use crate::engine::tests::harness::{World, agent_id, ana};
use crate::intake::{ByHand, ByHandError};
use crate::machine::IllegalTransition;

fn wanted(playbook: &str, agent: &str) -> ByHand {
    ByHand {
        playbook: PlaybookName::parse(playbook).unwrap(),
        agent: agent_id(agent),
        reason: "it looks odd".into(),
        observe: false,
        actor: ana(),
    }
}

fn start(desk: &Desk, wanted: ByHand) -> Result<Run, ByHandError> {
    desk.life.on(desk.intake.start_by_hand(wanted))
}

#[test]
fn a_run_started_by_hand_acts_and_belongs_to_the_agent_s_open_incident() {
    let world = World::new(&[ASK]);
    let desk = Desk::open(&world);
    desk.taken(&alert("a", "billing-bot"));
    let run = start(&desk, wanted("ask", "billing-bot")).unwrap();
    assert_eq!((run.mode, run.started_by.clone(), run.alert.title.as_str()), (Mode::Enforce, ana(), "it looks odd"));
    let [incident] = &desk.incidents()[..] else { panic!("one incident is expected") };
    assert_eq!((run.incident, incident.alerts), (incident.id, 2));
    assert!(!desk.life.gate_allows("billing-bot"));
    desk.life.checked_history(run.id);
}

#[test]
fn whoever_starts_a_run_does_not_decide_in_it() {
    let world = World::new(&[ASK]);
    let desk = Desk::open(&world);
    let run = start(&desk, wanted("ask", "billing-bot")).unwrap();
    let asked = desk.life.pending(run.id);
    assert_eq!(asked.people, [PersonId::parse("sam").unwrap()].into(), "the owner started it, so another is asked");
    let refused = desk.life.vote(run.id, "ana", Choice::Approve);
    assert!(matches!(refused, Err(SubmitError::Illegal(IllegalTransition::NotEligible(_)))));
    desk.life.vote(run.id, "sam", Choice::Approve).unwrap();
    assert_eq!(desk.life.until_finished(run.id).status, RunStatus::Finished(Outcome::Completed));
}

#[test]
fn a_run_by_hand_may_only_observe() {
    let world = World::new(&[ASK]);
    let desk = Desk::open(&world);
    let run = start(&desk, ByHand { observe: true, ..wanted("ask", "billing-bot") }).unwrap();
    assert_eq!(run.mode, Mode::Observe);
    assert!(desk.life.gate_allows("billing-bot"));
    let quiet = World::new(&[&ASK.replace("mode: enforce", "mode: observe")]);
    let desk = Desk::open(&quiet);
    assert_eq!(
        start(&desk, wanted("ask", "billing-bot")).unwrap().mode,
        Mode::Observe,
        "never more than the playbook says"
    );
}

#[test]
fn what_is_missing_is_said_and_nothing_is_started() {
    let world = World::new(&[ASK]);
    let desk = Desk::open(&world);
    assert!(matches!(start(&desk, wanted("other", "billing-bot")), Err(ByHandError::NoSuchPlaybook(_))));
    assert!(matches!(start(&desk, wanted("ask", "stranger")), Err(ByHandError::NoSuchAgent(_))));
    let silent = ByHand { reason: " \n".into(), ..wanted("ask", "billing-bot") };
    assert!(matches!(start(&desk, silent), Err(ByHandError::ReasonMissing)));
    assert!(desk.life.runs().is_empty() && desk.incidents().is_empty());
    assert_eq!(desk.life.run(run_of(&desk.taken(&alert("a", "billing-bot")))).joined, 0);
}

#[test]
fn a_run_by_hand_belongs_to_the_incident_that_its_playbook_goes_by_where_that_can_be_told() {
    let by = |key: &str| ASK.replace("incident: {", &format!("incident: {{ key: {key},"));
    let world = World::new(&[&by("agent.tier"), &by("alert.title").replace("playbook: ask", "playbook: other")]);
    let desk = Desk::open(&world);
    start(&desk, wanted("ask", "billing-bot")).unwrap();
    start(&desk, wanted("other", "billing-bot")).unwrap();
    let mut keys: Vec<String> = desk.incidents().into_iter().map(|incident| incident.key).collect();
    keys.sort_unstable();
    assert!(
        matches!(&keys[..], [agent, by] if agent == "agent:billing-bot" && by.starts_with("by:agent.tier=")),
        "{keys:?}"
    );
}
