//! The bones of a playbook, read before anything is checked: which steps there are, in which order, and how strong.
//!
//! Whether a condition may name a step, who must be asked and how long people may be waited for all depend on other
//! steps. The outline answers that without complaint; what is wrong with a step is said when the step itself is
//! compiled.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use crate::domain::Impact;
use crate::language::{Environment, Type};
use crate::playbook::keys::words;
use crate::playbook::{ActionSpec, Catalogue, context};

use super::node::child;

/// Where a step stands: the index of its stage, and its own in it. A stage's own condition stands at index 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) stage: usize,
    pub(super) index: usize,
}

/// What other steps must know of a step.
#[derive(Clone, Debug)]
pub(super) struct StepOutline {
    pub(super) name: String,
    pub(super) pointer: String,
    pub(super) place: Place,
    /// Whether it has an action, whether or not that exists.
    pub(super) is_action: bool,
    /// Its action, if it has one that exists.
    pub(super) spec: Option<Arc<ActionSpec>>,
    /// How strong it is, as far as that can be read.
    pub(super) impact: Option<Impact>,
    /// For a step that only asks: the steps that it releases.
    pub(super) releases: Vec<String>,
    /// Whether it has an approval.
    pub(super) approves: bool,
    /// Whether it has an action and an approval before it.
    pub(super) guarded: bool,
}

impl StepOutline {
    /// Whether it asks people, alone or before its action.
    pub(super) const fn asks(&self) -> bool {
        self.approves
    }
}

/// All steps, in the order written.
#[derive(Clone, Debug, Default)]
pub(super) struct Outline {
    /// The name of the playbook itself.
    pub(super) playbook: String,
    pub(super) steps: Vec<StepOutline>,
    /// By stage, whether its steps follow each other.
    sequential: Vec<bool>,
    /// The types of the variables.
    vars: BTreeMap<String, Type>,
    /// Variables that hold what the sender of an alert wrote.
    outside: BTreeSet<String>,
}

/// Whether the parameters name a method that only reads.
pub(super) fn reads(with: Option<&Value>) -> bool {
    let method = with.and_then(|with| with.get("method")).and_then(Value::as_str);
    method.is_some_and(|method| ["GET", "HEAD"].iter().any(|read| method.eq_ignore_ascii_case(read)))
}

fn impact(spec: &ActionSpec, step: &Value) -> Option<Impact> {
    let stated = || {
        let word = step.get("impact").and_then(Value::as_str)?;
        words::IMPACTS.iter().find(|(name, ..)| *name == word).map(|(_, impact, _)| *impact)
    };
    spec.impact.or_else(stated).or_else(|| reads(step.get("with")).then_some(Impact::Notify))
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn names(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(name)) => vec![name.clone()],
        other => list(other).iter().filter_map(Value::as_str).map(str::to_owned).collect(),
    }
}

fn step(value: &Value, catalogue: &Catalogue, pointer: String, place: Place) -> StepOutline {
    let action = value.get("action").and_then(Value::as_str);
    let spec = action.and_then(|name| catalogue.get(name)).cloned();
    let approval = value.get("approval");
    StepOutline {
        name: value.get("step").and_then(Value::as_str).unwrap_or_default().to_owned(),
        pointer,
        place,
        is_action: value.get("action").is_some(),
        impact: spec.as_ref().and_then(|spec| impact(spec, value)),
        spec,
        releases: match value.get("action") {
            None => names(approval.and_then(|approval| approval.get("releases"))),
            Some(_) => Vec::new(),
        },
        approves: approval.is_some(),
        guarded: value.get("action").is_some() && approval.is_some(),
    }
}

impl Outline {
    /// Reads what can be read.
    pub(super) fn read(document: &Value, catalogue: &Catalogue) -> Self {
        let playbook = document.get("playbook").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut outline = Self { playbook, ..Self::default() };
        for (stage, value) in list(document.get("stages")).iter().enumerate() {
            outline.sequential.push(value.get("mode").and_then(Value::as_str) == Some("sequential"));
            for (index, inner) in list(value.get("steps")).iter().enumerate() {
                let pointer = child(&child(&child("/stages", &stage.to_string()), "steps"), &index.to_string());
                outline.steps.push(step(inner, catalogue, pointer, Place { stage, index }));
            }
        }
        outline
    }

    /// A variable that all steps see, and the variables below it.
    pub(super) fn add_variable(&mut self, name: &str, ty: Type, from_outside: bool) {
        self.vars.insert(name.to_owned(), ty);
        if from_outside {
            self.outside.insert(name.to_owned());
        }
    }

    /// Whether a variable holds what the sender of an alert wrote.
    pub(super) fn is_from_outside(&self, variable: &str) -> bool {
        self.outside.contains(variable)
    }

    /// The variables when a run begins.
    pub(super) fn environment_at_start(&self) -> Environment {
        context::starting_environment(&self.vars)
    }

    /// The step of that name.
    pub(super) fn named(&self, name: &str) -> Option<&StepOutline> {
        self.steps.iter().find(|step| step.name == name && !name.is_empty())
    }

    /// Whether what stands at `earlier` has settled when `later` starts.
    pub(super) fn is_before(&self, earlier: Place, later: Place) -> bool {
        let sequential = self.sequential.get(earlier.stage).copied().unwrap_or(false);
        earlier.stage < later.stage || (sequential && earlier.stage == later.stage && earlier.index < later.index)
    }

    /// The variables at a place: those of the alert, and the steps before it.
    pub(super) fn environment_at(&self, place: Place) -> Environment {
        let before = self.steps.iter().filter(|step| self.is_before(step.place, place));
        context::environment(&self.vars, before.map(|step| step.name.as_str()).filter(|name| !name.is_empty()))
    }

    /// Where the parameters of a step are rendered: at the step itself, or where the first approval that releases it
    /// asks.
    pub(super) fn rendered_at(&self, step: &StepOutline) -> Place {
        let asks = self.steps.iter().filter(|other| other.releases.contains(&step.name)).map(|other| other.place);
        asks.chain([step.place]).min().unwrap_or(step.place)
    }

    /// Whether a step that asks people releases this one; that it comes earlier is checked where it asks.
    pub(super) fn is_released(&self, step: &StepOutline) -> bool {
        self.steps.iter().any(|ask| ask.releases.contains(&step.name))
    }

    /// Whether this place comes before the first step that contains, if there is one.
    pub(super) fn is_before_containment(&self, place: Place) -> bool {
        let containing = |step: &&StepOutline| matches!(step.impact, Some(Impact::Contain | Impact::Destroy));
        self.steps.iter().find(containing).is_some_and(|first| place < first.place)
    }
}
