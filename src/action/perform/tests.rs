//! Deadlines and failures that no action can talk its way out of.

use std::sync::Mutex;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::perform;
use crate::action::http_call;
use crate::action::port::{Action, Pending, Prepared, Rhythm, Sight, Task};
use crate::action::stub::{call, clock, start};
use crate::clock::TestClock;
use crate::domain::Protection;
use crate::domain::event::{CallOutcome, Proof};
use crate::machine::{Call, CallResult, Direction, Phase};
use crate::playbook::ActionSpec;

/// An action that does as it is told: panics, hangs, or sees what a list says.
struct Fake {
    spec: ActionSpec,
    conduct: Conduct,
    sights: Mutex<Vec<Option<bool>>>,
}

#[derive(Clone, Copy)]
enum Conduct {
    Panics,
    Hangs,
    Sees,
}

impl Fake {
    fn new(conduct: Conduct, sights: &[Option<bool>]) -> Self {
        let sights = sights.iter().rev().copied().collect();
        Self { spec: http_call::spec().unwrap(), conduct, sights: Mutex::new(sights) }
    }

    fn verifiable(self) -> Self {
        Self { spec: ActionSpec { protection: Protection::Verifiable, ..self.spec }, ..self }
    }

    async fn act(&self) {
        match self.conduct {
            Conduct::Panics => panic!("a fault of the action"),
            Conduct::Hangs => std::future::pending().await,
            Conduct::Sees => {}
        }
    }
}

impl Action for Fake {
    fn spec(&self) -> &ActionSpec {
        &self.spec
    }

    fn prepare<'a>(&'a self, _: Task<'a>) -> Pending<'a, Result<Prepared, String>> {
        Box::pin(async {
            self.act().await;
            Ok(Prepared::default())
        })
    }

    fn send<'a>(&'a self, _: Task<'a>) -> Pending<'a, CallOutcome> {
        Box::pin(async {
            self.act().await;
            CallOutcome::Applied { output: json!({}) }
        })
    }

    fn look<'a>(&'a self, _: Task<'a>) -> Pending<'a, Sight> {
        Box::pin(async {
            self.act().await;
            Sight { effect: self.sights.lock().unwrap().pop().unwrap_or(Some(false)), detail: "looked".to_owned() }
        })
    }

    fn rhythm(&self) -> Rhythm {
        Rhythm { every: Duration::from_secs(1), consecutive: 3 }
    }
}

fn asked(phase: Phase) -> Call {
    call("http.call", json!({}), phase)
}

fn within(seconds: u64) -> Phase {
    Phase::Prove { until: start() + Duration::from_secs(seconds) }
}

async fn of(fake: &Fake, phase: Phase) -> CallResult {
    perform(fake, &asked(phase), &clock()).await
}

#[tokio::test(start_paused = true)]
async fn a_failure_inside_an_action_is_never_a_success() {
    for conduct in [Conduct::Panics, Conduct::Hangs] {
        let fake = Fake::new(conduct, &[]).verifiable();
        assert!(matches!(of(&fake, Phase::Prepare).await, CallResult::Ended(CallOutcome::NotSent { .. })));
        assert!(matches!(of(&fake, Phase::Send).await, CallResult::Ended(CallOutcome::Ambiguous { .. })));
        assert!(matches!(of(&fake, Phase::Check).await, CallResult::Checked { applied: None, .. }));
        assert!(matches!(of(&fake, Phase::Recheck).await, CallResult::Proved(Proof::Blind { .. })));
        assert!(matches!(of(&fake, within(5)).await, CallResult::Proved(Proof::NotSeen { .. })));
    }
}

#[tokio::test(start_paused = true)]
async fn looking_stops_at_the_third_sight_in_a_row_and_blindness_breaks_the_row() {
    let yes = Some(true);
    let fake = Fake::new(Conduct::Sees, &[yes, yes, None, yes, Some(false), yes, yes, yes, yes]);
    let began = Instant::now();
    assert!(matches!(of(&fake, within(60)).await, CallResult::Proved(Proof::Seen { .. })));
    assert_eq!(began.elapsed().as_secs(), 7);
    assert_eq!(fake.sights.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn looking_ends_when_the_time_is_over() {
    for (conduct, seconds) in [(Conduct::Sees, 30), (Conduct::Hangs, 30)] {
        let began = Instant::now();
        let result = of(&Fake::new(conduct, &[]), within(seconds)).await;
        assert!(matches!(result, CallResult::Proved(Proof::NotSeen { .. })));
        let took = began.elapsed().as_secs();
        assert!((seconds - 2..=seconds).contains(&took), "{took}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_steps_the_clock_ends_the_looking() {
    let clock = TestClock::at(start());
    let fake = Fake::new(Conduct::Sees, &[]);
    let call = asked(within(3_600));
    let began = Instant::now();
    let proving = perform(&fake, &call, &clock);
    let stepping = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        clock.advance(Duration::from_hours(1));
    };
    let (result, ()) = tokio::join!(proving, stepping);
    assert!(matches!(result, CallResult::Proved(Proof::NotSeen { .. })));
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn only_a_verifiable_action_concludes_from_one_look_that_it_was_not_applied() {
    let plain = Fake::new(Conduct::Sees, &[Some(true)]);
    assert!(matches!(of(&plain, Phase::Check).await, CallResult::Checked { applied: None, .. }));
    let sights = [Some(true), Some(false), None];
    let verifiable = Fake::new(Conduct::Sees, &sights).verifiable();
    let proving = Fake::new(Conduct::Sees, &sights);
    let proving = Fake { spec: ActionSpec { proves: true, ..proving.spec }, ..proving };
    for (fake, expected) in [(verifiable, sights), (proving, [Some(true), None, None])] {
        for expected in expected {
            match of(&fake, Phase::Check).await {
                CallResult::Checked { applied, .. } => assert_eq!(applied, expected),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn preparing_an_undo_reads_nothing_and_keeps_the_snapshot() {
    let fake = Fake::new(Conduct::Panics, &[]);
    let undo = Call { direction: Direction::Undo, snapshot: Some(json!(5)), ..asked(Phase::Prepare) };
    let result = perform(&fake, &undo, &clock()).await;
    assert_eq!(result, CallResult::Prepared { baseline: None, snapshot: Some(json!(5)) });
}
