//! How the steps of a playbook stand if one request ends in one way, as far as that makes a difference to them.
//!
//! Only what depends on that request is worked out; of everything else, and of what comes of the steps that are done, a
//! [`Choices`] decides.

use crate::domain::approval::OnTimeout;
use crate::language::{Expression, Known, Supposition};
use crate::playbook::{Body, Items, OnFailure, Playbook, Step, Wait};

use super::Choices;
use crate::playbook::compile::outline::{Outline, StepOutline};

/// A step with what decides whether it is done.
pub(super) struct Candidate<'p> {
    pub(super) outlined: &'p StepOutline,
    step: &'p Step,
    /// Its conditions, and the list that it goes through, each with its place.
    conditions: Vec<(String, &'p Expression)>,
    /// The steps that release it, by their indexes.
    released_by: Vec<usize>,
    /// The steps whose failure ends the run before its turn comes, by their indexes.
    cut_off_by: Vec<usize>,
}

/// How a request ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Silence,
    Approved,
    Rejected,
    /// It is never asked.
    Unasked,
}

/// What other steps see of a step.
#[derive(Clone, Copy, Debug)]
struct Standing {
    state: Known,
    decision: Known,
    verdict: Known,
    /// Through which end of the request it came about, where the same words can mean something else then.
    through: Option<Answer>,
}

const SKIPPED: Standing =
    Standing { state: Known::Is("skipped"), decision: Known::Is(""), verdict: Known::Is(""), through: None };
/// Done or failed: all that is known is that its turn came.
const HAD_ITS_TURN: Standing =
    Standing { state: Known::IsNot("skipped"), decision: Known::IsThere, verdict: Known::IsThere, through: None };

impl Standing {
    /// A text that two standings share if the same may be answered about them.
    fn distinct(&self) -> String {
        format!("{:?} {:?} {:?} {:?}", self.state, self.decision, self.verdict, self.through)
    }
}

const fn in_state(state: &'static str) -> Standing {
    Standing { state: Known::Is(state), ..HAD_ITS_TURN }
}

/// All steps with their conditions.
pub(super) fn candidates<'p>(outline: &'p Outline, playbook: &'p Playbook) -> Vec<Candidate<'p>> {
    let steps = outline.steps.iter().zip(playbook.steps());
    let of = |(outlined, step): (&'p StepOutline, &'p Step)| {
        let stage = outlined.place.stage;
        let of_stage = playbook.stages.get(stage).and_then(|of| of.when.as_ref());
        let of_stage = of_stage.map(|when| (format!("/stages/{stage}/when"), when));
        let of_step = step.when.as_ref().map(|when| (format!("{}/when", outlined.pointer), when));
        let list = step.for_each.as_ref().and_then(|each| match &each.list {
            Items::Computed(list) => Some((format!("{}/for_each/in", outlined.pointer), list)),
            // Secrets are gone through as they stand: nothing can be asked there.
            Items::Secrets { .. } => None,
        });
        let releases = outline.steps.iter().enumerate().filter(|(_, other)| other.releases.contains(&outlined.name));
        let conditions = of_stage.into_iter().chain(of_step).chain(list).collect();
        let ends = |(other, step): &(&StepOutline, &Step)| {
            step.on_failure != OnFailure::Continue && outline.is_before(other.place, outlined.place)
        };
        let ending = outline.steps.iter().zip(playbook.steps()).enumerate().filter(|(_, other)| ends(other));
        let (released_by, cut_off_by) = (releases.map(|(index, _)| index).collect(), ending.map(|(index, _)| index));
        Candidate { outlined, step, conditions, released_by, cut_off_by: cut_off_by.collect() }
    };
    steps.map(of).collect()
}

impl Candidate<'_> {
    fn until(&self) -> Option<&Expression> {
        match &self.step.body {
            Body::Wait(Wait { until, .. }) => until.as_ref(),
            Body::Action(_) | Body::Approval(_) => None,
        }
    }

    /// Whether silence lets its action go.
    fn acts_on_silence(&self) -> bool {
        let asked = match &self.step.body {
            Body::Approval(asked) => Some(asked),
            Body::Action(action) => action.guard.as_ref(),
            Body::Wait(_) => None,
        };
        asked.is_some_and(|asked| asked.on_timeout == OnTimeout::Act)
    }

    /// The first condition that reads one of the concerned steps, and the name of that step.
    pub(super) fn reads_first<'n>(&self, all: &'n [Self], concerned: &[bool]) -> Option<(String, &'n str)> {
        self.conditions.iter().find_map(|(pointer, condition)| {
            let mut of = all.iter().zip(concerned).filter(|(_, concerned)| **concerned).map(|(one, _)| one);
            let read = of.find(|one| reads(condition, one))?;
            Some((pointer.clone(), read.outlined.name.as_str()))
        })
    }

    /// The step itself, and the name of the first concerned one whose failure ends the run before it.
    pub(super) fn cut_off_first<'n>(&self, all: &'n [Self], concerned: &[bool]) -> Option<(String, &'n str)> {
        let first = self.cut_off_by.iter().find(|by| concerned.get(**by) == Some(&true))?;
        Some((self.outlined.pointer.clone(), all.get(*first)?.outlined.name.as_str()))
    }

    /// Whether it may settle as failed in a way that is known here: a wait that ends in vain, or a release without a request.
    const fn may_fail(&self) -> bool {
        matches!(self.step.body, Body::Wait(_)) || !self.released_by.is_empty()
    }
}

/// Whether a condition may read a step. One that looks through `steps` by computed names may read each.
fn reads(condition: &Expression, step: &Candidate<'_>) -> bool {
    condition.reads("steps").is_some_and(|names| names.is_empty() || names.contains(&step.outlined.name.as_str()))
}

/// Which steps stand differently if a request ends differently, the one that asks included.
pub(super) fn concerned_by(all: &[Candidate<'_>], asked: usize) -> Vec<bool> {
    let mut concerned: Vec<bool> = Vec::with_capacity(all.len());
    for (index, one) in all.iter().enumerate() {
        let earlier = || all.iter().zip(&concerned).filter(|(_, concerned)| **concerned).map(|(other, _)| other);
        let conditions = || one.conditions.iter().map(|(_, condition)| *condition).chain(one.until());
        let is = index == asked
            || one.released_by.iter().any(|by| concerned.get(*by) == Some(&true))
            || one
                .cut_off_by
                .iter()
                .any(|by| concerned.get(*by) == Some(&true) && all.get(*by).is_some_and(Candidate::may_fail))
            || conditions().any(|condition| earlier().any(|other| reads(condition, other)));
        concerned.push(is);
    }
    concerned
}

/// The steps under one end of one request.
pub(super) struct World<'w, 'p> {
    all: &'w [Candidate<'p>],
    concerned: &'w [bool],
    asked: usize,
    answer: Answer,
    standings: Vec<Option<Standing>>,
    choices: &'w mut Choices,
}

impl<'w, 'p> World<'w, 'p> {
    pub(super) fn new(
        all: &'w [Candidate<'p>],
        concerned: &'w [bool],
        (asked, answer): (usize, Answer),
        choices: &'w mut Choices,
    ) -> Self {
        Self { all, concerned, asked, answer, standings: vec![None; all.len()], choices }
    }

    /// Whether nothing ends the run before a step, and its conditions hold, so that its turn comes.
    pub(super) fn is_done(&mut self, index: usize) -> bool {
        let all = self.all;
        all.get(index).is_some_and(|one| {
            !one.cut_off_by.iter().any(|by| self.fails(*by))
                && one.conditions.iter().all(|(_, condition)| self.holds_true(condition))
        })
    }

    fn fails(&mut self, index: usize) -> bool {
        let Some(one) = self.all.get(index).filter(|one| one.may_fail()) else { return false };
        self.standing(&one.outlined.name).is_some_and(|standing| standing.state == Known::Is("failed"))
    }

    fn holds_true(&mut self, condition: &Expression) -> bool {
        self.choices.goes_through(condition.source().len());
        condition.supposed(self)
    }

    /// How a step stands; nothing if the request makes no difference to it.
    fn standing(&mut self, name: &str) -> Option<Standing> {
        let index = self.all.iter().position(|one| one.outlined.name == name)?;
        self.concerned.get(index).filter(|concerned| **concerned)?;
        if let Some(known) = self.standings.get(index).copied().flatten() {
            return Some(known);
        }
        let found = self.find_out(index)?;
        if let Some(place) = self.standings.get_mut(index) {
            *place = Some(found);
        }
        Some(found)
    }

    fn find_out(&mut self, index: usize) -> Option<Standing> {
        let all = self.all;
        let one = all.get(index)?;
        if index == self.asked {
            return Some(self.of_the_request(one));
        }
        if !self.is_done(index) {
            return Some(SKIPPED);
        }
        if one.released_by.contains(&self.asked) {
            return Some(self.of_a_released_step());
        }
        let releasing = one.released_by.first().and_then(|by| all.get(*by));
        let unasked = releasing
            .is_some_and(|by| self.standing(&by.outlined.name).is_some_and(|standing| standing.state == SKIPPED.state));
        Some(match one.until() {
            _ if unasked => in_state("failed"),
            Some(until) if self.holds_true(until) => in_state("succeeded"),
            Some(_) => in_state("failed"),
            None => HAD_ITS_TURN,
        })
    }

    /// The step that asks.
    fn of_the_request(&self, one: &Candidate<'_>) -> Standing {
        let (state, decision) = match self.answer {
            Answer::Unasked => return SKIPPED,
            Answer::Approved => (HAD_ITS_TURN.state, "approved"),
            Answer::Silence if one.acts_on_silence() => (HAD_ITS_TURN.state, "expired"),
            Answer::Silence => (Known::Is("rejected"), "expired"),
            Answer::Rejected => (Known::Is("rejected"), "rejected"),
        };
        // A step that only asks succeeds, whatever is decided.
        let state = if one.outlined.is_action { state } else { Known::Is("succeeded") };
        let verdict = if state == HAD_ITS_TURN.state { Known::IsThere } else { Known::Is("") };
        Standing { state, decision: Known::Is(decision), verdict, through: Some(self.answer) }
    }

    /// A step that the request releases.
    fn of_a_released_step(&self) -> Standing {
        let acts = self.all.get(self.asked).is_some_and(Candidate::acts_on_silence);
        let standing = match self.answer {
            Answer::Unasked => in_state("failed"),
            Answer::Approved => HAD_ITS_TURN,
            Answer::Silence if acts => HAD_ITS_TURN,
            Answer::Silence | Answer::Rejected => in_state("rejected"),
        };
        Standing { through: Some(self.answer), ..standing }
    }
}

impl Supposition for World<'_, '_> {
    fn known(&mut self, path: &[&str]) -> Known {
        match path {
            ["steps", _] | ["steps", _, "output"] => Known::IsThere,
            ["steps", name, field] => {
                let standing = self.standing(name).unwrap_or(HAD_ITS_TURN_OR_NOT);
                match *field {
                    "state" => standing.state,
                    "decision" => standing.decision,
                    "verdict" => standing.verdict,
                    _ => Known::Nothing,
                }
            }
            _ => Known::Nothing,
        }
    }

    fn holds(&mut self, part: &str, reads: &[Vec<&str>]) -> bool {
        let mut question = part.to_owned();
        for path in reads {
            match path.as_slice() {
                ["steps"] => question = format!("{question}; {:?}", self.answer),
                ["steps", name, ..] => {
                    if let Some(standing) = self.standing(name) {
                        question = format!("{question}; {name}: {}", standing.distinct());
                    }
                }
                _ => {}
            }
        }
        self.choices.of(question)
    }
}

/// A step to which the request makes no difference.
const HAD_ITS_TURN_OR_NOT: Standing = Standing { state: Known::IsThere, ..HAD_ITS_TURN };
