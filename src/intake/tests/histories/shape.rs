//! The shape of a history: everything of it that does not depend on chance, so that two databases can be compared.

use std::collections::BTreeMap;

use super::story::Story;
use crate::domain::RunId;
use crate::store::{Claims, Outbox, RunLog, Subject};

/// A history without its ids and times. Runs are in the order of their beginning.
#[derive(Debug, PartialEq, Eq)]
pub struct Shape {
    runs: Vec<RunShape>,
    /// What the target did: the deed, the number of the run, direction, step, and the number of the key among the run's.
    books: Vec<String>,
    /// What senders were answered, without ids.
    answers: Vec<Vec<String>>,
    /// The facts of the incidents, oldest first.
    incidents: Vec<Vec<String>>,
}

#[derive(Debug, PartialEq, Eq)]
struct RunShape {
    status: String,
    steps: BTreeMap<String, String>,
    /// The kinds of its events, in order. Idle ticks are left out: how often the clock is looked at is chance.
    events: Vec<String>,
    late: Vec<String>,
    messages: Vec<String>,
    epoch: u64,
    is_quarantined: bool,
}

impl Shape {
    pub fn of(story: &Story) -> Self {
        let runs = story.runs();
        let incidents = {
            let mut incidents = story.desk.incidents();
            incidents.sort_by_key(|incident| incident.id);
            incidents.iter().map(|incident| story.desk.facts(incident)).collect()
        };
        Self {
            books: books(story, &runs),
            answers: story.taken.iter().map(|taken| words(&taken.receipt.answer)).collect(),
            incidents,
            runs: runs.into_iter().map(|run| run_shape(story, run)).collect(),
        }
    }
}

fn run_shape(story: &Story, id: RunId) -> RunShape {
    let (life, store) = (&story.desk.life, story.desk.life.engine.store());
    let run = life.run(id);
    let claim = life.on(store.claim(id)).unwrap().unwrap();
    let steps = run.steps.iter().map(|(path, record)| {
        let detail = format!("{} of generation {}, {:?}", record.state.as_str(), record.generation, record.verdict);
        (path.to_string(), detail)
    });
    let events = life.on(store.events(&Subject::Run(id))).unwrap().into_iter().map(|event| event.kind);
    let late = life.on(store.late_replies(id)).unwrap();
    let mut messages: Vec<String> =
        life.on(store.messages_of(id)).unwrap().into_iter().map(|message| message.kind).collect();
    messages.sort();
    RunShape {
        status: format!("{:?}", run.status),
        steps: steps.collect(),
        events: events.filter(|kind| kind != "ticked").collect(),
        late: late.into_iter().map(|late| format!("{} of {}", late.kind, late.step)).collect(),
        messages,
        epoch: claim.epoch,
        is_quarantined: claim.quarantined.is_some(),
    }
}

fn books(story: &Story, runs: &[RunId]) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    let lines = story.world.target().books().into_iter().map(|line| {
        let run = runs.iter().position(|run| *run == line.run).unwrap();
        let key = keys.iter().position(|key| *key == line.key).unwrap_or_else(|| {
            keys.push(line.key.clone());
            keys.len() - 1
        });
        format!("{:?} of run {run}: {} {} with key {key}", line.deed, line.direction, line.step)
    });
    lines.collect()
}

/// The words of an answer that are no ids.
fn words(answer: &serde_json::Value) -> Vec<String> {
    match answer {
        serde_json::Value::Object(fields) => {
            fields.iter().flat_map(|(name, value)| std::iter::once(name.clone()).chain(words(value))).collect()
        }
        serde_json::Value::Array(items) => items.iter().flat_map(words).collect(),
        serde_json::Value::String(text) if !text.contains('_') || text.len() < 26 => vec![text.clone()],
        serde_json::Value::String(_) => vec!["an id".to_owned()],
        other => vec![other.to_string()],
    }
}
