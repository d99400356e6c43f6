//! Who sends, and whether it was sent before.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::daemon::{Delivery, Setup};
use crate::harness::scene::{Scene, assert_problem};

#[tokio::test]
async fn a_wrong_stale_or_missing_signature_is_answered_401_and_leaves_nothing() {
    let scene = Scene::start(|setup| setup).await;
    let before = scene.everything().await;
    let alert = Scene::misuse("forged", Scene::AGENT);
    let good = Delivery::new("msg_forged", &alert);
    let wrong = |signature: &str| Delivery { signature: Some(signature.to_owned()), ..good.clone() };
    let moved = |by: SignedDuration| Delivery { at: good.at + by, ..good.clone() };
    let cases = [
        (wrong("v1,aGVsbG8gd29ybGQsIHRoaXMgaXMgYSB3cm9uZyBtYWM="), "SD2102"),
        (wrong("v1,"), "SD2102"),
        (wrong("v2,aGVsbG8="), "SD2102"),
        (moved(SignedDuration::from_mins(-6)), "SD2103"),
        (moved(SignedDuration::from_mins(6)), "SD2103"),
        (moved(SignedDuration::from_hours(-24 * 365)), "SD2103"),
    ];
    for (delivery, code) in cases {
        let answer = scene.daemon.deliver(Setup::DETECTOR, &delivery).await;
        assert_eq!(answer.status, 401, "{delivery:?}: {answer:?}");
        let said = answer.json();
        assert!([code, "SD2101"].contains(&said["code"].as_str().unwrap()), "{delivery:?}: {said}");
        assert!(!answer.text.contains("whsec"), "{said}");
    }
    let headers: [&[(&str, &str)]; 3] = [
        &[],
        &[("webhook-id", "msg_1"), ("webhook-timestamp", "1")],
        &[("webhook-id", "msg_1"), ("webhook-timestamp", "soon"), ("webhook-signature", "v1,aGVsbG8=")],
    ];
    for headers in headers {
        let answer = scene.daemon.post_alert(Setup::DETECTOR, alert.to_string().as_bytes(), headers).await;
        assert_eq!(answer.status, 401, "{headers:?}: {answer:?}");
        assert!(["SD2101", "SD2102"].contains(&answer.json()["code"].as_str().unwrap()), "{answer:?}");
        assert_ne!(answer.header("www-authenticate"), "", "{answer:?}");
    }
    assert_eq!(scene.everything().await, before, "who is not believed leaves nothing, not even a dead letter");
    assert!(scene.gate_allows(Scene::AGENT).await);
    scene.assert_serves().await;
}

#[tokio::test]
async fn a_body_that_was_changed_on_its_way_is_not_believed() {
    let scene = Scene::start(|setup| setup).await;
    let before = scene.everything().await;
    let honest = Delivery::new("msg_changed", &Scene::harmless("honest", Scene::AGENT));
    let signed = scene.daemon.deliver(Setup::DETECTOR, &honest).await;
    assert_eq!(signed.status, 202);
    let changed = Scene::misuse("changed", Scene::AGENT);
    let stolen = Delivery { body: changed.to_string().into_bytes(), signature: Some(honest.signed()), ..honest };
    let answer = scene.daemon.deliver(Setup::DETECTOR, &stolen).await;
    assert_problem(&answer, 401, "SD2102");
    assert_eq!(scene.everything().await["/runs"], before["/runs"]);
    scene.assert_serves().await;
}

#[tokio::test]
async fn a_replayed_delivery_is_answered_byte_for_byte_and_runs_nothing_again() {
    let mut scene = Scene::start(|setup| setup).await;
    assert!(scene.gate_allows(Scene::AGENT).await);
    let delivery = Delivery::new("msg_once", &Scene::misuse("once", Scene::AGENT));
    let parallel = (0..8).map(|_| scene.daemon.deliver(Setup::DETECTOR, &delivery));
    let answers = futures_util::future::join_all(parallel).await;
    let first = answers[0].clone();
    assert_eq!(first.status, 202, "{first:?}");
    let run = first.json()["alerts"][0]["run"].as_str().unwrap().to_owned();
    for answer in &answers {
        assert_eq!((answer.status, &answer.text), (first.status, &first.text));
    }
    let other = Delivery::new("msg_once", &Scene::misuse("another alert under the same id", Scene::AGENT));
    let again = scene.daemon.deliver(Setup::DETECTOR, &other).await;
    assert_eq!((again.status, &again.text), (202, &first.text), "the id of a delivery is what counts");
    scene.until_asked(&run).await;
    scene.daemon.kill9();
    scene.daemon.restart().await;
    let later = scene.daemon.deliver(Setup::DETECTOR, &delivery).await;
    assert_eq!((later.status, &later.text), (202, &first.text), "a restart forgets no delivery");

    let runs = scene.daemon.read("/runs").await;
    assert_eq!(runs["runs"].as_array().unwrap().len(), 1, "{runs:#}");
    assert_eq!(scene.provider.revocations_asked(), 1);
    let incident = first.json()["alerts"][0]["incident"].as_str().unwrap().to_owned();
    let shown = scene.daemon.read(&format!("/incidents/{incident}")).await;
    let counts: Vec<&Value> = shown["alerts"].as_array().unwrap().iter().map(|alert| &alert["count"]).collect();
    assert_eq!(counts, [&json!(1)], "{shown:#}");
    scene.assert_serves().await;
}

#[tokio::test]
async fn an_unknown_source_is_answered_404_and_its_name_is_not_believed() {
    let scene = Scene::start(|setup| setup).await;
    let before = scene.everything().await;
    let delivery = Delivery::new("msg_nowhere", &Scene::misuse("nowhere", Scene::AGENT));
    for source in ["nobody", "system", "manual", "schedule", "detector2", "DETECTOR", "detector%20", &"x".repeat(3000)]
    {
        let answer = scene.daemon.deliver(source, &delivery).await;
        assert_problem(&answer, 404, "SD2001");
        assert!(answer.text.len() < 1000, "the name is not thrown back: {}", answer.text.len());
    }
    for path in ["/hooks/", "/hooks", "/hooks/a/b", "/hooks/..%2fdetector", "/hooks/%ff", "/hooks/%00"] {
        let answer = scene.daemon.send(Method::POST, path, &[], Some(b"{}".to_vec())).await;
        assert!([400, 404].contains(&answer.status), "{path}: {answer:?}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}: {answer:?}");
    }
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let answer = scene.daemon.send(method, "/hooks/detector", &[], None).await;
        assert_problem(&answer, 405, "SD5002");
    }
    assert_eq!(scene.everything().await, before);
    let metrics = scene.daemon.send(Method::GET, "/metrics", &[], None).await.text;
    assert!(!metrics.contains("detector2") && !metrics.contains("xxxx"), "{metrics}");
    scene.assert_serves().await;
}
