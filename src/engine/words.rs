//! Messages that the engine words itself, so that a rehearsal shows the same ones.

use crate::domain::lineage::FAMILY_RUNS_MAX;
use crate::domain::{Hold, Principal, Run, Standing, StepPath};
use crate::machine::Notice;
use crate::playbook::Playbook;

/// Something contained was found undone: the title of the alert of our own, and what people are told.
#[must_use]
pub fn regressed(run: &Run, path: &StepPath, detail: &str) -> (String, Notice) {
    let title = format!("step {path} of {} was found undone: {detail}", run.id);
    let to = vec![Principal::Owner, Principal::Fallback];
    let notice = Notice { to, subject: format!("Undone: {}", run.agent.name), text: title.clone() };
    (title, notice)
}

/// Why no run begins where a family has no room for it.
#[must_use]
pub fn no_room() -> String {
    format!("one run leads to at most {FAMILY_RUNS_MAX} runs, itself included")
}

/// Some of what a run wanted to start was not started: what whoever answers for its playbook is told.
#[must_use]
pub fn full_family(run: &Run, playbook: &Playbook, refused: usize) -> Notice {
    let text = format!(
        "{} of playbook {} about {} wanted to start {refused} more runs, and none of them began: one run leads to at \
         most {FAMILY_RUNS_MAX} runs, itself included, however they start each other.\n\n\
         What they were to do was not done. Look at it: standdown runs show {}\n\
         Runs of this playbook that come from the same first run and start no more either are not told one by one.\n\
         Give its lists a smaller `at_most`, or let alerts start the other playbook.\n",
        run.id, run.playbook, run.agent.id, run.id,
    );
    let subject = format!("Too many runs: {}", run.playbook);
    Notice { to: vec![playbook.owner.clone(), Principal::Fallback], subject, text }
}

/// The planned time of a hold is over: the title of the alert of our own.
#[must_use]
pub fn hold_ended_title(hold: &Hold) -> String {
    format!("the planned time of a hold on {} is over; it stays", hold.agent)
}

/// The planned time of a hold is over: what the agent's owner is told.
#[must_use]
pub fn hold_ended(hold: &Hold) -> Notice {
    let text = format!(
        "The hold on {} ({}) was planned until now. It STAYS until somebody lifts it: silence never releases.\n\n\
         Lift it:  standdown agents resume {} --reason \"...\"\nKeep it:  nothing to do.\n",
        hold.agent,
        Standing::from(hold.level),
        hold.agent
    );
    Notice { to: vec![Principal::Owner], subject: format!("Still held: {}", hold.agent), text }
}
