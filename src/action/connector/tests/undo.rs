//! Snapshots and undo, with a connector of the tests' own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::super::compile::compile;
use super::super::{Connector, ConnectorAction};
use crate::action::connection::Connection;
use crate::action::perform::perform;
use crate::action::registry::Connections;
use crate::action::stub::{self, REAL, Reply, Stub, call};
use crate::client::Secrets;
use crate::domain::event::{CallOutcome, Proof};
use crate::language::Source;
use crate::machine::{Call, CallResult, Direction, Phase};

const FILE: &str = r#"
connector: directory
help: a directory of accounts
connection: { auth: { header: X-Key } }
actions:
  disable:
    help: disable an account
    effect: { class: identity, reversible: true, scope: identity }
    params: { account: string, token: secret, note: { type: string, default: by Standdown } }
    protection: verifiable
    impact: contain
    snapshot: { get: "/accounts/{{account}}", keep: body.enabled, left: false }
    request: { patch: "/accounts/{{account}}", json: { enabled: false, note: "{{note}}" }, query: { by: "{{note}}" } }
    already_done: status == 409
    refused: status == 503
    retry: status == 503 && 'retry-after' in headers
    verify:
      as: victim
      request: { get: /me, bearer: "{{token}}" }
      before: status == 200
      after: status in [401, 403]
      consecutive: 1
    undo: { patch: "/accounts/{{account}}", json: { enabled: "{{snapshot}}" } }
    example: { with: { account: a }, exchanges: [{ phase: send, request: PATCH /accounts/a, answer: { status: 200 } }] }
"#;

/// A directory with one account.
#[derive(Clone)]
struct Account(Arc<Mutex<Value>>);

impl Account {
    async fn serve(&self) -> Stub {
        let state = Arc::clone(&self.0);
        Stub::start(move |received, _| {
            let mut state = state.lock().unwrap();
            match (received.method.as_str(), received.path.as_str()) {
                ("GET", "/me") => Reply::status(if *state == json!(true) { 200 } else { 401 }),
                ("GET", _) => Reply::json(200, &json!({"enabled": *state})),
                _ => {
                    *state = serde_json::from_str::<Value>(&received.body).unwrap()["enabled"].clone();
                    Reply::status(204)
                }
            }
        })
        .await
    }

    fn set(&self, value: Value) {
        *self.0.lock().unwrap() = value;
    }

    fn get(&self) -> Value {
        self.0.lock().unwrap().clone()
    }
}

fn account(enabled: bool) -> Account {
    Account(Arc::new(Mutex::new(json!(enabled))))
}

fn action(url: &str) -> ConnectorAction {
    let source = Source { name: "directory.yaml".to_owned(), text: FILE.to_owned() };
    let Connector { connection, actions, .. } = compile(&source).unwrap_or_else(|faults| panic!("{faults:#?}"));
    let secrets: Arc<dyn Secrets> = Arc::new(stub::secrets());
    let mut options = stub::connection("directory", url);
    options.auth = Some(serde_json::from_value(json!({"header": {"value": "env:API"}})).unwrap());
    let built = Connection::build(&stub::name("dir"), &options, &connection, &secrets).unwrap();
    let plain = Connection::plain(secrets).unwrap();
    let connections = Connections::new(BTreeMap::from([(stub::name("dir"), built)]), plain);
    ConnectorAction::new(Arc::clone(&actions[0]), Arc::new(connections))
}

fn disable(account: &str, phase: Phase) -> Call {
    let with = json!({"connection": "dir", "account": account, "token": {"$secret": "env:VICTIM"}});
    call("directory.disable", with, phase)
}

async fn undo(action: &ConnectorAction, snapshot: Option<Value>) -> CallOutcome {
    let call = Call { direction: Direction::Undo, snapshot, ..disable("agent 7", Phase::Send) };
    match perform(action, &call, &REAL).await {
        CallResult::Ended(outcome) => outcome,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn undo_restores_what_the_snapshot_recorded() {
    let account = account(true);
    let stub = account.serve().await;
    let action = action(&stub.url());
    let prepared = perform(&action, &disable("agent 7", Phase::Prepare), &REAL).await;
    let CallResult::Prepared { baseline: Some(baseline), snapshot } = prepared else { panic!("{prepared:?}") };
    assert!(baseline.live);
    assert_eq!(snapshot, Some(json!(true)));
    let sent = perform(&action, &disable("agent 7", Phase::Send), &REAL).await;
    assert!(matches!(sent, CallResult::Ended(CallOutcome::Applied { .. })), "{sent:?}");
    assert_eq!(account.get(), json!(false));
    let checked = perform(&action, &disable("agent 7", Phase::Check), &REAL).await;
    assert!(matches!(checked, CallResult::Checked { applied: Some(true), .. }), "{checked:?}");

    assert!(matches!(undo(&action, snapshot.clone()).await, CallOutcome::Applied { .. }));
    assert_eq!(account.get(), json!(true));
    assert!(matches!(undo(&action, snapshot).await, CallOutcome::AlreadyDone { .. }));
    let proved = Call { direction: Direction::Undo, ..disable("agent 7", Phase::Recheck) };
    assert!(matches!(perform(&action, &proved, &REAL).await, CallResult::Proved(Proof::Seen { .. })));
}

#[tokio::test]
async fn the_victim_is_asked_with_its_own_credential_alone() {
    let stub = account(true).serve().await;
    perform(&action(&stub.url()), &disable("agent 7", Phase::Prepare), &REAL).await;
    let received = stub.received();
    let victim = received.iter().find(|each| each.path == "/me").unwrap();
    assert_eq!(victim.headers["authorization"], "Bearer victim-token-333");
    assert!(!victim.headers.contains_key("x-key"));
    let admin = received.iter().find(|each| each.path != "/me").unwrap();
    assert_eq!((admin.path.as_str(), admin.headers["x-key"].as_str()), ("/accounts/agent%207", "api-token-22"));
}

#[tokio::test]
async fn undo_is_refused_if_somebody_changed_the_state_or_nobody_knows_it() {
    let account = account(false);
    let stub = account.serve().await;
    let action = action(&stub.url());
    account.set(json!("locked by an administrator"));
    assert!(matches!(undo(&action, Some(json!(true))).await, CallOutcome::Refused { retry: false, .. }));
    assert!(matches!(undo(&action, None).await, CallOutcome::Refused { retry: false, .. }));
    assert_eq!(account.get(), json!("locked by an administrator"));
}

#[tokio::test]
async fn a_state_that_can_not_be_read_stops_the_change() {
    for reply in [Reply::status(404), Reply::json(200, &json!({})), Reply::json(200, &json!({"enabled": null}))] {
        let stub = Stub::always(reply).await;
        let result = perform(&action(&stub.url()), &disable("agent 7", Phase::Prepare), &REAL).await;
        assert!(matches!(result, CallResult::Ended(CallOutcome::NotSent { .. })), "{result:?}");
    }
}

#[tokio::test]
async fn a_name_that_would_lead_elsewhere_is_not_sent() {
    let stub = account(true).serve().await;
    let action = action(&stub.url());
    for name in ["..", ".", "", "  "] {
        let result = perform(&action, &disable(name, Phase::Send), &REAL).await;
        assert!(matches!(result, CallResult::Ended(CallOutcome::NotSent { .. })), "{name:?} {result:?}");
    }
    assert!(stub.received().is_empty());
    perform(&action, &disable("a/../b?c=1#d", Phase::Send), &REAL).await;
    assert_eq!(stub.received()[0].path.split('?').next().unwrap(), "/accounts/a%2F..%2Fb%3Fc%3D1%23d");
}

#[tokio::test]
async fn the_rules_of_the_file_say_what_an_answer_means() {
    let outcome = |reply: Reply| async move {
        let stub = Stub::always(reply).await;
        match perform(&action(&stub.url()), &disable("a", Phase::Send), &REAL).await {
            CallResult::Ended(outcome) => outcome,
            other => panic!("{other:?}"),
        }
    };
    assert!(matches!(outcome(Reply::status(409)).await, CallOutcome::AlreadyDone { .. }));
    assert!(matches!(outcome(Reply::status(503)).await, CallOutcome::Refused { retry: false, .. }));
    let later = Reply::With(503, "retry-after", "5".to_owned());
    assert!(matches!(outcome(later).await, CallOutcome::Refused { retry: true, .. }));
    assert!(matches!(outcome(Reply::status(502)).await, CallOutcome::Ambiguous { .. }));
}
