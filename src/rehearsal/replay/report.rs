//! What a replay came to, in numbers and names.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::{AgentId, ApprovalCause, Mode, PlaybookName, Run, StepPath, Verdict};
use crate::playbook::Playbook;
use crate::rehearsal::family::{Library, started_by};
use crate::rehearsal::performance::Performance;

/// The most faults of a playbook that are kept in words.
const FAULTS_KEPT_MAX: usize = 5;

/// What a replay came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How many alerts there were.
    pub alerts: u64,
    /// When the first came.
    pub from: Option<Timestamp>,
    /// When the last came.
    pub to: Option<Timestamp>,
    /// Repeats of alerts that were still firing.
    pub repeated: u64,
    /// Alerts that say that something is over.
    pub resolved: u64,
    /// Alerts that are tests.
    pub tests: u64,
    /// Alerts by schedules that a daemon has kept: the schedules of today tick in their place.
    pub recorded_ticks: u64,
    /// Alerts of our own that the runs of the replay would have led to, by rule: `hold_ended`, `regressed`.
    pub own_alerts: BTreeMap<String, u64>,
    /// Alerts of our own that nothing was asked about: more than 100,000, or of a run that began after the replayed time.
    pub own_alerts_left_out: u64,
    /// Alerts of our own that a daemon has kept, and in whose place the replay makes its own.
    pub recorded_own_alerts: u64,
    /// New alerts that no playbook matches.
    pub unmatched: u64,
    /// Each playbook, in order of name.
    pub playbooks: Vec<OfPlaybook>,
    /// Agents that would have been contained, in order of id.
    pub contained: Vec<Contained>,
    #[serde(skip)]
    by_agent: BTreeMap<AgentId, Contained>,
}

/// What one playbook would have done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OfPlaybook {
    /// Its name.
    pub name: PlaybookName,
    /// What it says of itself; in the replay it acts.
    pub mode: Mode,
    /// How often its schedule came.
    pub ticks: u64,
    /// Alerts that it matches, those of its schedule among them; without those that it was silent for.
    pub matched: u64,
    /// Alerts that it matches, and that came while it was silent.
    pub silenced: u64,
    /// Runs that would have begun.
    pub runs: u64,
    /// Those of them that a step of another run would have started.
    pub started_by_runs: u64,
    /// Alerts that found a run under way.
    pub joined: u64,
    /// Runs by how they would have ended if nobody had decided anything.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// How often it would have asked people by itself.
    pub approvals: u64,
    /// How often a budget would have stopped it.
    pub budget_hits: u64,
    /// In how many requests people would have been asked about that: those of one window stand in one list.
    pub budget_requests: u64,
    /// How often the source would not have been trusted with it.
    pub trust_hits: u64,
    /// How often the agent would have been a protected one.
    pub protected_hits: u64,
    /// Messages to people.
    pub messages: u64,
    /// Alerts of our own that its runs would have led to.
    pub own_alerts: u64,
    /// How many agents it would have contained.
    pub agents_contained: u64,
    /// How often it could not be evaluated or started.
    pub faults: u64,
    /// The first of these faults.
    pub first_faults: Vec<String>,
}

/// An agent that would have been contained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contained {
    /// Which.
    pub agent: AgentId,
    /// Whether the inventory has it.
    pub known: bool,
    /// When first.
    pub first_at: Timestamp,
    /// In how many runs.
    pub runs: u64,
    /// By which playbooks.
    pub playbooks: Vec<PlaybookName>,
}

impl Report {
    /// The playbooks that take alerts come first, in their order; then those that are only started by others.
    pub(super) fn new(playbooks: &[Arc<Playbook>], family: &Library) -> Self {
        let of = |playbook: &Arc<Playbook>| OfPlaybook {
            name: playbook.name.clone(),
            mode: playbook.mode,
            ticks: 0,
            matched: 0,
            silenced: 0,
            runs: 0,
            started_by_runs: 0,
            joined: 0,
            outcomes: BTreeMap::new(),
            approvals: 0,
            budget_hits: 0,
            budget_requests: 0,
            trust_hits: 0,
            protected_hits: 0,
            messages: 0,
            own_alerts: 0,
            agents_contained: 0,
            faults: 0,
            first_faults: Vec::new(),
        };
        let only_started = family.values().filter(|other| playbooks.iter().all(|it| it.name != other.name));
        Self { playbooks: playbooks.iter().chain(only_started).map(of).collect(), ..Self::default() }
    }

    pub(super) fn alert(&mut self, at: Timestamp) {
        self.alerts += 1;
        self.from = self.from.or(Some(at));
        self.to = Some(at);
    }

    /// The numbers of the playbook with this index.
    pub(super) fn of(&mut self, index: usize) -> &mut OfPlaybook {
        #[expect(clippy::indexing_slicing, reason = "there are as many as playbooks, and an index is one of theirs")]
        &mut self.playbooks[index]
    }

    pub(super) fn fault(&mut self, index: usize, words: String) {
        let of = self.of(index);
        of.faults += 1;
        if of.first_faults.len() < FAULTS_KEPT_MAX && !of.first_faults.contains(&words) {
            of.first_faults.push(words);
        }
    }

    /// Counts a run that is over.
    pub(super) fn run(&mut self, index: usize, performance: &Performance) {
        let run = &performance.run;
        let of = self.of(index);
        of.runs += 1;
        of.started_by_runs += u64::from(run.lineage.is_some());
        of.messages += performance.sent.len() as u64;
        *of.outcomes.entry(run.status.as_str()).or_default() += 1;
        for approval in run.approvals.values() {
            match approval.cause {
                ApprovalCause::Playbook => of.approvals += 1,
                ApprovalCause::Budget => {
                    of.budget_hits += 1;
                    of.budget_requests += u64::from(approval.asks_people());
                }
                ApprovalCause::Trust => of.trust_hits += 1,
                ApprovalCause::Protected => of.protected_hits += 1,
            }
        }
        if let Some(at) = contained_at(performance) {
            self.contain(run, at);
        }
    }

    fn contain(&mut self, run: &Run, at: Timestamp) {
        let entry = self.by_agent.entry(run.agent.id.clone()).or_insert_with(|| Contained {
            agent: run.agent.id.clone(),
            known: run.agent.known,
            first_at: at,
            runs: 0,
            playbooks: Vec::new(),
        });
        entry.first_at = entry.first_at.min(at);
        entry.runs += 1;
        if !entry.playbooks.contains(&run.playbook) {
            entry.playbooks.push(run.playbook.clone());
        }
    }

    /// Puts everything in order.
    pub(super) fn sort(&mut self) {
        self.playbooks.sort_by(|one, other| one.name.cmp(&other.name));
        self.contained = std::mem::take(&mut self.by_agent).into_values().collect();
        for entry in &mut self.contained {
            entry.playbooks.sort();
        }
        for of in &mut self.playbooks {
            let by_it = self.contained.iter().filter(|entry| entry.playbooks.contains(&of.name));
            of.agents_contained = by_it.count() as u64;
        }
    }

    /// The sum of something over all playbooks.
    #[must_use]
    pub fn sum(&self, of: impl Fn(&OfPlaybook) -> u64) -> u64 {
        self.playbooks.iter().map(of).sum()
    }
}

/// When a run first did something to the agent that contains, if it did. What runs did that it started is theirs.
fn contained_at(performance: &Performance) -> Option<Timestamp> {
    let own = |path: &StepPath| performance.playbook.step(&path.step).is_some_and(|(_, it)| started_by(it).is_none());
    let acted = performance.run.steps.iter().filter(|(path, record)| match record.verdict {
        Some(Verdict::Contained | Verdict::Unproven | Verdict::AlreadyDone | Verdict::Regressed) => own(path),
        Some(Verdict::Failed) | None => false,
    });
    acted.filter_map(|(_, record)| record.contained_at.or(record.started_at)).min()
}
