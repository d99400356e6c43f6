//! Putting the actions together, and what an operator is told if that fails.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;

use super::Registry;
use crate::action::stub::{self, Reply, Stub, call, secrets, send};
use crate::action::{ActionOptions, ConnectionOptions};
use crate::domain::event::{CallOutcome, Proof};
use crate::domain::{ConnectionName, Impact, Protection};
use crate::machine::{CallResult, Phase};

fn connections(yaml: &str) -> BTreeMap<ConnectionName, ConnectionOptions> {
    serde_yaml::from_str(yaml).unwrap()
}

fn faults(yaml: &str) -> Vec<String> {
    let built = Registry::build(&connections(yaml), &ActionOptions::default(), Arc::new(secrets()));
    built.unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn the_catalogue_needs_no_connection_and_is_the_same_with_some() {
    let without = Registry::catalogue_without_connections();
    let with = stub::registry("http://127.0.0.1:1").catalogue();
    assert_eq!(without.names().collect::<Vec<_>>(), with.names().collect::<Vec<_>>());
    for name in ["agent.pause", "evidence.capture", "http.call", "oauth.revoke_token", "process.freeze", "process.thaw"]
    {
        assert!(without.get(name).is_some(), "{name}");
    }
    let http = without.get("http.call").unwrap();
    assert_eq!((http.impact, http.protection), (None, Protection::None));
    assert_eq!(without.get("process.thaw").unwrap().impact, Some(Impact::Release));
    assert!(without.get("process.freeze").unwrap().undoable);
}

#[test]
fn every_fault_of_every_connection_is_told_at_once() {
    let found = faults(
        "a: {connector: okta}\nb: {connector: oauth}\nc: {connector: http, base_url: 'https://u:p@x.example'}\n\
         d: {connector: oauth, base_url: 'https://x.example', auth: {bearer: env:A, header: {name: X, value: env:A}}, \
             settings: {revocation_url: x, introspection_path: x}}\n\
         e: {connector: http, base_url: 'https://x.example', headers: {'X Y': z}}\n",
    );
    let all = found.join("\n");
    for expected in [
        "connection a: there is no connector `okta`",
        "connection b: it has no `base_url`",
        "connection b: `auth` is missing",
        "connection c: `base_url` holds credentials",
        "connection d: `auth` must have exactly one",
        "connection d: the setting `revocation_url` does not exist",
        "connection d: the setting `introspection_path` must be a path",
        "connection e: ",
    ] {
        assert!(all.contains(expected), "{expected} in\n{all}");
    }
    assert_eq!(found.len(), 8, "{all}");
}

#[test]
fn the_connections_are_listed_with_their_connectors() {
    let registry = stub::registry("http://127.0.0.1:1");
    let listed: Vec<String> =
        registry.connection_names().map(|(name, connector)| format!("{name}: {connector}")).collect();
    assert_eq!(listed, ["api: http", "idp: oauth"]);
}

#[tokio::test]
async fn an_action_that_does_not_exist_is_an_answer_and_no_panic() {
    let stub = Stub::always(Reply::status(200)).await;
    let registry = stub.registry();
    let outcome = send(&registry, &call("nope.never", json!({}), Phase::Send)).await;
    assert!(matches!(outcome, CallOutcome::NotSent { .. }));
    let looked = registry.perform(&call("nope.never", json!({}), Phase::Recheck), &stub::clock()).await;
    assert!(matches!(looked, CallResult::Proved(Proof::NotSeen { .. })));
    let checked = registry.perform(&call("nope.never", json!({}), Phase::Check), &stub::clock()).await;
    assert!(matches!(checked, CallResult::Checked { applied: None, .. }));
}

#[tokio::test]
async fn a_secret_in_the_headers_of_a_connection_is_sent_and_redacted() {
    let stub = Stub::start(|received, _| Reply::Text(400, received.headers["x-tenant"].clone())).await;
    let yaml = format!(
        "api: {{connector: http, base_url: '{}', networks: [127.0.0.0/8], headers: {{X-Tenant: {{$secret: env:VICTIM}}}}}}",
        stub.url()
    );
    let registry = Registry::build(&connections(&yaml), &ActionOptions::default(), Arc::new(secrets())).unwrap();
    let with = json!({"connection": "api", "method": "DELETE", "url": "/x"});
    let outcome = send(&registry, &call("http.call", with, Phase::Send)).await;
    assert_eq!(stub.received()[0].headers["x-tenant"], "victim-token-333");
    let told = format!("{outcome:?}");
    assert!(told.contains("secret#") && !told.contains("victim-token-333"), "{told}");
}

#[test]
fn the_shipped_playbooks_compile_with_these_actions() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks");
    let compiled = crate::playbook::compile_folder(&folder, &Registry::catalogue_without_connections());
    assert!(compiled.diagnostics.is_empty(), "{:#?}", compiled.diagnostics);
    assert!(!compiled.playbooks.is_empty());
}
