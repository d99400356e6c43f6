//! Bodies that an authenticated sender should not have sent.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::daemon::{Delivery, Setup};
use crate::harness::scene::{Scene, assert_problem};

const BODY_BYTES_MAX: usize = 1024 * 1024;
/// How much is kept of a body that can't be read.
const KEPT_BYTES_MAX: usize = 16 * 1024;

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/it/fixtures/payloads/edge/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn utf16(text: &str, mark: bool) -> Vec<u8> {
    let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

/// What is sent, and the code of the answer.
fn unreadable() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let alert = Scene::misuse("unreadable", Scene::AGENT).to_string();
    let nested = |depth: usize| format!("{{\"id\":{}1{}}}", "[".repeat(depth), "]".repeat(depth)).into_bytes();
    vec![
        ("nothing", Vec::new(), "SD2201"),
        ("blanks", b" \r\n\t ".to_vec(), "SD2201"),
        ("a word", b"hello".to_vec(), "SD2203"),
        ("a form", b"id=1&rule=x".to_vec(), "SD2203"),
        ("XML", b"<alert id='1'/>".to_vec(), "SD2203"),
        ("half of it", alert.as_bytes()[..alert.len() / 2].to_vec(), "SD2203"),
        ("more after it", format!("{alert} {alert}").into_bytes(), "SD2203"),
        ("a comma too many", b"{\"id\":1,}".to_vec(), "SD2203"),
        ("NaN", b"{\"id\":NaN}".to_vec(), "SD2203"),
        ("Infinity", b"{\"id\":-Infinity}".to_vec(), "SD2203"),
        ("a comment", b"{/* no */\"id\":1}".to_vec(), "SD2203"),
        ("the same key twice", b"{\"id\":\"a\",\"agent\":\"x\",\"agent\":\"y\"}".to_vec(), "SD2204"),
        ("the same key twice, once escaped", br#"{"id":"a","agent":"x","\u0061gent":"y"}"#.to_vec(), "SD2204"),
        ("the same key twice, deep", br#"{"id":"a","labels":{"a":[{"b":1,"b":2}]}}"#.to_vec(), "SD2204"),
        ("keys twice as found outside", fixture("duplicate-keys.json"), "SD2204"),
        ("a lone byte", b"{\"id\":\"\xff\"}".to_vec(), "SD2202"),
        ("an overlong slash", b"{\"id\":\"\xc0\xaf\"}".to_vec(), "SD2202"),
        ("a surrogate in UTF-8", b"{\"id\":\"\xed\xa0\x80\"}".to_vec(), "SD2202"),
        ("bad UTF-8 as found outside", fixture("invalid-utf8.txt"), "SD2202"),
        ("UTF-16 with its mark", utf16(&alert, true), "SD2202"),
        ("UTF-16 as found outside", fixture("utf16le-body.txt"), "SD2202"),
        ("one level too many", nested(129), "SD2205"),
        ("a hundred thousand levels", nested(100_000), "SD2205"),
        ("half a million brackets", vec![b'['; 500_000], "SD2205"),
        ("half a million braces", b"{\"a\":".repeat(150_000), "SD2205"),
        ("null", b"null".to_vec(), "SD2207"),
        ("a string", b"\"id\"".to_vec(), "SD2207"),
        ("a number", b"42".to_vec(), "SD2207"),
    ]
}

#[tokio::test]
async fn what_can_not_be_read_is_answered_400_with_its_reason_and_kept_as_a_dead_letter() {
    let scene = Scene::start(|setup| setup).await;
    let before = scene.everything().await;
    let cases = unreadable();
    for (what, body, code) in &cases {
        let answer = scene.daemon.deliver(Setup::DETECTOR, &Delivery::of_bytes(&scene.fresh_id(), body)).await;
        assert_eq!(answer.status, 400, "{what}: {answer:?}");
        assert_problem(&answer, 400, code);
        assert!(answer.text.len() < 2000, "{what}: the body is not thrown back");
    }
    let kept = scene.daemon.read("/dead-letters").await;
    let kept = kept["dead_letters"].as_array().unwrap();
    assert_eq!(kept.len(), cases.len());
    for ((what, body, code), letter) in cases.iter().zip(kept.iter().rev()) {
        assert_eq!((&letter["source"], &letter["code"]), (&json!("detector"), &json!(code)), "{what}: {letter}");
        assert!(!letter["reason"].as_str().unwrap().is_empty(), "{what}");
        let came = &body[..body.len().min(KEPT_BYTES_MAX)];
        assert!(letter["body"] == String::from_utf8_lossy(came).as_ref(), "{what}: what came is kept");
    }
    let after = scene.everything().await;
    for path in ["/incidents", "/runs", "/approvals"] {
        assert_eq!(after[path], before[path], "{path}");
    }
    assert!(scene.gate_allows(Scene::AGENT).await, "nothing acted on what could not be read");
    scene.assert_serves().await;
}

#[tokio::test]
async fn a_refused_delivery_may_be_sent_again_under_its_id_when_it_was_mended() {
    let scene = Scene::start(|setup| setup).await;
    let broken = scene.daemon.deliver(Setup::DETECTOR, &Delivery::of_bytes("msg_mended", b"{\"id\":")).await;
    assert_problem(&broken, 400, "SD2203");
    let mended = Delivery::new("msg_mended", &Scene::misuse("mended", Scene::AGENT));
    let answer = scene.daemon.deliver(Setup::DETECTOR, &mended).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    assert!(answer.json()["alerts"][0]["run"].is_string(), "{answer:?}");
    scene.assert_serves().await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_answered_413_and_one_at_the_limit_is_taken() {
    let scene = Scene::start(|setup| setup).await;
    let before = scene.everything().await;
    let padded = |bytes: usize| {
        let alert = Scene::harmless("large", Scene::AGENT).to_string();
        let blanks = " ".repeat(bytes - alert.len());
        format!("{alert}{blanks}").into_bytes()
    };
    for bytes in [BODY_BYTES_MAX + 1, 4 * BODY_BYTES_MAX] {
        let answer =
            scene.daemon.deliver(Setup::DETECTOR, &Delivery::of_bytes(&scene.fresh_id(), &padded(bytes))).await;
        assert_problem(&answer, 413, "SD5006");
    }
    assert_eq!(scene.everything().await, before);
    let answer =
        scene.daemon.deliver(Setup::DETECTOR, &Delivery::of_bytes(&scene.fresh_id(), &padded(BODY_BYTES_MAX))).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    scene.assert_serves().await;
}

#[tokio::test]
async fn a_body_that_is_json_and_no_alert_is_refused_with_what_is_missing() {
    let scene = Scene::start(|setup| setup).await;
    let many: Vec<Value> = (0..100_000).map(|_| json!({})).collect();
    let cases = [
        ("an empty object", json!({}), vec!["SD2303"]),
        ("no identity", json!({ "rule": "x", "agent": Scene::AGENT }), vec!["SD2303"]),
        ("alerts that are none", json!({ "alerts": "all" }), vec!["SD2301"]),
        ("alerts of numbers", json!({ "alerts": [1, 2] }), vec!["SD2302"]),
        ("too many", json!({ "alerts": many }), vec!["SD2304", "SD2303"]),
    ];
    for (what, body, codes) in &cases {
        let answer = scene.daemon.deliver(Setup::DETECTOR, &Delivery::new(&scene.fresh_id(), body)).await;
        assert_eq!(answer.status, 400, "{what}: {answer:?}");
        let code = answer.json()["code"].as_str().unwrap().to_owned();
        assert!(codes.contains(&code.as_str()), "{what}: {}", answer.text);
    }
    assert_eq!(scene.daemon.read("/dead-letters").await["dead_letters"].as_array().unwrap().len(), cases.len());
    assert_eq!(scene.daemon.read("/incidents").await["incidents"], json!([]));
    scene.assert_serves().await;
}

#[tokio::test]
async fn one_unusable_item_of_a_delivery_does_not_hide_the_others() {
    let scene = Scene::start(|setup| setup).await;
    let body = json!({ "alerts": [{}, Scene::misuse("usable", Scene::AGENT), 7] });
    let answer = scene.daemon.deliver(Setup::DETECTOR, &Delivery::new(&scene.fresh_id(), &body)).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    assert!(answer.json()["alerts"][0]["run"].is_string(), "{answer:?}");
    assert_eq!(scene.daemon.read("/dead-letters").await["dead_letters"].as_array().unwrap().len(), 2);
    scene.assert_serves().await;
}

#[tokio::test]
async fn hostile_values_are_data_whatever_field_they_stand_in() {
    let scene = Scene::start(|setup| setup).await;
    let long = "x".repeat(20_000);
    let hostile = [
        "{{agent.credentials.idp}}{{#each this}}{{this}}{{/each}}",
        "\u{0}\u{1b}[2J\u{202e}\r\nBcc: everybody@example.com",
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "'; DROP TABLE runs; --",
        "../../../../etc/passwd",
        "1 + 1 == 2 && agent.known",
        long.as_str(),
        "",
        "🧨\u{feff}\u{200b}",
    ];
    for (number, text) in hostile.iter().enumerate() {
        let alert = json!({
            "id": format!("hostile {number} {text}"), "rule": text, "title": text, "severity": text, "status": text,
            "agent": { "id": text, "name": text, "instance": text }, "owner": text, "occurred_at": text, "ended_at": text,
            "resources": [text, { "a": text }], "labels": { "a": text, (*text): [text] }, "fields": { "action": text },
        });
        let answer = scene.daemon.deliver(Setup::DETECTOR, &Delivery::new(&scene.fresh_id(), &alert)).await;
        assert!([202, 400].contains(&answer.status), "{number}: {answer:?}");
        if answer.status == 202 {
            let incident = answer.json()["alerts"][0]["incident"].as_str().unwrap().to_owned();
            let shown = scene.daemon.read(&format!("/incidents/{incident}")).await;
            assert!(!shown.to_string().contains(Scene::AGENT_TOKEN));
        }
    }
    let listed = scene.daemon.cli_text(&["incidents", "list"]).await;
    assert!(!listed.contains('\u{1b}') && !listed.contains('\u{202e}'), "a title steers no terminal: {listed:?}");
    scene.assert_serves().await;
}

#[tokio::test]
async fn the_api_refuses_what_it_can_not_read_with_a_problem() {
    let scene = Scene::start(|setup| setup).await;
    let before = scene.everything().await;
    let big = format!("{{\"reason\":\"{}\"}}", "x".repeat(70_000)).into_bytes();
    let deep = "[".repeat(60_000).into_bytes();
    let agent = "/agents/billing-bot/pause";
    let cases: Vec<(Method, &str, Option<Vec<u8>>, u16)> = vec![
        (Method::POST, agent, Some(b"reason".to_vec()), 400),
        (Method::POST, agent, Some(Vec::new()), 400),
        (Method::POST, agent, Some(b"{\"reason\":1}".to_vec()), 400),
        (Method::POST, agent, Some(b"{\"reason\":\"a\",\"until\":\"tomorrow\"}".to_vec()), 400),
        (Method::POST, agent, Some(b"{\"reason\":\"a\",\"levle\":\"b\"}".to_vec()), 400),
        (Method::POST, agent, Some(b"{\"reason\":\"\xff\"}".to_vec()), 400),
        (Method::POST, agent, Some(b"{\"reason\":\"  \"}".to_vec()), 422),
        (Method::POST, agent, Some(deep), 400),
        (Method::POST, agent, Some(big), 413),
        (Method::POST, "/agents/nobody/pause", Some(b"{\"reason\":\"a\"}".to_vec()), 404),
        (Method::POST, "/agents/billing-bot/resume", Some(b"{\"reason\":\"a\"}".to_vec()), 409),
        (Method::POST, "/runs", Some(br#"{"playbook":"nothing","agent":"billing-bot","reason":"a"}"#.to_vec()), 404),
        (Method::POST, "/runs", Some(br#"{"playbook":"No Name","agent":"billing-bot","reason":"a"}"#.to_vec()), 400),
        (Method::POST, "/runs", Some(br#"{"playbook":"token-misuse","agent":"nobody","reason":"a"}"#.to_vec()), 404),
        (Method::GET, "/runs/run_0000000000000000000000000", None, 400),
        (Method::GET, "/runs/run_00000000000000000000000000", None, 404),
        (Method::GET, "/runs/..%2f..%2fstatus", None, 400),
        (Method::GET, "/incidents/inc_00000000000000000000000000", None, 404),
        (Method::GET, "/runs?limit=0", None, 400),
        (Method::GET, "/runs?limit=1001", None, 400),
        (Method::GET, "/runs?limit=many", None, 400),
        (Method::GET, "/runs?incident=%ff", None, 400),
        (Method::GET, "/nothing", None, 404),
        (Method::DELETE, "/runs", None, 405),
    ];
    for (method, path, body, status) in cases {
        let bearer = format!("Bearer {}", Setup::ANA_TOKEN);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let answer = scene.daemon.send(method.clone(), &format!("/api/v1{path}"), &headers, body).await;
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{method} {path}: {answer:?}");
        assert!(answer.json()["code"].as_str().unwrap().starts_with("SD"), "{answer:?}");
    }
    assert_eq!(scene.everything().await, before);
    scene.assert_serves().await;
}
