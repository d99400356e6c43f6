//! Every way in which open questions can be answered, one after the other.
//!
//! Which questions there are is only found out on the way: each try answers those that it meets, and the next one answers
//! the last of them differently.

use std::cell::Cell;
use std::collections::BTreeMap;

/// How many ways are tried. Conditions of people need a handful; where these do not do, the worst is assumed.
const TRIES_MAX: u32 = 4096;
/// How much is tried for one playbook, in bytes of the conditions that are gone through; likewise.
const WORK_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What was tried for one playbook so far, in bytes of conditions.
#[derive(Debug, Default)]
pub(super) struct Work(Cell<usize>);

/// The answers of one try.
#[derive(Debug, Default)]
pub(super) struct Choices {
    given: BTreeMap<String, bool>,
    /// The answers in the order in which the questions were met; those of the next try begin with them.
    order: Vec<bool>,
    met: usize,
    /// How many bytes of conditions this try went through.
    bytes: usize,
}

impl Choices {
    /// Whether there is a way in which this is true; also if there are too many to try them all.
    pub(super) fn find(work: &Work, mut is_true: impl FnMut(&mut Self) -> bool) -> bool {
        let mut choices = Self::default();
        for _ in 0..TRIES_MAX {
            if work.0.get() > WORK_BYTES_MAX || is_true(&mut choices) {
                return true;
            }
            work.0.set(work.0.get().saturating_add(choices.bytes));
            if !choices.next() {
                return false;
            }
        }
        true
    }

    /// A condition of so many bytes is gone through.
    pub(super) const fn goes_through(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// The answer to a question; the same for the same question within one try.
    pub(super) fn of(&mut self, question: String) -> bool {
        let Self { given, order, met, .. } = self;
        *given.entry(question).or_insert_with(|| {
            let answer = order.get(*met).copied();
            *met += 1;
            answer.unwrap_or_else(|| {
                order.push(true);
                true
            })
        })
    }

    /// Prepares the next try; false if there is none.
    fn next(&mut self) -> bool {
        self.given.clear();
        self.met = 0;
        self.bytes = 0;
        while let Some(last) = self.order.pop() {
            if last {
                self.order.push(false);
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_is_tried_once_and_a_question_has_one_answer_in_each() {
        let mut tried = Vec::new();
        let found = Choices::find(&Work::default(), |choices| {
            let first = choices.of("a".into());
            let second = first || choices.of("b".into());
            assert_eq!(first, choices.of("a".into()));
            tried.push((first, second));
            false
        });
        assert!(!found);
        assert_eq!(tried, [(true, true), (false, true), (false, false)]);
        assert!(Choices::find(&Work::default(), |choices| !choices.of("a".into()) && !choices.of("b".into())));
    }

    #[test]
    fn where_there_are_too_many_ways_the_worst_is_assumed() {
        let mut tries = 0;
        let found = Choices::find(&Work::default(), |choices| {
            tries += 1;
            (0..20).filter(|question| choices.of(format!("{question}"))).count() > 20
        });
        assert!(found && tries == TRIES_MAX);
        let work = Work::default();
        let find = |bytes| {
            Choices::find(&work, |choices| {
                choices.goes_through(bytes);
                false
            })
        };
        assert!(!find(WORK_BYTES_MAX) && !find(1) && find(1), "what was tried before counts as well");
    }
}
