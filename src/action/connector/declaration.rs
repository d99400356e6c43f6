//! A compiled connector: what its actions are and everything needed to perform them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::Declarations;
use super::raw::Witness;
use super::request::RequestTemplate;
use crate::action::connection::ConnectionSpec;
use crate::action::rules::Rules;
use crate::language::{Expression, Tree};
use crate::playbook::ActionSpec;

/// A connector file, compiled.
#[derive(Debug)]
pub struct Connector {
    /// Its name, such as `oauth`.
    pub name: String,
    /// What its connections need.
    pub connection: ConnectionSpec,
    /// Its actions.
    pub actions: Declarations,
}

/// One action of a connector.
#[derive(Debug)]
pub struct Declaration {
    /// What it is.
    pub spec: ActionSpec,
    /// The connector that declares it.
    pub connector: Arc<str>,
    /// Values of parameters that were left out.
    pub defaults: BTreeMap<String, Value>,
    /// The state that undo restores.
    pub snapshot: Option<Snapshot>,
    /// The change.
    pub request: RequestTemplate,
    /// What its answers mean.
    pub rules: Rules,
    /// How its effect is looked for.
    pub verify: Option<Verify>,
    /// How it is taken back.
    pub undo: Option<Undo>,
}

/// The state that undo restores.
#[derive(Debug)]
pub struct Snapshot {
    /// How it is read.
    pub request: RequestTemplate,
    /// What is kept of the answer.
    pub keep: Expression,
    /// What is there once the action was applied.
    pub left: Option<Tree>,
}

/// How the effect is looked for.
#[derive(Debug)]
pub struct Verify {
    /// Whose eyes it looks with.
    pub witness: Witness,
    /// The probe.
    pub request: RequestTemplate,
    /// What the probe answers while the thing works.
    pub before: Expression,
    /// What it answers once the effect is there.
    pub after: Expression,
    /// How many looks in a row must show it.
    pub consecutive: u32,
    /// The pause between two looks.
    pub every: Duration,
}

/// How an action is taken back.
#[derive(Debug)]
pub struct Undo {
    /// The change back.
    pub request: RequestTemplate,
    /// What its answers mean: any 2xx is success.
    pub rules: Rules,
}
