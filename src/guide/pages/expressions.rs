//! Expressions: the variables with their types, the operators and the functions.

use std::collections::BTreeMap;

use crate::guide::block::{Block, Entry};
use crate::guide::page::Page;
use crate::language::Type;
use crate::language::expression_reference::{FunctionHelp, LOOPS, OPERATORS, OWN, STANDARD};
use crate::playbook::context;

use super::keys::sentence;

/// The page.
pub fn page() -> Page {
    let mut blocks = vec![
        Block::paragraph(
            "Conditions (`match.when`, and `when` of a stage or a step) are expressions of CEL, <https://cel.dev>. \
             Names, types and functions are checked when the playbook is; evaluation is bounded, and an error while \
             evaluating counts as no match and is told to the playbook's owner.",
        ),
        Block::example(
            "when",
            "alert.rule == 'token_anomalous_use' && alert.severity >= HIGH && agent.tier == 'autonomous'",
        ),
        Block::paragraph(
            "Severities are ordered and written without quotes: `INFO < LOW < MEDIUM < HIGH < CRITICAL`. `now` is the \
             time of the event. Text that an alert or agent does not have is empty.",
        ),
        Block::heading("Variables"),
        Block::Entries { entries: variables() },
    ];
    for (heading, table) in [
        ("Operators", &OPERATORS[..]),
        ("Standdown's functions", &OWN),
        ("Functions of CEL", &STANDARD),
        ("Loops", &LOOPS),
    ] {
        blocks.push(Block::heading(heading));
        blocks.push(Block::Entries { entries: table.iter().map(function).collect() });
    }
    let line = "conditions: variables, operators and functions".to_owned();
    Page { topic: "expressions".into(), title: "Expressions".into(), line, blocks }
}

fn function(help: &FunctionHelp) -> Entry {
    Entry::new(help.name, "", &format!("{} `` {} ``", sentence(help.help), help.example))
}

/// Every variable and every field, with its type and what it is.
pub fn variables() -> Vec<Entry> {
    let vars = BTreeMap::from([("NAME".to_owned(), Type::Any)]);
    let environment = context::environment(&vars, ["NAME"].into_iter());
    let mut entries = Vec::new();
    for (name, ty) in environment.all() {
        fields(name, ty, &mut entries);
    }
    entries
}

fn fields(path: &str, ty: &Type, entries: &mut Vec<Entry>) {
    match ty {
        Type::Object(inner) => {
            for (name, ty) in inner.iter() {
                fields(&format!("{path}.{name}"), ty, entries);
            }
        }
        other => entries.push(Entry::new(path, &other.to_string(), &sentence(meaning(path)))),
    }
}

/// What a variable is; a test asks for every one.
fn meaning(path: &str) -> &'static str {
    MEANINGS.iter().find(|(known, _)| *known == path).map_or("", |(_, meaning)| meaning)
}

const MEANINGS: [(&str, &str); 35] = [
    ("agent.children", "ids of agents that it starts"),
    ("agent.credentials", "its credentials by name; `has(agent.credentials.idp)` asks whether one is there"),
    ("agent.depends_on", "what it needs"),
    ("agent.deployed_by", "who or what deployed it"),
    ("agent.environment", "where it runs, such as `production`"),
    ("agent.gated", "whether its calls pass the gate, so that a hold stops them"),
    ("agent.handles", "how connectors find it, by connector: `agent.handles.okta.app`"),
    ("agent.id", "its id"),
    ("agent.known", "whether the inventory has it"),
    ("agent.name", "the name that people read"),
    ("agent.owner", "who answers for it, as `user:NAME` or `group:NAME`"),
    ("agent.protected", "whether nothing contains it without a person"),
    ("agent.systems", "systems that it uses"),
    ("agent.tier", "how much it may do alone: `read_only`, `supervised`, `autonomous` or `unknown`"),
    ("alert.credential", "the credential that the alert names, as its source sent it"),
    ("alert.event_id", "the sender's own id of what happened"),
    ("alert.fields", "what its source adds: any name"),
    ("alert.group_key", "what the sender grouped it by"),
    ("alert.id", "its id"),
    ("alert.labels", "its labels: any name, always text"),
    ("alert.occurred_at", "when it happened, as the sender says"),
    ("alert.principal", "who acted, as its source sent it"),
    ("alert.received_at", "when it was received"),
    ("alert.resources", "what was touched"),
    ("alert.rule", "the rule that raised it"),
    ("alert.severity", "how bad it is"),
    ("alert.source", "the source that delivered it"),
    ("alert.status", "`firing`, `acknowledged`, `resolved`, `event` or `unknown`"),
    ("alert.title", "one line for people, in the sender's words"),
    ("incident.id", "the incident that the run belongs to"),
    ("steps.NAME.decision", "of a step that asked people: `approved`, `rejected` or `expired`"),
    ("steps.NAME.output", "what the action answered"),
    ("steps.NAME.state", "how the step stands: `succeeded`, `unproven`, `failed`, `rejected`, `skipped` and so on"),
    ("steps.NAME.verdict", "of a step that contains: `contained`, `unproven`, `already_done`, `failed` or `regressed`"),
    ("vars.NAME", "what a variable of the playbook came to"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_says_what_it_is_and_no_other_does() {
        let found: Vec<String> = variables().into_iter().map(|entry| entry.name).collect();
        let known: Vec<&str> = MEANINGS.iter().map(|(path, _)| *path).collect();
        assert_eq!(found, known);
    }
}
