//! One decision about the agents of a list, against a real engine and database.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use crate::approval::{Answer, DecideError, Limits, OpenRequest, Submission};
use crate::clock::Clock as _;
use crate::domain::approval::Choice;
use crate::domain::{
    Actor, Agent, Decision, Directory, Event, EventKind, Joint, Listed, Principal, Run, StepName, StepPath, StepState,
};
use crate::engine::Inventory;
use crate::engine::delivery::rehearsal::{Arrived, BUDGET, Rehearsal, Scene, person};
use crate::machine::room_for_listed;
use crate::store::{Commit, Guard, Row, Writer as _};

use super::*;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

struct Storm {
    rehearsal: Rehearsal,
    approvals: Arc<Approvals>,
    runs: Vec<RunId>,
}

impl Storm {
    /// One agent within the budget, and so many above it.
    async fn of(agents: usize) -> Self {
        let rehearsal = Rehearsal::of(Scene { playbook: BUDGET, ..Scene::default() }).await;
        let approvals = Arc::new(Approvals::new(rehearsal.engine.clone(), Limits::default()));
        let mut storm = Self { rehearsal, approvals, runs: Vec::new() };
        for number in 0..agents {
            storm.joins(&format!("bot-{number}")).await;
        }
        storm
    }

    async fn joins(&mut self, agent: &str) -> RunId {
        self.rehearsal.clock.advance(Duration::from_secs(1));
        let run = self.rehearsal.also(agent).await;
        self.runs.push(run);
        run
    }

    async fn open(&self, link: &Arrived) -> OpenRequest {
        self.approvals.open(&link.token, HERE).await.unwrap()
    }

    async fn decide(
        &self,
        link: &Arrived,
        seen: &OpenRequest,
        choice: Choice,
    ) -> Result<crate::approval::Receipt, DecideError> {
        let listing = seen.case.together.as_ref().map(Together::listing);
        let (reason, code) = ("a storm".to_owned(), link.code.clone());
        let entry = Submission { choice, reason, code, plan: seen.case.approval.plan.hash, listing };
        self.approvals.decide_by_link(&link.token, HERE, entry).await
    }

    async fn run(&self, index: usize) -> Run {
        self.rehearsal.read(self.runs[index]).await
    }

    async fn approval(&self, index: usize) -> Approval {
        let run = self.run(index).await;
        let newest = run.approvals.keys().max().copied().unwrap();
        run.approvals[&newest].clone()
    }

    async fn decisions(&self) -> Vec<Option<Decision>> {
        let mut decisions = Vec::new();
        for index in 0..self.runs.len() {
            decisions.push(self.approval(index).await.decision());
        }
        decisions
    }

    async fn is_held(&self, index: usize) -> bool {
        self.run(index).await.steps[&pause()].hold.is_some()
    }

    /// Ana's decision about a list is on disk, and none of the others was told of it.
    async fn decided_by_ana(&self, first: &Approval, with: &[Approval]) {
        let kind = EventKind::Voted {
            approval: first.id,
            person: person("ana"),
            choice: Choice::Approve,
            reason: "a storm".to_owned(),
            assurance: Assurance::Link,
            plan: first.plan.hash,
            eligible: first.people.clone(),
            together: Some(Joint::With(with.iter().map(Listed::from).collect())),
        };
        let actor = Actor::Person { id: person("ana"), assurance: Assurance::Link };
        let event = Event { at: self.rehearsal.clock.now(), actor, kind };
        self.rehearsal.engine.submit(self.runs[0], event).await.unwrap();
    }

    /// From now on ben is the fallback owner.
    fn ben_can_be_asked(&self) {
        let inventory = self.rehearsal.engine.inventory();
        let agents = inventory.agents().map(|agent| Agent::clone(agent)).collect();
        let fallback = vec![Principal::User(person("ben"))];
        let directory = Directory { fallback, ..inventory.directory().clone() };
        self.rehearsal.engine.set_inventory(Inventory::new(agents, directory));
    }

    /// Nobody may touch the run from now on.
    async fn set_apart(&self, index: usize) {
        let run = self.runs[index];
        let row = Row::RunQuarantined { run, reason: "somebody must look".to_owned() };
        let commit = Commit { guards: Vec::new(), rows: vec![row] };
        self.rehearsal.engine.store().commit(commit).await.unwrap();
    }

    /// The run carries so much that there is room for only a few others; how many.
    async fn make_large(&self, index: usize) -> usize {
        let mut run = self.run(index).await;
        let mut length = 0;
        while room_for_listed(&run) > 2 {
            length += 256;
            run.vars.values.insert("large".to_owned(), "x".repeat(length).into());
        }
        let fits = room_for_listed(&run);
        run.version += 1;
        let guards = vec![Guard::RunVersion { run: run.id, expected: run.version - 1 }];
        let commit = Commit { guards, rows: vec![Row::Run(Box::new(run))] };
        self.rehearsal.engine.store().commit(commit).await.unwrap();
        fits
    }

    async fn cancel(&self, index: usize) {
        let kind = EventKind::RunCancelled { reason: "not this one".to_owned() };
        let actor = Actor::Person { id: person("ben"), assurance: Assurance::Api };
        let event = Event { at: self.rehearsal.clock.now(), actor, kind };
        self.rehearsal.engine.submit(self.runs[index], event).await.unwrap();
    }
}

fn pause() -> StepPath {
    StepPath::from(StepName::parse("pause").unwrap())
}

#[tokio::test]
async fn a_storm_asks_each_person_once_and_one_decision_reaches_every_agent_that_was_shown() {
    let storm = Storm::of(8).await;
    let link = storm.rehearsal.link_of("ana").await;
    assert!(storm.rehearsal.deliver().await.is_empty(), "nobody is asked a second time");
    assert!(link.text.contains("bot-0, bot-1, bot-2, bot-3, bot-4, bot-5, bot-6, bot-7."), "{}", link.text);
    let seen = storm.open(&link).await;
    assert_eq!(seen.case.together.as_ref().unwrap().waiting().count(), 8);
    storm.decide(&link, &seen, Choice::Approve).await.unwrap();
    assert_eq!(storm.decisions().await, [Some(Decision::Approved); 8]);
    let first = storm.approval(0).await;
    for index in 0..8 {
        let (approval, run) = (storm.approval(index).await, storm.run(index).await);
        assert!(storm.is_held(index).await, "agent {index} is contained");
        assert_eq!(run.steps.len(), 2);
        let vote = &approval.votes[0];
        let said = (vote.person.as_str(), vote.reason.as_str(), vote.assurance, vote.choice);
        assert_eq!(said, ("ana", "a storm", Assurance::Link, Choice::Approve));
        assert_eq!(vote.at, first.votes[0].at, "it is one decision");
    }
    assert_eq!(storm.rehearsal.engine.keep_bundles().await, 0, "nothing is left to be done");
}

#[tokio::test]
async fn who_joins_after_the_page_was_shown_waits_on_and_the_same_link_shows_them() {
    let mut storm = Storm::of(2).await;
    let link = storm.rehearsal.link_of("ana").await;
    let seen = storm.open(&link).await;
    storm.joins("late").await;
    storm.decide(&link, &seen, Choice::Reject).await.unwrap();
    assert_eq!(storm.decisions().await, [Some(Decision::Rejected), Some(Decision::Rejected), None]);
    assert_eq!(storm.run(0).await.steps[&pause()].state, StepState::Rejected);
    // People hear of who is left, once; the old link shows the rest too.
    assert_eq!(storm.rehearsal.engine.keep_bundles().await, 1);
    assert_eq!(storm.rehearsal.engine.keep_bundles().await, 0);
    assert_eq!(storm.rehearsal.deliver().await.len(), 2, "one to ana and one to cleo");
    let rest = storm.open(&link).await;
    assert_eq!(rest.case.run.id, storm.runs[2]);
    storm.decide(&link, &rest, Choice::Approve).await.unwrap();
    assert!(storm.is_held(2).await && !storm.is_held(0).await);
    // What comes now was seen by nobody: it is asked about anew.
    storm.joins("later-still").await;
    assert!(storm.approval(3).await.bundle.unwrap().asks);
}

#[tokio::test]
async fn a_list_that_changed_in_the_part_that_was_shown_decides_nothing() {
    let storm = Storm::of(3).await;
    let link = storm.rehearsal.link_of("ana").await;
    let seen = storm.open(&link).await;
    storm.cancel(1).await;
    assert_eq!(storm.decide(&link, &seen, Choice::Approve).await, Err(DecideError::ListChanged));
    let nameless = Submission {
        choice: Choice::Approve,
        reason: "a storm".to_owned(),
        code: link.code.clone(),
        plan: seen.case.approval.plan.hash,
        listing: None,
    };
    assert_eq!(storm.approvals.decide_by_link(&link.token, HERE, nameless).await, Err(DecideError::ListChanged));
    assert_eq!(storm.decisions().await, [None, None, None]);
    let again = storm.open(&link).await;
    storm.decide(&link, &again, Choice::Approve).await.unwrap();
    assert!(storm.is_held(0).await && !storm.is_held(1).await && storm.is_held(2).await);
}

#[tokio::test]
async fn where_the_one_that_asked_ends_first_the_next_one_asks_and_nobody_is_left_alone() {
    let storm = Storm::of(3).await;
    let link = storm.rehearsal.link_of("ana").await;
    storm.cancel(0).await;
    assert_eq!(storm.rehearsal.engine.keep_bundles().await, 1);
    assert_eq!(storm.rehearsal.engine.keep_bundles().await, 0);
    assert!(storm.approval(1).await.bundle.unwrap().asks);
    let newer = storm.rehearsal.link_of("ana").await;
    for link in [&newer, &link] {
        assert_eq!(storm.open(link).await.case.together.unwrap().waiting().count(), 2);
    }
    let seen = storm.open(&link).await;
    storm.decide(&link, &seen, Choice::Approve).await.unwrap();
    assert!(storm.is_held(1).await && storm.is_held(2).await);
}

#[tokio::test]
async fn a_page_counts_what_its_reader_may_decide_and_the_vote_takes_just_that() {
    use crate::domain::Principal;
    use crate::engine::Inventory;
    let storm = Storm::of(3).await;
    let link = storm.rehearsal.link_of("ana").await;
    // Since they were asked, the second agent's owner is nobody that the configuration knows.
    let known = storm.rehearsal.engine.inventory();
    let mut directory = known.directory().clone();
    let ana = directory.people.remove(&person("ana")).unwrap();
    directory.fallback = vec![Principal::User(person("cleo"))];
    storm.rehearsal.engine.set_inventory(Inventory::new(Vec::new(), directory.clone()));
    let seen = storm.open(&link).await;
    assert!(seen.case.list.is_none(), "who left decides about nothing: {:?}", seen.case.list);
    directory.people.insert(ana.id.clone(), ana);
    storm.rehearsal.engine.set_inventory(Inventory::new(Vec::new(), directory));
    let seen = storm.open(&link).await;
    let list = seen.case.list.as_ref().unwrap();
    assert_eq!((list.entries.len(), list.agents(), list.barred), (3, 3, 0));
    storm.decide(&link, &seen, Choice::Approve).await.unwrap();
    assert_eq!(storm.decisions().await, [Some(Decision::Approved); 3]);
}

#[tokio::test]
async fn one_of_a_list_can_be_decided_alone_and_leaves_it() {
    let storm = Storm::of(3).await;
    let link = storm.rehearsal.link_of("ana").await;
    let single = storm.approval(1).await;
    let answer =
        Answer { choice: Choice::Reject, reason: "it is mine".to_owned(), plan: single.plan.hash, listing: None };
    storm.approvals.decide_by_person(single.id, &person("ana"), answer, Assurance::Api).await.unwrap();
    assert_eq!(storm.decisions().await, [None, Some(Decision::Rejected), None]);
    let seen = storm.open(&link).await;
    assert_eq!(seen.case.together.as_ref().unwrap().waiting().count(), 2);
    storm.decide(&link, &seen, Choice::Approve).await.unwrap();
    assert_eq!(storm.decisions().await, [Some(Decision::Approved), Some(Decision::Rejected), Some(Decision::Approved)]);
}

#[tokio::test]
async fn a_decision_that_a_dead_process_left_half_way_is_carried_on_even_after_the_deadline() {
    let storm = Storm::of(4).await;
    // The decision is on disk; whoever made it died before anybody else was told.
    let (first, with) = (storm.approval(0).await, [storm.approval(1).await, storm.approval(2).await]);
    let decided_at = storm.rehearsal.clock.now();
    storm.decided_by_ana(&first, &with).await;
    assert_eq!(storm.decisions().await, [Some(Decision::Approved), None, None, None]);
    storm.rehearsal.clock.advance(Duration::from_hours(2));
    assert!(!storm.rehearsal.engine.tick_due().await);
    for index in 0..3 {
        assert!(storm.is_held(index).await, "agent {index} was decided about in time");
        assert_eq!(storm.approval(index).await.votes[0].at, decided_at);
    }
    assert!(!storm.is_held(3).await, "silence never contains");
}

#[tokio::test]
async fn a_decision_that_is_still_on_its_way_when_the_deadline_comes_is_not_overtaken_by_it() {
    let storm = Storm::of(5).await;
    // This process has looked after deadlines before: it is not the first look that makes the difference.
    assert!(!storm.rehearsal.engine.tick_due().await);
    let first = storm.approval(0).await;
    let with = [storm.approval(1).await, storm.approval(2).await, storm.approval(3).await];
    storm.rehearsal.clock.set(first.deadline - jiff::SignedDuration::from_millis(1));
    let decided_at = storm.rehearsal.clock.now();
    storm.decided_by_ana(&first, &with).await;
    storm.rehearsal.clock.advance(Duration::from_mins(1));
    assert!(!storm.rehearsal.engine.tick_due().await);
    for index in 0..4 {
        assert!(storm.is_held(index).await, "agent {index} was decided about in time");
        assert_eq!(storm.approval(index).await.votes[0].at, decided_at);
    }
    assert!(storm.approval(4).await.escalated && !storm.is_held(4).await, "silence never contains");
}

#[tokio::test]
async fn a_link_of_a_list_that_wrong_codes_end_is_replaced_by_one_to_the_request_it_led_to() {
    let storm = Storm::of(3).await;
    let link = storm.rehearsal.link_of("ana").await;
    storm.cancel(0).await;
    // The link is of the first request, and leads to the second now.
    let seen = storm.open(&link).await;
    assert_eq!(seen.case.run.id, storm.runs[1]);
    let wrong = Arrived { code: link.wrong_code(), ..link.clone() };
    for left in (0..5).rev() {
        assert_eq!(storm.decide(&wrong, &seen, Choice::Approve).await, Err(DecideError::WrongCode { left }));
    }
    let anew = storm.rehearsal.link_of("ana").await;
    let seen = storm.open(&anew).await;
    storm.decide(&anew, &seen, Choice::Approve).await.unwrap();
    assert!(storm.is_held(1).await && storm.is_held(2).await);
}

#[tokio::test]
async fn silence_about_a_storm_calls_more_people_once_and_not_once_an_agent() {
    let storm = Storm::of(6).await;
    assert_eq!(storm.rehearsal.deliver().await.len(), 2);
    storm.rehearsal.clock.advance(Duration::from_secs(3605));
    assert!(!storm.rehearsal.engine.tick_due().await);
    storm.rehearsal.engine.keep_bundles().await;
    assert_eq!(storm.rehearsal.deliver().await.len(), 2, "ana and cleo hear of the six once more");
    for index in 0..6 {
        let approval = storm.approval(index).await;
        assert!(approval.escalated && approval.decision().is_none(), "{approval:?}");
    }
}

#[tokio::test]
async fn agents_of_different_owners_are_never_in_one_list() {
    let mut storm = Storm::of(1).await;
    let of_ben = storm.rehearsal.also_of("bens-bot", "ben").await;
    storm.runs.push(of_ben);
    let link = storm.rehearsal.link_of("ana").await;
    let seen = storm.open(&link).await;
    assert_eq!(seen.case.together.as_ref().unwrap().waiting().count(), 1);
    storm.decide(&link, &seen, Choice::Approve).await.unwrap();
    assert_eq!(storm.decisions().await, [Some(Decision::Approved), None]);
}

#[tokio::test]
async fn where_everybody_was_asked_already_an_escalation_asks_nobody_and_shortens_no_wait() {
    let storm = Storm::of(3).await;
    let link = storm.rehearsal.link_of("ana").await;
    assert!(!storm.open(&link).await.case.can_ask_more);
    let refused = storm.approvals.escalate_by_link(&link.token, HERE, &link.code).await;
    assert_eq!(refused, Err(DecideError::NobodyMore));
    for index in 0..3 {
        assert!(!storm.approval(index).await.escalated);
    }
    assert!(storm.rehearsal.deliver().await.is_empty());
}

#[tokio::test]
async fn asking_more_people_asks_them_about_the_whole_list_with_one_message() {
    let storm = Storm::of(3).await;
    let link = storm.rehearsal.link_of("ana").await;
    storm.ben_can_be_asked();
    assert!(storm.open(&link).await.case.can_ask_more);
    storm.approvals.escalate_by_link(&link.token, HERE, &link.code).await.unwrap();
    for index in 0..3 {
        assert!(storm.approval(index).await.escalated);
    }
    let arrived = storm.rehearsal.deliver().await;
    assert_eq!(arrived.len(), 1, "ben hears of it, and nobody else again");
    assert_eq!(storm.open(&arrived[0]).await.case.together.unwrap().waiting().count(), 3);
    let again = storm.approvals.escalate_by_link(&link.token, HERE, &link.code).await;
    assert_eq!(again, Err(DecideError::AlreadyEscalated));
}

#[tokio::test]
async fn an_escalation_that_was_broken_off_after_the_first_of_a_list_goes_on_with_the_others() {
    let storm = Storm::of(3).await;
    let link = storm.rehearsal.link_of("ana").await;
    storm.ben_can_be_asked();
    let kind = EventKind::Escalated { approval: storm.approval(0).await.id, person: person("ana") };
    let actor = Actor::Person { id: person("ana"), assurance: Assurance::Link };
    let event = Event { at: storm.rehearsal.clock.now(), actor, kind };
    storm.rehearsal.engine.submit(storm.runs[0], event).await.unwrap();
    storm.approvals.escalate_by_link(&link.token, HERE, &link.code).await.unwrap();
    for index in 0..3 {
        assert!(storm.approval(index).await.people.contains(&person("ben")), "run {index}");
    }
}

#[tokio::test]
async fn a_run_that_nobody_may_touch_keeps_nobody_from_deciding_about_the_others() {
    let storm = Storm::of(3).await;
    let link = storm.rehearsal.link_of("ana").await;
    storm.set_apart(0).await;
    let seen = storm.open(&link).await;
    assert_eq!((seen.case.run.id, seen.case.together.as_ref().unwrap().waiting().count()), (storm.runs[1], 2));
    storm.decide(&link, &seen, Choice::Approve).await.unwrap();
    assert!(!storm.is_held(0).await && storm.is_held(1).await && storm.is_held(2).await);
}

#[tokio::test]
async fn a_decision_is_about_no_more_than_its_run_can_record_and_the_rest_goes_on_waiting() {
    let storm = Storm::of(6).await;
    let link = storm.rehearsal.link_of("ana").await;
    let fits = storm.make_large(0).await;
    assert!((1..5).contains(&fits), "{fits}");
    let seen = storm.open(&link).await;
    storm.decide(&link, &seen, Choice::Approve).await.unwrap();
    let decided = storm.decisions().await.into_iter().flatten().count();
    assert_eq!(decided, 1 + fits);
    let rest = storm.open(&link).await;
    storm.decide(&link, &rest, Choice::Approve).await.unwrap();
    assert_eq!(storm.decisions().await, [Some(Decision::Approved); 6]);
}
