//! How one try moves, for doing and undoing alike: when it is tried again, when it is in doubt, and how it ends.

use serde_json::Value;

use crate::domain::{Attempt, Impact, Principal, Protection, StepPath, StepState, Verdict};
use crate::playbook::ActionStep;

use super::call::{Direction, Phase};
use super::effect::{Effect, Notice};
use super::error::IllegalTransition;
use super::motion::{Motion, after};

/// How often a try that died with its process is made again before a person must look.
const LOST_ATTEMPTS_MAX: u32 = 10;

impl Motion<'_> {
    /// The direction and the attempt of a step under way.
    pub fn attempt(&self, path: &StepPath) -> Result<(Direction, Attempt), IllegalTransition> {
        match &self.record(path)?.state {
            StepState::Doing(attempt) => Ok((Direction::Do, attempt.clone())),
            StepState::Undoing(attempt) => Ok((Direction::Undo, attempt.clone())),
            _ => Err(self.wrong_state(path)),
        }
    }

    /// Puts a step under way into an attempt.
    pub fn put(&mut self, path: &StepPath, direction: Direction, attempt: Attempt) -> Result<(), IllegalTransition> {
        let state = match direction {
            Direction::Do => StepState::Doing(attempt),
            Direction::Undo => StepState::Undoing(attempt),
        };
        self.set(path, state)
    }

    /// Makes a try ready, and asks for a worker.
    pub fn ready(&mut self, path: &StepPath, direction: Direction, number: u32) -> Result<(), IllegalTransition> {
        self.put(path, direction, Attempt::Ready { number })?;
        self.effects.push(Effect::Begin { path: path.clone() });
        Ok(())
    }

    /// Begins the call itself.
    pub fn send(&mut self, path: &StepPath, direction: Direction, number: u32) -> Result<(), IllegalTransition> {
        if let Some(reason) = self.lacks_room(path, direction)? {
            return self.fail(path, direction, &reason);
        }
        self.put(path, direction, Attempt::Running { number, since: self.at })?;
        self.call(path, direction, Phase::Send)
    }

    /// The call was certainly not applied: try again, or fail.
    pub fn not_applied(&mut self, path: &StepPath, reason: &str, again: bool) -> Result<(), IllegalTransition> {
        let (direction, attempt) = self.attempt(path)?;
        let number = attempt.number();
        let pause = if again { self.action(path)?.retry.pause_after(number) } else { None };
        if let Some(pause) = pause {
            let until = after(self.at, pause);
            return self.put(path, direction, Attempt::Backoff { number, until, reason: reason.to_owned() });
        }
        if self.record(path)?.doubted {
            // An earlier try may have been applied, and this one refused for that very reason.
            if self.action(path)?.verify.is_some() && direction == Direction::Do {
                return self.check(path, direction, number);
            }
            let reason = format!("an earlier try may have been applied, and the last one was not: {reason}");
            return self.needs_operator(path, direction, number, &reason);
        }
        self.fail(path, direction, reason)
    }

    /// Settles a step as failed in its direction.
    pub fn fail(&mut self, path: &StepPath, direction: Direction, reason: &str) -> Result<(), IllegalTransition> {
        let reason = reason.to_owned();
        match direction {
            Direction::Do => {
                if is_containing(self.action(path)?) {
                    self.record_mut(path)?.verdict = Some(Verdict::Failed);
                }
                self.set(path, StepState::Failed { reason })
            }
            Direction::Undo => self.set(path, StepState::UndoFailed { reason }),
        }
    }

    /// It is unknown whether the call was applied: do what the action's protection allows.
    pub fn in_doubt(&mut self, path: &StepPath, reason: &str, lost: bool) -> Result<(), IllegalTransition> {
        let (direction, attempt) = self.attempt(path)?;
        let number = attempt.number();
        let action = self.action(path)?;
        self.put(path, direction, Attempt::InDoubt { number, reason: reason.to_owned() })?;
        match action.protection {
            Protection::Read | Protection::Idempotent | Protection::Keyed => {
                self.record_mut(path)?.doubted = action.protection != Protection::Read;
                self.say(path, format!("in doubt ({reason}): sent again with the same key"))?;
                if lost && number < LOST_ATTEMPTS_MAX {
                    return self.ready(path, direction, number + 1);
                }
                match action.retry.pause_after(number) {
                    Some(pause) if !lost => {
                        let until = after(self.at, pause);
                        self.put(path, direction, Attempt::Backoff { number, until, reason: reason.to_owned() })
                    }
                    _ if action.verify.is_some() && direction == Direction::Do => self.check(path, direction, number),
                    _ => self.needs_operator(path, direction, number, reason),
                }
            }
            Protection::Verifiable => self.check(path, direction, number),
            Protection::None => self.needs_operator(path, direction, number, reason),
        }
    }

    fn check(&mut self, path: &StepPath, direction: Direction, number: u32) -> Result<(), IllegalTransition> {
        self.put(path, direction, Attempt::Checking { number, since: self.at })?;
        self.call(path, direction, Phase::Check)
    }

    /// Leaves it to a person, and tells them.
    pub fn needs_operator(
        &mut self,
        path: &StepPath,
        direction: Direction,
        number: u32,
        reason: &str,
    ) -> Result<(), IllegalTransition> {
        let since = self.at;
        self.put(path, direction, Attempt::NeedsOperator { number, reason: reason.to_owned(), since })?;
        let run = self.run.id;
        let text = format!(
            "Step `{path}` of {run} ({}) on agent {} may or may not have been applied: {reason}\n\n\
             It is not sent again by itself. Look at the target, then say what happened:\n\
             standdown runs resolve {run} {path} --applied | --not-applied | --retry --reason \"...\"\n",
            self.run.playbook, self.run.agent.id,
        );
        let subject = format!("A person must look: step {path} on {}", self.run.agent.id);
        self.effects.push(Effect::Alarm(Notice { to: vec![Principal::Owner, Principal::Fallback], subject, text }));
        Ok(())
    }

    /// The target accepted the call: look for the effect, or be done.
    pub fn applied(&mut self, path: &StepPath, output: Value) -> Result<(), IllegalTransition> {
        let (direction, attempt) = self.attempt(path)?;
        self.record_mut(path)?.doubted = false;
        let number = attempt.number();
        if direction == Direction::Undo {
            return self.set(path, StepState::Undone);
        }
        let action = self.action(path)?;
        self.keep_output(path, output)?;
        let live = self.record(path)?.baseline.as_ref().map(|baseline| (baseline.live, baseline.detail.clone()));
        match (&action.verify, live) {
            (Some(rule), Some((true, _))) => {
                let until = after(self.at, rule.within);
                self.put(path, direction, Attempt::Proving { number, applied_at: self.at, until })?;
                self.call(path, direction, Phase::Prove { until })
            }
            (Some(_), Some((false, detail))) => {
                self.unproven(path, &format!("it was not seen working before, so no effect can be seen: {detail}"))
            }
            (Some(_) | None, _) if is_containing(action) => {
                self.unproven(path, "the target accepted it, and nothing can show its effect")
            }
            (Some(_) | None, _) => self.set(path, StepState::Succeeded),
        }
    }

    /// Settles a step whose effect was not seen.
    pub fn unproven(&mut self, path: &StepPath, detail: &str) -> Result<(), IllegalTransition> {
        self.say(path, detail)?;
        self.record_mut(path)?.verdict = Some(Verdict::Unproven);
        self.set(path, StepState::Unproven)
    }
}

/// Whether "contained" may be said of an action at all.
pub(super) fn is_containing(action: &ActionStep) -> bool {
    matches!(action.impact, Impact::Contain | Impact::Destroy)
}
