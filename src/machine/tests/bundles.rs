//! Requests that are decided together: each is still decided by its own rules.

use jiff::SignedDuration;

use super::simulator::{CONTAIN, Sim, agent};
use crate::domain::approval::{ApprovalStatus, Choice};
use crate::domain::{
    ApprovalCause, ApprovalId, Bundle, Digest, EventKind, Joint, Limit, Listed, Mode, PersonId, Verdict,
};
use crate::machine::IllegalTransition;

/// A run above a budget whose request stands in the list of another one.
fn follower() -> (Sim, ApprovalId) {
    let mut sim = Sim::start_with(CONTAIN, agent(), Mode::Enforce, Some(ApprovalCause::Budget));
    let first = ApprovalId::generate(sim.at);
    let request = sim.approval().id;
    let bundle = Bundle { first, limit: Limit::EveryHour, asks: false };
    sim.run.approvals.get_mut(&request).unwrap().bundle = Some(bundle);
    (sim, first)
}

/// The vote on a request that a vote on another one comes to.
fn carried(sim: &Sim, choice: Choice, change: impl FnOnce(&mut Joint, &mut Digest)) -> EventKind {
    let EventKind::Voted { approval, person, choice, reason, assurance, mut plan, eligible, .. } =
        sim.vote_of("ana", choice)
    else {
        unreachable!()
    };
    let mut joint = Joint::By { approval: ApprovalId::generate(sim.at), at: sim.at };
    change(&mut joint, &mut plan);
    EventKind::Voted { approval, person, choice, reason, assurance, plan, eligible, together: Some(joint) }
}

#[test]
fn a_vote_that_was_cast_in_time_counts_although_it_arrives_late() {
    let (mut sim, _) = follower();
    let cast_at = sim.at;
    sim.at += SignedDuration::from_hours(2);
    let late = carried(&sim, Choice::Approve, |_, _| {});
    let EventKind::Voted { approval, .. } = late else { unreachable!() };
    assert_eq!(
        sim.transition_only(&late),
        Err(IllegalTransition::DeadlinePassed),
        "one that was cast too late does not"
    );
    let in_time = carried(&sim, Choice::Approve, |joint, _| *joint = Joint::By { approval, at: cast_at });
    let run = sim.transition_only(&in_time).unwrap();
    assert_eq!(run.approvals[&approval].status, ApprovalStatus::Approved);
    assert_eq!(run.approvals[&approval].votes[0].at, cast_at);
}

#[test]
fn a_vote_for_another_plan_is_refused_however_it_came() {
    let (sim, _) = follower();
    let other = carried(&sim, Choice::Approve, |_, plan| *plan = Digest::of(b"another"));
    assert!(matches!(sim.transition_only(&other), Err(IllegalTransition::PlanChanged { .. })));
    let mallory = match carried(&sim, Choice::Approve, |_, _| {}) {
        EventKind::Voted { approval, choice, reason, assurance, plan, together, .. } => {
            let person = PersonId::parse("mallory").unwrap();
            let eligible = [person.clone()].into();
            EventKind::Voted { approval, person, choice, reason, assurance, plan, eligible, together }
        }
        _ => unreachable!(),
    };
    assert!(
        matches!(sim.transition_only(&mallory), Err(IllegalTransition::NotEligible(_))),
        "nobody gets a vote by a list"
    );
}

#[test]
fn the_vote_on_the_first_says_which_others_it_is_about() {
    let (sim, _) = follower();
    let with = vec![Listed { approval: ApprovalId::generate(sim.at), plan: Digest::of(b"theirs") }];
    let vote = carried(&sim, Choice::Reject, |joint, _| *joint = Joint::With(with.clone()));
    let run = sim.transition_only(&vote).unwrap();
    let approval = run.approvals.values().next().unwrap();
    assert_eq!((approval.status, &approval.with), (ApprovalStatus::Rejected, &with));
    assert!(run.steps.values().all(|step| step.verdict != Some(Verdict::Contained)));
}

#[test]
fn whoever_is_promoted_asks_people_once() {
    let (mut sim, _) = follower();
    let approval = sim.approval().id;
    assert!(!sim.approval().asks_people());
    sim.run = sim.transition_only(&EventKind::ApprovalPromoted { approval }).unwrap();
    assert!(sim.approval().asks_people());
    sim.run = sim.transition_only(&EventKind::ApprovalPromoted { approval }).unwrap();
    let unknown = EventKind::ApprovalPromoted { approval: ApprovalId::generate(sim.at) };
    assert!(matches!(sim.transition_only(&unknown), Err(IllegalTransition::NoSuchApproval(_))));
}
