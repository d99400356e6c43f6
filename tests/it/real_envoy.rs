//! A real Envoy in front of an agent's target asks the daemon's gate before every call, as the README says.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::harness::daemon::{Daemon, Setup};
use crate::harness::patience::poll;
use crate::harness::recorder::Recorder;
use crate::harness::servers::Envoy;

const AGENT: &str = "billing-bot";
const AS_AGENT: &[(&str, &str)] = &[("x-agent-id", AGENT)];
const LIMIT: Duration = Duration::from_secs(30);

fn setup() -> Setup {
    Setup::new()
        .agent_with_token(AGENT, "opaque-token")
        .set("/gate/identify", json!("header"))
        .set("/gate/header", json!("X-Agent-Id"))
}

#[tokio::test]
async fn envoy_lets_an_agent_through_exactly_as_long_as_the_gate_does() {
    let mut daemon = Daemon::start(&setup()).await;
    let target = Recorder::start("done").await;
    let envoy = Envoy::start(&daemon.url(), Setup::GATE_TOKEN, &target.url()).await;

    // Any method and any path: Envoy asks with the call's own.
    for (method, path) in [(Method::GET, "/work"), (Method::POST, "/ledger/entries?year=2026"), (Method::DELETE, "/")] {
        let passed = envoy.call(method.clone(), path, AS_AGENT).await;
        assert_eq!(passed.status(), 200, "{method} {path}");
        assert_eq!(passed.text().await.unwrap(), "done");
    }
    let passed = target.requests().len();

    let paused = daemon.api(Method::POST, &format!("/agents/{AGENT}/pause"), Some(&json!({ "reason": "drill" }))).await;
    assert!((200..300).contains(&paused.status), "{paused:?}");
    let refused = envoy.call(Method::POST, "/work", AS_AGENT).await;
    assert_eq!(refused.status(), 403);
    assert_eq!(refused.headers()["x-standdown-standing"], "paused");
    assert!(refused.headers()["x-standdown-reason"].to_str().unwrap().contains("drill"), "{refused:?}");

    // What an agent sends of its own makes it nobody else, and no proxy.
    let forged: [&[(&str, &str)]; 4] = [
        &[("x-agent-id", AGENT), ("authorization", "Bearer of-the-agent")],
        &[("x-agent-id", AGENT), ("x-agent-id", "other-bot")],
        &[("x-agent-id", "nobody-knows-it")],
        &[],
    ];
    for headers in forged {
        assert_eq!(envoy.call(Method::GET, "/work", headers).await.status(), 403, "{headers:?}");
    }
    assert_eq!(target.requests().len(), passed, "a refused call must not reach the target");

    // A daemon that is gone lets nobody pass, and one that came back remembers the hold.
    daemon.kill9();
    let alone = envoy.call(Method::GET, "/work", AS_AGENT).await.status();
    assert!(alone == 403 || alone == 503, "{alone}");
    daemon.restart().await;
    assert_eq!(envoy.call(Method::GET, "/work", AS_AGENT).await.status(), 403);

    let resumed =
        daemon.api(Method::POST, &format!("/agents/{AGENT}/resume"), Some(&json!({ "reason": "drill over" }))).await;
    assert!((200..300).contains(&resumed.status), "{resumed:?}");
    let of_its_own = &[("x-agent-id", AGENT), ("authorization", "Bearer of-the-agent")];
    poll(LIMIT, || async { (envoy.call(Method::GET, "/work", of_its_own).await.status() == 200).then_some(()) })
        .await
        .expect("the agent never passed again");
    let last = target.requests().pop().unwrap();
    assert_eq!(last.header("authorization"), "Bearer of-the-agent", "the agent's own authorisation is for the target");
}
