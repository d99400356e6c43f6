//! What a decision would set going besides the steps that it releases: the steps whose conditions ask for it.
//!
//! A person who says no must know that the playbook then retires the agent. Only conditions that name the decision are
//! looked at; one that can't be evaluated yet is left out, because a guess would be worse than silence.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::domain::{Approval, Decision, Run, StepPath, StepState};
use crate::language::Expression;
use crate::playbook::{Body, Playbook, Step};

/// One step that a decision sets going.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Following {
    /// The step.
    pub path: StepPath,
    /// What it does, in a word: its action, or `wait`, or `asks people`.
    pub action: String,
}

/// The steps that wait for exactly this decision, in the playbook's order.
#[must_use]
pub fn following(
    run: &Run,
    approval: &Approval,
    playbook: &Playbook,
    decision: Decision,
    now: Timestamp,
) -> Vec<Following> {
    let variables = variables(run, &approval.path, decision);
    let mention = format!("steps.{}.decision", approval.path.step);
    let mut found = Vec::new();
    for stage in &playbook.stages {
        for step in &stage.steps {
            let path = StepPath::from(step.name.clone());
            let pending = run.steps.get(&path).is_some_and(|record| record.state == StepState::Pending);
            if !pending || approval.releases.contains(&path) {
                continue;
            }
            let conditions: Vec<&Expression> = stage.when.iter().chain(&step.when).collect();
            let asks = conditions.iter().any(|condition| condition.source().contains(&mention));
            let met = |condition: &&Expression| condition.evaluate_bool(&variables, now).unwrap_or(false);
            if asks && conditions.iter().all(met) {
                found.push(Following { path, action: action(step) });
            }
        }
    }
    found
}

/// What a step does, in a word.
#[must_use]
pub fn action(step: &Step) -> String {
    match &step.body {
        Body::Action(action) => action.spec.name.to_string(),
        Body::Approval(_) => "asks people".to_owned(),
        Body::Wait(_) => "waits".to_owned(),
    }
}

/// What conditions see, as if the decision had been made.
fn variables(run: &Run, asked: &StepPath, decision: Decision) -> Value {
    let mut variables = crate::machine::variables(run);
    let step = variables.get_mut("steps").and_then(|steps| steps.get_mut(asked.to_string()));
    if let Some(Value::Object(step)) = step {
        step.insert("state".to_owned(), json!("succeeded"));
        step.insert("decision".to_owned(), json!(decision.as_str()));
    }
    variables
}
