//! What is known of the containment of several agents that people decide about at once: each line names its agent.
//!
//! A headline that is about the first agent alone would let the others pass for contained, so what is missing about any
//! of them is said, and "contained" stands over nothing while something is missing.

use jiff::Timestamp;

use crate::domain::{Agent, Approval, Run, Verdict};
use crate::machine::notice::whole_line;
use crate::playbook::Playbook;

use super::containment::{Containment, LINES_MAX, Look};

/// Agents that one sentence names.
const NAMES_MAX: usize = 20;

/// The longest name that is told.
const NAME_CHARACTERS_MAX: usize = 80;

/// What an agent is called where it stands beside others. A name that had to be cut could be another's too: then it is its
/// id, which is never cut.
#[must_use]
pub fn name(agent: &Agent) -> String {
    let name = whole_line(&agent.name);
    if name.chars().count() > NAME_CHARACTERS_MAX { agent.id.to_string() } else { name }
}

/// What is known of one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    agent: String,
    faults: Vec<String>,
    unseen: bool,
    seen: Vec<String>,
    before: Vec<String>,
    lost: Vec<String>,
    unproven_hold: bool,
}

impl Known {
    /// What is known of the agent of a request. `gate_seen_at` is when the gate last saw it.
    #[must_use]
    pub fn of(
        run: &Run,
        approval: &Approval,
        playbook: Option<&Playbook>,
        gate_seen_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        let look = Look { run, playbook };
        Self {
            agent: name(&run.agent),
            faults: look.faults(gate_seen_at),
            unseen: look.is_unseen(approval, gate_seen_at),
            seen: look.good(Verdict::Contained, now),
            before: look.good(Verdict::AlreadyDone, now),
            lost: look.lost(),
            unproven_hold: look.holds_unproven(),
        }
    }

    /// Whether something about this agent failed, or was never seen to work.
    #[must_use]
    pub const fn is_faulty(&self) -> bool {
        !self.faults.is_empty()
    }
}

impl Containment {
    /// The words about all of these; the list says more of each.
    #[must_use]
    pub fn of_several<'a>(mut agents: impl Iterator<Item = &'a Known> + Clone) -> Self {
        let named = |pick: fn(&'a Known) -> &'a Vec<String>| {
            let lines: Vec<String> = agents
                .clone()
                .flat_map(|known| pick(known).iter().map(|line| format!("{}: {line}", known.agent)))
                .collect();
            listed(lines)
        };
        let mut missing = named(|known| &known.faults);
        missing.extend(never_seen(agents.clone().filter(|known| known.unseen).map(|known| known.agent.as_str())));
        let is_good = missing.is_empty();
        Self {
            seen: if is_good { named(|known| &known.seen) } else { Vec::new() },
            before: if is_good { named(|known| &known.before) } else { Vec::new() },
            lost: named(|known| &known.lost),
            missing,
            unproven_hold: agents.any(|known| known.unproven_hold),
        }
    }
}

fn listed(mut lines: Vec<String>) -> Vec<String> {
    let left = lines.len().saturating_sub(LINES_MAX);
    lines.truncate(LINES_MAX);
    lines.extend((left > 0).then(|| format!("And {left} more of this kind.")));
    lines
}

/// The sentence about agents that the gate has never seen.
fn never_seen<'a>(agents: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut names: Vec<&str> = agents.collect();
    names.dedup();
    let them = if names.len() == 1 { "it" } else { "them" };
    let more = names.len().saturating_sub(NAMES_MAX);
    names.truncate(NAMES_MAX);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!names.is_empty())
        .then(|| format!("The gate has never seen {}{more}: pausing will not stop {them}.", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(agent: &str, faults: &[&str], seen: &[&str], unseen: bool) -> Known {
        let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
        Known { agent: agent.to_owned(), faults: lines(faults), seen: lines(seen), unseen, ..Known::default() }
    }

    #[test]
    fn nothing_is_called_contained_while_something_about_any_of_them_is_missing() {
        let agents = [
            known("one", &[], &["pause: seen."], false),
            known("two", &["revoke: it FAILED."], &[], false),
            known("three", &[], &[], true),
            known("four", &[], &[], true),
        ];
        let told = Containment::of_several(agents.iter());
        let wanted = ["two: revoke: it FAILED.", "The gate has never seen three, four: pausing will not stop them."];
        assert_eq!((told.missing, told.seen), (wanted.map(str::to_owned).to_vec(), Vec::new()));
        let told = Containment::of_several(agents[..1].iter());
        assert_eq!((told.missing, told.seen), (Vec::new(), vec!["one: pause: seen.".to_owned()]));
    }

    #[test]
    fn many_faults_are_counted_and_the_gate_is_never_left_out() {
        let agents: Vec<Known> = (0..40).map(|n| known(&format!("bot-{n}"), &["it FAILED."], &[], true)).collect();
        let told = Containment::of_several(agents.iter()).missing;
        assert_eq!(told.len(), LINES_MAX + 2);
        assert_eq!(told[LINES_MAX], "And 32 more of this kind.");
        assert!(told[LINES_MAX + 1].ends_with("bot-19 and 20 more: pausing will not stop them."), "{told:?}");
    }
}
