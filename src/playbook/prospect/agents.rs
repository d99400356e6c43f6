//! Which agents a playbook can be about, and which of them lack what its steps need.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Found, Surroundings, some};
use crate::domain::{Agent, HoldLevel};
use crate::language::Expression;
use crate::playbook::model::{ActionStep, Playbook, Step};
use crate::playbook::{ActionKind, codes, context};

/// The agents of the inventory for which the condition can be true.
pub(super) fn concerned<'s>(playbook: &Playbook, surroundings: &Surroundings<'s>) -> Vec<&'s Agent> {
    let may_match = |agent: &&Agent| {
        let values = json!({ "agent": context::agent_values(agent) });
        let scheduled = playbook.timetable.as_ref().is_some_and(|timetable| timetable.agents.can_be_true(&values));
        scheduled || playbook.when.can_be_true(&values)
    };
    surroundings.agents.iter().filter(may_match).collect()
}

/// Those agents for which these conditions can be true.
pub(super) fn among<'s>(agents: &[&'s Agent], conditions: [&Option<Expression>; 2]) -> Vec<&'s Agent> {
    let conditions: Vec<&Expression> = conditions.into_iter().flatten().collect();
    let may_be = |agent: &&&Agent| {
        // Only what a condition asks makes it worth the while to look at every agent.
        conditions.is_empty() || {
            let values = json!({ "agent": context::agent_values(agent) });
            conditions.iter().all(|condition| condition.can_be_true(&values))
        }
    };
    agents.iter().filter(may_be).copied().collect()
}

/// What a step needs of each agent, and who lacks it.
pub(super) fn look(found: &mut Found, pointer: &str, step: &Step, action: &ActionStep, agents: &[&Agent]) {
    if matches!(action.spec.kind, ActionKind::Hold(HoldLevel::Paused)) {
        ungated(found, pointer, action, agents);
    }
    let mut said = BTreeSet::new();
    for (leaf, template) in action.with.templates() {
        // A value with a default may be missing.
        if template.source().contains("default ") || template.source().contains("{{#if") {
            continue;
        }
        for path in template.shown() {
            let names: Vec<&str> = path.iter().map(String::as_str).collect();
            if said.insert(path.clone()) {
                needed(found, &format!("{pointer}/with{leaf}"), step, &names, agents);
            }
        }
    }
}

/// Something of an agent that a template shows.
enum Need<'p> {
    Credential(&'p str),
    Handle { connector: &'p str, field: Option<&'p str> },
}

impl<'p> Need<'p> {
    fn of(path: &[&'p str]) -> Option<Self> {
        match path {
            ["agent", "credentials", name, ..] => Some(Self::Credential(name)),
            ["agent", "handles", connector, field] if *field != "connection" => {
                Some(Self::Handle { connector, field: Some(field) })
            }
            ["agent", "handles", connector, ..] => Some(Self::Handle { connector, field: None }),
            _ => None,
        }
    }

    fn has(&self, agent: &Agent) -> bool {
        match self {
            Self::Credential(name) => agent.credentials.get(*name).is_some_and(|one| one.reference.is_some()),
            Self::Handle { connector, field } => agent
                .handles
                .get(*connector)
                .is_some_and(|handle| field.is_none_or(|field| handle.references.contains_key(field))),
        }
    }

    const fn code(&self) -> &'static str {
        match self {
            Self::Credential(_) => codes::NO_CREDENTIAL,
            Self::Handle { .. } => codes::NO_HANDLE,
        }
    }

    fn lack(&self) -> String {
        match self {
            Self::Credential(name) => format!("no credential `{name}`"),
            Self::Handle { connector, field: Some(field) } => format!("no handle `{connector}.{field}`"),
            Self::Handle { connector, field: None } => format!("no handle `{connector}`"),
        }
    }
}

fn needed(found: &mut Found, pointer: &str, step: &Step, path: &[&str], agents: &[&Agent]) {
    let Some(need) = Need::of(path) else { return };
    let (what, code) = (need.lack(), need.code());
    let without: Vec<&str> = agents.iter().filter(|agent| !need.has(agent)).map(|agent| agent.id.as_str()).collect();
    if !without.is_empty() {
        let message = format!(
            "step `{}` can only fail for {} of the {} agents that can match: {what} for {}",
            step.name,
            without.len(),
            agents.len(),
            some(&without)
        );
        found.warn(
            pointer,
            code,
            message,
            "add it to their entries in the inventory, or leave them out with `when`".to_owned(),
        );
    }
}

fn ungated(found: &mut Found, pointer: &str, action: &ActionStep, agents: &[&Agent]) {
    let without: Vec<&str> = agents.iter().filter(|agent| !agent.gated).map(|agent| agent.id.as_str()).collect();
    if !without.is_empty() {
        let message = format!(
            "`{}` can only reach unproven for {} of the {} agents that can match, because nothing asks the gate for {}",
            action.spec.name,
            without.len(),
            agents.len(),
            some(&without)
        );
        let hint = "put the gate before them and say `gated: true`, or add a step that stops them where they work";
        found.warn(&format!("{pointer}/action"), codes::UNGATED, message, hint.to_owned());
    }
}
