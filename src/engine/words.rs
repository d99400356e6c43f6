//! Messages that the engine words itself, so that a rehearsal shows the same ones.

use crate::domain::{Hold, Principal, Run, Standing, StepPath};
use crate::machine::Notice;

/// Something contained was found undone: the title of the alert of our own, and what people are told.
#[must_use]
pub fn regressed(run: &Run, path: &StepPath, detail: &str) -> (String, Notice) {
    let title = format!("step {path} of {} was found undone: {detail}", run.id);
    let to = vec![Principal::Owner, Principal::Fallback];
    let notice = Notice { to, subject: format!("Undone: {}", run.agent.name), text: title.clone() };
    (title, notice)
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
