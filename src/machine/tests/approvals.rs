//! What people decide, and everything that could make a decision wrong.

use jiff::SignedDuration;

use super::simulator::{CONTAIN, Sim, agent};
use crate::domain::approval::{ApprovalStatus, Choice};
use crate::domain::{
    ApprovalCause, Assurance, Decision, Digest, EventKind, Mode, Outcome, PersonId, RunStatus, StepState, Waiting,
};
use crate::machine::IllegalTransition;

fn asked() -> Sim {
    let mut sim = Sim::start(CONTAIN);
    sim.contain();
    sim
}

/// The vote of `ana`, changed in one respect.
fn vote(sim: &Sim, change: impl FnOnce(&mut String, &mut Assurance, &mut Digest)) -> EventKind {
    let EventKind::Voted { approval, person, choice, mut reason, mut assurance, mut plan, eligible, .. } =
        sim.vote_of("ana", Choice::Approve)
    else {
        unreachable!()
    };
    change(&mut reason, &mut assurance, &mut plan);
    EventKind::Voted { approval, person, choice, reason, assurance, plan, eligible, together: None }
}

#[test]
fn a_vote_for_another_plan_than_the_one_shown_is_refused() {
    let mut sim = asked();
    let wrong = vote(&sim, |_, _, plan| *plan = Digest::of(b"another"));
    assert!(matches!(sim.submit(wrong), Err(IllegalTransition::PlanChanged { .. })));
    assert_eq!(sim.approval().status, ApprovalStatus::Pending);
}

#[test]
fn a_vote_needs_a_reason_and_an_eligible_person() {
    let mut sim = asked();
    let blank = vote(&sim, |reason, _, _| *reason = "  ".into());
    assert_eq!(sim.submit(blank), Err(IllegalTransition::ReasonMissing));
    let stranger = sim.vote_of("mallory", Choice::Approve);
    assert_eq!(sim.submit(stranger), Err(IllegalTransition::NotEligible(PersonId::parse("mallory").unwrap())));
}

#[test]
fn the_second_decision_sees_the_first() {
    let mut sim = asked();
    let (first, second) = (sim.vote_of("ana", Choice::Reject), sim.vote_of("sam", Choice::Approve));
    sim.submit(first).unwrap();
    let late = sim.submit(second);
    assert_eq!(late, Err(IllegalTransition::AlreadyDecided { status: ApprovalStatus::Rejected }));
    assert!(sim.lifted.is_empty());
}

#[test]
fn a_vote_at_the_deadline_is_too_late_even_before_the_timer() {
    let mut sim = asked();
    sim.at += SignedDuration::from_hours(4);
    let late = sim.vote_of("ana", Choice::Approve);
    assert_eq!(sim.submit(late), Err(IllegalTransition::DeadlinePassed));
}

#[test]
fn the_plan_says_which_hold_an_approval_lifts() {
    let sim = asked();
    let plan = sim.approval().plan.body;
    assert_eq!(plan["steps"][0]["undoes"][0]["hold"], serde_json::json!(sim.placed[0].id));
    assert_eq!(plan["steps"][0]["step"], "resume");
    assert_eq!(plan["playbook_digest"], serde_json::json!(sim.playbook.digest));
}

#[test]
fn over_a_limit_people_decide_before_anything_is_contained() {
    let limited = |cause| Sim::start_with(CONTAIN, agent(), Mode::Enforce, Some(cause));
    let mut sim = limited(ApprovalCause::Budget);
    assert!(sim.placed.is_empty() && sim.calls.is_empty());
    assert_eq!((sim.state("pause"), sim.state("revoke")), ("waiting", "waiting"));
    assert_eq!(sim.run.approvals.len(), 1, "one question for all that the limit stops");
    assert!(sim.approval().ask.contains("`pause` and `revoke`"), "{}", sim.approval().ask);
    assert_eq!(sim.approval().plan.body["steps"].as_array().map(Vec::len), Some(2));
    let vote = sim.vote_of("ana", Choice::Approve);
    sim.submit(vote).unwrap();
    assert_eq!((sim.placed.len(), sim.calls.len()), (1, 1));
    let mut sim = limited(ApprovalCause::Protected);
    let vote = sim.vote_of("ana", Choice::Reject);
    sim.submit(vote).unwrap();
    assert_eq!((sim.state("pause"), sim.state("revoke")), ("rejected", "rejected"));
    assert!(sim.placed.is_empty());
}

#[test]
fn silence_over_a_limit_asks_more_people_once_and_then_does_nothing() {
    let mut sim = Sim::start_with(CONTAIN, agent(), Mode::Enforce, Some(ApprovalCause::Trust));
    sim.wait(SignedDuration::from_hours(1));
    assert_eq!(sim.state("pause"), "waiting");
    assert!(sim.approval().escalated);
    sim.wait(SignedDuration::from_hours(1));
    assert_eq!((sim.state("pause"), sim.state("revoke")), ("rejected", "rejected"));
    assert!(sim.placed.is_empty());
}

#[test]
fn who_cannot_decide_brings_in_more_people_and_moves_neither_deadline_nor_votes() {
    let mut sim = asked();
    let old = sim.approval();
    let person = PersonId::parse("ana").unwrap();
    let outsider = sim.vote_of("kim", Choice::Approve);
    assert!(matches!(sim.submit(outsider), Err(IllegalTransition::NotEligible(_))));
    sim.at += SignedDuration::from_hours(1);
    sim.submit(EventKind::Escalated { approval: old.id, person }).unwrap();
    let new = sim.approval();
    assert_eq!((new.id, new.deadline, new.plan.hash), (old.id, old.deadline, old.plan.hash));
    let vote = sim.vote_of("kim", Choice::Approve);
    sim.submit(vote).unwrap();
    assert_eq!(sim.lifted.len(), 1);
}

#[test]
fn whoever_left_the_group_since_they_were_asked_no_longer_votes() {
    let mut sim = asked();
    let EventKind::Voted { approval, person, choice, reason, assurance, plan, .. } =
        sim.vote_of("sam", Choice::Approve)
    else {
        unreachable!()
    };
    let eligible = [PersonId::parse("ana").unwrap()].into();
    let late = EventKind::Voted { approval, person, choice, reason, assurance, plan, eligible, together: None };
    assert!(matches!(sim.submit(late), Err(IllegalTransition::NotEligible(_))));
}

#[test]
fn silence_is_nobodys_approval_where_a_limit_stands() {
    let guarded = RELEASES_A_CONTAINMENT.replace("releases: [pause], ", "").replace(
        "      - { step: pause, action: agent.pause }",
        "      - step: pause\n        action: agent.pause\n        approval: { ask: \"Pause it?\", approvers: [owner], timeout: 1h, on_timeout: act, identity: link }",
    );
    let mut sim = Sim::start_with(&guarded, agent(), Mode::Enforce, Some(ApprovalCause::Protected));
    let vote = sim.vote_of("ana", Choice::Reject);
    sim.submit(vote).unwrap();
    assert_eq!(sim.state("pause"), "waiting");
    sim.wait(SignedDuration::from_hours(1));
    assert!(sim.placed.is_empty(), "nobody said yes, and the agent is protected");
    assert_eq!(sim.approval().cause, ApprovalCause::Protected);
}

/// One that silence lets go.
fn acts_on_silence() -> String {
    RELEASES_A_CONTAINMENT.replace("timeout: 1h, ", "timeout: 1h, on_timeout: act, ")
}

#[test]
fn silence_lets_go_the_steps_of_a_request_where_the_playbook_says_so() {
    let mut sim = Sim::start(&acts_on_silence());
    sim.wait(SignedDuration::from_hours(1));
    assert_eq!((sim.state("pause"), sim.placed.len()), ("succeeded", 1));
    assert_eq!(sim.run.steps[&"ask".parse().unwrap()].decision, Some(Decision::Expired));
    let mut sim = Sim::start(RELEASES_A_CONTAINMENT);
    sim.wait(SignedDuration::from_hours(2));
    assert_eq!((sim.state("pause"), sim.placed.len()), ("rejected", 0), "nothing says so there");
}

#[test]
fn silence_lets_nothing_go_that_people_refused_or_that_a_limit_stops() {
    let mut sim = Sim::start(&acts_on_silence());
    let vote = sim.vote_of("ana", Choice::Reject);
    sim.submit(vote).unwrap();
    sim.wait(SignedDuration::from_hours(2));
    assert_eq!((sim.state("pause"), sim.placed.len()), ("rejected", 0));
    let mut sim = Sim::start_with(&acts_on_silence(), agent(), Mode::Enforce, Some(ApprovalCause::Protected));
    sim.wait(SignedDuration::from_hours(1));
    assert_eq!((sim.state("pause"), sim.placed.len()), ("waiting", 0), "nobody said yes, and the agent is protected");
    assert_eq!(sim.run.approvals.values().last().unwrap().cause, ApprovalCause::Protected);
}

#[test]
fn silence_about_a_step_is_no_second_source_either() {
    let text = acts_on_silence().replace(
        "match: { when: \"true\" }",
        "match: { when: \"true\", corroborate: { sources: 2, within: 2h, until_then: notify } }",
    );
    let mut sim = Sim::start(&text);
    sim.wait(SignedDuration::from_hours(1));
    assert_eq!((sim.state("pause"), sim.placed.len()), ("waiting", 0));
    sim.wait(SignedDuration::from_hours(1));
    assert_eq!((sim.state("pause"), sim.placed.len()), ("skipped", 0));
}

#[test]
fn an_observed_request_ends_as_silence_would_also_where_silence_acts() {
    let sim = Sim::start_with(&acts_on_silence(), agent(), Mode::Observe, None);
    assert_eq!(sim.run.steps[&"ask".parse().unwrap()].decision, Some(Decision::Expired));
}

/// A run whose hold a person lifts by hand while a call is still under way, which is then made.
fn lifted_before_it_asks(text: &str) -> Sim {
    let mut sim = Sim::start(text);
    let holds = sim.placed.iter().map(|hold| hold.id).collect();
    sim.submit(EventKind::HoldsLifted { holds, reason: "our own test".into() }).unwrap();
    sim.contain();
    sim
}

#[test]
fn nobody_is_asked_about_a_hold_that_was_lifted_by_hand_before() {
    let sim = lifted_before_it_asks(CONTAIN);
    assert!(sim.run.approvals.is_empty(), "{:#?}", sim.run.approvals);
    assert_eq!((sim.state("override"), sim.state("resume")), ("cancelled", "skipped"));
    let why = sim.step("override").detail.as_deref().unwrap();
    assert!(why.starts_with("nobody was asked: the hold was lifted by hand by "), "{why}");
    assert_eq!(sim.run.status, RunStatus::Finished(Outcome::Completed));
    assert_eq!(sim.state("tell_owner"), "succeeded", "what comes before the question is done");
}

#[test]
fn people_are_asked_about_whatever_else_a_request_lets_go() {
    let resume = "      - { step: resume, action: undo, with: { steps: [pause] } }\n";
    let both = CONTAIN
        .replace("releases: [resume]", "releases: [resume, again]")
        .replace(resume, &format!("{resume}      - {{ step: again, action: agent.pause }}\n"));
    let sim = lifted_before_it_asks(&both);
    assert_eq!((sim.state("override"), sim.run.approvals.len()), ("waiting", 1), "the other step is not moot");
}

#[test]
fn a_decision_that_is_carried_out_too_late_is_asked_again() {
    let text = CONTAIN.replace("identity: link }", "identity: link, valid_for: 5m }").replace(
        "    when: steps.override.decision == 'approved'\n    steps:",
        "    when: steps.override.decision == 'approved'\n    mode: sequential\n    steps:\n      - { step: pause_a_while, wait: 10m }",
    );
    let mut sim = Sim::start(&text);
    sim.contain();
    let vote = sim.vote_of("ana", Choice::Approve);
    sim.submit(vote).unwrap();
    sim.wait(SignedDuration::from_mins(10));
    assert!(sim.lifted.is_empty(), "the approval is too old");
    assert_eq!(sim.state("resume"), "waiting");
    let vote = sim.vote_of("ana", Choice::Approve);
    sim.submit(vote).unwrap();
    assert_eq!(sim.lifted.len(), 1);
}

const RELEASES_A_CONTAINMENT: &str = r#"
playbook: ask-first
title: Ask first
owner: user:ana
mode: enforce
match: { when: "true" }
stages:
  - stage: decide
    steps:
      - step: ask
        approval: { ask: "Pause it?", releases: [pause], approvers: [owner], timeout: 1h, identity: link }
  - stage: act
    steps:
      - { step: pause, action: agent.pause }
"#;

#[test]
fn what_an_approval_names_is_done_only_when_people_approved_it() {
    let mut sim = Sim::start(RELEASES_A_CONTAINMENT);
    let vote = sim.vote_of("ana", Choice::Reject);
    sim.submit(vote).unwrap();
    assert_eq!(sim.state("pause"), "rejected");
    assert!(sim.placed.is_empty());
    let mut sim = Sim::start(RELEASES_A_CONTAINMENT);
    let vote = sim.vote_of("ana", Choice::Approve);
    sim.submit(vote).unwrap();
    assert_eq!((sim.state("pause"), sim.placed.len()), ("succeeded", 1));
}

#[test]
fn a_link_is_not_enough_to_let_something_be_destroyed_over_a_limit() {
    let text = CONTAIN.replace(
        "      - step: revoke\n",
        "      - { step: wipe, action: try.destroy, irreversible: { because: \"a test\" } }\n      - step: revoke\n",
    );
    let mut sim = Sim::start_with(&text, agent(), Mode::Enforce, Some(ApprovalCause::Protected));
    assert_eq!(sim.approval().releases.len(), 3, "the pause was stopped before what destroys");
    let by_link = sim.vote_of("ana", Choice::Approve);
    let refused = sim.submit(by_link);
    assert!(matches!(refused, Err(IllegalTransition::NotSure { wanted: Assurance::Api, .. })), "{refused:?}");
    sim.wait(SignedDuration::from_hours(1));
    assert_eq!(sim.approval().identity, Assurance::Api, "nor when more people are asked");
    let harmless = Sim::start_with(CONTAIN, agent(), Mode::Enforce, Some(ApprovalCause::Protected));
    assert_eq!(harmless.approval().identity, Assurance::Link);
}

/// A pause that people may be asked about because of a limit, and what follows if it is not done.
fn stopped_at_a_budget(then: &str) -> Sim {
    let text = format!(
        "playbook: p\nowner: user:ana\nmode: enforce\nmatch: {{ when: \"true\" }}\nstages:\n  - stage: first\n    steps:\n      \
         - {{ step: pause, action: agent.pause }}\n  - stage: last\n    steps:\n      - {then}\n"
    );
    let mut sim = Sim::start_with(&text, agent(), Mode::Enforce, Some(ApprovalCause::Budget));
    assert_eq!((sim.state("pause"), sim.approval().cause), ("waiting", ApprovalCause::Budget));
    // There is room again before anybody has answered.
    sim.withhold = None;
    sim
}

const KILL: &str = "{ step: kill, action: try.destroy, irreversible: { because: runaway }, when: \"steps.pause.state == 'rejected'\" }";

#[test]
fn silence_over_a_budget_destroys_nothing_once_there_is_room_again() {
    let mut sim = stopped_at_a_budget(KILL);
    sim.wait(SignedDuration::from_hours(1));
    sim.wait(SignedDuration::from_hours(1));
    assert_eq!((sim.state("pause"), sim.step("pause").decision), ("rejected", Some(Decision::Expired)));
    assert_eq!((sim.state("kill"), sim.calls.len()), ("waiting", 0), "nobody has answered yet");
    assert_eq!((sim.approval().cause, sim.approval().identity), (ApprovalCause::Budget, Assurance::Api));
    sim.wait(SignedDuration::from_hours(1));
    sim.wait(SignedDuration::from_hours(1));
    assert_eq!((sim.state("kill"), sim.calls.len()), ("rejected", 0), "nor does further silence");
}

#[test]
fn silence_over_a_budget_runs_no_other_playbook() {
    let mut sim = stopped_at_a_budget(
        "{ step: other, action: run_playbook, with: { playbook: wipe, agent: mail-bot }, when: \"steps.pause.verdict != 'contained'\" }",
    );
    sim.wait(SignedDuration::from_hours(1));
    sim.wait(SignedDuration::from_hours(1));
    assert_eq!((sim.state("other"), sim.children.len()), ("waiting", 0));
}

#[test]
fn what_people_reject_or_approve_after_silence_is_done_as_they_say() {
    let mut sim = stopped_at_a_budget(KILL);
    sim.submit(sim.vote_of("sam", Choice::Reject)).unwrap();
    assert_eq!((sim.state("pause"), sim.calls.len()), ("rejected", 1), "somebody has answered");
    let mut sim = stopped_at_a_budget(KILL);
    sim.wait(SignedDuration::from_hours(1));
    sim.wait(SignedDuration::from_hours(1));
    let mut vote = sim.vote_of("sam", Choice::Approve);
    if let EventKind::Voted { assurance, .. } = &mut vote {
        *assurance = Assurance::Api;
    }
    sim.submit(vote).unwrap();
    assert_eq!(sim.calls.len(), 1, "what people let go is done");
    let mut sim = stopped_at_a_budget(&KILL.replace("'rejected'", "'succeeded'"));
    sim.wait(SignedDuration::from_hours(1));
    sim.submit(sim.vote_of("sam", Choice::Approve)).unwrap();
    assert_eq!((sim.state("pause"), sim.calls.len()), ("succeeded", 1), "silence that more people ended is none");
}

#[test]
fn silence_over_the_budget_of_a_run_that_a_step_started_destroys_nothing_either() {
    let text = "playbook: p\nowner: user:ana\nmode: enforce\nmatch: { when: \"true\" }\nstages:\n  - stage: first\n    steps:\n      \
                - { step: pause, action: run_playbook, with: { playbook: contain, agent: mail-bot } }\n  - stage: last\n    steps:\n      \
                - { step: kill, action: try.destroy, irreversible: { because: runaway }, when: \"steps.pause.verdict != 'contained'\" }\n";
    for (unanswered, state) in [(Some(ApprovalCause::Budget), "waiting"), (None, "doing")] {
        let mut sim = Sim::start(text);
        let StepState::Waiting(Waiting::Run { run, .. }) = sim.step("pause").state else { panic!("no run") };
        let (path, outcome, verdict) = ("pause".parse().unwrap(), Outcome::Completed, None);
        let kind = EventKind::ChildEnded { path, run, outcome, verdict, contained_at: None, unanswered };
        sim.submit(kind).unwrap();
        assert_eq!(sim.state("kill"), state);
    }
}
