//! What follows from a request that nobody answers: never that something is destroyed.
//!
//! A step may destroy for a stated reason without asking anybody, but not *because* nobody answered. Whether it would is
//! seen in its conditions and in those of its stage: they are tried with the decision that silence leaves behind. A step that
//! silence lets go hands that on to the steps whose conditions name it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::domain::{Decision, Impact};
use crate::language::Expression;
use crate::playbook::{Body, Playbook, Step, Wait, codes};

use super::outline::{Outline, StepOutline};
use super::report::Report;

/// A step with what decides whether it is done.
struct Candidate<'p> {
    outlined: &'p StepOutline,
    step: &'p Step,
    /// Its conditions, each with its place.
    conditions: Vec<(String, &'p Expression)>,
}

/// Refuses steps that destroy and that silence would let go.
pub(super) fn look(report: &mut Report, outline: &Outline, playbook: &Playbook) {
    let asking: Vec<&StepOutline> = outline.steps.iter().filter(|step| step.asks()).collect();
    let expired: BTreeMap<&str, Value> =
        asking.iter().map(|step| (step.name.as_str(), after(step, Decision::Expired))).collect();
    // Steps that silence lets go: what became of them is not known.
    let mut reached: BTreeMap<&str, Value> = BTreeMap::new();
    for candidate in candidates(outline, playbook) {
        let own = candidate.outlined;
        if own.asks() || outline.is_released(own) || candidate.is_decided_by_people(&asking) {
            continue;
        }
        let Some((name, pointer)) = candidate.caused_by(&expired).or_else(|| candidate.caused_by(&reached)) else {
            continue;
        };
        if own.impact == Some(Impact::Destroy) {
            let message = format!("this destroys what can't be restored where nobody answers (by way of `{name}`)");
            report
                .error(&pointer, codes::SILENCE, message)
                .hint("ask for `decision == 'approved'`, or put an `approval` before the step itself");
        }
        reached.insert(own.name.as_str(), json!({}));
    }
}

fn candidates<'p>(outline: &'p Outline, playbook: &'p Playbook) -> impl Iterator<Item = Candidate<'p>> {
    outline.steps.iter().zip(playbook.steps()).map(|(outlined, step)| {
        let stage = outlined.place.stage;
        let of_stage = playbook.stages.get(stage).and_then(|of| of.when.as_ref());
        let until = match &step.body {
            Body::Wait(Wait { until, .. }) => until.as_ref(),
            Body::Action(_) | Body::Approval(_) => None,
        };
        let of_stage = of_stage.map(|when| (format!("/stages/{stage}/when"), when));
        let of_step = step.when.as_ref().map(|when| (format!("{}/when", outlined.pointer), when));
        let until = until.map(|until| (format!("{}/until", outlined.pointer), until));
        Candidate { outlined, step, conditions: of_stage.into_iter().chain(of_step).chain(until).collect() }
    })
}

impl Candidate<'_> {
    /// The step, of these, whose standing lets this one go, and the place of the condition that names it.
    fn caused_by<'n>(&self, standings: &BTreeMap<&'n str, Value>) -> Option<(&'n str, String)> {
        standings.iter().find_map(|(name, standing)| {
            let (pointer, _) = self.conditions.iter().find(|(_, condition)| names(condition, name))?;
            self.may_be_done(name, standing).then(|| (*name, pointer.clone()))
        })
    }

    fn may_be_done(&self, name: &str, standing: &Value) -> bool {
        let known = json!({ "steps": { name: standing } });
        self.conditions.iter().all(|(_, condition)| condition.can_be_true(&known))
    }

    /// Whether it is done only after people have approved something.
    fn is_decided_by_people(&self, asking: &[&StepOutline]) -> bool {
        asking.iter().filter(|step| step.name != self.step.name.as_str()).any(|step| {
            let not = [Decision::Expired, Decision::Rejected];
            not.iter().all(|decision| !self.may_be_done(&step.name, &after(step, *decision)))
        })
    }
}

/// How a step that asks people stands after a decision that is no approval.
fn after(step: &StepOutline, decision: Decision) -> Value {
    let state = if step.is_action { "rejected" } else { "succeeded" };
    json!({ "decision": decision.as_str(), "state": state, "verdict": "", "output": null })
}

/// Whether a condition looks at a step.
fn names(condition: &Expression, step: &str) -> bool {
    let part_of_a_name = |c: char| c.is_alphanumeric() || c == '_';
    let source = condition.source();
    let dotted = format!("steps.{step}");
    let ends = |at: usize| source.get(at + dotted.len()..).is_none_or(|rest| !rest.starts_with(part_of_a_name));
    source.match_indices(&dotted).any(|(at, _)| ends(at))
        || ["'", "\""].iter().any(|quote| source.contains(&format!("steps[{quote}{step}{quote}]")))
}
