//! The agents whose requests are decided together: a list that a person can look through on a phone, and nothing that was
//! left out of it without a word.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::approval::{Case, Entry, List, Together};
use crate::domain::approval::{ApprovalStatus, Choice};
use crate::domain::{Agent, AgentId, Approval, Tier};

use super::super::text::line;
use crate::engine::delivery::several::name;

/// Requests of a list of which a page says more than their agents' ids; those that are done otherwise stand first.
const DETAILED_MAX: usize = 25;

#[derive(Serialize)]
pub(super) struct TogetherView {
    heading: String,
    news: Vec<String>,
    intro: String,
    agents: Vec<AgentLine>,
    /// Agents of which a page says no more than their ids, with what is done otherwise for them.
    rest: Vec<Rest>,
}

#[derive(Serialize)]
struct AgentLine {
    name: String,
    state: Option<&'static str>,
    about: String,
    alert: String,
    differs: Option<String>,
}

#[derive(Serialize)]
struct Rest {
    names: String,
    differs: Option<String>,
}

/// What people are asked, of however many agents.
pub(super) fn question(case: &Case) -> String {
    let ask = &case.approval.ask;
    match case.list.as_ref().map(List::agents) {
        Some(count) if count > 1 => format!("{count} agents: {ask}"),
        _ => ask.clone(),
    }
}

impl TogetherView {
    /// The list that the person who looks decides about; after a decision, what it was about. Nothing where it is one
    /// request alone.
    pub fn new(case: &Case) -> Option<Self> {
        let together = case.together.as_ref()?;
        let empty = List::default();
        let list = case.list.as_ref().unwrap_or(&empty);
        if case.approval.status == ApprovalStatus::Pending {
            return Self::waiting(together, list);
        }
        Self::decided(together, list)
    }

    fn waiting(together: &Together, list: &List) -> Option<Self> {
        let decided = together.all.iter().filter(|request| request.approval.decision().is_some()).count();
        let news = [
            (decided, "others of this list are over."),
            (list.later, "more wait for you. They come up behind this link when these are decided."),
            (list.barred, "more wait for other people, or for more proof than a link. This answer is not about them."),
        ];
        let news: Vec<String> =
            news.into_iter().filter(|(count, _)| *count > 0).map(|(count, words)| format!("{count} {words}")).collect();
        let count = list.entries.len();
        if count == 0 || (count == 1 && news.is_empty()) {
            return None;
        }
        let what = counted(list);
        let intro = format!(
            "All are over {}. The same is done to each, but for its own name, unless its line says otherwise. Your answer \
             counts for what is named here and for nothing else: what comes after it waits for an answer of its own.",
            together.limit.words()
        );
        let heading = if count == 1 { format!("{what} waits") } else { format!("These {what} wait") };
        Some(Self::of(list, heading, news, intro, false))
    }

    fn decided(together: &Together, list: &List) -> Option<Self> {
        let left = together.waiting().count();
        if list.entries.len() <= 1 && left == 0 {
            return None;
        }
        let news = (left > 0).then(|| {
            format!("{left} more came meanwhile or need another proof. They wait: open your link again, or the newest message.")
        });
        let what = counted(list);
        let heading = if list.entries.len() == 1 { format!("For {what}") } else { format!("For these {what}") };
        let intro = format!("All were over {}. Each run goes on by itself.", together.limit.words());
        Some(Self::of(list, heading, news.into_iter().collect(), intro, true))
    }

    fn of(list: &List, heading: String, news: Vec<String>, intro: String, with_state: bool) -> Self {
        let mut entries: Vec<&Entry> = list.entries.iter().collect();
        // What is done otherwise, and who may not be contained, must be seen by whoever reads no further.
        entries.sort_by_key(|entry| (entry.differs.is_none(), !entry.known.is_faulty()));
        let several = repeated(list);
        let agents = entries.iter().take(DETAILED_MAX).map(|entry| AgentLine {
            name: format!("{}{}", name(&entry.agent), step(entry, &several)),
            state: with_state.then(|| state(&entry.request.approval)),
            about: about(&entry.agent),
            alert: line(&entry.alert, 100),
            differs: entry.differs.as_ref().map(|differs| line(differs, 240)),
        });
        let mut rest: BTreeMap<(bool, Option<&str>), Vec<String>> = BTreeMap::new();
        for entry in entries.iter().skip(DETAILED_MAX) {
            let name = format!("{}{}", entry.request.agent, step(entry, &several));
            let differs = entry.differs.as_deref();
            rest.entry((differs.is_none(), differs)).or_default().push(name);
        }
        let rest = rest.into_iter().map(|((_, differs), names)| Rest {
            names: names.join(", "),
            differs: differs.map(|differs| line(differs, 240)),
        });
        Self { heading, news, intro, agents: agents.collect(), rest: rest.collect() }
    }
}

/// How many of what a list is about: agents, or requests where one agent has several.
fn counted(list: &List) -> String {
    let plural = |count: usize, word: &str| if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") };
    let (requests, agents) = (list.entries.len(), list.agents());
    let agents_words = plural(agents, "agent");
    if requests == agents { agents_words } else { format!("{} about {agents_words}", plural(requests, "request")) }
}

/// The agents about which a list has several requests.
fn repeated(list: &List) -> BTreeSet<&AgentId> {
    let mut seen = BTreeSet::new();
    list.entries.iter().map(|entry| &entry.request.agent).filter(|agent| !seen.insert(*agent)).collect()
}

/// Which of several requests about one agent it is.
fn step(entry: &Entry, several: &BTreeSet<&AgentId>) -> String {
    let request = &entry.request;
    if several.contains(&request.agent) {
        format!(" ({}, {})", request.approval.path, request.run)
    } else {
        String::new()
    }
}

fn about(agent: &Agent) -> String {
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
