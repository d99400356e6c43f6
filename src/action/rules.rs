//! What an answer means: applied, done before, refused, or in doubt.
//!
//! The order of the questions is the promise "a failure is only what is proven to be one". A target that says no (4xx) did
//! nothing. A 5xx, an odd redirect or a success that is none may hide an applied call, so they stay in doubt unless the
//! action's own rules prove otherwise.

use jiff::Timestamp;

use super::answer::Answer;
use super::port::not_sent;
use crate::client::SendError;
use crate::domain::event::CallOutcome;
use crate::language::{Environment, Expression, Fault, Type};

/// The conditions of one kind of request.
#[derive(Clone, Debug)]
pub struct Rules {
    /// When the target accepted the call.
    pub success: Expression,
    /// When it says that it had been done before.
    pub already_done: Option<Expression>,
    /// When it is proven that nothing was done.
    pub refused: Option<Expression>,
    /// When it is proven that nothing was done, and another try may help.
    pub retry: Option<Expression>,
}

/// The condition for success, if none is given.
pub const SUCCESS: &str = "status >= 200 && status < 300";

/// The variables of every condition on an answer.
pub fn environment() -> Environment {
    Environment::new()
        .with("status", Type::Int)
        .with("headers", Type::Map(Box::new(Type::String)))
        .with("body", Type::Any)
}

impl Rules {
    /// Any 2xx is success, and nothing else is known.
    pub fn usual() -> Result<Self, Vec<Fault>> {
        let success = Expression::compile_bool(SUCCESS, &environment())?;
        Ok(Self { success, already_done: None, refused: None, retry: None })
    }

    /// What became of a call.
    pub fn outcome(&self, sent: Result<Answer, SendError>, now: Timestamp) -> CallOutcome {
        match sent {
            Ok(answer) => self.judge(&answer, now),
            Err(SendError::NotSent(reason)) => not_sent(reason),
            Err(SendError::Ambiguous(reason)) => CallOutcome::Ambiguous { reason },
        }
    }

    fn judge(&self, answer: &Answer, now: Timestamp) -> CallOutcome {
        let says = |rule: &Option<Expression>| rule.as_ref().is_some_and(|rule| holds(rule, answer, now) == Ok(true));
        if says(&self.already_done) {
            return CallOutcome::AlreadyDone { output: answer.output() };
        }
        let (retry, refused) = (says(&self.retry), says(&self.refused));
        if retry || refused {
            return CallOutcome::Refused { reason: answer.excerpt(), retry };
        }
        // Nearly every call has the usual condition, which needs no evaluator.
        let success = match self.success.source() {
            SUCCESS => Ok((200..300).contains(&answer.status)),
            _ => holds(&self.success, answer, now),
        };
        if success == Ok(true) {
            return CallOutcome::Applied { output: answer.output() };
        }
        let reason = match success {
            Err(why) => format!("{} ({why})", answer.excerpt()),
            Ok(_) => answer.excerpt(),
        };
        match answer.status {
            // The target did not take the request at all, and may later: too slow, too early, too many.
            408 | 425 | 429 => CallOutcome::Refused { reason, retry: true },
            400..=499 => CallOutcome::Refused { reason, retry: false },
            // These ask for the same request elsewhere; the others may follow upon a change that was made.
            307 | 308 => CallOutcome::Refused {
                reason: format!("{reason} (a redirect, which is never followed; correct the URL)"),
                retry: false,
            },
            _ => CallOutcome::Ambiguous { reason },
        }
    }
}

/// Whether a condition holds for an answer. The error is for people.
pub fn holds(condition: &Expression, answer: &Answer, now: Timestamp) -> Result<bool, String> {
    condition.evaluate_bool(&answer.variables(), now).map_err(|error| format!("`{}`: {error}", condition.source()))
}
