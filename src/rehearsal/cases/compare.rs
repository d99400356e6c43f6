//! What a case expects, compared with what came of it; every difference in words that a person can act on.

use serde_json::Value;

use crate::domain::{
    AgentId, ApprovalCause, Decision, Event, EventKind, Hold, HoldCause, Run, Standing, StepPath, StepRecord, Verdict,
};
use crate::rehearsal::performance::{Performance, Sent, SentKind};
use crate::rehearsal::place::{Place, covers};
use crate::rehearsal::world::World;

use super::expectation::{Check, Expectation, OfStep, Told, What};

/// The longest value that is shown of a difference, in characters.
const SHOWN_CHARACTERS_MAX: usize = 400;

/// One thing that is otherwise than expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Where the expectation stands in the file, as a JSON pointer.
    pub pointer: String,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
}

impl Mismatch {
    /// What it is about: the path below the case, with dots.
    #[must_use]
    pub fn what(&self) -> String {
        let below = self.pointer.strip_prefix("/cases/").and_then(|rest| rest.split_once('/')).map(|(_, rest)| rest);
        below.unwrap_or("the case").replace('/', ".").replace("~1", "/").replace("~0", "~")
    }

    pub(super) fn refused(pointer: &str, error: &str) -> Self {
        Self {
            pointer: pointer.to_owned(),
            expected: "that it is taken".to_owned(),
            found: format!("refused: {error}"),
        }
    }

    pub(super) fn not_refused(pointer: &str, words: &str) -> Self {
        let expected = format!("that it is refused: ... {words} ...");
        Self { pointer: pointer.to_owned(), expected, found: "it was taken".to_owned() }
    }
}

/// What came of a case so far.
pub(super) struct Seen<'a> {
    pub matched: bool,
    pub runs: &'a [Performance],
    pub sent: Vec<&'a Sent>,
    pub world: &'a World,
    /// The agent that the case is about.
    pub agent: &'a AgentId,
    pub alerts: Vec<&'static str>,
}

impl Seen<'_> {
    fn holds(&self) -> &[Hold] {
        self.world.holds_on(self.agent)
    }

    /// The run of a place's step: the last one, or the last that its steps started.
    fn run_of(&self, place: &Place) -> Option<&Performance> {
        self.runs.last()?.find(&place.above)
    }
}

/// Everything that is otherwise than expected.
pub(super) fn compare(expectation: &Expectation, seen: &Seen<'_>) -> Vec<Mismatch> {
    let mismatch = |check: &Check| {
        let (expected, found) = differs(&check.what, seen)?;
        Some(Mismatch { pointer: check.pointer.clone(), expected: shown(&expected), found: shown(&found) })
    };
    expectation.checks.iter().filter_map(mismatch).collect()
}

/// What was expected and what was found, if they differ.
fn differs(what: &What, seen: &Seen<'_>) -> Option<(String, String)> {
    let run = seen.runs.last().map(|performance| &performance.run);
    match what {
        What::Matched(expected) => {
            let words = |matched: bool| if matched { "it matches" } else { "it does not match" }.to_owned();
            (*expected != seen.matched).then(|| (words(*expected), words(seen.matched)))
        }
        What::Runs(count) => unlike(&count.to_string(), &seen.runs.len().to_string()),
        What::Run(word) => unlike(word, run.map_or(NO_RUN, |run| run.status.as_str())),
        What::Containment(word) => unlike(word, run.map_or(NO_RUN, containment)),
        What::Step(place, of) => match seen.run_of(place) {
            None => Some((format!("step {place}"), no_run(place))),
            Some(performance) => match performance.run.steps.get(&place.path) {
                Some(record) => of_step(&place.path, record, of, &performance.events),
                None => Some((format!("step {place}"), "there is no such item".to_owned())),
            },
        },
        What::Stage(name, word) => unlike(word, run.map_or(NO_RUN, |run| stage(run, name))),
        What::Asked(place, people) => {
            let names: Vec<&str> = people.iter().map(crate::domain::PersonId::as_str).collect();
            let found = seen.run_of(place).map_or_else(|| no_run(place), |it| asked(&it.run, &place.path));
            unlike(&names.join(", "), &found)
        }
        What::Message(told) => {
            let sent = seen.sent.iter().any(|message| is(message, told));
            (!sent).then(|| (described(told), all_sent(&seen.sent)))
        }
        What::NoMessage => (!seen.sent.is_empty()).then(|| ("no message".to_owned(), all_sent(&seen.sent))),
        What::Held(level, place) => {
            let by = |hold: &Hold| place.as_ref().is_none_or(|place| is_by(hold, place, seen));
            // A step that starts a run about another agent holds that one.
            let stands = match place {
                Some(place) if !place.above.is_empty() => seen.world.holds().any(|it| it.level == *level && by(it)),
                _ => seen.holds().iter().any(|hold| hold.level == *level && by(hold)),
            };
            let word = Standing::from(*level);
            let expected = place.as_ref().map_or_else(|| word.to_string(), |place| format!("{word} by {place}"));
            (!stands).then(|| (expected, all_holds(seen.holds())))
        }
        What::NotHeld => (!seen.holds().is_empty()).then(|| ("no hold".to_owned(), all_holds(seen.holds()))),
        What::Standing(standing) => unlike(standing.as_str(), Standing::of(seen.holds()).as_str()),
        What::StandingOf(agent, standing) => unlike(standing.as_str(), seen.world.standing(agent).as_str()),
        What::Alerts(alerts) => {
            unlike(&listed(alerts.iter().map(String::as_str)), &listed(seen.alerts.iter().copied()))
        }
    }
}

const NO_RUN: &str = "there is no run";

fn no_run(place: &Place) -> String {
    match place.above.last() {
        None => NO_RUN.to_owned(),
        Some(step) => format!("`{step}` has started no run"),
    }
}

/// Whether a step placed a hold, in any run of the case.
fn is_by(hold: &Hold, place: &Place, seen: &Seen<'_>) -> bool {
    let HoldCause::Run { run, path } = &hold.cause else { return false };
    let in_run = |performance: &Performance| performance.find(&place.above).is_some_and(|it| it.run.id == *run);
    covers(&place.path, path) && seen.runs.iter().any(in_run)
}

fn unlike(expected: &str, found: &str) -> Option<(String, String)> {
    (expected != found).then(|| (expected.to_owned(), found.to_owned()))
}

fn listed<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut words: Vec<&str> = words.collect();
    words.sort_unstable();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

fn containment(run: &Run) -> &'static str {
    run.containment().map_or("none", |(verdict, _)| verdict.as_str())
}

fn stage(run: &Run, name: &str) -> &'static str {
    let record = run.stages.iter().find(|stage| stage.name.as_str() == name);
    match record {
        Some(record) if record.skipped.is_some() => "skipped",
        Some(record) if record.started_at.is_some() => "entered",
        _ => "pending",
    }
}

fn asked(run: &Run, step: &StepPath) -> String {
    let of_step = run.approvals.values().rev().find(|approval| covers(step, &approval.path));
    of_step.map_or_else(
        || "nobody".to_owned(),
        |approval| approval.people.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    )
}

fn of_step(path: &StepPath, record: &StepRecord, of: &OfStep, events: &[Event]) -> Option<(String, String)> {
    match of {
        OfStep::State(word) => {
            let reason = match (&record.state, record.detail.as_deref()) {
                (
                    crate::domain::StepState::Failed { reason }
                    | crate::domain::StepState::Skipped { reason }
                    | crate::domain::StepState::UndoFailed { reason },
                    _,
                ) => format!(" ({reason})"),
                (_, Some(detail)) => format!(" ({detail})"),
                (_, None) => String::new(),
            };
            let state = record.state.as_str();
            (*word != state).then(|| ((*word).to_owned(), format!("{state}{reason}")))
        }
        OfStep::Verdict(word) => unlike(word, record.verdict.map_or("none", Verdict::as_str)),
        OfStep::Decision(word) => unlike(word, record.decision.map_or("none", Decision::as_str)),
        OfStep::Cause(word) => unlike(word, record.asks.map_or("none", cause)),
        OfStep::Detail(words) => {
            let detail = record.detail.as_deref().unwrap_or_default();
            (!detail.contains(words.as_str())).then(|| (format!("... {words} ..."), detail.to_owned()))
        }
        OfStep::With(expected) => {
            let found = record.params.clone().unwrap_or(Value::Null);
            (!holds(&found, expected)).then(|| (expected.to_string(), found.to_string()))
        }
        OfStep::Tries(count) => {
            let tried =
                events.iter().filter(|event| matches!(&event.kind, EventKind::AttemptBegan { path: at } if at == path));
            unlike(&count.to_string(), &tried.count().to_string())
        }
    }
}

const fn cause(cause: ApprovalCause) -> &'static str {
    match cause {
        ApprovalCause::Playbook => "playbook",
        ApprovalCause::Budget => "budget",
        ApprovalCause::Trust => "trust",
        ApprovalCause::Protected => "protected",
    }
}

/// Whether everything that is expected is there; a mapping may have more.
fn holds(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            expected.iter().all(|(name, expected)| found.get(name).is_some_and(|found| holds(found, expected)))
        }
        (found, expected) => found == expected,
    }
}

fn is(message: &Sent, told: &Told) -> bool {
    let of = match (&message.kind, &told.asks) {
        (_, None) => true,
        (SentKind::Request(place), Some(meant)) => meant.covers(&place.above, &place.path),
        (SentKind::Notice, Some(_)) => false,
    };
    of && told.to.as_ref().is_none_or(|to| message.to == *to)
        && told.subject.iter().all(|words| message.subject.contains(words.as_str()))
        && told.text.iter().all(|words| message.text.contains(words.as_str()))
}

fn described(told: &Told) -> String {
    let mut parts = vec!["a message".to_owned()];
    parts.extend(told.to.as_ref().map(|to| format!("to {to}")));
    parts.extend(told.asks.as_ref().map(|step| format!("that asks about {step}")));
    parts.extend(told.subject.iter().map(|words| format!("with the subject ... {words} ...")));
    parts.extend(told.text.iter().map(|words| format!("with the text ... {words} ...")));
    parts.join(" ")
}

fn all_sent(sent: &[&Sent]) -> String {
    if sent.is_empty() {
        return "no message".to_owned();
    }
    let lines = sent.iter().map(|message| {
        let text: String = message.text.split_whitespace().collect::<Vec<_>>().join(" ");
        format!("to {}: {} | {text}", message.to, message.subject)
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn all_holds(holds: &[Hold]) -> String {
    if holds.is_empty() {
        return "no hold".to_owned();
    }
    let line = |hold: &Hold| match &hold.cause {
        HoldCause::Run { path, .. } => format!("{} by {path}", Standing::from(hold.level)),
        HoldCause::Person | HoldCause::Unreadable => format!("{} by a person", Standing::from(hold.level)),
    };
    holds.iter().map(line).collect::<Vec<_>>().join(", ")
}

/// Each line of a value, cut.
fn shown(text: &str) -> String {
    let line = |line: &str| {
        if line.chars().count() <= SHOWN_CHARACTERS_MAX {
            return line.to_owned();
        }
        let kept: String = line.chars().take(SHOWN_CHARACTERS_MAX - 1).collect();
        format!("{kept}…")
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}
