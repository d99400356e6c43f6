//! What a playbook can't achieve in a given place, told before an incident does: with these agents, people and connections.
//!
//! A playbook is right or wrong by itself; whether it can work is a matter of the inventory. Nothing here is an error,
//! because both change at their own pace. It knows no configuration file: what there is comes in as [`Surroundings`].

mod agents;
mod people;

use std::collections::BTreeMap;

use serde_json::Value;

use super::model::{Body, Playbook, Stage, Step};
use super::{ActionStep, codes};
use crate::domain::{Agent, ConnectionName, Directory, Person};
use crate::language::{Diagnostic, Source, SpanMap, suggest};

/// What there is where the playbook would run.
pub struct Surroundings<'s> {
    /// The inventory.
    pub agents: &'s [Agent],
    /// People, groups and the fallback owner.
    pub directory: &'s Directory,
    /// Every connection with its connector.
    pub connections: &'s BTreeMap<ConnectionName, String>,
    /// Whether a message can be sent to a person at all.
    pub reaches: &'s dyn Fn(&Person) -> bool,
}

/// Everything that this playbook could not do there, as warnings.
#[must_use]
pub fn prospects(playbook: &Playbook, surroundings: &Surroundings<'_>) -> Vec<Diagnostic> {
    let source = Source { name: playbook.file.clone(), text: playbook.text.to_string() };
    let Ok((_, places)) = crate::language::parse::<Value>(&source) else { return Vec::new() };
    let concerned = agents::concerned(playbook, surroundings);
    let mut found = Found { places, warnings: Vec::new() };
    for (pointer, stage, step) in steps(playbook) {
        match &step.body {
            Body::Action(action) => {
                connection(&mut found, &pointer, action, surroundings);
                let concerned = agents::among(&concerned, [&stage.when, &step.when]);
                agents::look(&mut found, &pointer, step, action, &concerned);
                people::told(&mut found, &pointer, action, surroundings);
                if let Some(guard) = &action.guard {
                    people::asked(&mut found, &pointer, guard, surroundings);
                }
            }
            Body::Approval(approval) => people::asked(&mut found, &pointer, approval, surroundings),
            Body::Wait(_) => {}
        }
    }
    found.warnings.sort_by_key(|warning| warning.span);
    found.warnings
}

/// What was found, each at its place.
struct Found {
    places: SpanMap,
    warnings: Vec<Diagnostic>,
}

impl Found {
    fn warn(&mut self, pointer: &str, code: &'static str, message: String, hint: String) {
        let place = self.places.nearest(pointer);
        let warning = Diagnostic::warning(code, self.places.file(), message).at(place).hint(hint);
        // A value that stands for many by an alias is said once.
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }
}

fn steps(playbook: &Playbook) -> impl Iterator<Item = (String, &Stage, &Step)> {
    playbook.stages.iter().enumerate().flat_map(|(stage, of)| {
        let place = move |index: usize| format!("/stages/{stage}/steps/{index}");
        of.steps.iter().enumerate().map(move |(index, step)| (place(index), of, step))
    })
}

/// The connection that a step names is there, and of the right kind.
fn connection(found: &mut Found, pointer: &str, action: &ActionStep, surroundings: &Surroundings<'_>) {
    let Some((_, template)) = action.with.templates().find(|(leaf, _)| leaf == "/connection") else { return };
    if !template.is_literal() {
        return;
    }
    let (name, pointer) = (template.source(), format!("{pointer}/with/connection"));
    let wanted = action.spec.connector.as_deref();
    match surroundings.connections.get(name) {
        None => {
            let known = surroundings.connections.iter().filter(|(_, of)| wanted.is_none_or(|wanted| *of == wanted));
            let known: Vec<&str> = known.map(|(name, _)| name.as_str()).collect();
            let hint = match (suggest(name, known.iter().copied()), wanted) {
                (Some(meant), _) => format!("did you mean `{meant}`?"),
                (None, Some(connector)) => format!("add it to `connections`, with `connector: {connector}`"),
                (None, None) => "add it to `connections`".to_owned(),
            };
            found.warn(&pointer, codes::UNKNOWN_CONNECTION, format!("there is no connection `{name}`"), hint);
        }
        Some(connector) if wanted.is_some_and(|wanted| wanted != connector) => {
            let message =
                format!("the connection `{name}` is one of `{connector}`, not of `{}`", wanted.unwrap_or_default());
            let hint = "name a connection of that connector".to_owned();
            found.warn(&pointer, codes::UNKNOWN_CONNECTION, message, hint);
        }
        Some(_) => {}
    }
}

/// Some names, and how many more there are.
fn some(names: &[&str]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<&str> = names.iter().copied().take(SHOWN).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests;
