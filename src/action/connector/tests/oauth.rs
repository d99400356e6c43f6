//! Token revocation against authorization servers that work, refuse, lie and lag.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::action::Registry;
use crate::action::stub::{self, REAL, Received, Reply, Stub, call, send};
use crate::clock::Clock as _;
use crate::domain::event::{CallOutcome, Proof};
use crate::domain::{Impact, Protection};
use crate::machine::{CallResult, Direction, Phase};

fn with() -> Value {
    json!({"connection": "idp", "token": {"$secret": "env:VICTIM"}})
}

fn active(active: bool) -> Reply {
    Reply::json(200, &json!({"active": active, "client_id": "agent-7"}))
}

fn revokes(received: &Received) -> bool {
    received.path == "/token/revocation"
}

/// A server that forgets the token at a revocation, if `honest`.
async fn server(honest: bool) -> Stub {
    let revoked = AtomicBool::new(false);
    Stub::start(move |received, _| {
        if revokes(received) {
            revoked.store(honest, Ordering::Relaxed);
            return Reply::status(200);
        }
        active(!revoked.load(Ordering::Relaxed))
    })
    .await
}

async fn perform(registry: &Registry, phase: Phase) -> CallResult {
    registry.perform(&call("oauth.revoke_token", with(), phase), &REAL).await
}

async fn live(registry: &Registry) -> (bool, String) {
    match perform(registry, Phase::Prepare).await {
        CallResult::Prepared { baseline: Some(baseline), snapshot: None } => (baseline.live, baseline.detail),
        other => panic!("{other:?}"),
    }
}

fn within(milliseconds: u64) -> Phase {
    Phase::Prove { until: REAL.now() + Duration::from_millis(milliseconds) }
}

async fn prove(registry: &Registry, milliseconds: u64) -> Result<String, String> {
    let mut call = call("oauth.revoke_token", with(), within(milliseconds));
    call.timeout = Duration::from_millis(300);
    match registry.perform(&call, &REAL).await {
        CallResult::Proved(Proof::Seen { detail }) => Ok(detail),
        CallResult::Proved(Proof::NotSeen { detail }) => Err(detail),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_revocation_that_works_is_seen_as_a_flip() {
    let stub = server(true).await;
    let registry = stub.registry();
    assert!(live(&registry).await.0);
    assert!(matches!(perform(&registry, Phase::Send).await, CallResult::Ended(CallOutcome::Applied { .. })));
    prove(&registry, 5_000).await.unwrap();
    assert!(matches!(perform(&registry, Phase::Recheck).await, CallResult::Proved(Proof::Seen { .. })));

    let received = stub.received();
    let pair = STANDARD.encode("standdown:idp-password-1");
    assert!(received.iter().all(|each| each.headers["authorization"] == format!("Basic {pair}")));
    let revocation = received.iter().find(|each| revokes(each)).unwrap();
    assert_eq!(revocation.body, "token=victim-token-333");
    assert_eq!(revocation.headers["idempotency-key"], "key-1");
    assert!(received.iter().filter(|each| !revokes(each)).all(|each| !each.headers.contains_key("idempotency-key")));
    // Before, after (twice in a row), and once again.
    assert_eq!(received.len(), 5);
}

#[tokio::test]
async fn a_server_that_answers_200_and_does_nothing_is_never_believed() {
    let stub = server(false).await;
    let registry = stub.registry();
    assert!(live(&registry).await.0);
    assert!(matches!(perform(&registry, Phase::Send).await, CallResult::Ended(CallOutcome::Applied { .. })));
    let detail = prove(&registry, 800).await.unwrap_err();
    assert!(detail.contains("introspection answered HTTP 200") && detail.contains("true"), "{detail}");
    assert!(matches!(perform(&registry, Phase::Recheck).await, CallResult::Proved(Proof::NotSeen { .. })));
}

#[tokio::test]
async fn a_refusal_of_the_server_is_a_refusal_with_its_reason() {
    for error in ["unsupported_token_type", "invalid_request", "invalid_client"] {
        let stub = Stub::always(Reply::json(400, &json!({"error": error}))).await;
        match perform(&stub.registry(), Phase::Send).await {
            CallResult::Ended(CallOutcome::Refused { reason, retry: false }) => {
                assert!(reason.contains(error), "{reason}");
            }
            other => panic!("{other:?}"),
        }
    }
    let unauthorized = Stub::always(Reply::status(401)).await;
    let outcome = perform(&unauthorized.registry(), Phase::Send).await;
    assert!(matches!(outcome, CallResult::Ended(CallOutcome::Refused { retry: false, .. })), "{outcome:?}");
}

#[tokio::test]
async fn a_server_in_trouble_leaves_doubt() {
    for status in [500, 503] {
        let stub = Stub::always(Reply::status(status)).await;
        let outcome = perform(&stub.registry(), Phase::Send).await;
        assert!(matches!(outcome, CallResult::Ended(CallOutcome::Ambiguous { .. })), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_token_that_was_not_active_before_gives_no_live_baseline() {
    for reply in [active(false), Reply::status(500), Reply::status(401), Reply::Text(200, "<html>".to_owned())] {
        let stub = Stub::always(reply).await;
        let (live, detail) = live(&stub.registry()).await;
        assert!(!live && !detail.is_empty());
    }
}

#[tokio::test]
async fn an_error_of_the_probe_is_no_proof() {
    for reply in [Reply::status(401), Reply::status(500), Reply::json(200, &json!({})), Reply::status(302)] {
        let stub = Stub::always(reply).await;
        prove(&stub.registry(), 100).await.unwrap_err();
    }
}

#[tokio::test]
async fn the_effect_must_be_seen_twice_in_a_row() {
    let answers = Mutex::new(vec![false, false, true, false]);
    let stub = Stub::start(move |_, _| active(answers.lock().unwrap().pop().unwrap_or(false))).await;
    prove(&stub.registry(), 5_000).await.unwrap();
    assert_eq!(stub.received().len(), 4);
}

#[tokio::test]
async fn looking_ends_in_time_and_after_a_long_pause_there_is_still_time_for_it() {
    let stub = Stub::always(active(false)).await;
    let began = std::time::Instant::now();
    let detail = prove(&stub.registry(), 100).await.unwrap_err();
    assert!(detail.contains("1 of 2"), "{detail}");
    assert!(began.elapsed() < Duration::from_secs(2));

    let late = Phase::Prove { until: REAL.now() - Duration::from_mins(10) };
    let proved = perform(&stub.registry(), late).await;
    assert!(matches!(proved, CallResult::Proved(Proof::Seen { .. })), "{proved:?}");
}

#[tokio::test]
async fn no_secret_is_in_any_result_even_if_the_server_repeats_it() {
    let echo = Stub::start(|received, _| {
        let told = json!({"error": format!("{} {}", received.body, received.headers["authorization"])});
        Reply::json(if revokes(received) { 400 } else { 200 }, &told)
    })
    .await;
    let registry = echo.registry();
    let mut recorded = format!("{registry:?}");
    for phase in [Phase::Prepare, Phase::Send, Phase::Recheck] {
        write!(recorded, "{:?}", perform(&registry, phase).await).unwrap();
    }
    let pair = STANDARD.encode("standdown:idp-password-1");
    for secret in ["victim-token-333", "idp-password-1", pair.as_str()] {
        assert!(!recorded.contains(secret), "{recorded}");
    }
}

#[tokio::test]
async fn introspection_by_itself_reads_and_says_what_it_read() {
    let stub = Stub::always(active(true)).await;
    let outcome = send(&stub.registry(), &call("oauth.introspect", with(), Phase::Send)).await;
    let CallOutcome::Applied { output } = outcome else { panic!("{outcome:?}") };
    assert_eq!(output["body"]["active"], true);
    assert!(!stub.received()[0].headers.contains_key("idempotency-key"));
}

#[tokio::test]
async fn the_paths_are_those_of_the_connection() {
    let stub = Stub::always(Reply::status(200)).await;
    let url = format!("{}/realms/main", stub.url());
    let mut options = stub::connection("oauth", &url);
    options.auth = Some(serde_json::from_value(json!({"bearer": "env:API"})).unwrap());
    options.settings.insert("revocation_path".to_owned(), "/protocol/openid-connect/revoke".to_owned());
    let connections = [(stub::name("idp"), options)].into();
    let registry = Registry::build(&connections, &crate::action::ActionOptions::default(), Arc::new(stub::secrets()));
    perform(&registry.unwrap(), Phase::Send).await;
    assert_eq!(stub.received()[0].path, "/realms/main/protocol/openid-connect/revoke");
}

#[tokio::test]
async fn wrong_parameters_send_nothing() {
    let stub = server(true).await;
    for parameters in [
        json!({"connection": "idp"}),
        json!({"connection": "idp", "token": "in-clear"}),
        json!({"connection": "idp", "token": {"$secret": "env:UNSET"}}),
        json!({"connection": "api", "token": {"$secret": "env:VICTIM"}}),
        json!({"token": {"$secret": "env:VICTIM"}}),
        json!({"connection": "idp", "token": {"$secret": "env:VICTIM"}, "token_type_hint": "jwt"}),
        json!([]),
    ] {
        let outcome = send(&stub.registry(), &call("oauth.revoke_token", parameters.clone(), Phase::Send)).await;
        assert!(matches!(outcome, CallOutcome::NotSent { .. }), "{parameters}: {outcome:?}");
        assert!(!format!("{outcome:?}").contains("in-clear"));
    }
    assert!(stub.received().is_empty());
}

#[tokio::test]
async fn a_revocation_can_not_be_undone() {
    let stub = server(true).await;
    let mut undo = call("oauth.revoke_token", with(), Phase::Send);
    undo.direction = Direction::Undo;
    assert!(matches!(send(&stub.registry(), &undo).await, CallOutcome::Refused { retry: false, .. }));
    assert!(stub.received().is_empty());
}

#[test]
fn the_catalogue_says_what_a_revocation_is() {
    let catalogue = Registry::catalogue_without_connections();
    let spec = catalogue.get("oauth.revoke_token").unwrap();
    assert_eq!((spec.impact, spec.protection), (Some(Impact::Contain), Protection::Idempotent));
    assert!(spec.prepares && spec.proves && !spec.undoable);
    assert!(spec.parameters["token"].required && !spec.parameters["token_type_hint"].required);
    assert_eq!(spec.connector.as_deref(), Some("oauth"));
}
