//! The database stopped, killed, and its listeners cut off, while the daemon goes on.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::books::compare;
use super::{ASKED, LIMIT, calling};
use crate::harness::daemon::{Daemon, Setup};
use crate::harness::load::{Load, delivery};
use crate::harness::patience::poll;
use crate::harness::servers::{Ending, Postgres};
use crate::harness::target::Target;

/// Rounds in which the listeners are cut off. A replica that heard nothing would look by itself every 15 s.
const ROUNDS: u64 = 8;
/// How long all rounds may take together: far more than hearing takes, far less than looking.
const ROUNDS_TIME_MAX: Duration = Duration::from_mins(1);

#[tokio::test]
async fn while_the_database_is_stopped_nothing_is_taken_and_afterwards_all_goes_on_without_a_restart() {
    the_database_goes_and_comes_back(Ending::Fast).await;
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_when_the_database_is_killed_in_the_middle_of_load() {
    the_database_goes_and_comes_back(Ending::Kill).await;
}

async fn the_database_goes_and_comes_back(ending: Ending) {
    let (target, mut server) = (Target::start().await, Postgres::start().await);
    let mut daemon = Daemon::start(&calling(&target).postgres(&[server.port()])).await;
    let process = daemon.id();
    let mut load = Load::start(&daemon.url());
    load.until_acknowledged(100).await;
    server.stop(ending).await;
    // What was committed before may still be on its way to its sender.
    load.until_refused(40).await;
    let taken = load.acknowledged();
    load.until_refused(80).await;
    assert_eq!(load.acknowledged(), taken, "nothing can be taken without a database");
    server.restart().await;
    load.until_acknowledged(100).await;
    let book = load.finish().await;
    daemon.wait_ready().await;
    compare(&daemon, &book, &target).await;
    assert_eq!(daemon.id(), process, "it was never started again");
    assert!(!daemon.log().contains("panicked"), "{}", daemon.log());
    daemon.stop().await;
}

/// Cuts off whoever listens; how many they were.
async fn cut_off(server: &Postgres) -> i64 {
    let mut connection = server.connection().await.unwrap();
    let text = "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity \
                WHERE query ILIKE 'listen %' AND pid <> pg_backend_pid()";
    sqlx::query_scalar(text).fetch_one(&mut connection).await.unwrap()
}

/// Starts a run that asks, at a daemon that will own it; the run and its request.
async fn asking_run(owner: &Daemon, number: u64) -> (String, Value) {
    let answer = owner.deliver(Setup::DETECTOR, &delivery(number, ASKED)).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let run = answer.json()["alerts"][0]["run"].as_str().unwrap().to_owned();
    let asked = |view: &Value| view["approvals"].as_array()?.iter().find(|asked| asked["status"] == "pending").cloned();
    let asked = owner.read_until(&format!("/runs/{run}"), LIMIT, asked).await;
    (run, asked)
}

#[tokio::test]
async fn what_is_decided_elsewhere_is_heard_although_the_listeners_were_cut_off() {
    let (target, server) = (Target::start().await, Postgres::start().await);
    // Agents of Ana's, so that she may decide.
    let agent = |number| json!({ "id": format!("agent-{number}"), "name": "an agent", "owner": "user:ana" });
    let agents = |setup| (0..ROUNDS).fold(setup, |setup: Setup, number| setup.agent(agent(number)));
    let setup = || agents(calling(&target).postgres(&[server.port()]));
    let mut owner = Daemon::start(&setup()).await;
    let mut other = Daemon::start(&setup()).await;
    let mut asking = Vec::new();
    for number in 0..ROUNDS {
        asking.push(asking_run(&owner, number).await);
    }
    assert_eq!(cut_off(&server).await, 2, "both listened");
    let rounds = async {
        for (number, (run, asked)) in asking.iter().enumerate() {
            let tag = format!("\"{}\"", asked["plan"]["hash"].as_str().unwrap());
            let path = format!("/approvals/{}/approve", asked["id"].as_str().unwrap());
            let reason = json!({ "reason": "I looked at the logs" });
            let answer = other.api_with(Method::POST, &path, &[("if-match", &tag)], Some(&reason)).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            target.until_called(&format!("/approved/{number}"), 1, LIMIT).await;
            let over = |view: &Value| (view["status"] == "completed").then_some(());
            other.read_until(&format!("/runs/{run}"), LIMIT, over).await;
            let cut = poll(LIMIT, || async { (cut_off(&server).await > 0).then_some(()) }).await;
            cut.expect("a listener comes back");
        }
    };
    let heard = tokio::time::timeout(ROUNDS_TIME_MAX, rounds).await;
    assert!(heard.is_ok(), "decisions were not heard: {:?}\n{}", target.calls(), owner.log());
    assert!(
        (0..ROUNDS).all(|number| target.calls_of(&format!("/approved/{number}")).len() == 1),
        "{:?}",
        target.calls()
    );
    other.stop().await;
    owner.stop().await;
}
