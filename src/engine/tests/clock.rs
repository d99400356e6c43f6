//! A clock that jumps: back, and nothing happens early or twice; forward, and every deadline is dealt with once.

use std::collections::BTreeSet;
use std::time::Duration;

use super::flow::CONTAIN;
use super::harness::{Life, World};
use crate::clock::Clock;
use crate::domain::approval::ApprovalStatus;
use crate::domain::{Outcome, Run, RunId, RunStatus};
use crate::engine::SystemAlert;

const HOUR: Duration = Duration::from_hours(1);

/// Lets the daemon look at its deadlines as they are now.
fn look(life: &Life) {
    life.wait(Duration::ZERO);
}

fn status(run: &Run) -> ApprovalStatus {
    run.approvals.values().next().unwrap().status
}

fn ended_holds(alerts: &[SystemAlert]) -> usize {
    alerts.iter().filter(|alert| alert.rule == "hold_ended").count()
}

#[test]
fn a_clock_that_goes_back_an_hour_makes_nothing_happen_early_or_twice_and_ids_stay_unique() {
    let world = World::new(&[CONTAIN]);
    let life = world.start();
    let run = life.launch("contain", "billing-bot");
    life.pending(run);
    let began = world.clock_now();
    // The look at the effect after ten minutes is made once.
    life.wait(Duration::from_mins(11));
    let looked = life.until_run(run, "the effect was looked at again", |run| run.rechecks.is_empty());
    let calls = world.outside.calls().len();
    world.clock.set(began - HOUR);
    for _ in 0..3 {
        look(&life);
    }
    let back = life.run(run);
    assert_eq!((back.version, status(&back)), (looked.version, ApprovalStatus::Pending), "nothing is early");
    assert_eq!(world.outside.calls().len(), calls, "and nothing is done twice");
    assert_eq!(ended_holds(&life.own_alerts()), 0);
    // The same hour once more: what begins in it has ids of its own, and works.
    let more: Vec<RunId> = (0..50).map(|_| RunId::generate(world.clock.now())).collect();
    assert_eq!(more.iter().collect::<BTreeSet<_>>().len(), 50);
    let second = life.launch("contain", "mail-bot");
    assert_ne!(second, run);
    life.pending(second);
    world.clock.set(began + HOUR * 4 + Duration::from_secs(1));
    look(&life);
    for id in [run, second] {
        let over = life.until_finished(id);
        assert_eq!((status(&over), over.approvals.len()), (ApprovalStatus::Expired, 1), "{id}");
        assert_eq!(over.status, RunStatus::Finished(Outcome::Completed));
        life.checked_history(id);
    }
    assert!(!life.gate_allows("billing-bot") && !life.gate_allows("mail-bot"), "silence released nobody");
}

#[test]
fn a_clock_that_goes_forward_a_day_fires_every_deadline_once() {
    let world = World::new(&[CONTAIN]);
    let life = world.start();
    let run = life.launch("contain", "billing-bot");
    life.pending(run);
    life.wait(HOUR * 24);
    let over = life.until_finished(run);
    assert_eq!(status(&over), ApprovalStatus::Expired);
    let settled = life.until_run(run, "the effect was looked at again", |run| run.rechecks.is_empty());
    assert_eq!(ended_holds(&life.awaited_alerts()), 1, "its owner is asked about the hold, once");
    let calls = world.outside.calls().len();
    for _ in 0..3 {
        look(&life);
    }
    assert_eq!(life.run(run).version, settled.version, "what was dealt with is not dealt with again");
    assert_eq!((ended_holds(&life.own_alerts()), world.outside.calls().len()), (0, calls));
    assert!(!life.gate_allows("billing-bot"), "and the hold stands");
    life.checked_history(run);
    // And back again: what has been dealt with does not come back.
    world.clock.set(world.clock_now() - HOUR * 23);
    look(&life);
    assert_eq!((ended_holds(&life.own_alerts()), life.run(run).version), (0, settled.version));
}
