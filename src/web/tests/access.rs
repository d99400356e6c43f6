//! Who may call, and what everybody is told who may not.

use super::*;

const PATHS: [&str; 8] = [
    "/api/v1/status",
    "/api/v1/incidents",
    "/api/v1/runs",
    "/api/v1/approvals",
    "/api/v1/agents",
    "/api/v1/agents/billing-bot",
    "/api/v1/playbooks",
    "/api/v1/dead-letters",
];

fn local(uid: u32) -> Peer {
    Peer::Local { uid: Some(uid) }
}

#[tokio::test]
async fn nobody_reads_anything_without_saying_who_they_are() {
    let world = World::new().await;
    for path in PATHS {
        assert_eq!(world.get(path).await.status, 200, "{path} with a token");
        for token in [None, Some("wrong"), Some(SENDER)] {
            let answer = world.send(from(network(), request(Method::GET, path, token, None))).await;
            assert_eq!(answer.problem(), (401, "SD5003".to_owned()), "{path} {token:?}");
            assert_eq!(answer.header("content-type"), "application/problem+json");
            assert!(answer.header("www-authenticate").starts_with("Bearer"));
        }
    }
}

#[tokio::test]
async fn a_forwarded_address_or_a_missing_connection_is_nobody() {
    let world = World::new().await;
    let mut spoofed = from(network(), request(Method::GET, "/api/v1/status", None, None));
    spoofed.headers_mut().insert("x-forwarded-for", "127.0.0.1".parse().unwrap());
    assert_eq!(world.send(spoofed).await.status, 401);
    assert_eq!(world.send(request(Method::GET, "/api/v1/status", None, None)).await.status, 401);
    let unknown = from(Peer::Local { uid: None }, request(Method::GET, "/api/v1/status", None, None));
    assert_eq!(world.send(unknown).await.status, 401);
}

#[tokio::test]
async fn a_mapped_user_of_this_machine_is_that_person() {
    let world = World::new().await;
    let order = json!({ "reason": "seen it" });
    let answer = world
        .send(from(local(4242), request(Method::POST, "/api/v1/agents/billing-bot/pause", None, Some(order))))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["holds"][0]["by"]["person"]["id"], "ana");
}

#[tokio::test]
async fn an_unmapped_administrator_may_look_and_stop_but_not_release_or_decide() {
    let world = World::new().await;
    let own = rustix::process::getuid().as_raw();
    let order = |path: &str| from(local(own), request(Method::POST, path, None, Some(json!({ "reason": "why" }))));
    assert_eq!(world.send(from(local(own), request(Method::GET, "/api/v1/status", None, None))).await.status, 200);
    let paused = world.send(order("/api/v1/agents/billing-bot/pause")).await;
    assert_eq!(paused.json()["holds"][0]["by"]["person"]["id"], format!("local-{own}"));
    assert_eq!(world.send(order("/api/v1/freeze")).await.status, 200);
    let refused = [
        "/api/v1/agents/billing-bot/resume",
        "/api/v1/agents/billing-bot/retire",
        "/api/v1/thaw",
        "/api/v1/playbooks/reload",
    ];
    for path in refused {
        let answer = world.send(order(path)).await;
        assert_eq!(answer.problem(), (403, "SD5004".to_owned()), "{path}");
        assert!(answer.json()["hint"].as_str().unwrap().contains(&format!("uid: {own}")), "{path}");
    }
    assert!(world.state.engine.is_frozen());
}

#[tokio::test]
async fn another_user_of_this_machine_is_nobody() {
    let world = World::new().await;
    let other = rustix::process::getuid().as_raw() + 77;
    let answer = world.send(from(local(other), request(Method::GET, "/api/v1/status", None, None))).await;
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn a_bad_token_is_not_forgiven_because_the_socket_is_local() {
    let world = World::new().await;
    let answer = world.send(from(local(4242), request(Method::GET, "/api/v1/status", Some("wrong"), None))).await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn every_problem_names_its_request() {
    let world = World::new().await;
    for (path, status) in [("/nowhere", 404), ("/api/v1/nowhere", 404), ("/api/v1/runs/xyz", 400), ("/healthz", 405)] {
        let method = if status == 405 { Method::DELETE } else { Method::GET };
        let answer = world.send(request(method, path, Some(ANA), None)).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        let id = answer.json()["request_id"].as_str().unwrap_or_else(|| panic!("{path}: {}", answer.text)).to_owned();
        assert_eq!(id, answer.header("x-request-id"), "{path}");
        assert_eq!(id.as_bytes()[14], b'7', "a UUIDv7: {id}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_what_the_path_takes_is_refused_with_its_place() {
    let world = World::new().await;
    let path = "/api/v1/agents/billing-bot/pause";
    let send = async |body: String| {
        let mut request = request(Method::POST, path, Some(ANA), None);
        *request.body_mut() = Body::from(body);
        world.send(request).await
    };
    let misspelt = send(r#"{"reason": "x", "untl": null}"#.to_owned()).await;
    assert_eq!(misspelt.problem(), (400, "SD5005".to_owned()));
    assert!(misspelt.json()["detail"].as_str().unwrap().contains("untl"), "{}", misspelt.text);
    assert_eq!(send("[".to_owned()).await.status, 400);
    assert_eq!(send(format!("{{\"reason\": \"{}\"}}", "x".repeat(70_000))).await.problem(), (413, "SD5006".to_owned()));
    assert_eq!(send(r#"{"reason": "  "}"#.to_owned()).await.problem(), (422, "SD3008".to_owned()));
    assert!(world.state.engine.holds_on(&AgentId::parse("billing-bot").unwrap()).is_empty());
}
