//! What a proxy that asks the gate is told.

use axum::http::HeaderName;

use super::*;

fn ask(path: &str) -> Request<Body> {
    request(Method::GET, path, None, None)
}

#[tokio::test]
async fn an_active_agent_may_act_and_a_paused_one_may_not_with_the_reason_in_a_header() {
    let world = World::new().await;
    let answer = world.send(ask("/gate/billing-bot")).await;
    assert_eq!((answer.status.as_u16(), answer.header("x-standdown-standing")), (200, "active"));
    world.post("/api/v1/agents/billing-bot/pause", json!({ "reason": "odd\u{202e} things\nhere" })).await;
    let answer = world.send(ask("/gate/billing-bot")).await;
    assert_eq!((answer.status.as_u16(), answer.header("x-standdown-standing")), (403, "paused"));
    assert_eq!(answer.header("x-standdown-reason"), "paused: odd? things?here");
    assert_eq!(answer.text, "");
    world.post("/api/v1/agents/billing-bot/resume", json!({ "reason": "fine" })).await;
    assert_eq!(world.send(ask("/gate/billing-bot")).await.status, 200);
}

#[tokio::test]
async fn any_method_is_answered_the_same() {
    let world = World::new().await;
    for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "PROPFIND"] {
        let request = request(Method::from_bytes(method.as_bytes()).unwrap(), "/gate/billing-bot", None, None);
        assert_eq!(world.send(request).await.status, 200, "{method}");
    }
}

#[tokio::test]
async fn an_agent_with_slashes_is_found_plain_and_encoded() {
    let world = World::new().await;
    for path in ["/gate/spiffe://prod/mail-bot", "/gate/spiffe%3A%2F%2Fprod%2Fmail-bot"] {
        assert_eq!(world.send(ask(path)).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn what_is_unknown_or_no_name_is_refused() {
    let world = World::new().await;
    let long = format!("/gate/{}", "x".repeat(200));
    for path in ["/gate/nobody", "/gate/a%0d%0ab", "/gate/%ff", "/gate", "/gate/", long.as_str()] {
        let answer = world.send(ask(path)).await;
        assert_eq!(answer.status.as_u16(), 403, "{path}");
        assert!(!answer.header("x-standdown-reason").is_empty(), "{path}");
        assert_eq!(answer.header("x-standdown-standing"), "unknown", "{path}");
    }
}

#[tokio::test]
async fn a_header_names_the_agent_whatever_path_the_proxy_appends() {
    let header = Some(HeaderName::from_static("x-agent"));
    let world = World::with_gate(GateOptions { token: None, header }).await;
    for path in ["/gate", "/gate/envoy/v1/tools/call", "/gate/nobody"] {
        let mut named = ask(path);
        named.headers_mut().insert("x-agent", "billing-bot".parse().unwrap());
        assert_eq!(world.send(named).await.status, 200, "{path}");
    }
    let unnamed = world.send(ask("/gate/billing-bot")).await;
    assert_eq!(unnamed.status, 403, "the path must not name an agent when a header should");
}

#[tokio::test]
async fn a_proxy_that_does_not_prove_itself_learns_nothing() {
    let world = World::with_gate(GateOptions { token: Some(digest("gate-token")), header: None }).await;
    for (token, status) in [(None, 401), (Some("wrong"), 401), (Some(ANA), 401), (Some("gate-token"), 200)] {
        let answer = world.send(request(Method::GET, "/gate/billing-bot", token, None)).await;
        assert_eq!(answer.status.as_u16(), status, "{token:?}");
    }
    let agent = AgentId::parse("billing-bot").unwrap();
    assert!(world.state.engine.gate().seen_at(&agent).is_some(), "the one good question counts");
}

#[tokio::test]
async fn a_question_without_proof_does_not_count_as_a_sighting() {
    let world = World::with_gate(GateOptions { token: Some(digest("gate-token")), header: None }).await;
    world.send(ask("/gate/billing-bot")).await;
    assert_eq!(world.state.engine.gate().seen_at(&AgentId::parse("billing-bot").unwrap()), None);
}
