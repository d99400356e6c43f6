//! The example that every action of a connector file carries: a call and the exchanges that it makes.
//!
//! It documents the file and is its test: the exchanges are played against a stub.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::compile::Faults;
use super::fields::escaped;
use super::parameter::Parameter;

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

impl Example {
    /// Reports parameters that the action does not have, and exchanges that can't be played.
    pub fn check(&self, parameters: &BTreeMap<String, Parameter>, pointer: &str, faults: &mut Faults<'_>) {
        for name in self.with.keys().filter(|name| !parameters.contains_key(*name)) {
            faults.at(&format!("{pointer}/with/{}", escaped(name)), format!("the action has no parameter `{name}`"));
        }
        if !self.exchanges.iter().any(|exchange| exchange.phase == ExamplePhase::Send) {
            faults.at(pointer, "an example shows at least what is sent: an exchange with `phase: send`");
        }
        for (index, exchange) in self.exchanges.iter().enumerate() {
            let place = format!("{pointer}/exchanges/{index}/request");
            if exchange.request.split_once(' ').is_none_or(|(_, path)| !path.starts_with('/')) {
                faults.at(&place, "a request is a method and a path, such as `POST /token/revocation`");
            }
        }
    }
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
