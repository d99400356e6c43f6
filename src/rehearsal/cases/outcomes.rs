//! What the world outside answers in a case, step by step.
//!
//! A step has one word for every try, a list with a word a try, or a mapping where looks and answers differ too. A step that
//! starts a run of another playbook has a word for how that run ends, or a mapping; then the case does not go into it.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::Value;

use crate::domain::{Outcome, Verdict};
use crate::playbook::{ActionKind, Body, Fields, Node, Report};
use crate::rehearsal::codes;
use crate::rehearsal::family::started_by;
use crate::rehearsal::place::Place;
use crate::rehearsal::script::{Calls, Check, Ending, Look, Script, WholeRun};

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
const ENDS: [(&str, Option<Outcome>); 4] = [
    ("completed", Some(Outcome::Completed)),
    ("failed", Some(Outcome::Failed)),
    ("cancelled", Some(Outcome::Cancelled)),
    ("refused", None),
];
const CONTAINMENTS: [(&str, Option<Verdict>); 6] = [
    ("contained", Some(Verdict::Contained)),
    ("unproven", Some(Verdict::Unproven)),
    ("already_done", Some(Verdict::AlreadyDone)),
    ("failed", Some(Verdict::Failed)),
    ("regressed", Some(Verdict::Regressed)),
    ("none", None),
];
const RUN_KEYS: [&str; 3] = ["run", "containment", "after"];
const KEYS: [&str; 7] = ["tries", "effect", "rechecks", "checks", "undo", "dead_before", "output"];

/// Reads `outcomes:`.
pub(super) fn read(report: &mut Report, setting: &Setting<'_>, node: &Node<'_>) -> Script {
    let Value::Object(map) = node.value else {
        node.expected(report, "a mapping of steps to what their calls come to");
        return Script::default();
    };
    let mut steps: BTreeMap<Place, Calls> = BTreeMap::new();
    let mut runs: BTreeMap<Place, WholeRun> = BTreeMap::new();
    for (name, value) in map {
        let inner = Node::of(value, &node.pointer, name);
        let Some(place) = step_named(report, setting, &inner.pointer, name) else { continue };
        if found(setting, &place).is_some_and(|step| started_by(step).is_some()) {
            runs.extend(whole_run(report, &inner).map(|run| (place, run)));
            continue;
        }
        if !calls_outside(setting, &place) {
            let message = format!("`{name}` calls nothing outside, so nothing can come of a call");
            report.error_at_key(&inner.pointer, codes::CASE, message).hint("remove it");
            continue;
        }
        let calls = calls(report, &inner);
        steps.insert(place, calls);
    }
    for place in steps.keys() {
        if let Some(cut) = cut_off(place, &runs) {
            let pointer = Node::of(node.value, &node.pointer, &place.to_string()).pointer;
            let message = format!("nothing calls `{place}`: what comes of `{cut}` is said as a whole");
            report
                .error_at_key(&pointer, codes::CASE, message)
                .hint(format!("remove this, or what is said of `{cut}`"));
        }
    }
    Script::new(steps).with_runs(runs)
}

/// The step above that starts no run that is gone into.
fn cut_off<'r>(place: &Place, runs: &'r BTreeMap<Place, WholeRun>) -> Option<&'r Place> {
    let above = |cut: &&Place| match place.above.split_at_checked(cut.above.len()) {
        Some((before, [path, ..])) => cut.covers(before, path),
        Some((_, [])) | None => false,
    };
    runs.keys().find(above)
}

/// How the run of a step ends.
fn whole_run(report: &mut Report, node: &Node<'_>) -> Option<WholeRun> {
    let Value::Object(_) = node.value else {
        let outcome = node.word_of(report, &ENDS)?;
        return Some(whole(outcome, None, None));
    };
    let fields = Fields::open_named(report, node, &RUN_KEYS, &[])?;
    let outcome = fields.require(report, "run").and_then(|node| node.word_of(report, &ENDS));
    let containment = fields.get("containment").and_then(|node| node.word_of(report, &CONTAINMENTS));
    let after = fields.get("after").and_then(|node| node.duration(report));
    if outcome == Some(None) && (containment.is_some() || after.is_some()) {
        report.error(&node.pointer, codes::CASE, "no run begins, so nothing comes of it").hint("write `refused` alone");
    }
    Some(whole(outcome?, containment.flatten(), after))
}

/// What is not said of a run is that it contained anything.
fn whole(outcome: Option<Outcome>, containment: Option<Verdict>, after: Option<Duration>) -> WholeRun {
    let Some(outcome) = outcome else { return WholeRun::Refused };
    let after = after.and_then(|after| SignedDuration::try_from(after).ok()).unwrap_or_default();
    WholeRun::Ends { outcome, containment, after }
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
