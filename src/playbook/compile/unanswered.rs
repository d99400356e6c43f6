//! What follows from a request that nobody answers: never that something is destroyed, or that another playbook runs.
//!
//! A step may destroy for a stated reason without asking anybody, but not *because* nobody answered. Whether it would is
//! found out by trying: with silence and with every other end of the request, under the same answers to everything else
//! that conditions ask. A step that is done after silence, and would not be after something else, is done because of it.
//! One that is done, or left out, whatever people say, is not.

mod choices;
mod world;

use crate::domain::Impact;
use crate::playbook::{ActionKind, Playbook, codes};

use super::outline::{Outline, StepOutline};
use super::report::Report;

use choices::{Choices, Work};
use world::{Answer, Candidate, World, candidates};

/// Refuses steps that destroy, or run another playbook, and that silence would let go.
pub(super) fn look(report: &mut Report, outline: &Outline, playbook: &Playbook) {
    let steps = Steps { candidates: candidates(outline, playbook), work: Work::default() };
    for (index, candidate) in steps.candidates.iter().enumerate() {
        let own = candidate.outlined;
        let Some(harm) = harm(own).filter(|_| !own.asks() && !outline.is_released(own)) else { continue };
        let Some((pointer, name)) = steps.let_go_by_silence(index) else { continue };
        report
            .rule(&pointer, codes::SILENCE, format!("this {harm} where nobody answers (by way of `{name}`)"))
            .hint("ask for `decision == 'approved'`, or put an `approval` before the step itself");
    }
}

/// What silence must not do, in words.
fn harm(step: &StepOutline) -> Option<&'static str> {
    let runs = step.spec.as_ref().is_some_and(|spec| spec.kind == ActionKind::RunPlaybook);
    match step.impact {
        Some(Impact::Destroy) => Some("destroys what can't be restored"),
        _ if runs => Some("runs another playbook, which may destroy,"),
        _ => None,
    }
}

/// Every step, in the order written.
struct Steps<'p> {
    candidates: Vec<Candidate<'p>>,
    work: Work,
}

impl Steps<'_> {
    /// Where a condition of the step lets silence decide, and the step that it names.
    fn let_go_by_silence(&self, own: usize) -> Option<(String, &str)> {
        let asking: Vec<(usize, Vec<bool>)> = (0..own)
            .filter(|index| self.candidates.get(*index).is_some_and(|one| one.outlined.asks()))
            .map(|index| (index, world::concerned_by(&self.candidates, index)))
            .filter(|(_, concerned)| concerned.get(own) == Some(&true))
            .collect();
        let (_, concerned) =
            asking.iter().find(|(asked, concerned)| self.makes_a_difference(*asked, concerned, own))?;
        if asking.iter().any(|(asked, concerned)| self.is_decided_by(*asked, concerned, own)) {
            return None;
        }
        let own = self.candidates.get(own)?;
        own.reads_first(&self.candidates, concerned).or_else(|| own.cut_off_first(&self.candidates, concerned))
    }

    /// Whether silence lets the step go where another end of the request would not.
    fn makes_a_difference(&self, asked: usize, concerned: &[bool], own: usize) -> bool {
        Choices::find(&self.work, |choices| {
            let mut is_done = |answer: Answer, of: usize| {
                World::new(&self.candidates, concerned, (asked, answer), choices).is_done(of)
            };
            let others = [Answer::Approved, Answer::Rejected, Answer::Unasked];
            is_done(Answer::Silence, asked)
                && is_done(Answer::Silence, own)
                && others.into_iter().any(|answer| !is_done(answer, own))
        })
    }

    /// Whether the step is done only after people have approved this request.
    fn is_decided_by(&self, asked: usize, concerned: &[bool], own: usize) -> bool {
        !Choices::find(&self.work, |choices| {
            [Answer::Silence, Answer::Rejected, Answer::Unasked].into_iter().any(|answer| {
                let mut world = World::new(&self.candidates, concerned, (asked, answer), choices);
                world.is_done(asked) == (answer != Answer::Unasked) && world.is_done(own)
            })
        })
    }
}
