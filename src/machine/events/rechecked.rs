//! Something contained was looked at again. Found undone, it is a new alert, not a change of what the run did.

use crate::domain::event::Proof;
use crate::domain::{Principal, StepPath, Verdict};
use crate::machine::effect::{Effect, Notice};
use crate::machine::error::IllegalTransition;
use crate::machine::motion::Motion;

pub fn apply(motion: &mut Motion<'_>, path: &StepPath, proof: &Proof) -> Result<(), IllegalTransition> {
    let at = motion.at;
    // The look that this answers is the earliest of the step's; its lease lies in the future while it is under way.
    let earliest = motion.run.rechecks.iter().enumerate().filter(|(_, recheck)| recheck.path == *path);
    let Some((index, _)) = earliest.min_by_key(|(_, recheck)| recheck.at) else {
        return Err(motion.wrong_state(path));
    };
    motion.run.rechecks.remove(index);
    let record = motion.record_mut(path)?;
    if record.verdict != Some(Verdict::Contained) {
        return Ok(());
    }
    match proof {
        Proof::Seen { detail } => record.detail = Some(format!("seen again at {at}: {detail}")),
        Proof::Blind { detail } => {
            record.detail = Some(format!("could not be looked at again at {at}: {detail}"));
            let subject = format!("Could not look again: {}", motion.run.agent.id);
            let text = format!(
                "Step `{path}` of {} contained {}. It was to be looked at again at {at}, and that did not work:\n{detail}\n\n\
                 Nothing says that it was undone, and nothing says that it was not.\n",
                motion.run.id, motion.run.agent.id,
            );
            motion.effects.push(Effect::Alarm(Notice { to: vec![Principal::Owner], subject, text }));
        }
        Proof::NotSeen { detail } => {
            record.verdict = Some(Verdict::Regressed);
            record.detail = Some(format!("found undone at {at}: {detail}"));
            motion.effects.push(Effect::Regressed { path: path.clone(), detail: detail.clone() });
        }
    }
    Ok(())
}
