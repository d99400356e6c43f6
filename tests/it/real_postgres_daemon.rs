//! The daemon on PostgreSQL, from an alert to a person's decision, while its database restarts or fails over.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::daemon::{Daemon, Delivery, Setup};
use crate::harness::interposer::Rule;
use crate::harness::patience::poll;
use crate::harness::request::Request;
use crate::harness::servers::{Ending, OidcProvider, Policy, Postgres};
use crate::harness::world::{AGENT, LIMIT, World, timeline};
use crate::operations::fsck::fsck;

/// A daemon that keeps everything in the first of these servers that takes writes; its password stands in a file.
async fn world_on(ports: &[u16]) -> World {
    World::start(Policy::Permissive, Rule::Pass, |setup| setup.postgres(ports)).await
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

#[tokio::test]
async fn the_commands_for_operators_work_on_this_database_too() {
    let server = Postgres::start().await;
    let mut daemon = Daemon::prepare(&Setup::new().postgres(&[server.port()]));
    let check = daemon.cli(&["migrate", "--check"]).await;
    assert_eq!(check.status.code(), Some(1), "{check:?}");
    assert!(daemon.cli_text(&["migrate"]).await.contains("created"));
    assert!(daemon.cli_text(&["migrate", "--check"]).await.contains("up to date"));
    daemon.relaunch();
    daemon.wait_ready().await;
    for number in 0..3 {
        assert_eq!(daemon.deliver(Setup::DETECTOR, &another(number)).await.status, 202);
    }
    let (sound, report) = fsck(&daemon).await;
    assert!(sound && report["fault_count"] == 0, "beside the daemon: {report:#}");
    daemon.stop().await;
    server.execute("ALTER TABLE events DISABLE TRIGGER ALL").await;
    server.execute("UPDATE events SET body = '{}' WHERE kind = 'incident_opened'").await;
    let (sound, report) = fsck(&daemon).await;
    assert!(!sound && report.to_string().contains("is not what was written"), "{report:#}");
    let shown = daemon.cli(&["migrate"]).await;
    assert!(shown.status.success() && !format!("{shown:?}").contains(Postgres::PASSWORD), "{shown:?}");
}

/// A second daemon over the same database, as like the world's own as its port allows.
async fn second_daemon(world: &World, port: u16) -> Daemon {
    let (name, password) = (OidcProvider::ORCHESTRATOR, OidcProvider::ORCHESTRATOR_SECRET);
    let setup = Setup::new()
        .oauth("corporate-idp", world.interposer.url(), name, password)
        .email(&world.smtp)
        .agent_with_token(AGENT, &world.token);
    Daemon::start(&setup.postgres(&[port])).await
}

#[tokio::test]
async fn what_one_daemon_began_another_ends_after_its_death() {
    let server = Postgres::start().await;
    let mut world = world_on(&[server.port()]).await;
    let mut other = second_daemon(&world, server.port()).await;
    let run = world.alert().await;
    let request = world.request().await;
    assert_eq!(other.read(&format!("/runs/{run}")).await["status"], "running", "both show it");
    world.daemon.kill9();

    let page = other.send(Method::GET, &request.path(), &[], None).await;
    assert_eq!(page.status, 200, "the link of one is good at the other: {page:?}");
    let form = Request::form(&page.text, "approve", "the owner moved offices", &request.code);
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let answer = other.send(Method::POST, &request.path(), &kind, Some(form)).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    // The dead one's lease has to be over first.
    let ended = |view: &Value| (view["status"] == "completed").then(|| view.clone());
    let ended = other.read_until(&format!("/runs/{run}"), LIMIT, ended).await;
    assert_eq!(ended["verdict"], "contained", "{ended:#}");
    assert_eq!(ended["consistent"], true, "the history must lead to the state: {ended:#}");
    assert_eq!(world.interposer.revocations().len(), 1, "nothing is sent twice: {ended:#}");
    assert_eq!(gate_of(&other).await, 200, "the agent goes on");
    other.stop().await;
}

#[tokio::test]
async fn what_is_paused_at_one_daemon_is_refused_by_the_gate_of_another() {
    let server = Postgres::start().await;
    let mut world = world_on(&[server.port()]).await;
    let mut other = second_daemon(&world, server.port()).await;
    assert_eq!(gate_of(&other).await, 200);
    world.alert().await;
    let refused = poll(LIMIT, || async { (gate_of(&other).await == 403).then_some(()) });
    refused.await.expect("the other gate hears of the pause");
    let request = world.request().await;
    world.decide(&request, "approve", "the owner moved offices").await;
    let let_go = poll(LIMIT, || async { (gate_of(&other).await == 200).then_some(()) });
    let_go.await.expect("the other gate hears of the release");
    let mails = world.smtp.mails();
    let requests = mails.iter().filter(|mail| mail.text.contains(Request::MARK)).count();
    assert_eq!(requests, 1, "one of the two asks, and once: {mails:#?}");
    other.stop().await;
    world.daemon.stop().await;
}

/// What the gate of a daemon answers about the agent.
async fn gate_of(daemon: &Daemon) -> u16 {
    let bearer = format!("Bearer {}", Setup::GATE_TOKEN);
    daemon.send(Method::GET, &format!("/gate/{AGENT}"), &[("authorization", &bearer)], None).await.status
}

#[tokio::test]
async fn a_call_that_was_under_way_when_its_daemon_died_is_taken_over_and_made_with_the_same_key() {
    let server = Postgres::start().await;
    let ports = [server.port()];
    let mut world = World::start(Policy::Permissive, Rule::HoldBefore, |setup| setup.postgres(&ports)).await;
    let mut other = second_daemon(&world, server.port()).await;
    let run = world.alert().await;
    world.interposer.wait_until_held(LIMIT).await;
    world.daemon.kill9();
    world.interposer.set(Rule::Pass);
    // The dead one's lease has to be over first.
    let contained = |view: &Value| {
        let revoke = view["steps"].as_array().unwrap().iter().find(|step| step["path"] == "revoke").unwrap();
        (revoke["verdict"] == "contained").then(|| view.clone())
    };
    let view = other.read_until(&format!("/runs/{run}"), LIMIT, contained).await;
    let keys: Vec<_> =
        world.interposer.revocations().iter().map(|headers| headers.get("idempotency-key").cloned()).collect();
    assert!(keys.len() == 2 && keys[0].is_some() && keys[0] == keys[1], "{keys:?}");
    assert!(timeline(&view).contains("revoke: the process died during this attempt"), "{}", timeline(&view));
    assert_eq!(gate_of(&other).await, 403);
    other.stop().await;
}
