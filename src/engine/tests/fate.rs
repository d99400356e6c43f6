//! What happens to a process at a chosen moment: it dies there, or its caller hears an error although all went well.
//!
//! The engine tells of its commits, the world outside of its calls. Only what is aimed at happens, once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::domain::{Attempt, RunId, StepPath, StepState};
use crate::engine::Engine;
use crate::machine::Direction;
use crate::store::{Commit, CommitError, Row};

/// Every moment of a call at which a process may die, in the order in which they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CrashPoint {
    /// The call is decided, and nothing of it is on disk.
    BeforeIntent,
    /// The intent is on disk, and whoever wanted it is told an error.
    IntentUnheard,
    /// The intent is on disk, and nothing has followed from it.
    BeforeDispatch,
    /// A worker has the call, and no byte has left.
    BeforeTheFirstByte,
    /// The target has the call, and has not applied it.
    BeforeItIsApplied,
    /// The target has applied the call, and has not answered.
    BeforeTheAnswer,
    /// The answer was heard, and nothing of it is on disk.
    BeforeTheResult,
    /// The result is on disk, and the worker is told an error.
    ResultUnheard,
    /// The result is on disk, and nothing has followed from it.
    AfterTheResult,
}

impl CrashPoint {
    pub const ALL: [Self; 9] = [
        Self::BeforeIntent,
        Self::IntentUnheard,
        Self::BeforeDispatch,
        Self::BeforeTheFirstByte,
        Self::BeforeItIsApplied,
        Self::BeforeTheAnswer,
        Self::BeforeTheResult,
        Self::ResultUnheard,
        Self::AfterTheResult,
    ];

    /// Whether the process lives on, and somebody in it was told an error.
    pub fn is_unheard(self) -> bool {
        matches!(self, Self::IntentUnheard | Self::ResultUnheard)
    }

    /// Whether the next life finds an intent without a result.
    pub fn leaves_doubt(self) -> bool {
        (Self::IntentUnheard..=Self::BeforeTheResult).contains(&self)
    }

    /// Whether the target had got the call by then.
    pub fn has_arrived(self) -> bool {
        self >= Self::BeforeItIsApplied
    }

    /// Whether the target had applied the call by then.
    pub fn is_applied(self) -> bool {
        self >= Self::BeforeTheAnswer
    }
}

/// Where something happens: at a point of the call of a step in a direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aim {
    pub point: CrashPoint,
    pub step: StepPath,
    pub direction: Direction,
}

/// How a process ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum End {
    /// Whoever is there waits for ever; the test drops everything.
    #[default]
    Stuck,
    /// The whole process aborts.
    Abort,
}

/// What happens to a process.
#[derive(Debug, Default)]
pub struct Fate {
    aim: Mutex<Option<Aim>>,
    end: End,
    is_met: AtomicBool,
    is_stuck: AtomicBool,
    faulty: Mutex<Option<RunId>>,
}

/// A moment of a commit: whose call it puts under way, or whose result it keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    is_intent: bool,
    step: StepPath,
    direction: Direction,
}

impl Fate {
    /// A fate that ends the whole process.
    pub fn that_aborts() -> Self {
        Self { end: End::Abort, ..Self::default() }
    }

    /// Chooses the moment.
    pub fn aim(&self, point: CrashPoint, step: &str, direction: Direction) {
        self.is_met.store(false, Ordering::SeqCst);
        self.is_stuck.store(false, Ordering::SeqCst);
        *self.aim.lock().unwrap() = Some(Aim { point, step: step.parse().unwrap(), direction });
    }

    /// From now on every change of this run panics.
    pub fn make_faulty(&self, run: RunId) {
        *self.faulty.lock().unwrap() = Some(run);
    }

    /// Takes the aim back; whoever is stuck is forgotten.
    pub fn forget(&self) {
        self.is_stuck.store(false, Ordering::SeqCst);
        *self.aim.lock().unwrap() = None;
    }

    /// Whether the moment has come.
    pub fn is_met(&self) -> bool {
        self.is_met.load(Ordering::SeqCst)
    }

    /// Whether the moment has come, and somebody waits there for ever.
    pub fn is_stuck(&self) -> bool {
        self.is_stuck.load(Ordering::SeqCst)
    }

    /// Whether this is the chosen moment, which then is over.
    fn meets(&self, point: CrashPoint, step: &StepPath, direction: Direction) -> bool {
        let mut aim = self.aim.lock().unwrap();
        let meets = *aim == Some(Aim { point, step: step.clone(), direction });
        if meets {
            *aim = None;
            self.is_met.store(true, Ordering::SeqCst);
        }
        meets
    }

    /// A call is at a point; if it was chosen, nothing comes after it.
    pub async fn pass(&self, point: CrashPoint, step: &StepPath, direction: Direction) {
        if self.meets(point, step, direction) {
            self.is_stuck.store(true, Ordering::SeqCst);
            match self.end {
                End::Stuck => std::future::pending().await,
                End::Abort => std::process::abort(),
            }
        }
    }

    /// A commit is about to be made.
    pub async fn before_the_commit(&self, commit: &Commit) -> Vec<Moment> {
        let faulty = *self.faulty.lock().unwrap();
        let changes = |row: &Row| matches!(row, Row::Run(run) if Some(run.id) == faulty);
        assert!(!commit.rows.iter().any(changes), "a fault of our own, which this test wants");
        let moments = moments(commit);
        for Moment { is_intent, step, direction } in &moments {
            let point = if *is_intent { CrashPoint::BeforeIntent } else { CrashPoint::BeforeTheResult };
            self.pass(point, step, *direction).await;
        }
        moments
    }

    /// A commit was made.
    pub async fn after_the_commit(
        &self,
        moments: Vec<Moment>,
        written: Result<(), CommitError>,
    ) -> Result<(), CommitError> {
        written?;
        for Moment { is_intent, step, direction } in &moments {
            let (unheard, after) = if *is_intent {
                (CrashPoint::IntentUnheard, CrashPoint::BeforeDispatch)
            } else {
                (CrashPoint::ResultUnheard, CrashPoint::AfterTheResult)
            };
            if self.meets(unheard, step, *direction) {
                return Err(CommitError::Unavailable("the answer of the database was lost".to_owned()));
            }
            self.pass(after, step, *direction).await;
        }
        Ok(())
    }
}

/// The fate of an engine's process; of one that was given none, nothing happens to it.
pub fn of(engine: &Engine) -> Arc<Fate> {
    Arc::clone(engine.inner.passage.fate.get_or_init(Arc::default))
}

/// Gives an engine its fate.
pub fn give(engine: &Engine, fate: &Arc<Fate>) {
    assert!(engine.inner.passage.fate.set(Arc::clone(fate)).is_ok(), "an engine has one fate");
}

/// The changes that a commit puts under way, and the results that it keeps.
fn moments(commit: &Commit) -> Vec<Moment> {
    let runs = commit.rows.iter().filter_map(|row| match row {
        Row::Run(run) => Some(run),
        _ => None,
    });
    let mut moments = Vec::new();
    for run in runs {
        for row in &commit.rows {
            let Row::Event { subject: crate::store::Subject::Run(of), kind, body, .. } = row else { continue };
            let Some(step) = step_of(kind, body).filter(|_| *of == run.id) else { continue };
            let state = run.steps.get(&step).map(|record| &record.state);
            match (*kind, state) {
                ("attempt_began" | "attempt_prepared", Some(StepState::Doing(Attempt::Running { .. }))) => {
                    moments.push(Moment { is_intent: true, step, direction: Direction::Do });
                }
                ("attempt_began" | "attempt_prepared", Some(StepState::Undoing(Attempt::Running { .. }))) => {
                    moments.push(Moment { is_intent: true, step, direction: Direction::Undo });
                }
                ("attempt_ended", Some(StepState::Undoing(_) | StepState::Undone | StepState::UndoFailed { .. })) => {
                    moments.push(Moment { is_intent: false, step, direction: Direction::Undo });
                }
                ("attempt_ended", Some(_)) => {
                    moments.push(Moment { is_intent: false, step, direction: Direction::Do });
                }
                _ => {}
            }
        }
    }
    moments
}

fn step_of(kind: &str, body: &Value) -> Option<StepPath> {
    body.get(kind)?.get("path")?.as_str()?.parse().ok()
}
