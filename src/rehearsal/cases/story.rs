//! What happened in the runs of a case, line by line, with the runs that their steps started.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::Actor;
use crate::machine::{Entry, Tone, replay};
use crate::rehearsal::performance::Performance;
use crate::rehearsal::place::Place;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// Who or what caused it.
    pub actor: Actor,
    /// The step, with those above it; nothing for a run that no step started.
    pub step: Option<String>,
    /// What happened, in words; no secret.
    pub text: String,
    /// How it is to be read.
    pub tone: Tone,
}

/// What happened in runs, in the order of time.
#[must_use]
pub(super) fn of(runs: &[Performance]) -> Vec<Line> {
    let all = runs.iter().flat_map(Performance::family);
    let mut lines: Vec<Line> = all.flat_map(of_one).collect();
    lines.sort_by_key(|line| line.at);
    lines
}

fn of_one(performance: &Performance) -> Vec<Line> {
    let told = replay(&performance.playbook, &performance.events);
    let entries = told.map(|(_, entries)| entries).unwrap_or_default();
    entries.into_iter().map(|entry| line(performance, entry)).collect()
}

fn line(performance: &Performance, entry: Entry) -> Line {
    let Entry { at, actor, step, text, tone } = entry;
    let (step, text) = match (step, performance.above.as_slice()) {
        (Some(path), above) => (Some(Place { above: above.to_vec(), path }.to_string()), text),
        (None, []) => (None, text),
        // What is said of the run itself stands at the step that started it.
        (None, [above @ .., path]) => {
            let place = Place { above: above.to_vec(), path: path.clone() };
            (Some(place.to_string()), format!("{}: {text}", performance.playbook.name))
        }
    };
    Line { at, actor, step, text, tone }
}
