//! What each answer to a request does, in words: one sentence for yes, one for no, one for silence, and two buttons.
//!
//! The message and the page must say the same, so the words are made here, from the pinned plan, and nowhere else.

use jiff::Timestamp;

use crate::domain::approval::OnTimeout;
use crate::domain::planned::PlannedStep;
use crate::domain::{Approval, Decision, Impact, Run, Verdict};
use crate::machine::notice::one_line;
use crate::playbook::Playbook;

use super::deeds::{Deeds, Whom};
use super::moment::clock_time;
use super::outlook::{Following, following};

/// The words of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wording {
    /// Whether an approval lets an agent go again.
    pub releases: bool,
    /// Whether a hold is among what an approval takes back.
    pub lifts_hold: bool,
    /// Whether what an approval takes back was seen to stop the agent.
    pub seen_stopped: bool,
    /// The button for yes: a verb.
    pub approve: String,
    /// The button for no: a verb.
    pub reject: String,
    /// What yes does.
    pub if_approved: String,
    /// What no does.
    pub if_rejected: String,
    /// What silence does.
    pub if_silent: String,
}

impl Wording {
    /// The words of a request. Without the playbook, what follows a decision besides the plan is left unsaid.
    #[must_use]
    pub fn of(run: &Run, approval: &Approval, playbook: Option<&Playbook>, now: Timestamp) -> Self {
        Self::about(run, approval, 1, playbook, now)
    }

    /// The words of a request that is decided together with others, about so many agents in all.
    #[must_use]
    pub fn about(run: &Run, approval: &Approval, agents: usize, playbook: Option<&Playbook>, now: Timestamp) -> Self {
        let agent = Whom::of(&run.agent.name, agents);
        let planned = Planned::of(run, approval);
        let then = |decision| {
            let steps = playbook.map(|playbook| following(run, approval, playbook, decision, now)).unwrap_or_default();
            sentence(&steps)
        };
        let needed = approval.quorums.iter().map(|quorum| quorum.approve).filter(|count| *count > 0).min().unwrap_or(1);
        let votes = if needed > 1 { format!(" It takes {needed} people.") } else { String::new() };
        let silent = Decision::Expired;
        let escalates = approval.on_timeout == OnTimeout::Escalate && !approval.escalated;
        Self {
            releases: planned.kind == Kind::Release,
            lifts_hold: planned.lifts_hold,
            seen_stopped: planned.seen_stopped,
            approve: planned.button(&agent),
            reject: planned.refusal(&agent),
            if_approved: format!("{}{}{votes}", planned.done(&agent), then(Decision::Approved)),
            if_rejected: format!("{}{}", planned.not_done(&agent), then(Decision::Rejected)),
            if_silent: match approval.on_timeout {
                OnTimeout::Act => format!("{}{}", planned.done(&agent), then(silent)),
                OnTimeout::Escalate if escalates => {
                    format!("more people are asked, once. Until then: {}", planned.not_done(&agent))
                }
                OnTimeout::Escalate | OnTimeout::Reject => format!("{}{}", planned.not_done(&agent), then(silent)),
            },
        }
    }

    /// One sentence on the deadline and on what silence does.
    #[must_use]
    pub fn deadline(&self, approval: &Approval, now: Timestamp) -> String {
        format!("If nobody decides by {}: {}", clock_time(approval.deadline, now), self.if_silent)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Holds and snapshots of this run are taken back.
    Release,
    /// Actions are done.
    Actions,
    /// Nothing but the decision itself.
    Decision,
}

/// The pinned plan, as far as words need it.
struct Planned {
    kind: Kind,
    /// Whether a hold is among what is taken back.
    lifts_hold: bool,
    /// Whether what is taken back was seen to stop the agent; nobody may be told that it is stopped otherwise.
    seen_stopped: bool,
    /// The steps that are undone, or the actions that are done.
    names: Vec<String>,
    destroys: bool,
}

impl Planned {
    fn of(run: &Run, approval: &Approval) -> Self {
        let steps: Vec<PlannedStep<'_>> = approval.plan.steps().collect();
        let destroys = steps.iter().any(|step| step.has(Impact::Destroy));
        if !steps.is_empty() && steps.iter().all(|step| step.undoes.is_some()) {
            let undone: Vec<_> = steps.iter().filter_map(|step| step.undoes.as_ref()).flatten().collect();
            let seen_stopped = undone.iter().any(|step| {
                let verdict = step.path.parse().ok().and_then(|path| run.steps.get(&path)?.verdict);
                matches!(verdict, Some(Verdict::Contained | Verdict::AlreadyDone))
            });
            let lifts_hold = undone.iter().any(|step| step.hold.is_some());
            let names = undone.iter().map(|step| one_line(step.path)).collect();
            return Self { kind: Kind::Release, lifts_hold, seen_stopped, names, destroys };
        }
        let kind = if steps.is_empty() { Kind::Decision } else { Kind::Actions };
        let names = steps.iter().map(|step| one_line(step.action)).collect();
        Self { kind, lifts_hold: false, seen_stopped: false, names, destroys }
    }

    fn button(&self, agent: &Whom) -> String {
        match self.kind {
            Kind::Release if self.lifts_hold => format!("Resume {agent}"),
            Kind::Release => format!("Undo {}", self.names.join(", ")),
            Kind::Actions => Deeds::of(&self.names).button(agent),
            Kind::Decision => "Say yes".to_owned(),
        }
    }

    fn refusal(&self, agent: &Whom) -> String {
        let words = match self.kind {
            Kind::Release if self.lifts_hold && self.seen_stopped => "Keep it stopped",
            Kind::Release if self.lifts_hold => "Keep it held",
            Kind::Release => "Leave it as it is",
            Kind::Actions => return Deeds::of(&self.names).refusal(agent),
            Kind::Decision => "Say no",
        };
        words.to_owned()
    }

    fn done(&self, agent: &Whom) -> String {
        let names = self.names.join(", ");
        match self.kind {
            Kind::Release if self.lifts_hold => {
                format!("the hold is lifted and {agent} may act again ({names} is undone).")
            }
            Kind::Release => format!("{names} is undone for {agent}."),
            Kind::Actions if self.destroys => {
                format!("{} This can NOT be undone.", Deeds::of(&self.names).done(agent))
            }
            Kind::Actions => Deeds::of(&self.names).done(agent),
            Kind::Decision => "the answer is recorded as yes.".to_owned(),
        }
    }

    fn not_done(&self, agent: &Whom) -> String {
        match self.kind {
            Kind::Release if self.lifts_hold && self.seen_stopped => format!("{agent} stays stopped."),
            Kind::Release if self.lifts_hold => format!("the hold on {agent} stays."),
            Kind::Release => format!("what was done to {agent} stays."),
            Kind::Actions => Deeds::of(&self.names).not_done(agent),
            Kind::Decision => "nothing is done by it.".to_owned(),
        }
    }
}

fn sentence(following: &[Following]) -> String {
    if following.is_empty() {
        return String::new();
    }
    let steps: Vec<String> = following.iter().map(|step| format!("{} ({})", step.path, step.action)).collect();
    format!(" The playbook then goes on with {}.", steps.join(", "))
}
