//! The conditions of a connector file: CEL over `status`, `headers` and `body`.

use super::compile::Faults;
use super::raw::RawAction;
use crate::action::rules::{Rules, SUCCESS, environment};
use crate::language::Expression;

/// A condition at a pointer.
pub fn condition(source: &str, pointer: &str, faults: &mut Faults<'_>) -> Option<Expression> {
    faults.all(pointer, Expression::compile_bool(source, &environment()))
}

/// A value of an answer, at a pointer.
pub fn value(source: &str, pointer: &str, faults: &mut Faults<'_>) -> Option<Expression> {
    faults.all(pointer, Expression::compile(source, &environment()))
}

/// What the answers to an action's request mean.
pub fn rules(raw: &RawAction, pointer: &str, faults: &mut Faults<'_>) -> Option<Rules> {
    let mut optional = |name: &str, source: &Option<String>| {
        source.as_ref().and_then(|source| condition(source, &format!("{pointer}/{name}"), faults))
    };
    let already_done = optional("already_done", &raw.already_done);
    let refused = optional("refused", &raw.refused);
    let retry = optional("retry", &raw.retry);
    let success = condition(raw.success.as_deref().unwrap_or(SUCCESS), &format!("{pointer}/success"), faults)?;
    Some(Rules { success, already_done, refused, retry })
}
