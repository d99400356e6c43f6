//! The variables of a playbook, evaluated once when its run begins and frozen with it.
//!
//! One that can't be evaluated is left without a value, and the playbook's owner is told: a message that lacks a word must
//! not keep an agent from being paused. Whatever uses it fails by itself, before anything is sent.

use serde_json::Value;

use crate::domain::Principal;

use super::context::variables;
use super::effect::{Effect, Notice};
use super::motion::Motion;

/// How large the values may be together, as JSON.
const BYTES_MAX: usize = 16 * 1024;

impl Motion<'_> {
    /// Evaluates the variables in the order written; each sees those before it.
    pub fn freeze_variables(&mut self) {
        for variable in &self.playbook.vars {
            let name = variable.name.to_string();
            let known = Value::Object(self.run.vars.values.clone());
            let fits = |value: &Value| size(&known).saturating_add(size(value)) <= BYTES_MAX;
            let rendered = variable.value.render(&variables(&self.run)).map_err(|error| error.to_string());
            match rendered {
                Ok(value) if fits(&value) => {
                    self.run.vars.values.insert(name, value);
                }
                Ok(_) => {
                    let reason = format!("the variables together are larger than {} KiB", BYTES_MAX / 1024);
                    self.run.vars.unset.insert(name, reason);
                }
                Err(reason) => {
                    self.run.vars.unset.insert(name, reason);
                }
            }
        }
        self.tell_of_unset_variables();
    }

    fn tell_of_unset_variables(&mut self) {
        if self.run.vars.unset.is_empty() {
            return;
        }
        let lines: Vec<String> =
            self.run.vars.unset.iter().map(|(name, reason)| format!("- vars.{name}: {reason}")).collect();
        let text = format!(
            "{} of playbook {} began without these variables:\n{}\n\nSteps that use one of them fail; the others are done.\n",
            self.run.id,
            self.run.playbook,
            lines.join("\n"),
        );
        let subject = format!("Playbook fault: {}", self.run.playbook);
        let to = vec![self.playbook.owner.clone(), Principal::Fallback];
        self.effects.push(Effect::Alarm(Notice { to, subject, text }));
    }
}

fn size(value: &Value) -> usize {
    value.to_string().len()
}
