//! The agents whose requests are decided together: a list that a person can look through on a phone, and nothing that was
//! left out of it without a word.

use serde::Serialize;

use crate::approval::{Case, Together};
use crate::domain::approval::{ApprovalStatus, Choice};
use crate::domain::{Approval, Run, Tier};
use crate::store::BundledApproval;

use super::super::text::line;

/// The most characters that the names of further agents take on a page.
const NAMES_CHARACTERS_MAX: usize = 5_000;

#[derive(Serialize)]
pub(super) struct TogetherView {
    heading: String,
    news: Option<String>,
    intro: String,
    agents: Vec<AgentLine>,
    /// Agents of which a page says no more than their ids.
    names: String,
    more: usize,
    id: String,
}

#[derive(Serialize)]
struct AgentLine {
    name: String,
    state: Option<&'static str>,
    about: String,
    alert: String,
    differs: Option<String>,
}

/// What people are asked, of however many agents.
pub(super) fn question(case: &Case) -> String {
    let ask = &case.approval.ask;
    match case.together.as_ref().map(|together| together.about(&case.approval).len()) {
        Some(count) if count > 1 => format!("{count} agents: {ask}"),
        _ => ask.clone(),
    }
}

impl TogetherView {
    /// The list of those that wait; after a decision, of those that it was about. Nothing where it is one agent alone.
    pub fn new(case: &Case) -> Option<Self> {
        let together = case.together.as_ref()?;
        if case.approval.status == ApprovalStatus::Pending {
            return Self::waiting(case, together);
        }
        Self::decided(case, together)
    }

    fn waiting(case: &Case, together: &Together) -> Option<Self> {
        let waiting = together.about(&case.approval);
        let decided = together.all.iter().filter(|request| request.approval.decision().is_some()).count();
        let (count, limit) = (waiting.len(), together.limit.words());
        let news = (decided > 0).then(|| format!("{decided} others of this list are over; these wait still."));
        if count <= 1 && news.is_none() {
            return None;
        }
        let intro = format!(
            "All are over {limit}. The same is done to each, with its own parameters. Your answer counts for these {count} \
             and for no other: what comes after them waits for an answer of its own."
        );
        let heading = if count == 1 { "1 agent waits".to_owned() } else { format!("These {count} agents wait") };
        Some(Self::of(case, &waiting, heading, news, intro, false))
    }

    fn decided(case: &Case, together: &Together) -> Option<Self> {
        let decided = together.about(&case.approval);
        let left = together.waiting().count();
        if decided.len() <= 1 && left == 0 {
            return None;
        }
        let news = (left > 0).then(|| {
            format!("{left} more came meanwhile or need another proof. They wait: open your link again, or the newest message.")
        });
        let count = decided.len();
        let heading = if count == 1 { "For 1 agent".to_owned() } else { format!("For these {count} agents") };
        let intro = format!("All were over {}. Each run goes on by itself.", together.limit.words());
        Some(Self::of(case, &decided, heading, news, intro, true))
    }

    fn of(
        case: &Case,
        requests: &[&BundledApproval],
        heading: String,
        news: Option<String>,
        intro: String,
        with_state: bool,
    ) -> Self {
        let detailed = requests.iter().take(crate::approval::DETAILED_MAX);
        let agents: Vec<AgentLine> = detailed
            .map(|request| {
                let state = with_state.then(|| state(&request.approval));
                AgentLine { state, ..AgentLine::new(case, request) }
            })
            .collect();
        let (mut names, mut more) = (String::new(), 0);
        for request in requests.iter().skip(agents.len()) {
            let name = line(request.agent.as_str(), 80);
            if names.len() + name.len() > NAMES_CHARACTERS_MAX {
                more += 1;
                continue;
            }
            if !names.is_empty() {
                names.push_str(", ");
            }
            names.push_str(&name);
        }
        Self { heading, news, intro, agents, names, more, id: case.approval.id.to_string() }
    }
}

impl AgentLine {
    fn new(case: &Case, request: &BundledApproval) -> Self {
        let run = case.listed.get(&request.run);
        let other = steps(&request.approval) != steps(&case.approval);
        Self {
            name: line(run.map_or(request.agent.as_str(), |run| &run.agent.name), 80),
            state: None,
            about: run.map(about).unwrap_or_default(),
            alert: run.map(|run| line(&run.alert.title, 100)).unwrap_or_default(),
            differs: other.then(|| line(&format!("Here it is: {}", steps(&request.approval).join(", ")), 160)),
        }
    }
}

fn about(run: &Run) -> String {
    let agent = &run.agent;
    let tier = match agent.tier {
        Tier::ReadOnly => "reads only",
        Tier::Supervised => "acts with a person in the loop",
        Tier::Autonomous => "acts alone",
        Tier::Unknown => "unknown tier",
    };
    let owner = agent.owner.as_ref().map_or_else(|| "nobody".to_owned(), ToString::to_string);
    let known = if agent.known { "" } else { ", not in the inventory" };
    let id = if agent.name == agent.id.as_str() { String::new() } else { format!("{}, ", agent.id) };
    line(&format!("{id}{tier}, owner {owner}{known}"), 160)
}

/// What an approval of a request does, without its parameters.
fn steps(approval: &Approval) -> Vec<String> {
    let text = |step: &serde_json::Value, key| {
        step.get(key).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
    };
    let steps = approval.plan.body.get("steps").and_then(serde_json::Value::as_array);
    steps.into_iter().flatten().map(|step| format!("{} ({})", text(step, "step"), text(step, "action"))).collect()
}

/// How the request of an agent stands.
fn state(approval: &Approval) -> &'static str {
    let choice = approval.votes.last().map(|vote| vote.choice);
    match (approval.status, choice) {
        (ApprovalStatus::Approved, _) => "yes",
        (ApprovalStatus::Rejected, _) => "no",
        (ApprovalStatus::Expired, _) => "nobody decided in time",
        (ApprovalStatus::Pending, Some(Choice::Approve | Choice::Reject)) => "more answers are needed",
        (ApprovalStatus::Pending, None) => "being told",
        (ApprovalStatus::Cancelled, _) => "its run ended first",
        (ApprovalStatus::Superseded, _) => "asked anew",
    }
}
