//! Random histories: deliveries and their repeats, replies that are lost before or after the change was made, votes,
//! time, operators, crashes at any moment of a call, and claims that are lost to another replica.
//!
//! A history is a list of acts, so that a failure shrinks to a short story. After every act everything comes to rest, so
//! that the same acts tell the same story on both databases. `STANDDOWN_HISTORIES` is how many are tried, 64 by default;
//! `STANDDOWN_SEED` is where they begin, which is fixed so that a failure comes again.

mod act;
mod promises;
mod shape;
mod story;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use self::act::{Act, act};
use self::story::Story;
use crate::engine::tests::database::Database;

const HISTORIES: u32 = 64;
const SEED: u64 = 20_261_123;
/// Where one history needs a fresh database of a server, fewer are told by default.
const FEWER: u32 = 4;

fn number<T: std::str::FromStr>(name: &str, usual: T) -> T {
    let told = std::env::var(name).ok();
    told.map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("failed to read {name}: {text} is no number")))
}

/// Tries random histories, always the same ones for a seed.
fn tell(share: u32, strategy: impl Strategy<Value = Vec<Act>>, check: impl Fn(Vec<Act>)) {
    let (cases, seed) = ((number("STANDDOWN_HISTORIES", HISTORIES) / share).max(1), number("STANDDOWN_SEED", SEED));
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config { cases, max_shrink_iters: 200, failure_persistence: None, ..Config::default() };
    let done = TestRunner::new_with_rng(config, rng).run(&strategy, |acts| {
        check(acts);
        Ok(())
    });
    done.unwrap_or_else(|error| panic!("STANDDOWN_SEED={seed} STANDDOWN_HISTORIES={}: {error}", cases * share));
}

#[test]
fn whatever_happens_in_whatever_order_the_promises_hold() {
    let histories = prop::collection::vec(act(3), 1..24);
    tell(1, histories, |acts| drop(Story::told(Database::Sqlite, 3, acts)));
}

#[test]
fn real_postgres_the_same_history_is_told_alike_on_both_databases() {
    let administration = Database::postgres();
    let number = std::cell::Cell::new(0);
    let histories = prop::collection::vec(act(1), 1..24);
    tell(FEWER, histories, |acts| {
        number.set(number.get() + 1);
        let postgres = administration.another(&format!("history_{}", number.get()));
        let here = Story::told(Database::Sqlite, 1, acts.clone());
        let there = Story::told(postgres, 1, acts);
        pretty_equal(&here, &there);
    });
}

fn pretty_equal(here: &shape::Shape, there: &shape::Shape) {
    assert_eq!(here, there, "SQLite tells {here:#?}\nPostgreSQL tells {there:#?}");
}

#[test]
fn a_worker_that_waits_to_say_how_doing_ended_does_not_hold_up_undoing() {
    use crate::engine::tests::fate::CrashPoint;
    use crate::engine::tests::target::{Reply, Silence};
    let acts = vec![
        Act::EndAt { point: CrashPoint::IntentUnheard, call: 3, direction: crate::machine::Direction::Do },
        Act::Deliver { agent: 0, alert: 2 },
        Act::Reply { call: 1, reply: Reply::NotSent },
        Act::Hang { call: 1, silence: Silence::Before },
        Act::Hang { call: 2, silence: Silence::After },
        Act::Release,
        Act::Deliver { agent: 0, alert: 2 },
        Act::Vote { run: 0, approve: true },
        Act::Resolve { run: 3, anew: false },
        Act::Deliver { agent: 0, alert: 0 },
        Act::Reply { call: 3, reply: Reply::LostAfter },
    ];
    // The answer to `asked` is on disk, but its worker heard an error and waits before it says it again; meanwhile the run
    // goes on to undo that very step.
    for _ in 0..10 {
        let told = format!("{:?}", Story::told(Database::Sqlite, 1, acts.clone()));
        assert!(told.contains("Finished(Completed)"), "{told}");
    }
}
