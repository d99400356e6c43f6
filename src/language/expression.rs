//! Expressions: conditions and values in the Common Expression Language (CEL), <https://cel.dev>.
//!
//! An expression is compiled once against the variables of its place, so that a wrong name or type is a fault in a
//! file and not an error during an incident; then it is evaluated as often as needed, on any thread. The parser and
//! the evaluator underneath have no limits and no checker of their own, so both are here: a scan before the parser, a
//! checker after it, a budget around every loop. No type of that crate leaves this module, and nothing here knows
//! what an alert or an agent is.

mod budget;
mod check;
mod compared;
mod demand;
mod error;
mod evaluate;
mod explain;
mod functions;
mod needs;
mod parse;
mod pattern;
mod reach;
pub mod reference;
mod scan;
mod suppose;
mod value;

pub use compared::Compared;
pub use error::EvaluationError;
pub use explain::Explained;
pub use suppose::{Known, Supposition};

use super::codes::{EXPRESSION_NOT_BOOL, EXPRESSION_SYNTAX};
use super::{Environment, Fault, Type, stack};
use needs::Needs;
use std::fmt;
use std::sync::Arc;

/// The names of the severities from the lowest to the highest; the order is the value.
const SEVERITIES: [&str; 5] = ["INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL"];
/// The variable that holds the time of the evaluation.
const NOW: &str = "now";

/// A compiled expression. Two are equal if their sources are; a clone shares the compiled form.
#[derive(Clone)]
pub struct Expression {
    inner: Arc<Compiled>,
}

struct Compiled {
    source: String,
    tree: cel::IdedExpr,
    needs: Needs,
    result: Type,
    demands: Vec<demand::Demand>,
    compared: Vec<Compared>,
}

impl Expression {
    /// Compiles an expression over the variables of `env`, and `now` and the severities, which exist everywhere.
    ///
    /// Every fault that can be found at once is returned, in the order of the text.
    pub fn compile(source: &str, env: &Environment) -> Result<Self, Vec<Fault>> {
        scan::scan(source).map_err(|fault| vec![fault])?;
        stack::with_large_stack(|| compile(source, env)).unwrap_or_else(|| {
            let message = "the expression can't be read";
            Err(vec![Fault::new(EXPRESSION_SYNTAX, message, 0, source.chars().count())])
        })
    }

    /// Compiles an expression that must be true or false.
    pub fn compile_bool(source: &str, env: &Environment) -> Result<Self, Vec<Fault>> {
        let expression = Self::compile(source, env)?;
        match expression.inner.result {
            Type::Bool | Type::Any => Ok(expression),
            ref other => {
                let message = format!("a condition must be true or false, and this is {other}");
                let fault = Fault::new(EXPRESSION_NOT_BOOL, message, 0, source.chars().count());
                Err(vec![fault.hint("compare it with something, as in `x == 'y'`")])
            }
        }
    }

    /// The text that was compiled.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.inner.source
    }

    /// The type of the value, as far as it is known without evaluating.
    #[must_use]
    pub fn result(&self) -> &Type {
        &self.inner.result
    }

    /// Whether it can be true, given the `known` variables (an object: name to value; a value may be partial). It says no
    /// only where that is certain. What `has` asks about must be whole where it is known.
    #[must_use]
    pub fn can_be_true(&self, known: &serde_json::Value) -> bool {
        reach::can_be_true(&self.inner.tree, known)
    }

    /// The texts that it compares fields with, in the order written.
    #[must_use]
    pub fn compared(&self) -> &[Compared] {
        &self.inner.compared
    }

    /// The fields that it reads of a variable; none if it reads the whole of it, nothing if it does not read it.
    #[must_use]
    pub fn reads(&self, variable: &str) -> Option<Vec<&str>> {
        let need = self.inner.needs.variables.get(variable)?;
        Some(need.fields.iter().flatten().map(String::as_str).collect())
    }

    /// Evaluates with `variables` (an object: name to value) at the time `now`.
    ///
    /// Severities, times and durations go in and come out as strings. Safe on any thread; the cost is bounded.
    pub fn evaluate(
        &self,
        variables: &serde_json::Value,
        now: jiff::Timestamp,
    ) -> Result<serde_json::Value, EvaluationError> {
        if demand::is_refused(&self.inner.demands, variables) {
            return Ok(serde_json::Value::Bool(false));
        }
        evaluate::evaluate(&self.inner.tree, &self.inner.needs, &self.inner.result, variables, now)
    }

    /// Evaluates a condition.
    pub fn evaluate_bool(&self, variables: &serde_json::Value, now: jiff::Timestamp) -> Result<bool, EvaluationError> {
        match self.evaluate(variables, now)? {
            serde_json::Value::Bool(value) => Ok(value),
            other => Err(EvaluationError::NotBool { found: error::kind(&other) }),
        }
    }
}

fn compile(source: &str, env: &Environment) -> Result<Expression, Vec<Fault>> {
    let (tree, places) = parse::parse(source).map_err(|fault| vec![fault])?;
    let checked = check::check(&tree, &places, source, env)?;
    let compared = compared::compared(&tree, &places);
    let tree = budget::with_budget(tree);
    let mut needs = checked.needs;
    needs.add_of_tree(&tree);
    let demands = demand::demands(&tree, &needs);
    let inner = Compiled { source: source.to_owned(), tree, needs, result: checked.result, demands, compared };
    Ok(Expression { inner: Arc::new(inner) })
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.inner.source == other.inner.source
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.inner.source).finish()
    }
}

#[cfg(test)]
mod tests;
