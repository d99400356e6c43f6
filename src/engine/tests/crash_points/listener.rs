//! The connection that hears of other replicas' changes is lost: what was changed meanwhile is found all the same.

use std::sync::Arc;

use super::super::database::Database;
use super::super::harness::{agent_id, path};
use super::super::outside::Outside;
use super::case::Stage;
use crate::domain::approval::Choice;
use crate::domain::{Attempt, Outcome, RunStatus, StepState};
use crate::machine::Direction;
use crate::store::{Commit, Row, RunLog, Writer};

const LISTENERS: &str = "FROM pg_stat_activity WHERE datname = 'cut_off' AND query LIKE 'LISTEN%'";

/// Something to write that nobody asks about.
fn sight() -> Row {
    Row::GateSight { agent: agent_id("mail-bot"), seen_at: "2026-11-23T02:00:00Z".parse().unwrap(), refused_at: None }
}

#[test]
fn real_postgres_what_was_decided_while_nobody_listened_is_done_when_somebody_listens_again() {
    let administration = Database::postgres();
    let stage = Stage::on(administration.another("cut_off"));
    let (world, server) = (&stage.world, administration.server());
    let one = world.start();
    let two = world.neighbour(&one, Arc::new(Outside::default()));
    let run = one.launch("do_none", "billing-bot");
    one.pending(run);

    // Both keep the connections that they have.
    for engine in [&one.engine, &two] {
        one.on(async {
            let reads = (0..4).map(|_| engine.store().run(run));
            futures_util::future::try_join_all(reads).await.unwrap();
            let writes = (0..8).map(|_| engine.store().commit(Commit { guards: Vec::new(), rows: vec![sight()] }));
            futures_util::future::try_join_all(writes).await.unwrap();
        });
    }
    let count = format!("SELECT count(*) {LISTENERS}");
    one.until("both listen", async || server.ask(&count) == "2");
    server.ask("ALTER DATABASE cut_off ALLOW_CONNECTIONS false");
    assert_eq!(server.ask(&format!("SELECT count(pg_terminate_backend(pid)) {LISTENERS}")), "2");
    one.until("nobody listens", async || server.ask(&count) == "0");
    one.vote_at(&two, run, "ana", Choice::Approve).unwrap();
    let decided = one.run(run);
    let state = &decided.steps[&path("act")].state;
    assert!(matches!(state, StepState::Doing(Attempt::Ready { .. })), "its owner has not heard of it: {state:?}");
    assert!(world.target().books_of(run, "act", Direction::Do).is_empty());
    assert_eq!(server.ask(&count), "0", "and could not");

    server.ask("ALTER DATABASE cut_off ALLOW_CONNECTIONS true");
    let done = one.until_finished(run);
    assert_eq!(done.status, RunStatus::Finished(Outcome::Completed));
    assert_eq!(world.target().books_of(run, "act", Direction::Do).len(), 2, "got once and applied once");
    one.checked_history(run);
}
