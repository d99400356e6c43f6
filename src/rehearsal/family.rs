//! The playbooks that a playbook can start runs of, directly or through others, as far as they stand beside it.
//!
//! The daemon looks for them among those that serve; a rehearsal has the folder. One that is not there is said with its
//! place, because the daemon would find out during an incident.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use crate::domain::{PlaybookName, StepName};
use crate::language::{Diagnostic, Source, Span, suggest};
use crate::playbook::{Body, Playbook, Step};

use super::codes;

/// Playbooks by their names.
pub type Library = BTreeMap<PlaybookName, Arc<Playbook>>;

/// A playbook that a step starts and that is not there.
#[derive(Clone, Debug)]
pub struct Missing {
    /// What is wrong, in the file of the playbook that has the step.
    pub diagnostic: Diagnostic,
    /// That file.
    pub source: Source,
}

/// The playbook of a step, if it starts one.
#[must_use]
pub fn started_by(step: &Step) -> Option<&PlaybookName> {
    match &step.body {
        Body::Action(action) => action.runs.as_ref(),
        Body::Approval(_) | Body::Wait(_) => None,
    }
}

/// Whether any step starts another playbook.
#[must_use]
pub fn starts_others(playbook: &Playbook) -> bool {
    playbook.steps().any(|step| started_by(step).is_some())
}

/// What a playbook can start out of a library, and what it can't because it is not there.
#[must_use]
pub fn of(playbook: &Playbook, library: &Library) -> (Library, Vec<Missing>) {
    of_without(playbook, library, &BTreeSet::new())
}

/// The same without what these steps of the playbook start.
#[must_use]
pub fn of_without(playbook: &Playbook, library: &Library, left_out: &BTreeSet<StepName>) -> (Library, Vec<Missing>) {
    let (mut family, mut missing) = (Library::new(), Vec::new());
    let mut open = vec![Arc::new(playbook.clone())];
    let mut is_first = true;
    while let Some(next) = open.pop() {
        let is_left_out = |step: &Step| is_first && left_out.contains(&step.name);
        for (name, pointer) in starts(&next, is_left_out) {
            match library.get(name) {
                Some(found) if family.insert(name.clone(), Arc::clone(found)).is_none() => open.push(Arc::clone(found)),
                Some(_) => {}
                None => missing.push(absent(&next, name, &pointer, library)),
            }
        }
        is_first = false;
    }
    (family, missing)
}

/// Which playbooks the steps start, each with the pointer to its name.
fn starts(playbook: &Playbook, is_left_out: impl Fn(&Step) -> bool) -> Vec<(&PlaybookName, String)> {
    let mut starts = Vec::new();
    for (stage, of) in playbook.stages.iter().enumerate() {
        for (step, of) in of.steps.iter().enumerate().filter(|(_, step)| !is_left_out(step)) {
            starts.extend(started_by(of).map(|it| (it, format!("/stages/{stage}/steps/{step}/with/playbook"))));
        }
    }
    starts
}

fn absent(playbook: &Playbook, name: &PlaybookName, pointer: &str, library: &Library) -> Missing {
    let names: Vec<&str> =
        library.keys().map(PlaybookName::as_str).filter(|it| *it != playbook.name.as_str()).collect();
    let message = format!("there is no playbook `{name}` in the folder that a run of it could be started from");
    let hint = match suggest(name.as_str(), names.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if names.is_empty() => "put the playbook into the folder of this one".to_owned(),
        None => format!("the folder has: {}", names.join(", ")),
    };
    let source = Source { name: playbook.file.clone(), text: playbook.text.to_string() };
    let diagnostic = Diagnostic::error(codes::CHILD, &playbook.file, message).at(place(&source, pointer)).hint(hint);
    Missing { diagnostic, source }
}

/// Where something stands in the text of a playbook, which has compiled and so can be read again.
fn place(source: &Source, pointer: &str) -> Option<Span> {
    let (_, places) = crate::language::parse::<Value>(source).ok()?;
    places.nearest(pointer)
}
