//! One case: a run is brought to the chosen moment of its call, the process ends there, and the next one has to go on.

use std::time::Duration;

use super::super::database::Database;
use super::super::fate::CrashPoint;
use super::super::harness::{Life, World, path, pending};
use super::super::target::{Deed, Line};
use crate::clock::Clock;
use crate::domain::approval::Choice;
use crate::domain::event::Resolution;
use crate::domain::{
    Actor, Assurance, Attempt, Event, EventKind, Outcome, PersonId, Protection, Run, RunId, RunStatus, StepState,
};
use crate::engine::SubmitError;
use crate::machine::Direction;

/// Every protection by its word.
pub const PROTECTIONS: [&str; 5] = ["read", "idempotent", "keyed", "verifiable", "none"];

/// How often a case may be pushed on before it is stuck.
const PUSHES_MAX: usize = 400;

/// A call at a moment.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    pub point: CrashPoint,
    pub protection: &'static str,
    pub direction: Direction,
}

/// What people had to do until a run was over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Help {
    votes: usize,
    resolutions: usize,
}

/// A world in which cases are tried one after the other, each with a run of its own.
pub struct Stage {
    pub world: World,
}

impl Case {
    /// Every moment in both directions.
    pub fn all(protection: &'static str) -> Vec<Self> {
        let directions = [Direction::Do, Direction::Undo];
        let of = |direction| CrashPoint::ALL.map(|point| Self { point, protection, direction });
        directions.into_iter().flat_map(of).collect()
    }

    /// The name of the playbook.
    pub fn playbook(&self) -> String {
        format!("{}_{}", self.direction.as_str(), self.protection)
    }

    fn protection(&self) -> Protection {
        serde_json::from_value(self.protection.into()).unwrap()
    }

    /// Whether the target is looked at before the call and after it.
    fn has_a_probe(&self) -> bool {
        self.direction == Direction::Do && self.protection() == Protection::Verifiable
    }

    /// Whether the call is made once more, by itself or on a person's word.
    fn is_made_again(&self) -> bool {
        let doubt = self.point.leaves_doubt();
        match self.protection() {
            _ if self.point == CrashPoint::BeforeIntent => true,
            Protection::Read | Protection::Idempotent | Protection::Keyed => doubt,
            Protection::Verifiable | Protection::None => doubt && !self.point.is_applied(),
        }
    }
}

/// A playbook that waits for people right before the call that a case is about.
fn playbook(direction: Direction, protection: &str) -> String {
    let head = format!(
        "playbook: {}_{protection}\ntitle: A call\nowner: user:ana\nmode: enforce\nmatch: {{ when: \"true\" }}\nstages:\n",
        direction.as_str()
    );
    let act = format!("{{ step: act, action: try.{protection} }}");
    let ask = |releases: &str| {
        format!(
            "  - stage: decide\n    steps:\n      - step: ask\n        approval: {{ ask: \"Go on?\", releases: \
             [{releases}], approvers: [owner], timeout: 4h, identity: link }}\n  - stage: go_on\n    \
             when: steps.ask.decision == 'approved'\n    steps:\n"
        )
    };
    match direction {
        Direction::Do => head + &ask("act") + &format!("      - {act}\n"),
        Direction::Undo => {
            let back = "      - { step: back, action: undo, with: { steps: [act] } }\n";
            head + &format!("  - stage: first\n    steps:\n      - {act}\n") + &ask("back") + back
        }
    }
}

impl Stage {
    pub fn on(database: Database) -> Self {
        let directions = [Direction::Do, Direction::Undo];
        let texts = directions.into_iter().flat_map(|way| PROTECTIONS.map(|protection| playbook(way, protection)));
        let texts: Vec<String> = texts.collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        Self { world: World::on(database, &texts).with_a_target() }
    }

    /// In this life the process gets stuck at the moment, and everything in it is dropped there. Gives the next life.
    pub fn stuck(&self, life: Life, case: &Case) -> Life {
        let run = life.launch(&case.playbook(), "billing-bot");
        self.go_to_the_moment(&life, case, run);
        if case.point.is_unheard() {
            // Nobody dies: what was not heard of is found as it would be by the next look.
            return self.check(case, life, run);
        }
        life.crash();
        self.next_life(case, run)
    }

    /// The life after the process ended, in which the run comes to its end.
    pub fn next_life(&self, case: &Case, run: RunId) -> Life {
        self.check(case, self.world.start(), run)
    }

    /// Brings a run that asks people to the chosen moment of its call.
    pub fn go_to_the_moment(&self, life: &Life, case: &Case, run: RunId) {
        let vote = vote(life, run);
        self.world.fate.aim(case.point, "act", case.direction);
        let heard = life.on(async {
            let met = async {
                while !self.world.fate.is_met() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            tokio::select! {
                biased;
                heard = life.engine.submit(run, vote) => Some(heard),
                () = met => None,
            }
        });
        // Only where people's vote and the intent are one commit is it they who hear of it.
        let is_intents = case.point == CrashPoint::IntentUnheard && !case.has_a_probe();
        match heard {
            Some(Err(SubmitError::Commit(_))) if is_intents => {}
            Some(Ok(_)) | None if !is_intents => {}
            heard => panic!("{case:?}: the person heard {heard:?}"),
        }
        life.until(&format!("{case:?} is reached"), async || self.world.fate.is_met());
    }

    /// Lets a run go on to its end, and judges it by the target's books. Gives the life back.
    fn check(&self, case: &Case, life: Life, run: RunId) -> Life {
        let help = self.see_the_end(case, &life, run);
        // Where the state before is read first, the vote is on disk long before the intent.
        let is_lost = case.point == CrashPoint::BeforeIntent && !case.has_a_probe();
        assert_eq!(help.votes, usize::from(is_lost), "{case:?}: votes asked for again");
        let asks_a_person = case.protection() == Protection::None && case.point.leaves_doubt();
        assert_eq!(help.resolutions, usize::from(asks_a_person), "{case:?}: whether a person had to look");

        let books = self.world.target().books_of(run, "act", case.direction);
        let keys_of = |deed| -> Vec<&str> {
            books.iter().filter(|line| line.deed == deed).map(|line: &Line| line.key.as_str()).collect()
        };
        let (got, applied, asked) = (keys_of(Deed::Got), keys_of(Deed::Applied), keys_of(Deed::Asked));
        let calls = usize::from(case.point.has_arrived()) + usize::from(case.is_made_again());
        assert_eq!(got.len(), calls, "{case:?}: {books:#?}");
        assert!(!applied.is_empty(), "{case:?}: it was never applied: {books:#?}");
        match case.protection() {
            Protection::Keyed | Protection::Verifiable | Protection::None => {
                assert_eq!(applied.len(), 1, "{case:?}: applied twice: {books:#?}");
            }
            Protection::Read | Protection::Idempotent => {}
        }
        assert_eq!(
            asked.len(),
            usize::from(case.protection() == Protection::Verifiable && case.point.leaves_doubt()),
            "{case:?}: whether the target was asked first"
        );
        let new_generation = asks_a_person && case.is_made_again() && case.point.has_arrived();
        assert_eq!(got.windows(2).all(|keys| keys[0] == keys[1]), !new_generation, "{case:?}: {books:#?}");

        let history = life.checked_history(run);
        let told = history.entries.iter().any(|entry| entry.text.contains("the process died"));
        // With a probe something is under way at every other moment too: it is looked before the call and after it.
        assert_eq!(told, case.point.leaves_doubt() || case.has_a_probe(), "{case:?}: {:#?}", history.entries);
        life
    }

    fn see_the_end(&self, case: &Case, life: &Life, id: RunId) -> Help {
        let mut help = Help::default();
        for _ in 0..PUSHES_MAX {
            life.on(life.engine.reconcile());
            let run = life.run(id);
            if run.status.is_finished() {
                assert_eq!(run.status, RunStatus::Finished(Outcome::Completed), "{case:?}");
                let wanted = if case.direction == Direction::Do { StepState::Succeeded } else { StepState::Undone };
                assert_eq!(run.steps[&path("act")].state, wanted, "{case:?}");
                return help;
            }
            match attempt(&run) {
                Some(Attempt::NeedsOperator { .. }) => {
                    help.resolutions += 1;
                    let resolution = self.what_the_books_say(case, id);
                    let reason = "the target's books say so".to_owned();
                    life.submit(id, EventKind::Resolved { path: path("act"), resolution, reason }).unwrap();
                }
                Some(Attempt::Backoff { .. }) => life.wait(Duration::from_mins(1)),
                _ if pending(&run).is_some() => {
                    help.votes += 1;
                    life.on(life.engine.submit(id, vote(life, id))).unwrap();
                }
                _ => life.on(async { tokio::time::sleep(Duration::from_millis(2)).await }),
            }
        }
        panic!("{case:?} never ends: {:#?}", life.states(id));
    }

    fn what_the_books_say(&self, case: &Case, run: RunId) -> Resolution {
        let books = self.world.target().books_of(run, "act", case.direction);
        let is_applied = books.iter().any(|line| line.deed == Deed::Applied);
        assert_eq!(is_applied, case.point.is_applied(), "{case:?}");
        if is_applied { Resolution::Applied } else { Resolution::Retry }
    }
}

fn attempt(run: &Run) -> Option<&Attempt> {
    match &run.steps[&path("act")].state {
        StepState::Doing(attempt) | StepState::Undoing(attempt) => Some(attempt),
        _ => None,
    }
}

fn vote(life: &Life, run: RunId) -> Event {
    life.pending(run);
    let actor = Actor::Person { id: PersonId::parse("ana").unwrap(), assurance: Assurance::Link };
    let kind = Life::vote_event(&life.run(run), "ana", Choice::Approve);
    Event { at: life.clock.now(), actor, kind }
}
