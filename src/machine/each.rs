//! A step that goes through items: they are frozen when its turn comes, each is a step of its own at `step[index]`, and
//! the step itself settles when all of them have.

use serde_json::Value;

use crate::domain::{Mode, RunStatus, StepName, StepPath, StepRecord, StepState, Verdict, Waiting};
use crate::playbook::model::ForEach;
use crate::playbook::{Body, OnFailure, Step};

use super::advance::is_settled_enough;
use super::attempt::is_containing;
use super::context::variables;
use super::error::IllegalTransition;
use super::motion::Motion;
use super::room::{RECORD_BYTES, size, total};

/// How large all items of a run may be together, as JSON.
const ITEMS_BYTES_MAX: usize = 32 * 1024;
/// What all items of a run may take together with their records: half of what a run may be.
const RECORDS_BYTES_MAX: usize = 128 * 1024;

impl Motion<'_> {
    /// The step's turn has come: its items are found out and frozen.
    pub fn start_items(&mut self, path: &StepPath, step: &Step, each: &ForEach) -> Result<(), IllegalTransition> {
        let items = match each.list.evaluate(&variables(&self.run), self.at) {
            Ok(items) => items,
            Err(reason) => {
                self.fails_to_contain(path, step)?;
                return self.set(path, StepState::Failed { reason: format!("nothing was sent: {reason}") });
            }
        };
        if items.is_empty() {
            return self.set(path, StepState::Skipped { reason: format!("`{}` gave no items", each.list.source()) });
        }
        let found = items.len();
        let mut kept = 0_usize;
        let mut bytes = total(&self.run, |record| record.item.as_ref());
        let mut records = RECORD_BYTES * self.run.steps.keys().filter(|path| path.index.is_some()).count();
        for (index, item) in (0_u16..).zip(items).take(usize::try_from(each.at_most).unwrap_or(usize::MAX)) {
            bytes += size(&item);
            records += RECORD_BYTES;
            if bytes > ITEMS_BYTES_MAX || bytes + records > RECORDS_BYTES_MAX {
                break;
            }
            let record = StepRecord { item: Some(item), ..StepRecord::pending() };
            self.run.steps.insert(StepPath { step: path.step.clone(), index: Some(index) }, record);
            kept += 1;
        }
        let left_out = found - kept;
        let rest = if left_out > 0 { format!(", {left_out} left out") } else { String::new() };
        self.say(path, format!("{kept} of {found} items{rest}"))?;
        self.set(path, StepState::Waiting(Waiting::Items { left_out: u32::try_from(left_out).unwrap_or(u32::MAX) }))
    }

    /// Moves every step that goes through items: starts the next ones, or settles it when all have settled.
    pub fn advance_items(&mut self) -> Result<(), IllegalTransition> {
        if self.run.status.is_finished() {
            return Ok(());
        }
        let steps = self.playbook.steps();
        let going: Vec<(&Step, &ForEach)> = steps.filter_map(|step| Some((step, step.for_each.as_ref()?))).collect();
        for (step, each) in going {
            let path = StepPath::from(step.name.clone());
            if let StepState::Waiting(Waiting::Items { left_out }) = self.record(&path)?.state {
                self.start_next_items(step, each)?;
                if self.items_are_settled(&step.name) {
                    self.settle_items(&path, step, left_out)?;
                }
            } else if self.run.items(&step.name).next().is_some() && self.items_are_settled(&step.name) {
                self.note_undone_items(&path)?;
            }
        }
        Ok(())
    }

    fn start_next_items(&mut self, step: &Step, each: &ForEach) -> Result<(), IllegalTransition> {
        let Body::Action(action) = &step.body else { return Ok(()) };
        let limit = usize::try_from(each.parallel).unwrap_or(usize::MAX);
        let paths: Vec<StepPath> = self.run.items(&step.name).map(|(path, _)| path.clone()).collect();
        let mut under_way = 0_usize;
        let mut ends = !matches!(self.run.status, RunStatus::Running { .. });
        for path in paths {
            let record = self.record(&path)?;
            ends |= record.state.is_failure() && step.on_failure != OnFailure::Continue;
            let waits = record.state == StepState::Pending && record.started_at.is_none();
            if waits && ends {
                self.say(&path, "something before it failed")?;
                self.set(&path, StepState::Cancelled)?;
            } else if waits && under_way < limit {
                self.record_mut(&path)?.started_at = Some(self.at);
                self.start_action(&path, action)?;
            }
            let record = self.record(&path)?;
            let begun = record.started_at.is_some() && !is_settled_enough(&record.state, step.on_failure);
            under_way += usize::from(begun);
        }
        Ok(())
    }

    /// Whether nothing is left to do; so it is where not even the first item was small enough to be kept.
    fn items_are_settled(&self, step: &StepName) -> bool {
        self.run.items(step).all(|(_, record)| record.state.is_settled())
    }

    /// What all items came to together.
    fn settle_items(&mut self, path: &StepPath, step: &Step, left_out: u32) -> Result<(), IllegalTransition> {
        let items: Vec<(StepPath, StepRecord)> =
            self.run.items(&path.step).map(|(path, record)| (path.clone(), record.clone())).collect();
        let count = items.len();
        let of = |wanted: fn(&StepState) -> bool| items.iter().filter(|(_, record)| wanted(&record.state)).count();
        let failed = of(|state| matches!(state, StepState::Failed { .. }));
        let unproven = of(|state| *state == StepState::Unproven);
        let rejected = of(|state| *state == StepState::Rejected);
        let worst = Verdict::worst(items.iter().filter_map(|(_, record)| record.verdict));
        let contained_at = items.iter().filter_map(|(_, record)| record.contained_at).max();
        let record = self.record_mut(path)?;
        record.verdict = worst;
        record.contained_at = contained_at.filter(|_| worst == Some(Verdict::Contained));
        if left_out > 0 {
            self.fails_to_contain(path, step)?;
            let reason = format!("{left_out} items were left out: a step goes through a limited number of them");
            return self.set(path, StepState::Failed { reason });
        }
        let first = items.iter().find_map(|(path, record)| match &record.state {
            StepState::Failed { reason } => Some(format!(": {path}: {reason}")),
            _ => None,
        });
        self.say(
            path,
            match self.run.mode {
                Mode::Observe => format!("observed only: would go through {count} items"),
                Mode::Enforce => format!("{} of {count} items done", of(|state| *state == StepState::Succeeded)),
            },
        )?;
        let state = if failed > 0 {
            StepState::Failed { reason: format!("{failed} of {count} items failed{}", first.unwrap_or_default()) }
        } else if unproven > 0 {
            StepState::Unproven
        } else if rejected == count {
            StepState::Rejected
        } else {
            StepState::Succeeded
        };
        self.set(path, state)
    }

    /// When everything that was done has been undone, so has the step.
    fn note_undone_items(&mut self, path: &StepPath) -> Result<(), IllegalTransition> {
        let states: Vec<&StepState> = self.run.items(&path.step).map(|(_, record)| &record.state).collect();
        let undone = states.iter().any(|state| **state == StepState::Undone);
        let stands = states.iter().any(|state| matches!(state, StepState::Succeeded | StepState::Unproven));
        let stuck = states.iter().filter(|state| matches!(state, StepState::UndoFailed { .. })).count();
        let state = if stuck > 0 {
            StepState::UndoFailed { reason: format!("{stuck} items could not be undone") }
        } else if undone && !stands {
            StepState::Undone
        } else {
            return Ok(());
        };
        if self.record(path)?.state == state { Ok(()) } else { self.set(path, state) }
    }

    /// The variables that a step sees: those of the run, and its own item.
    pub fn variables_of(&self, path: &StepPath) -> Value {
        let mut variables = variables(&self.run);
        let each = path.index.and_then(|_| self.step(path).ok()).and_then(|step| step.for_each.as_ref());
        let item = self.run.steps.get(path).and_then(|record| record.item.clone());
        if let (Some(each), Some(item), Value::Object(map)) = (each, item, &mut variables) {
            map.insert(each.name.clone(), item);
        }
        variables
    }

    fn fails_to_contain(&mut self, path: &StepPath, step: &Step) -> Result<(), IllegalTransition> {
        if matches!(&step.body, Body::Action(action) if is_containing(action)) {
            self.record_mut(path)?.verdict = Some(Verdict::Failed);
        }
        Ok(())
    }
}
