//! What a case expects. What it names is compared exactly; what it does not name may be anything.

use serde_json::Value;

use crate::domain::{AgentId, HoldLevel, PersonId, Standing, StepState};
use crate::playbook::{Fields, Node, Report};
use crate::rehearsal::codes;
use crate::rehearsal::place::Place;

use super::Setting;
use super::words::{one_step_named, person, step, texts, with_references};

const KEYS: [&str; 12] = [
    "matched",
    "runs",
    "run",
    "containment",
    "steps",
    "messages",
    "asked",
    "holds",
    "standing",
    "standings",
    "alerts",
    "stage",
];
const OUTCOMES: [&str; 6] = ["running", "undoing", "completed", "failed", "cancelled", "superseded"];
const VERDICTS: [&str; 6] = ["contained", "unproven", "already_done", "failed", "regressed", "none"];
const DECISIONS: [&str; 4] = ["approved", "rejected", "expired", "none"];
const CAUSES: [&str; 5] = ["playbook", "budget", "trust", "protected", "none"];
const STANDINGS: [(&str, Standing); 4] = [
    ("active", Standing::Active),
    ("restricted", Standing::Restricted),
    ("paused", Standing::Paused),
    ("retired", Standing::Retired),
];
const LEVELS: [(&str, HoldLevel); 3] =
    [("restricted", HoldLevel::Restricted), ("paused", HoldLevel::Paused), ("retired", HoldLevel::Retired)];

/// Everything that a case names, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expectation {
    /// What is compared.
    pub checks: Vec<Check>,
}

/// One thing that is compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// Where it stands in the file.
    pub pointer: String,
    /// What.
    pub what: What,
}

/// What is compared, with what is expected.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// Whether the playbook matches the alert.
    Matched(bool),
    /// How many runs there were.
    Runs(u32),
    /// How the last run stands.
    Run(&'static str),
    /// What is known of the containment as a whole.
    Containment(&'static str),
    /// Something of a step of the last run.
    Step(Place, OfStep),
    /// A message that was sent.
    Message(Told),
    /// That no message was sent.
    NoMessage,
    /// Who may vote on the last request of a step.
    Asked(Place, Vec<PersonId>),
    /// A hold that stands on the agent.
    Held(HoldLevel, Option<Place>),
    /// That no hold stands on the agent.
    NotHeld,
    /// What the agent may do.
    Standing(Standing),
    /// What another agent may do.
    StandingOf(AgentId, Standing),
    /// Which alerts of Standdown's own came of it.
    Alerts(Vec<String>),
    /// Whether the last run went through a stage: `skipped`, `entered` or `pending`.
    Stage(String, &'static str),
}

/// Something of a step.
#[derive(Clone, Debug, PartialEq)]
pub enum OfStep {
    /// Where it stands.
    State(&'static str),
    /// What is known of its effect.
    Verdict(&'static str),
    /// What people decided.
    Decision(&'static str),
    /// Why it asks people.
    Cause(&'static str),
    /// Words of the line that people see.
    Detail(String),
    /// Some of its parameters.
    With(Value),
    /// How often it was tried.
    Tries(u32),
}

/// A message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// To whom.
    pub to: Option<PersonId>,
    /// The step whose request it is.
    pub asks: Option<Place>,
    /// Words of its subject.
    pub subject: Vec<String>,
    /// Words of its text.
    pub text: Vec<String>,
}

fn same(words: &[&'static str]) -> Vec<(&'static str, &'static str)> {
    words.iter().map(|word| (*word, *word)).collect()
}

/// Reads `expect:`.
pub(super) fn read(report: &mut Report, setting: &Setting<'_>, node: &Node<'_>) -> Expectation {
    let mut expectation = Expectation::default();
    let Some(fields) = Fields::open_named(report, node, &KEYS, &[]) else { return expectation };
    let mut add = |node: &Node<'_>, what: Option<What>| {
        expectation.checks.extend(what.map(|what| Check { pointer: node.pointer.clone(), what }));
    };
    if let Some(node) = fields.get("matched") {
        add(&node, node.flag(report).map(What::Matched));
    }
    if let Some(node) = fields.get("runs") {
        add(&node, node.count(report, &(0..=1_000)).map(What::Runs));
    }
    if let Some(node) = fields.get("run") {
        add(&node, node.word_of(report, &same(&OUTCOMES)).map(What::Run));
    }
    if let Some(node) = fields.get("containment") {
        add(&node, node.word_of(report, &same(&VERDICTS)).map(What::Containment));
    }
    if let Some(node) = fields.get("standing") {
        add(&node, node.word_of(report, &STANDINGS).map(What::Standing));
    }
    if let Some(node) = fields.get("alerts") {
        add(&node, Some(What::Alerts(texts(report, &node))));
    }
    for (key, each) in [
        ("standings", standings as fn(&mut Report, &Setting<'_>, &Node<'_>) -> Vec<Check>),
        ("steps", steps),
        ("stage", stages),
        ("messages", messages),
        ("asked", asked),
        ("holds", holds),
    ] {
        if let Some(node) = fields.get(key) {
            expectation.checks.extend(each(report, setting, &node));
        }
    }
    expectation
}

fn entries<'v>(report: &mut Report, node: &Node<'v>, expected: &str) -> Vec<(&'v str, Node<'v>)> {
    let Value::Object(map) = node.value else {
        node.expected(report, expected);
        return Vec::new();
    };
    map.iter().map(|(name, value)| (name.as_str(), Node::of(value, &node.pointer, name))).collect()
}

fn standings(report: &mut Report, setting: &Setting<'_>, node: &Node<'_>) -> Vec<Check> {
    let mut checks = Vec::new();
    for (name, inner) in entries(report, node, "a mapping of agents to what they may do") {
        let inventory = &setting.surroundings.inventory;
        let Some(agent) = AgentId::parse(name).ok().filter(|id| inventory.agent(id).is_some()) else {
            let known: Vec<String> = inventory.agents().map(|agent| agent.id.to_string()).collect();
            let message = format!("the inventory of this test has no agent `{name}`");
            let entry = report.error_at_key(&inner.pointer, codes::UNKNOWN_AGENT, message);
            entry.did_you_mean(name, known.iter().map(String::as_str));
            continue;
        };
        let standing = inner.word_of(report, &STANDINGS);
        let what = standing.map(|standing| What::StandingOf(agent, standing));
        checks.extend(what.map(|what| Check { pointer: inner.pointer.clone(), what }));
    }
    checks
}

fn steps(report: &mut Report, setting: &Setting<'_>, node: &Node<'_>) -> Vec<Check> {
    let mut checks = Vec::new();
    for (name, inner) in entries(report, node, "a mapping of steps to how they stand") {
        let Some(place) = one_step_named(report, setting, &inner.pointer, name) else { continue };
        for (pointer, of) in of_step(report, &inner) {
            checks.push(Check { pointer, what: What::Step(place.clone(), of) });
        }
    }
    checks
}

fn of_step(report: &mut Report, node: &Node<'_>) -> Vec<(String, OfStep)> {
    let Value::Object(_) = node.value else {
        let state = node.word_of(report, &same(&StepState::NAMES)).map(OfStep::State);
        return state.map(|state| (node.pointer.clone(), state)).into_iter().collect();
    };
    let keys = ["state", "verdict", "decision", "cause", "detail", "with", "tries"];
    let Some(fields) = Fields::open_named(report, node, &keys, &[]) else { return Vec::new() };
    let mut found = Vec::new();
    for key in keys {
        let Some(node) = fields.get(key) else { continue };
        let of = match key {
            "state" => node.word_of(report, &same(&StepState::NAMES)).map(OfStep::State),
            "verdict" => node.word_of(report, &same(&VERDICTS)).map(OfStep::Verdict),
            "decision" => node.word_of(report, &same(&DECISIONS)).map(OfStep::Decision),
            "cause" => node.word_of(report, &same(&CAUSES)).map(OfStep::Cause),
            "detail" => node.text(report).map(|text| OfStep::Detail(text.to_owned())),
            "with" => Some(OfStep::With(with_references(node.value))),
            _ => node.count(report, &(0..=1_000)).map(OfStep::Tries),
        };
        found.extend(of.map(|of| (node.pointer.clone(), of)));
    }
    found
}

fn stages(report: &mut Report, setting: &Setting<'_>, node: &Node<'_>) -> Vec<Check> {
    let mut checks = Vec::new();
    for (name, inner) in entries(report, node, "a mapping of stages to entered, skipped or pending") {
        let known: Vec<&str> = setting.playbook.stages.iter().map(|stage| stage.name.as_str()).collect();
        if !known.contains(&name) {
            let message = format!("`{}` has no stage `{name}`", setting.playbook.name);
            report.error_at_key(&inner.pointer, codes::UNKNOWN_STEP, message).did_you_mean(name, known.iter().copied());
            continue;
        }
        let word = inner.word_of(report, &same(&["entered", "skipped", "pending"]));
        let what = word.map(|word| What::Stage(name.to_owned(), word));
        checks.extend(what.map(|what| Check { pointer: inner.pointer.clone(), what }));
    }
    checks
}

fn messages(report: &mut Report, setting: &Setting<'_>, node: &Node<'_>) -> Vec<Check> {
    let items = node.items(report, "a list of messages; an empty one for none").unwrap_or_default();
    if node.value.as_array().is_some_and(Vec::is_empty) {
        return vec![Check { pointer: node.pointer.clone(), what: What::NoMessage }];
    }
    let mut checks = Vec::new();
    for item in items {
        let Some(fields) = Fields::open_named(report, &item, &["to", "asks", "subject", "text"], &[]) else { continue };
        let told = Told {
            to: fields.get("to").and_then(|node| person(report, setting, &node)),
            asks: fields.get("asks").and_then(|node| step(report, setting, &node)),
            subject: fields.get("subject").map(|node| texts(report, &node)).unwrap_or_default(),
            text: fields.get("text").map(|node| texts(report, &node)).unwrap_or_default(),
        };
        checks.push(Check { pointer: item.pointer.clone(), what: What::Message(told) });
    }
    checks
}

fn asked(report: &mut Report, setting: &Setting<'_>, node: &Node<'_>) -> Vec<Check> {
    let mut checks = Vec::new();
    for (name, inner) in entries(report, node, "a mapping of steps to the people who may vote") {
        let Some(place) = one_step_named(report, setting, &inner.pointer, name) else { continue };
        let mut people: Vec<PersonId> =
            inner.one_or_more().iter().filter_map(|node| person(report, setting, node)).collect();
        people.sort();
        checks.push(Check { pointer: inner.pointer.clone(), what: What::Asked(place, people) });
    }
    checks
}

fn holds(report: &mut Report, setting: &Setting<'_>, node: &Node<'_>) -> Vec<Check> {
    let items = node.items(report, "a list of holds; an empty one for none").unwrap_or_default();
    if node.value.as_array().is_some_and(Vec::is_empty) {
        return vec![Check { pointer: node.pointer.clone(), what: What::NotHeld }];
    }
    let mut checks = Vec::new();
    for item in items {
        let Some(fields) = Fields::open_named(report, &item, &["level", "step"], &[]) else { continue };
        let Some(level) = fields.require(report, "level").and_then(|node| node.word_of(report, &LEVELS)) else {
            continue;
        };
        let by = fields.get("step").and_then(|node| step(report, setting, &node));
        checks.push(Check { pointer: item.pointer.clone(), what: What::Held(level, by) });
    }
    checks
}
