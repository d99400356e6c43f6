//! The daemon on PostgreSQL, from an alert to a person's decision, while its database restarts or fails over.

use serde_json::json;

use crate::harness::daemon::{Delivery, Setup};
use crate::harness::interposer::Rule;
use crate::harness::patience::poll;
use crate::harness::servers::{Ending, Policy, Postgres};
use crate::harness::world::{AGENT, LIMIT, World};

/// A daemon that keeps everything in the first of these servers that takes writes; its password stands in a file.
async fn world_on(ports: &[u16]) -> World {
    let hosts: Vec<String> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let address = format!("postgres://{}@{}/postgres?sslmode=disable", Postgres::USER, hosts.join(","));
    World::start(Policy::Permissive, Rule::Pass, |mut setup: Setup| {
        let password = setup.secret("store", Postgres::PASSWORD);
        setup.set("/store", json!(address)).set("/store_password", json!(password))
    })
    .await
}

fn another(number: u32) -> Delivery {
    let body = json!({
        "id": format!("agent-7/other-{number}"), "rule": "something_else", "severity": "low", "agent": AGENT,
        "title": "something else",
    });
    Delivery::new(&format!("msg_other_{number}"), &body)
}

#[tokio::test]
async fn an_agent_is_contained_and_let_go_although_the_database_restarts_meanwhile() {
    let mut server = Postgres::start().await;
    let mut world = world_on(&[server.port()]).await;
    let run = world.alert().await;
    let request = world.request().await;
    server.stop(Ending::Fast).await;
    let refused = world.daemon.deliver(Setup::DETECTOR, &another(1)).await;
    assert_eq!(refused.status, 503, "{refused:?}");
    assert_eq!(world.nginx.call_as(AGENT).await, 403, "what is paused stays paused");
    server.restart().await;
    let taken = poll(LIMIT, || async {
        let answer = world.daemon.deliver(Setup::DETECTOR, &another(1)).await;
        assert!([202, 503].contains(&answer.status), "{answer:?}");
        (answer.status == 202).then_some(())
    });
    taken.await.expect("the daemon takes alerts again");
    let ended = world.approve_and_see_the_end(&run, &request).await;
    assert_eq!(world.interposer.revocations().len(), 1, "nothing is sent twice: {ended:#}");
    assert!(!world.daemon.log().contains(Postgres::PASSWORD), "{}", world.daemon.log());
    world.daemon.stop().await;
}

#[tokio::test]
async fn a_decision_is_carried_out_on_the_standby_after_a_failover() {
    let mut primary = Postgres::start().await;
    let standby = primary.standby().await;
    let mut world = world_on(&[primary.port(), standby.port()]).await;
    let run = world.alert().await;
    let request = world.request().await;
    primary.stop(Ending::Kill).await;
    standby.promote().await;
    let taken = poll(LIMIT, || async {
        let answer = world.daemon.deliver(Setup::DETECTOR, &another(1)).await;
        assert!([202, 503].contains(&answer.status), "{answer:?}");
        (answer.status == 202).then_some(())
    });
    taken.await.expect("the daemon takes alerts on the new primary");
    let ended = world.approve_and_see_the_end(&run, &request).await;
    assert_eq!(world.interposer.revocations().len(), 1, "nothing is sent twice: {ended:#}");
    world.daemon.stop().await;
}

#[tokio::test]
async fn a_daemon_that_is_killed_goes_on_from_the_database() {
    let server = Postgres::start().await;
    let mut world = world_on(&[server.port()]).await;
    let run = world.alert().await;
    let request = world.request().await;
    world.daemon.kill9();
    world.daemon.restart().await;
    assert_eq!(world.nginx.call_as(AGENT).await, 403, "the pause outlives the daemon");
    world.approve_and_see_the_end(&run, &request).await;
    world.daemon.stop().await;
}
