//! Votes so far, who else is asked, how many it takes, and whether more people will be asked.

use serde::Serialize;

use crate::approval::{Case, OpenRequest};
use crate::domain::approval::{ApprovalStatus, Choice, OnTimeout};
use crate::engine::delivery::moment::clock_time;

use super::super::text::line;

/// People that a page names.
const NAMES_MAX: usize = 10;

#[derive(Serialize)]
pub(super) struct PeopleView {
    votes: Vec<VoteLine>,
    needed: String,
    asked: String,
    escalation: String,
}

#[derive(Serialize)]
struct VoteLine {
    icon: &'static str,
    name: String,
    word: &'static str,
    at: String,
    assurance: String,
    reason: Option<String>,
}

impl PeopleView {
    pub fn new(open: &OpenRequest) -> Self {
        let case = &open.case;
        let votes = case.approval.votes.iter().take(NAMES_MAX).map(|vote| {
            let (icon, word) = match vote.choice {
                Choice::Approve => ("✓", "yes"),
                Choice::Reject => ("✗", "no"),
            };
            let reason = line(&vote.reason, 200);
            VoteLine {
                icon,
                word,
                name: line(case.name(&vote.person), 80),
                at: clock_time(vote.at, case.now),
                assurance: format!("by {}", vote.assurance),
                reason: (!reason.is_empty()).then_some(reason),
            }
        });
        Self { votes: votes.collect(), needed: needed(case), asked: asked(open), escalation: escalation(case) }
    }
}

fn needed(case: &Case) -> String {
    let quorums = &case.approval.quorums;
    if quorums.iter().all(|quorum| quorum.approve <= 1 && quorum.reject <= 1) {
        return "One answer decides.".to_owned();
    }
    let words = quorums.iter().take(3).map(|quorum| {
        let among = quorum.from.len();
        format!("{} yes or {} no of {among} people", quorum.approve, quorum.reject)
    });
    format!("It is decided by {}.", words.collect::<Vec<_>>().join("; or by "))
}

fn asked(open: &OpenRequest) -> String {
    let (case, approval) = (&open.case, &open.case.approval);
    let others: Vec<String> = approval
        .people
        .iter()
        .filter(|person| **person != open.person)
        .map(|person| line(case.name(person), 60))
        .collect();
    match others.len() {
        0 => "Nobody else is asked.".to_owned(),
        count if count > NAMES_MAX => {
            let named: Vec<String> = others.into_iter().take(NAMES_MAX).collect();
            format!("Also asked: {} and {} more.", named.join(", "), count - NAMES_MAX)
        }
        _ => format!("Also asked: {}.", others.join(", ")),
    }
}

fn escalation(case: &Case) -> String {
    let approval = &case.approval;
    if approval.status != ApprovalStatus::Pending {
        return String::new();
    }
    if approval.escalated {
        return "More people were asked already.".to_owned();
    }
    match approval.on_timeout {
        _ if !case.can_ask_more => "Nobody else can be asked.".to_owned(),
        OnTimeout::Escalate => format!("More people are asked at {}.", clock_time(approval.deadline, case.now)),
        OnTimeout::Reject | OnTimeout::Act => "More people are asked only if somebody escalates.".to_owned(),
    }
}
