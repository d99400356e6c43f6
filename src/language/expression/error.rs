//! Why an expression that compiled could not be evaluated.

/// A failure of an evaluation. Each message completes "failed to evaluate the expression: ".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// A variable or field has no value.
    #[error("`{name}` has no value; ask with `has(...)` first, or use `.?{name}.orValue(...)`")]
    Missing {
        /// The name of the field or variable.
        name: String,
    },
    /// A value is not of the type that its variable was declared with.
    #[error("`{path}` is not {expected}; correct what sends it")]
    InvalidValue {
        /// The path of the value.
        path: String,
        /// The declared type, in words.
        expected: String,
    },
    /// An operator or function met values that it does not take.
    #[error("{detail}; check the types of the values with `type(...)` or convert them")]
    Types {
        /// What did not fit, without the values.
        detail: String,
    },
    /// Arithmetic went wrong: a division by zero, an overflow, an index outside of a list.
    #[error("{detail}; test for it before")]
    Arithmetic {
        /// What went wrong.
        detail: &'static str,
    },
    /// A function refused its arguments.
    #[error("`{function}` refused its arguments: {reason}")]
    Function {
        /// The name of the function.
        function: String,
        /// Why, without the values.
        reason: String,
    },
    /// The loops of the expression took too long.
    #[error("its loops cost more than is allowed; narrow the lists, or nest fewer loops")]
    Budget,
    /// A value is nested too deeply or too large to be looked at.
    #[error("`{path}` is nested too deeply")]
    TooDeep {
        /// The path of the value.
        path: String,
    },
    /// The result is nothing that can be written as JSON.
    #[error("the result is {found}, which can't be stored; return text, a number, a list or an object")]
    Unrepresentable {
        /// What it is.
        found: &'static str,
    },
    /// A condition was neither true nor false.
    #[error("the condition is {found}, and not true or false")]
    NotBool {
        /// What it was.
        found: &'static str,
    },
    /// The evaluator failed in a way that it does not explain.
    #[error("the evaluator gave up; simplify the expression")]
    Internal,
}

/// What a JSON value is, in words, without showing it.
pub(super) fn kind(value: &serde_json::Value) -> &'static str {
    match value {
        serde_json::Value::Null => "null",
        serde_json::Value::Bool(_) => "true or false",
        serde_json::Value::Number(_) => "a number",
        serde_json::Value::String(_) => "text",
        serde_json::Value::Array(_) => "a list",
        serde_json::Value::Object(_) => "an object",
    }
}
