//! The example that every action of a connector file carries: a call and the exchanges that it makes.
//!
//! It documents the file and is its test: the exchanges are played against a stub.

use serde::Deserialize;
use serde_json::{Map, Value};

/// A call with everything that is sent and answered.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The parameters. A secret is given in clear here: it is none.
    #[serde(default)]
    pub with: Map<String, Value>,
    /// The exchanges, in order.
    pub exchanges: Vec<ExampleExchange>,
}

/// One exchange.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExampleExchange {
    /// When it is made.
    pub phase: ExamplePhase,
    /// Method and path, with the query.
    pub request: String,
    /// The form that is sent.
    #[serde(default)]
    pub form: Option<Map<String, Value>>,
    /// The JSON that is sent.
    #[serde(default)]
    pub json: Option<Value>,
    /// What is answered.
    pub answer: ExampleAnswer,
}

/// When an exchange is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExamplePhase {
    /// Before the change.
    Prepare,
    /// The change.
    Send,
    /// After it.
    Prove,
    /// Taking it back.
    Undo,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExampleAnswer {
    /// The status.
    pub status: u16,
    /// The body.
    #[serde(default)]
    pub json: Option<Value>,
}
