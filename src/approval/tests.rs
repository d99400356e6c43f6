//! Links, codes, receipts and limits against a real engine and database.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use crate::domain::approval::{ApprovalStatus, Choice};
use crate::domain::{Assurance, Digest, Outcome, RunStatus, StepName, StepPath, StepState};
use crate::engine::delivery::rehearsal::{Arrived, GUARD, Rehearsal, Scene, person};
use crate::store::{Approvals as _, Outbox as _, RunLog as _, Subject};

use super::{Answer, Approvals, DecideError, Limits, OpenError, Submission};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

struct Desk {
    rehearsal: Rehearsal,
    approvals: Arc<Approvals>,
}

impl Desk {
    async fn of(scene: Scene) -> Self {
        let rehearsal = Rehearsal::of(scene).await;
        let approvals = Arc::new(Approvals::new(rehearsal.engine.clone(), Limits::default()));
        Self { rehearsal, approvals }
    }

    async fn entry(&self, choice: Choice, code: &str) -> Submission {
        let plan = self.rehearsal.approval().await.plan.hash;
        Submission { choice, reason: "asked ana".to_owned(), code: code.to_owned(), plan, listing: None }
    }

    async fn decide(&self, link: &Arrived, choice: Choice, code: &str) -> Result<ApprovalStatus, DecideError> {
        let entry = self.entry(choice, code).await;
        self.approvals.decide_by_link(&link.token, HERE, entry).await.map(|receipt| receipt.status)
    }

    async fn events(&self) -> usize {
        self.rehearsal.engine.store().events(&Subject::Run(self.rehearsal.run)).await.unwrap().len()
    }
}

fn answer(choice: Choice, reason: &str, plan: Digest) -> Answer {
    Answer { choice, reason: reason.to_owned(), plan, listing: None }
}

fn step(name: &str) -> StepPath {
    StepPath::from(StepName::parse(name).unwrap())
}

#[tokio::test]
async fn whoever_holds_link_and_code_decides_and_gets_a_receipt_that_outlives_a_restart() {
    let desk = Desk::of(Scene::default()).await;
    let link = desk.rehearsal.link_of("ana").await;
    let entry = desk.entry(Choice::Approve, &link.code).await;
    let receipt = desk.approvals.decide_by_link(&link.token, HERE, entry).await.unwrap();
    assert_eq!((receipt.status, receipt.person.as_str()), (ApprovalStatus::Approved, "ana"));
    let run = desk.rehearsal.run().await;
    assert_eq!(run.status, RunStatus::Finished(Outcome::Completed));
    assert_eq!(run.steps[&step("pause")].state, StepState::Undone);
    let vote = &desk.rehearsal.approval().await.votes[0];
    assert_eq!((vote.assurance, vote.reason.as_str()), (Assurance::Link, "asked ana"));

    let shown = receipt.link.unwrap();
    assert!(!shown.contains(&link.token) && !shown.contains(&Digest::of(link.token.as_bytes()).to_string()));
    let restarted = Approvals::new(desk.rehearsal.engine.clone(), Limits::default());
    let outcome = restarted.outcome(&shown, HERE).await.unwrap();
    assert_eq!(outcome.case.approval.status, ApprovalStatus::Approved);
    let mut forged = shown.into_bytes();
    let last = forged.last_mut().unwrap();
    *last = if *last == b'0' { b'1' } else { b'0' };
    let forged = String::from_utf8(forged).unwrap();
    assert_eq!(restarted.outcome(&forged, HERE).await.unwrap_err(), OpenError::NotFound);
}

#[tokio::test]
async fn opening_a_link_changes_nothing_however_often() {
    let desk = Desk::of(Scene::default()).await;
    let link = desk.rehearsal.link_of("ben").await;
    let before =
        (desk.rehearsal.run().await, desk.events().await, desk.rehearsal.engine.store().message_counts().await);
    let tokens = desk.rehearsal.engine.store().tokens_of(desk.rehearsal.approval().await.id).await.unwrap();
    for _ in 0..50 {
        assert_eq!(desk.approvals.open(&link.token, HERE).await.unwrap().person.as_str(), "ben");
        assert!(desk.approvals.open("apr_nonsense", HERE).await.is_err());
    }
    let after = (desk.rehearsal.run().await, desk.events().await, desk.rehearsal.engine.store().message_counts().await);
    assert_eq!(before, after);
    assert_eq!(
        desk.rehearsal.engine.store().tokens_of(before.0.approvals.keys().next().copied().unwrap()).await.unwrap(),
        tokens
    );
}

#[tokio::test]
async fn a_wrong_code_counts_on_disk_and_the_fifth_ends_the_link_and_sends_another_at_most_twice() {
    let desk = Desk::of(Scene::default()).await;
    let mut link = desk.rehearsal.link_of("ana").await;
    for round in 0..3 {
        for left in (0..5).rev() {
            let wrong = link.wrong_code();
            assert_eq!(desk.decide(&link, Choice::Approve, &wrong).await, Err(DecideError::WrongCode { left }));
        }
        let right = link.code.clone();
        assert_eq!(desk.decide(&link, Choice::Approve, &right).await, Err(DecideError::NotFound), "the link has ended");
        desk.rehearsal.delivery.try_deliver_due().await;
        let sent = desk.rehearsal.receiver.take();
        let told = |subject: &str| sent.iter().any(|body| body["subject"].as_str().unwrap().starts_with(subject));
        assert!(told("Wrong codes: the link of ana was ended"), "{sent:?}");
        if round < 2 {
            let body = sent.iter().find(|body| body["subject"].as_str().unwrap().starts_with('[')).unwrap();
            link = Arrived::read(body).unwrap();
            desk.rehearsal.clock.advance(std::time::Duration::from_mins(1));
        } else {
            assert!(!told("["), "no third new link");
        }
    }
    let approval = desk.rehearsal.approval().await;
    assert_eq!(approval.status, ApprovalStatus::Pending, "the request itself is never locked");
    desk.rehearsal.clock.advance(std::time::Duration::from_mins(1));
    let (id, plan) = (approval.id, approval.plan.hash);
    let decided = desk
        .approvals
        .decide_by_person(id, &person("ana"), answer(Choice::Reject, "by hand", plan), Assurance::Api)
        .await;
    assert_eq!(decided.unwrap().status, ApprovalStatus::Rejected);
}

#[tokio::test]
async fn codes_can_not_be_tried_faster_by_trying_many_at_once() {
    let desk = Desk::of(Scene::default()).await;
    let link = desk.rehearsal.link_of("ana").await;
    let entry = desk.entry(Choice::Approve, &link.wrong_code()).await;
    let tries = (0..20).map(|_| desk.approvals.decide_by_link(&link.token, HERE, entry.clone()));
    let answers = futures_util::future::join_all(tries).await;
    let counted = answers.iter().filter(|answer| matches!(answer, Err(DecideError::WrongCode { .. }))).count();
    assert_eq!(counted, 5);
    assert_eq!(answers.iter().filter(|answer| **answer == Err(DecideError::NotFound)).count(), 10);
    assert_eq!(answers.iter().filter(|answer| **answer == Err(DecideError::TooMany)).count(), 5, "unknown by now");
}

#[tokio::test]
async fn an_incomplete_entry_says_nothing_about_its_code() {
    let desk = Desk::of(Scene::default()).await;
    let link = desk.rehearsal.link_of("ana").await;
    for code in [link.code.clone(), link.wrong_code()] {
        let entry = Submission { reason: "  ".to_owned(), ..desk.entry(Choice::Approve, &code).await };
        let answer = desk.approvals.decide_by_link(&link.token, HERE, entry).await;
        assert_eq!(answer, Err(DecideError::ReasonMissing));
    }
    let entry = Submission { reason: String::new(), ..desk.entry(Choice::Approve, "12").await };
    let answer = desk.approvals.decide_by_link(&link.token, HERE, entry).await;
    assert_eq!(answer, Err(DecideError::CodeMissing { reason_missing: true }));
    let long = Submission { reason: "x".repeat(2_001), ..desk.entry(Choice::Approve, &link.code).await };
    let answer = desk.approvals.decide_by_link(&link.token, HERE, long).await;
    assert_eq!(answer, Err(DecideError::ReasonTooLong { characters_max: 2_000 }));
    let tokens = desk.rehearsal.engine.store().tokens_of(desk.rehearsal.approval().await.id).await.unwrap();
    assert!(tokens.iter().all(|token| token.failures == 0));
}

#[tokio::test]
async fn a_decision_about_another_plan_is_refused() {
    let desk = Desk::of(Scene::default()).await;
    let link = desk.rehearsal.link_of("ana").await;
    let entry = Submission { plan: Digest::ZERO, ..desk.entry(Choice::Approve, &link.code).await };
    assert_eq!(desk.approvals.decide_by_link(&link.token, HERE, entry).await, Err(DecideError::PlanChanged));
    assert_eq!(desk.rehearsal.approval().await.votes.len(), 0);
}

#[tokio::test]
async fn the_second_decision_and_the_late_one_lose() {
    let desk = Desk::of(Scene::default()).await;
    let arrived = desk.rehearsal.deliver().await;
    let codes: Vec<String> = arrived.iter().map(|link| link.code.clone()).collect();
    assert_eq!(desk.decide(&arrived[0], Choice::Reject, &codes[0]).await, Ok(ApprovalStatus::Rejected));
    let lost = Err(DecideError::AlreadyDecided { status: ApprovalStatus::Rejected });
    assert_eq!(desk.decide(&arrived[1], Choice::Approve, &codes[1]).await, lost);

    let desk = Desk::of(Scene::default()).await;
    let link = desk.rehearsal.link_of("ana").await;
    let entry = desk.entry(Choice::Approve, &link.code).await;
    desk.rehearsal.clock.advance(std::time::Duration::from_hours(4));
    assert_eq!(desk.approvals.decide_by_link(&link.token, HERE, entry.clone()).await, Err(DecideError::Expired));
    assert_eq!(desk.approvals.open(&link.token, HERE).await.unwrap_err(), OpenError::Expired);
    assert!(!desk.rehearsal.engine.tick_due().await);
    assert_eq!(desk.rehearsal.approval().await.status, ApprovalStatus::Expired);
    assert_eq!(desk.approvals.decide_by_link(&link.token, HERE, entry).await, Err(DecideError::Expired));
}

#[tokio::test]
async fn each_person_has_one_vote_and_two_are_needed_where_the_playbook_says_so() {
    let desk = Desk::of(Scene { playbook: GUARD, ..Scene::default() }).await;
    let arrived = desk.rehearsal.deliver().await;
    let codes: Vec<String> = arrived.iter().map(|link| link.code.clone()).collect();
    assert_eq!(desk.decide(&arrived[0], Choice::Approve, &codes[0]).await, Ok(ApprovalStatus::Pending));
    let again = desk.decide(&arrived[0], Choice::Approve, &codes[0]).await;
    assert!(matches!(again, Err(DecideError::AlreadyVoted(_))), "{again:?}");
    assert_eq!(desk.decide(&arrived[1], Choice::Approve, &codes[1]).await, Ok(ApprovalStatus::Approved));
    assert!(desk.rehearsal.run().await.steps[&step("pause")].hold.is_some());
}

#[tokio::test]
async fn escalating_wants_the_code_and_adds_people_to_the_request() {
    let desk = Desk::of(Scene::default()).await;
    let link = desk.rehearsal.link_of("ben").await;
    let before = desk.rehearsal.run().await;
    let codeless = desk.approvals.escalate_by_link(&link.token, HERE, "").await;
    assert_eq!(codeless, Err(DecideError::CodeMissing { reason_missing: false }));
    let guessed = desk.approvals.escalate_by_link(&link.token, HERE, &link.wrong_code()).await;
    assert_eq!(guessed, Err(DecideError::WrongCode { left: 4 }));
    assert_eq!(desk.rehearsal.run().await, before);
    let receipt = desk.approvals.escalate_by_link(&link.token, HERE, &link.code).await.unwrap();
    assert_eq!(receipt.status, ApprovalStatus::Pending);
    let newer = desk.rehearsal.approval().await;
    assert_eq!(newer.status, ApprovalStatus::Pending);
    assert!(newer.people.contains(&person("cleo")), "{:?}", newer.people);
    let cleo = desk.rehearsal.link_of("cleo").await;
    let again = desk.approvals.escalate_by_link(&cleo.token, HERE, &cleo.code).await;
    assert_eq!(again, Err(DecideError::AlreadyEscalated));
    assert_eq!(desk.decide(&cleo, Choice::Reject, &cleo.code).await, Ok(ApprovalStatus::Rejected));
}

#[tokio::test]
async fn people_who_were_not_asked_may_not_decide() {
    let desk = Desk::of(Scene::default()).await;
    let approval = desk.rehearsal.approval().await;
    let (id, plan) = (approval.id, approval.plan.hash);
    for name in ["cleo", "mallory"] {
        let answer = desk
            .approvals
            .decide_by_person(id, &person(name), answer(Choice::Approve, "why not", plan), Assurance::Api)
            .await;
        assert_eq!(answer, Err(DecideError::NotEligible(person(name))));
        let answer = desk.approvals.escalate_by_person(id, &person(name), Assurance::Api).await;
        assert_eq!(answer, Err(DecideError::NotEligible(person(name))));
    }
}

#[tokio::test]
async fn guessing_is_slowed_down_and_never_locks_out_who_holds_a_link() {
    let desk = Desk::of(Scene::default()).await;
    let link = desk.rehearsal.link_of("ana").await;
    let unknown = crate::domain::LinkToken::from_random(&[9; 32]);
    for guess in 0..12 {
        let answer = desk.approvals.open(unknown.reveal(), HERE).await.unwrap_err();
        assert_eq!(answer, if guess < 10 { OpenError::NotFound } else { OpenError::TooMany });
    }
    assert!(desk.approvals.open(&link.token, HERE).await.is_ok());
    let elsewhere = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 8));
    assert_eq!(desk.approvals.open(unknown.reveal(), elsewhere).await.unwrap_err(), OpenError::NotFound);
    for _ in 0..30 {
        let answer = desk.decide(&link, Choice::Approve, "").await;
        assert_eq!(answer, Err(DecideError::CodeMissing { reason_missing: false }));
    }
    assert_eq!(desk.decide(&link, Choice::Approve, "").await, Err(DecideError::TooMany));
    assert_eq!(desk.decide(&link, Choice::Approve, &link.code).await, Ok(ApprovalStatus::Approved));
}

#[tokio::test]
async fn a_link_without_its_code_keeps_its_person_out_of_nothing() {
    let desk = Desk::of(Scene::default()).await;
    let link = desk.rehearsal.link_of("ana").await;
    for _ in 0..40 {
        assert!(desk.decide(&link, Choice::Approve, "").await.is_err());
    }
    let approval = desk.rehearsal.approval().await;
    let (id, plan) = (approval.id, approval.plan.hash);
    let decided = desk
        .approvals
        .decide_by_person(id, &person("ana"), answer(Choice::Reject, "by hand", plan), Assurance::Api)
        .await;
    assert_eq!(decided.unwrap().status, ApprovalStatus::Rejected);
}

#[tokio::test]
async fn a_proven_person_decides_at_most_so_often_a_minute() {
    let desk = Desk::of(Scene::default()).await;
    let id = desk.rehearsal.approval().await.id;
    let ana = person("ana");
    let decide =
        || desk.approvals.decide_by_person(id, &ana, answer(Choice::Approve, "why", Digest::ZERO), Assurance::Api);
    for _ in 0..30 {
        assert_eq!(decide().await, Err(DecideError::PlanChanged));
    }
    assert_eq!(decide().await, Err(DecideError::TooMany));
    desk.rehearsal.clock.advance(std::time::Duration::from_mins(1));
    assert_eq!(decide().await, Err(DecideError::PlanChanged));
}
