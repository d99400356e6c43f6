//! How much a run may carry. Its state is one row of at most 256 KiB, and what comes of a call must always fit in it.
//!
//! **Architecture invariant:** nothing is sent unless what comes of it can be recorded. So the room is looked at before a
//! call is made: there a step fails and nothing has happened. An answer that is too long is left out, with a word in its
//! place; the fact that there was one never is.
//!
//! Sizes are those of JSON and are counted without writing it, because this happens at every call.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::domain::{Approval, Digest, PersonId, Run, StepPath, StepRecord};

use super::call::Direction;
use super::error::IllegalTransition;
use super::motion::Motion;

/// How large the parameters of all items may be together.
const PARAMETERS_BYTES_MAX: usize = 96 * 1024;
/// How large the answers to all items may be together; what is over is not kept.
const ITEM_OUTPUTS_BYTES_MAX: usize = 48 * 1024;
/// How large one snapshot may be, like everything else that one step keeps.
const SNAPSHOT_BYTES_MAX: usize = 16 * 1024;
/// How large a run may be when a call is made. What is left to 256 KiB is for what comes of calls under way.
const AT_CALL_BYTES_MAX: usize = 232 * 1024;
/// How large a run may become by an answer.
const AT_ANSWER_BYTES_MAX: usize = 244 * 1024;
/// How large the steps of one plan may be before their parameters are only named by their digest.
const PLAN_BYTES_MAX: usize = 32 * 1024;

/// What a step takes besides its values: state, times, ids and the names of its fields. An item, a request or a vote takes
/// no more.
pub(super) const RECORD_BYTES: usize = 512;
/// What another request takes that a vote decides about, too: its id, and the digest of its plan.
const LISTED_BYTES: usize = 192;
/// What a vote takes with the longest reason.
const VOTE_BYTES: usize = 16 * 1024;
/// What a quorum takes besides the people in it.
const QUORUM_BYTES: usize = 64;
/// What a run takes besides its steps and requests: ids, stages, and the agent of at most 16 KiB.
const HEAD_BYTES: usize = 18 * 1024;

/// How many other requests a vote on one of this run may be about, too: so many that the run can record it, and still has
/// room for the calls that the vote lets go.
#[must_use]
pub fn room_for_listed(run: &Run) -> usize {
    AT_CALL_BYTES_MAX.saturating_sub(weight(run) + VOTE_BYTES) / LISTED_BYTES
}

impl Motion<'_> {
    /// Whether the parameters of one more item make a run too large to be stored.
    pub fn items_are_full(&self, path: &StepPath, parameters: &Value) -> bool {
        let sum = || total(&self.run, |record| record.params.as_ref());
        path.index.is_some() && sum() + size(parameters) > PARAMETERS_BYTES_MAX
    }

    /// Why a first call must not be made: what comes of it could not be recorded.
    pub fn lacks_room(&mut self, path: &StepPath, direction: Direction) -> Result<Option<String>, IllegalTransition> {
        let record = self.record(path)?;
        if direction == Direction::Undo || record.doubted {
            return Ok(None);
        }
        let snapshot = record.snapshot.as_ref().map_or(0, size);
        let reason = if snapshot > SNAPSHOT_BYTES_MAX {
            let (is, most) = (snapshot.div_ceil(1024), SNAPSHOT_BYTES_MAX / 1024);
            format!(
                "nothing was sent: what was there before takes {is} KiB, and at most {most} KiB are kept to undo it"
            )
        } else if weight(&self.run) > AT_CALL_BYTES_MAX {
            "nothing was sent: the run has no room left to record what would come of it; let it go through fewer items"
                .to_owned()
        } else {
            return Ok(None);
        };
        self.record_mut(path)?.snapshot = None;
        Ok(Some(reason))
    }

    /// Keeps what a target answered; only as much as a run can hold.
    pub fn keep_output(&mut self, path: &StepPath, output: Value) -> Result<(), IllegalTransition> {
        let more = size(&output);
        let of_items = || total(&self.run, |record| Some(&record.output)) + more <= ITEM_OUTPUTS_BYTES_MAX;
        let fits = (path.index.is_none() || of_items()) && weight(&self.run) + more <= AT_ANSWER_BYTES_MAX;
        self.record_mut(path)?.output = if fits { output } else { json!({ "left_out": "too large" }) };
        Ok(())
    }
}

/// The steps of a plan, which a person sees and a run keeps: parameters that are too large together are pinned by their
/// digest, and can be read in the run.
pub(super) fn fitting(mut steps: Vec<Value>) -> Vec<Value> {
    if steps.iter().map(size).sum::<usize>() <= PLAN_BYTES_MAX {
        return steps;
    }
    let digest = |value: &mut Value| *value = json!({ "too_large_to_repeat": true, "sha256": Digest::of_json(value) });
    for step in &mut steps {
        step.get_mut("parameters").into_iter().for_each(digest);
        let undone = step.get_mut("undoes").and_then(Value::as_array_mut);
        undone.into_iter().flatten().filter_map(|line| line.get_mut("snapshot")).for_each(digest);
    }
    steps
}

/// About how large the state of a run is, rather more than less.
pub(super) fn weight(run: &Run) -> usize {
    let optional = |value: &Option<Value>| value.as_ref().map_or(0, size);
    let of = |record: &StepRecord| {
        let values = optional(&record.item) + optional(&record.params) + optional(&record.snapshot);
        RECORD_BYTES + values + size(&record.output) + record.detail.as_deref().map_or(0, text)
    };
    let steps: usize = run.steps.values().map(of).sum();
    let asked: usize = run.approvals.values().map(request).sum();
    let vars: usize = run.vars.values.values().map(size).sum();
    HEAD_BYTES + steps + asked + vars
}

/// About how large a request is, with whom it asks and what they said.
fn request(approval: &Approval) -> usize {
    let names = |people: &BTreeSet<PersonId>| people.iter().map(|person| 1 + text(person.as_str())).sum::<usize>();
    let quorums: usize = approval.quorums.iter().map(|quorum| QUORUM_BYTES + names(&quorum.from)).sum();
    let votes: usize = approval.votes.iter().map(|vote| RECORD_BYTES + text(&vote.reason)).sum();
    let prompt = approval.reason_prompt.as_deref().map_or(0, text);
    let words = text(&approval.ask) + prompt;
    let others = approval.with.len() * LISTED_BYTES;
    RECORD_BYTES * 2 + size(&approval.plan.body) + words + names(&approval.people) + quorums + votes + others
}

/// How large a value is as JSON, or a little more.
pub(super) fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => 24,
        Value::String(string) => text(string),
        Value::Array(items) => 2 + items.iter().map(|item| 1 + size(item)).sum::<usize>(),
        Value::Object(entries) => 2 + entries.iter().map(|(name, inner)| 2 + text(name) + size(inner)).sum::<usize>(),
    }
}

fn text(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        b'"' | b'\\' => 2,
        0..0x20 => 6,
        _ => 1,
    };
    2 + text.bytes().map(escaped).sum::<usize>()
}

/// How large something is in all items of a run together.
pub(super) fn total(run: &Run, part: fn(&StepRecord) -> Option<&Value>) -> usize {
    let items = run.steps.iter().filter(|(path, _)| path.index.is_some());
    items.filter_map(|(_, record)| part(record)).map(size).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_never_less_than_the_json() {
        let values = [
            json!(null),
            json!([true, false, 0, -1.5e300, u64::MAX]),
            json!({ "a": "quote \" and \\ and \u{1} and \n and ü", "b": [[], {}], "": "" }),
            json!("\u{0}".repeat(50)),
        ];
        for value in values {
            let (written, counted) = (value.to_string().len(), size(&value));
            assert!(counted >= written, "{value}: {counted} < {written}");
            assert!(counted <= 40 + written * 6, "{value}: {counted} is far from {written}");
        }
    }

    #[test]
    fn a_run_is_never_thought_smaller_than_it_is() {
        let mut run = crate::domain::samples::run(jiff::Timestamp::UNIX_EPOCH);
        for index in 0..100 {
            let record = StepRecord {
                item: Some(json!({ "index": index })),
                params: Some(json!({ "value": "x".repeat(500) })),
                detail: Some("a word".to_owned()),
                ..StepRecord::pending()
            };
            run.steps.insert(format!("act[{index}]").parse().unwrap(), record);
        }
        assert!(weight(&run) >= serde_json::to_string(&run).unwrap().len());
    }

    #[test]
    fn a_vote_about_as_many_others_as_there_is_room_for_leaves_room_for_a_call() {
        let mut run = crate::domain::samples::run(jiff::Timestamp::UNIX_EPOCH);
        assert!(room_for_listed(&run) >= 500, "an ordinary run has room for all of a list");
        let value = json!("x".repeat(150 * 1024));
        run.vars.values.insert("large".to_owned(), value);
        let room = room_for_listed(&run);
        assert!((1..500).contains(&room), "{room}");
        assert!(weight(&run) + VOTE_BYTES + room * LISTED_BYTES <= AT_CALL_BYTES_MAX);
        run.vars.values.insert("more".to_owned(), json!("x".repeat(80 * 1024)));
        assert_eq!(room_for_listed(&run), 0);
    }

    #[test]
    fn a_plan_that_is_too_large_still_pins_what_it_does_not_repeat() {
        let step = |text: &str| json!({ "step": "a", "parameters": { "value": text.repeat(40 * 1024) } });
        let (one, other) = (fitting(vec![step("x")]), fitting(vec![step("y")]));
        assert!(one[0].to_string().len() < 300 && one[0]["step"] == "a", "{}", one[0]);
        assert_ne!(one, other);
        assert_eq!(fitting(vec![json!({ "parameters": 1 })]), [json!({ "parameters": 1 })]);
    }
}
