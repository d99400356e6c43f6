//! Every embedded file compiles, and every example in it is played against a stub.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::super::example::{Example, ExampleExchange, ExamplePhase};
use super::super::raw::RawConnector;
use super::super::{FILES, embedded};
use crate::action::stub::{self, REAL, Received, Reply, Stub, call};
use crate::action::{ActionOptions, AuthOptions, BasicOptions, ConnectionOptions, Registry};
use crate::client::{SecretReference, StaticSecrets};
use crate::clock::Clock as _;
use crate::domain::event::{CallOutcome, Proof};
use crate::language::{self, Source};
use crate::machine::{CallResult, Direction, Phase};
use crate::playbook::{ActionSpec, ParameterType};

fn files() -> Vec<RawConnector> {
    let parse = |(name, text): &(&str, &str)| {
        let source = Source { name: (*name).to_owned(), text: (*text).to_owned() };
        language::parse::<RawConnector>(&source).unwrap().0
    };
    FILES.iter().map(parse).collect()
}

#[test]
fn every_file_of_the_program_compiles() {
    let connectors = embedded().as_ref().unwrap_or_else(|faults| panic!("{faults:#?}"));
    let names: Vec<&str> =
        connectors.iter().flat_map(|connector| &connector.actions).map(|action| action.spec.name.as_str()).collect();
    assert_eq!(names, ["oauth.introspect", "oauth.revoke_token"]);
}

#[tokio::test]
async fn every_example_makes_exactly_its_exchanges() {
    let catalogue = Registry::catalogue_without_connections();
    for file in files() {
        for (name, action) in &file.actions {
            let name = format!("{}.{name}", file.connector);
            play(&file.connector, catalogue.get(&name).unwrap(), &action.example).await;
        }
    }
}

/// The parameters of an example, secrets replaced by references that resolve to what the example says.
fn parameters(spec: &ActionSpec, example: &Example) -> (Value, StaticSecrets) {
    let mut secrets = stub::secrets();
    let mut with = Map::new();
    for (name, value) in &example.with {
        let secret = spec.parameters[name].kind == ParameterType::Secret;
        let value = if secret {
            let reference = SecretReference::parse(&format!("env:EXAMPLE_{name}")).unwrap();
            secrets.set(reference.clone(), value.as_str().unwrap().into());
            json!({"$secret": reference})
        } else {
            value.clone()
        };
        with.insert(name.clone(), value);
    }
    with.insert("connection".to_owned(), json!("example"));
    (Value::Object(with), secrets)
}

fn check(name: &str, received: &Received, expected: &ExampleExchange) {
    assert_eq!(format!("{} {}", received.method, received.path), expected.request, "{name}");
    if let Some(form) = &expected.form {
        let sent: Map<String, Value> =
            form_urlencoded::parse(received.body.as_bytes()).map(|(key, value)| (key.into(), json!(value))).collect();
        assert_eq!(&sent, form, "{name}");
    }
    if let Some(json) = &expected.json {
        assert_eq!(&serde_json::from_str::<Value>(&received.body).unwrap(), json, "{name}");
    }
}

async fn play(connector: &str, spec: &ActionSpec, example: &Example) {
    let name = spec.name.to_string();
    let queue = Arc::new(Mutex::new(VecDeque::from(example.exchanges.clone())));
    let answers = Arc::clone(&queue);
    let stub = Stub::start(move |received, _| {
        let Some(expected) = answers.lock().unwrap().pop_front() else { return Reply::status(599) };
        // A mismatch shows as an answer that no rule accepts, and below as an exchange that differs.
        let answer = expected.answer;
        let same = format!("{} {}", received.method, received.path) == expected.request;
        let body = answer.json.map(|json| json.to_string()).unwrap_or_default();
        if same { Reply::Text(answer.status, body) } else { Reply::status(599) }
    })
    .await;
    let (with, secrets) = parameters(spec, example);
    let password = SecretReference::parse("env:IDP").unwrap();
    let basic = BasicOptions { username: "standdown".to_owned(), password };
    let auth = Some(AuthOptions { basic: Some(basic), ..AuthOptions::default() });
    let options = ConnectionOptions { auth, ..stub::connection(connector, &stub.url()) };
    let connections = BTreeMap::from([(stub::name("example"), options)]);
    let registry = Registry::build(&connections, &ActionOptions::default(), Arc::new(secrets)).unwrap();

    let has = |phase| example.exchanges.iter().any(|exchange| exchange.phase == phase);
    let mut snapshot = None;
    if has(ExamplePhase::Prepare) {
        match registry.perform(&call(&name, with.clone(), Phase::Prepare), &REAL).await {
            CallResult::Prepared { baseline, snapshot: kept } => {
                assert_eq!(baseline.is_some_and(|baseline| baseline.live), spec.proves, "{name}");
                snapshot = kept;
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    let mut send = call(&name, with.clone(), Phase::Send);
    send.snapshot = snapshot;
    let applied = |result: CallResult| {
        assert!(matches!(result, CallResult::Ended(CallOutcome::Applied { .. })), "{name}: {result:?}");
    };
    applied(registry.perform(&send, &REAL).await);
    if has(ExamplePhase::Prove) {
        let prove = call(&name, with, Phase::Prove { until: REAL.now() + Duration::from_secs(5) });
        let proved = registry.perform(&prove, &REAL).await;
        assert!(matches!(proved, CallResult::Proved(Proof::Seen { .. })), "{name}: {proved:?}");
    }
    if has(ExamplePhase::Undo) {
        applied(registry.perform(&crate::machine::Call { direction: Direction::Undo, ..send }, &REAL).await);
    }
    assert!(queue.lock().unwrap().is_empty(), "{name}: exchanges that were not made");
    let received = stub.received();
    assert_eq!(received.len(), example.exchanges.len(), "{name}");
    for (received, expected) in received.iter().zip(&example.exchanges) {
        check(&name, received, expected);
    }
}
