//! A person lifted holds by hand. What the run asks people about them is withdrawn, and what would follow the answer is
//! not begun; what is under way goes on, because it is not for a hold to say what becomes of it. So does what other
//! requests ask about: whoever answers them gets what they were shown.
//!
//! Whether the person may is not judged here: the engine asks that of the people of the moment before it says so.

use crate::domain::approval::ApprovalStatus;
use crate::domain::{Actor, HoldId, Principal, StepPath, StepState};
use crate::machine::effect::{Effect, Notice};
use crate::machine::error::IllegalTransition;
use crate::machine::motion::Motion;

pub fn apply(motion: &mut Motion<'_>, holds: &[HoldId], actor: &Actor, reason: &str) -> Result<(), IllegalTransition> {
    let by = actor.person().map_or_else(|| actor.to_string(), ToString::to_string);
    let words = format!("lifted by hand by {by}: {reason}");
    let steps = motion.run.steps.iter().filter(|(_, record)| {
        let stands = matches!(record.state, StepState::Succeeded | StepState::Unproven);
        stands && record.hold.is_some_and(|hold| holds.contains(&hold))
    });
    for path in steps.map(|(path, _)| path.clone()).collect::<Vec<StepPath>>() {
        motion.say(&path, words.clone())?;
        motion.set(&path, StepState::Undone)?;
    }
    withdraw(motion, holds, actor, &words)
}

/// Ends the requests that these holds were about.
fn withdraw(motion: &mut Motion<'_>, holds: &[HoldId], actor: &Actor, words: &str) -> Result<(), IllegalTransition> {
    let at = motion.at;
    let mut withdrawn = Vec::new();
    for approval in motion.run.approvals.values_mut() {
        let about = holds.iter().any(|hold| approval.would_lift(*hold));
        if about && approval.status == ApprovalStatus::Pending {
            approval.status = ApprovalStatus::Cancelled;
            approval.decided_at = Some(at);
            approval.withdrawn = Some(words.to_owned());
            withdrawn.push(approval.clone());
        }
    }
    for approval in &withdrawn {
        for path in motion.waiting_for(approval.id) {
            motion.say(&path, format!("withdrawn: {words}"))?;
            motion.set(&path, StepState::Cancelled)?;
        }
        let asked = approval.people.iter().filter(|person| actor.person() != Some(person));
        let to: Vec<Principal> = asked.cloned().map(Principal::User).collect();
        if !to.is_empty() {
            let agent = &motion.run.agent.name;
            let subject = format!("No longer asked: {}", approval.ask);
            let text = format!(
                "{} was withdrawn: the hold on {agent} was {words}.\n\nYou need not decide any more.\nRun {}.\n",
                approval.id, motion.run.id
            );
            motion.effects.push(Effect::Alarm(Notice { to, subject, text }));
        }
    }
    if withdrawn.is_empty() { Ok(()) } else { motion.leave_the_rest() }
}
