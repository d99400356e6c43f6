//! Every way in which an HTTP call can end, against a real socket.

use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::action::Registry;
use crate::action::stub::{self, Reply, Stub, call, send};
use crate::domain::event::CallOutcome;
use crate::machine::Phase;

fn post(path: &str) -> Value {
    json!({"connection": "api", "method": "POST", "url": path, "json": {"state": "off"}})
}

async fn outcome(reply: Reply, parameters: Value) -> CallOutcome {
    let stub = Stub::always(reply).await;
    send(&stub.registry(), &call("http.call", parameters, Phase::Send)).await
}

fn ambiguous(outcome: &CallOutcome) -> bool {
    matches!(outcome, CallOutcome::Ambiguous { .. })
}

fn refused(outcome: &CallOutcome, again: bool) -> bool {
    matches!(outcome, CallOutcome::Refused { retry, .. } if *retry == again)
}

#[tokio::test]
async fn an_accepted_call_is_applied_with_its_answer_and_carries_key_and_credentials() {
    let stub = Stub::always(Reply::json(201, &json!({"id": 5}))).await;
    let outcome = send(&stub.registry(), &call("http.call", post("/v1/things?x=1"), Phase::Send)).await;
    assert_eq!(outcome, CallOutcome::Applied { output: json!({"status": 201, "body": {"id": 5}}) });
    let received = &stub.received()[0];
    assert_eq!((received.method.as_str(), received.path.as_str()), ("POST", "/v1/things?x=1"));
    assert_eq!(received.headers["idempotency-key"], "key-1");
    assert_eq!(received.headers["authorization"], "Bearer api-token-22");
    assert_eq!(received.body, r#"{"state":"off"}"#);
}

#[tokio::test]
async fn a_read_carries_no_idempotency_key() {
    let stub = Stub::always(Reply::status(200)).await;
    let parameters = json!({"connection": "api", "method": "GET", "url": "/"});
    send(&stub.registry(), &call("http.call", parameters, Phase::Send)).await;
    assert!(!stub.received()[0].headers.contains_key("idempotency-key"));
}

#[tokio::test]
async fn what_the_target_says_decides_between_refused_and_in_doubt() {
    for status in [400, 401, 403, 404, 409, 422, 307, 308] {
        assert!(refused(&outcome(Reply::status(status), post("/")).await, false), "{status}");
    }
    for status in [408, 425, 429] {
        assert!(refused(&outcome(Reply::status(status), post("/")).await, true), "{status}");
    }
    for status in [500, 502, 503, 504, 301, 302, 303] {
        assert!(ambiguous(&outcome(Reply::status(status), post("/")).await), "{status}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Stub::always(Reply::status(200)).await;
    let stub = Stub::always(Reply::With(307, "location", elsewhere.url())).await;
    let outcome = send(&stub.registry(), &call("http.call", post("/"), Phase::Send)).await;
    assert!(refused(&outcome, false), "{outcome:?}");
    assert!(elsewhere.received().is_empty());
}

#[tokio::test]
async fn a_success_that_the_body_denies_is_in_doubt_unless_the_step_knows_it_as_refused() {
    let denied = Reply::json(200, &json!({"ok": false, "error": "no_permission"}));
    let mut parameters = post("/");
    parameters["success"] = json!("body.ok == true");
    assert!(ambiguous(&outcome(denied.clone(), parameters.clone()).await));
    parameters["refused"] = json!("has(body.error)");
    assert!(refused(&outcome(denied, parameters).await, false));
}

#[tokio::test]
async fn an_answer_that_never_comes_and_a_connection_that_breaks_leave_doubt() {
    let stub = Stub::always(Reply::Silence).await;
    let mut slow = call("http.call", post("/"), Phase::Send);
    slow.timeout = std::time::Duration::from_millis(150);
    assert!(ambiguous(&send(&stub.registry(), &slow).await));

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut server = JoinSet::new();
    server.spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        connection.read_exact(&mut [0; 16]).await.unwrap();
    });
    let broken = send(&stub::registry(&format!("http://{address}")), &call("http.call", post("/"), Phase::Send)).await;
    assert!(ambiguous(&broken), "{broken:?}");
}

#[tokio::test]
async fn a_port_where_nobody_listens_means_that_nothing_was_sent() {
    let address = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let outcome = send(&stub::registry(&format!("http://{address}")), &call("http.call", post("/"), Phase::Send)).await;
    assert!(matches!(outcome, CallOutcome::NotSent { .. }), "{outcome:?}");
}

async fn not_sent(registry: &Registry, parameters: Value) -> String {
    match send(registry, &call("http.call", parameters, Phase::Send)).await {
        CallOutcome::NotSent { reason } => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn credentials_never_leave_for_another_place_than_the_connection() {
    let stub = Stub::always(Reply::status(200)).await;
    let other = Stub::always(Reply::status(200)).await;
    let registry = stub.registry();
    assert!(not_sent(&registry, post(&format!("{}/x", other.url()))).await.contains("base URL"));
    not_sent(&registry, post("/a/../b")).await;
    not_sent(&registry, post("//evil.example/")).await;
    assert!(stub.received().is_empty() && other.received().is_empty());
}

#[tokio::test]
async fn wrong_parameters_are_told_before_anything_is_sent() {
    let stub = Stub::always(Reply::status(200)).await;
    let registry = stub.registry();
    let with = |name: &str, value: Value| {
        let mut parameters = post("/");
        parameters[name] = value;
        parameters
    };
    assert!(not_sent(&registry, with("method", json!("FETCH"))).await.contains("one of GET"));
    assert!(not_sent(&registry, with("url", json!(" "))).await.contains("empty"));
    assert!(not_sent(&registry, with("urll", json!("/"))).await.contains("no parameter `urll`"));
    assert!(not_sent(&registry, with("form", json!({"a": 1}))).await.contains("only one of"));
    assert!(not_sent(&registry, with("success", json!("statuss == 200"))).await.contains("success"));
    assert!(not_sent(&registry, with("connection", json!("nope"))).await.contains("no connection"));
    assert!(not_sent(&registry, with("connection", json!("idp"))).await.contains("`http` is needed"));
    assert!(not_sent(&registry, with("headers", json!({"X-A": [1]}))).await.contains("X-A"));
    assert!(stub.received().is_empty());
}

#[tokio::test]
async fn a_call_without_a_connection_reaches_no_private_address() {
    let stub = Stub::always(Reply::status(200)).await;
    let parameters = json!({"method": "GET", "url": stub.url()});
    let outcome = send(&stub.registry(), &call("http.call", parameters, Phase::Send)).await;
    let CallOutcome::Refused { reason, retry: false } = outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("127.0.0.1 is a private address"), "{reason}");
    assert!(
        reason.contains("write `networks: [\"127.0.0.0/8\"]` under a connection of the connector `http`"),
        "{reason}"
    );
    assert!(stub.received().is_empty());
}

#[tokio::test]
async fn a_secret_is_sent_and_never_recorded() {
    let echo = Stub::start(|received, _| {
        Reply::Text(
            200,
            format!("{} {} {}", received.body, received.headers["x-key"], received.headers["authorization"]),
        )
    })
    .await;
    let parameters = json!({
        "connection": "api", "method": "POST", "url": "/",
        "headers": {"X-Key": {"$secret": "env:VICTIM"}}, "form": {"password": {"$secret": "env:IDP"}, "n": 5},
    });
    let outcome = send(&echo.registry(), &call("http.call", parameters, Phase::Send)).await;
    let received = &echo.received()[0];
    assert_eq!(received.headers["x-key"], "victim-token-333");
    assert!(received.body.contains("password=idp-password-1") && received.body.contains("n=5"));
    let recorded = format!("{outcome:?}");
    for secret in ["victim-token-333", "idp-password-1", "api-token-22"] {
        assert!(!recorded.contains(secret), "{recorded}");
    }
    assert!(recorded.contains("secret#"), "{recorded}");
}

#[tokio::test]
async fn other_phases_of_a_plain_call_change_nothing_and_prove_nothing() {
    let stub = Stub::always(Reply::status(200)).await;
    let registry = stub.registry();
    for phase in [Phase::Prepare, Phase::Check, Phase::Recheck, Phase::Prove { until: stub::start() }] {
        let mut call = call("http.call", post("/"), phase);
        call.timeout = std::time::Duration::from_millis(50);
        registry.perform(&call, &stub::clock()).await;
    }
    assert!(stub.received().is_empty());
}
