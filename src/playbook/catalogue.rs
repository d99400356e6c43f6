//! What a playbook can name: the actions that there are, as the compiler and the machine see them, and the approvals of the
//! configuration.
//!
//! The adapters above fill the catalogue; nothing here knows how an action is performed. The digest of a specification
//! is part of the plan that people approve, so that a connector file changed under an approval voids it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::{ActionName, Digest, HoldLevel, Impact, Protection};

use super::approvals::Approvals;

/// What kind of value a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterType {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// A reference to a secret; its value is read only when it is sent.
    Secret,
    /// A list of text.
    List,
    /// Names and values.
    Map,
    /// Any JSON value.
    Any,
}

/// One parameter of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterSpec {
    /// What it takes.
    pub kind: ParameterType,
    /// Whether it must be given.
    pub required: bool,
    /// The only values that it takes; empty for any.
    pub values: Vec<String>,
    /// One line for people.
    pub help: String,
}

/// Who performs an action, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActionKind {
    /// The machine places a hold in the transaction itself.
    Hold(HoldLevel),
    /// The machine undoes other steps of the run.
    Undo,
    /// The machine puts messages into the outbox.
    Notify,
    /// The machine starts a run of another playbook.
    RunPlaybook,
    /// A worker calls something outside.
    External,
}

/// Everything that the compiler and the machine must know of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionSpec {
    /// Its name, e.g. `oauth.revoke_token`.
    pub name: ActionName,
    /// Who performs it.
    pub kind: ActionKind,
    /// Its parameters by name. A connector's action also takes `connection`.
    pub parameters: BTreeMap<String, ParameterSpec>,
    /// The connector that declares it; its steps name a `connection`.
    pub connector: Option<String>,
    /// How strong it is. `None`: the step must say (`http.call` with a method that changes something).
    pub impact: Option<Impact>,
    /// What may be done when it is unknown whether a call was applied.
    pub protection: Protection,
    /// Whether it reads the state or the baseline before it changes anything.
    pub prepares: bool,
    /// Whether its effect is looked for afterwards (it brings a probe).
    pub proves: bool,
    /// How long it looks for the effect, if the step does not say.
    pub prove_within: Duration,
    /// Whether it can be undone.
    pub undoable: bool,
    /// How long one call may take, if the step does not say.
    pub timeout: Duration,
    /// Digest of its declaration.
    pub digest: Digest,
    /// One line for people.
    pub help: String,
}

/// All actions by name, and the approvals of the configuration.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    actions: BTreeMap<ActionName, Arc<ActionSpec>>,
    approvals: Approvals,
}

impl Catalogue {
    /// A catalogue of the given actions and those of the machine itself.
    #[must_use]
    pub fn new(external: impl IntoIterator<Item = ActionSpec>) -> Self {
        let all = internal().into_iter().chain(external);
        let actions = all.map(|spec| (spec.name.clone(), Arc::new(spec))).collect();
        Self { actions, approvals: Approvals::default() }
    }

    /// The same actions with these approvals.
    #[must_use]
    pub fn with_approvals(self, approvals: Approvals) -> Self {
        Self { approvals, ..self }
    }

    /// The approvals that playbooks may use.
    #[must_use]
    pub const fn approvals(&self) -> &Approvals {
        &self.approvals
    }

    /// The action of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<ActionSpec>> {
        self.actions.get(name)
    }

    /// All actions, in the order of their names.
    pub fn all(&self) -> impl Iterator<Item = &Arc<ActionSpec>> {
        self.actions.values()
    }

    /// The names of all actions, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.actions.keys().map(ActionName::as_str)
    }
}

fn parameter(kind: ParameterType, required: bool, help: &str) -> ParameterSpec {
    ParameterSpec { kind, required, values: Vec::new(), help: help.to_owned() }
}

/// How long a run that a step starts is waited for, if the step does not say: longer than people are usually asked for.
const CHILD_TIMEOUT: Duration = Duration::from_hours(7 * 24);

fn internal_action(
    name: &str,
    kind: ActionKind,
    impact: Impact,
    parameters: &[(&str, ParameterSpec)],
    help: &str,
) -> Option<ActionSpec> {
    let undoable = matches!(kind, ActionKind::Hold(_));
    let timeout = if kind == ActionKind::RunPlaybook { CHILD_TIMEOUT } else { Duration::from_secs(10) };
    Some(ActionSpec {
        name: ActionName::parse(name).ok()?,
        kind,
        parameters: parameters.iter().map(|(name, spec)| ((*name).to_owned(), spec.clone())).collect(),
        connector: None,
        impact: Some(impact),
        protection: Protection::Idempotent,
        prepares: false,
        proves: false,
        prove_within: Duration::ZERO,
        undoable,
        timeout,
        digest: Digest::of(name.as_bytes()),
        help: help.to_owned(),
    })
}

/// The actions that the machine performs itself.
fn internal() -> Vec<ActionSpec> {
    use ParameterType::{Any, List, String};
    let reason = [("reason", parameter(String, false, "why, for the people who look at the hold"))];
    [
        internal_action(
            "agent.pause",
            ActionKind::Hold(HoldLevel::Paused),
            Impact::Contain,
            &reason,
            "place a hold that pauses the agent: the gate refuses it",
        ),
        internal_action(
            "agent.retire",
            ActionKind::Hold(HoldLevel::Retired),
            Impact::Contain,
            &reason,
            "place a hold that retires the agent: only a person lifts it",
        ),
        internal_action(
            "undo",
            ActionKind::Undo,
            Impact::Release,
            &[("steps", parameter(List, true, "the steps whose effect is restored, undone in reverse order"))],
            "restore what the named steps recorded before they changed it",
        ),
        internal_action(
            "notify",
            ActionKind::Notify,
            Impact::Notify,
            &[
                ("to", parameter(Any, true, "owner, fallback, user:NAME, group:NAME, or a list of them")),
                ("template", parameter(String, false, "a message of Standdown's own, e.g. contained")),
                ("subject", parameter(String, false, "one line, if no template is named")),
                ("text", parameter(String, false, "plain text, if no template is named")),
            ],
            "tell people",
        ),
        internal_action(
            "run_playbook",
            ActionKind::RunPlaybook,
            Impact::Notify,
            &[
                ("playbook", parameter(String, true, "the playbook, by name; its steps decide what may be done")),
                ("agent", parameter(String, false, "the id of the agent that it is about; the run's own if left out")),
            ],
            "start a run of another playbook, and wait until it is over",
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}
