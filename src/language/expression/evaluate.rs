//! One evaluation: the variables that are read, the functions, the budget, and the errors in our words.
//!
//! The error texts of the evaluator show the values they met, so none of them is passed on.

use super::budget::{self, Budget};
use super::needs::Needs;
use super::{EvaluationError, NOW, SEVERITIES, functions, value};
use crate::language::Type;
use cel::{Context, Env, ExecutionError, IdedExpr, Value};
use serde_json::Value as Json;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};

static LIBRARY: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

pub(super) fn evaluate(
    tree: &IdedExpr,
    needs: &Needs,
    result: &Type,
    variables: &Json,
    now: jiff::Timestamp,
) -> Result<Json, EvaluationError> {
    let mut context = Context::with_env(Arc::clone(&LIBRARY));
    let mut size = 0_u64;
    for (name, need) in &needs.variables {
        let json = variables.get(name).ok_or_else(|| EvaluationError::Missing { name: name.clone() })?;
        let value = value::from_json(json, &need.ty, need.fields.as_ref(), name)?;
        size = size.saturating_add(budget::steps(&value));
        context.add_variable_from_value(name.clone(), value);
    }
    if needs.severities {
        for (name, order) in SEVERITIES.iter().zip(1_i64..) {
            context.add_variable_from_value(*name, Value::Int(order));
        }
    }
    if needs.now {
        let now = value::timestamp(now).ok_or(EvaluationError::Internal)?;
        context.add_variable_from_value(NOW, now);
    }
    let budget = Arc::new(Budget::new(size));
    if needs.functions {
        functions::register(&mut context, &budget).map_err(|_| EvaluationError::Internal)?;
    }
    // The evaluator may panic on inputs that nobody thought of; an incident must not end a worker.
    let outcome = catch_unwind(AssertUnwindSafe(|| Value::resolve(tree, &context)));
    if budget.is_exceeded() {
        return Err(EvaluationError::Budget);
    }
    let value = outcome.map_err(|_| EvaluationError::Internal)?.map_err(|error| explain(&error))?;
    value::to_json(&value, result, 0)
}

fn explain(error: &ExecutionError) -> EvaluationError {
    match error {
        ExecutionError::NoSuchKey(name) | ExecutionError::UndeclaredReference(name) => {
            EvaluationError::Missing { name: name.to_string() }
        }
        ExecutionError::NoSuchOverload(overload) => {
            let types = overload.argument_types().join(" and ");
            let function = overload.function().trim_matches(['_', '@']);
            EvaluationError::Types { detail: format!("`{function}` does not take {types}") }
        }
        ExecutionError::FunctionError { function, message } => {
            EvaluationError::Function { function: function.clone(), reason: functions::reason(function, message) }
        }
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            EvaluationError::Arithmetic { detail: "a division by zero" }
        }
        ExecutionError::Overflow(..) => EvaluationError::Arithmetic { detail: "a number grew too large" },
        ExecutionError::IndexOutOfBounds(_) => EvaluationError::Arithmetic { detail: "an index outside of its list" },
        ExecutionError::InternalError(_) => EvaluationError::Internal,
        _ => EvaluationError::Types { detail: "values of types that do not go together".to_owned() },
    }
}
