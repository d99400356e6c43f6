//! What the world outside answers in a case, step by step.
//!
//! A step has one word for every try, a list with a word a try, or a mapping where looks and answers differ too.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::playbook::{ActionKind, Body, Fields, Node, Report};
use crate::rehearsal::codes;
use crate::rehearsal::place::Place;
use crate::rehearsal::script::{Calls, Check, Ending, Look, Script};

use super::Setting;
use super::words::{found, step_named};

/// A word, and what a step's calls do by it.
#[derive(Clone, Copy)]
enum Word {
    Ends(Ending),
    Shows(Look),
    DeadBefore,
}

const WORDS: [(&str, Word); 11] = [
    ("ok", Word::Ends(Ending::Done)),
    ("already_done", Word::Ends(Ending::AlreadyDone)),
    ("not_sent", Word::Ends(Ending::NotSent)),
    ("refused", Word::Ends(Ending::Refused)),
    ("busy", Word::Ends(Ending::Busy)),
    ("ambiguous", Word::Ends(Ending::Ambiguous)),
    ("timeout", Word::Ends(Ending::Timeout)),
    ("lost", Word::Ends(Ending::Lost)),
    ("not_seen", Word::Shows(Look::NotSeen)),
    ("blind", Word::Shows(Look::Blind)),
    ("dead_before", Word::DeadBefore),
];
const LOOKS: [(&str, Look); 3] = [("seen", Look::Seen), ("not_seen", Look::NotSeen), ("blind", Look::Blind)];
const CHECKS: [(&str, Check); 3] =
    [("applied", Check::Applied), ("not_applied", Check::NotApplied), ("unknown", Check::Unknown)];
const KEYS: [&str; 7] = ["tries", "effect", "rechecks", "checks", "undo", "dead_before", "output"];

/// Reads `outcomes:`.
pub(super) fn read(report: &mut Report, setting: &Setting<'_>, node: &Node<'_>) -> Script {
    let Value::Object(map) = node.value else {
        node.expected(report, "a mapping of steps to what their calls come to");
        return Script::default();
    };
    let mut steps: BTreeMap<Place, Calls> = BTreeMap::new();
    for (name, value) in map {
        let inner = Node::of(value, &node.pointer, name);
        let Some(place) = step_named(report, setting, &inner.pointer, name) else { continue };
        if !calls_outside(setting, &place) {
            let message = format!("`{name}` calls nothing outside, so nothing can come of a call");
            report.error_at_key(&inner.pointer, codes::CASE, message).hint("remove it");
            continue;
        }
        let calls = calls(report, &inner);
        steps.insert(place, calls);
    }
    Script::new(steps)
}

fn calls_outside(setting: &Setting<'_>, place: &Place) -> bool {
    found(setting, place).is_some_and(|step| match &step.body {
        Body::Action(action) => action.spec.kind == ActionKind::External,
        _ => false,
    })
}

fn calls(report: &mut Report, node: &Node<'_>) -> Calls {
    let mut calls = Calls::default();
    let Value::Object(_) = node.value else {
        calls.tries = tries(report, node, &mut calls.effect, &mut calls.dead_before);
        return calls;
    };
    let Some(fields) = Fields::open_named(report, node, &KEYS, &[]) else { return calls };
    if let Some(node) = fields.get("tries") {
        calls.tries = tries(report, &node, &mut calls.effect, &mut calls.dead_before);
    }
    if let Some(node) = fields.get("undo") {
        let (mut effect, mut dead) = (Vec::new(), false);
        calls.undo = tries(report, &node, &mut effect, &mut dead);
        if dead || !effect.is_empty() {
            let message = "nothing is looked for after undoing";
            report.error(&node.pointer, codes::CASE, message).hint("say how the call ends, such as `refused`");
        }
    }
    if let Some(node) = fields.get("effect") {
        calls.effect = words(report, &node, &LOOKS);
    }
    if let Some(node) = fields.get("rechecks") {
        calls.rechecks = words(report, &node, &LOOKS);
    }
    if let Some(node) = fields.get("checks") {
        calls.checks = words(report, &node, &CHECKS);
    }
    if let Some(flag) = fields.get("dead_before").and_then(|node| node.flag(report)) {
        calls.dead_before = flag;
    }
    calls.output = fields.get("output").map(|node| node.value.clone());
    calls
}

fn words<T: Copy>(report: &mut Report, node: &Node<'_>, known: &[(&'static str, T)]) -> Vec<T> {
    node.one_or_more().iter().filter_map(|node| node.word_of(report, known)).collect()
}

/// How each try ends; a word for a look means that the call itself was taken.
fn tries(report: &mut Report, node: &Node<'_>, effect: &mut Vec<Look>, dead_before: &mut bool) -> Vec<Ending> {
    let words = words(report, node, &WORDS);
    let ending = |word: Word| match word {
        Word::Ends(ending) => ending,
        Word::Shows(look) => {
            effect.push(look);
            Ending::Done
        }
        Word::DeadBefore => {
            *dead_before = true;
            Ending::Done
        }
    };
    words.into_iter().map(ending).collect()
}
