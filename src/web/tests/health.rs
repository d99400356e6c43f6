//! What whoever watches the daemon is told.

use super::*;

fn ask(path: &str) -> Request<Body> {
    request(Method::GET, path, None, None)
}

#[tokio::test]
async fn a_daemon_is_ready_until_it_is_told_to_stop() {
    let world = World::new().await;
    assert_eq!(world.send(ask("/healthz")).await.text, "ok\n");
    assert_eq!(world.send(ask("/readyz")).await.status, 200);
    world.state.engine.supervisor().stop(Duration::ZERO).await;
    let stopping = world.send(ask("/readyz")).await;
    assert_eq!(stopping.problem(), (503, "SD5013".to_owned()));
    assert!(stopping.json()["detail"].as_str().unwrap().contains("stopping"));
    assert_eq!(world.send(ask("/healthz")).await.status, 200, "it is still alive");
}

#[tokio::test]
async fn a_daemon_whose_store_is_gone_is_not_ready_and_says_so() {
    let world = World::new().await;
    world.state.engine.store().clone().close().await;
    let answer = world.send(ask("/readyz")).await;
    assert_eq!(answer.status, 503);
    assert!(answer.json()["detail"].as_str().unwrap().contains("store"), "{}", answer.text);
}

#[tokio::test]
async fn runs_verdicts_and_answers_of_the_gate_are_counted() {
    let world = World::new().await;
    world.alert().await;
    world.send(ask("/gate/billing-bot")).await;
    let metrics = world.get("/metrics").await;
    assert!(metrics.header("content-type").starts_with("application/openmetrics-text"));
    for line in [
        "standdown_runs_started_total{mode=\"enforce\"} 1",
        "standdown_runs_open 1",
        "standdown_approvals_pending 1",
        "standdown_gate_answers_total{answer=\"refused\"} 1",
        "standdown_frozen 0",
        "# EOF",
    ] {
        assert!(metrics.text.contains(line), "{line} in {}", metrics.text);
    }
}

#[tokio::test]
async fn metrics_are_for_callers_and_for_this_machine_and_not_for_strangers() {
    let world = World::new().await;
    let here = || Peer::Network(SocketAddr::from(([127, 0, 0, 1], 40_000)));
    let status = async |peer: Peer, request: Request<Body>| world.send(from(peer, request)).await.status.as_u16();
    assert_eq!(status(network(), ask("/metrics")).await, 401);
    assert_eq!(status(network(), request(Method::GET, "/metrics", Some(ANA), None)).await, 200);
    assert_eq!(status(here(), ask("/metrics")).await, 200);
    assert_eq!(status(Peer::Local { uid: Some(4242) }, ask("/metrics")).await, 200);
    let mut proxied = ask("/metrics");
    proxied.headers_mut().insert("x-forwarded-for", "198.51.100.7".parse().unwrap());
    assert_eq!(status(here(), proxied).await, 401, "a proxy on this machine asks for a stranger");
    assert_eq!(status(network(), ask("/readyz")).await, 200);
}

#[tokio::test]
async fn metrics_are_read_from_the_store_at_most_every_two_seconds() {
    let world = World::new().await;
    let open = async || world.get("/metrics").await.text.contains("standdown_runs_open 1");
    assert!(!open().await);
    world.alert().await;
    assert!(!open().await, "two seconds have not passed");
    world.clock.advance(Duration::from_secs(2));
    assert!(open().await);
}
