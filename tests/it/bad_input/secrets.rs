//! Secrets and link tokens in a whole flow with everything logged: in no log, and in clear nowhere on disk.

use reqwest::Method;
use serde_json::json;

use crate::harness::daemon::{Delivery, Setup};
use crate::harness::scene::{Scene, database_bytes};

#[tokio::test]
async fn no_secret_and_no_link_token_reaches_the_log_or_the_database() {
    let logged = json!({ "level": "trace", "format": "json" });
    let mut scene = Scene::start(|setup| setup.set("/log", logged).variable("RUST_LOG", "trace")).await;
    let run = scene.misuse_run().await;
    scene.until_asked(&run).await;
    let request = scene.request(1).await;
    let page = scene.page(&request.token).await;
    assert_eq!(page.status, 200);
    assert!(!page.text.contains(&request.token), "the page does not repeat its own token");
    assert!(!page.text.contains(&format!("[{}]", request.code)));
    let asked = scene.until_asked(&run).await;
    let plan = asked["plan"]["hash"].as_str().unwrap();
    assert_eq!(scene.decide(&request, "approve", &request.wrong_code(), plan).await.status, 422);
    assert_eq!(scene.page(&request.token[..20]).await.status, 404);
    let bad = [("authorization", "Bearer not-the-token-of-anybody-41ac")];
    assert_eq!(scene.daemon.send(Method::GET, "/api/v1/runs", &bad, None).await.status, 401);
    let forged =
        Delivery { signature: Some("v1,bm90LXRoZS1zaWduYXR1cmU=".to_owned()), ..Delivery::new("m", &json!({})) };
    assert_eq!(scene.daemon.deliver(Setup::DETECTOR, &forged).await.status, 401);
    assert_eq!(scene.decide(&request, "approve", &request.code, plan).await.status, 303);
    scene.until_finished(&run).await;
    let shown = scene.daemon.cli_text(&["runs", "show", &run, "--json"]).await;
    scene.daemon.stop().await;

    let secrets = [
        ("the agent's token", Scene::AGENT_TOKEN.to_owned()),
        ("the provider's password", Scene::IDP_PASSWORD.to_owned()),
        ("the inbox's secret", Scene::INBOX_SECRET.to_owned()),
        ("Ana's API token", Setup::ANA_TOKEN.to_owned()),
        ("the gate's token", Setup::GATE_TOKEN.to_owned()),
        ("the sender's key", std::fs::read_to_string(scene.daemon.folder().join("secrets/detector")).unwrap()),
        ("the link token", request.token.clone()),
        ("most of the link token", request.token[..30].to_owned()),
        ("the code", format!("[{}]", request.code)),
        ("a wrong credential", "not-the-token-of-anybody-41ac".to_owned()),
    ];
    let (log, database) = (scene.daemon.log(), database_bytes(scene.daemon.folder()));
    assert!(log.contains("\"TRACE\"") && log.contains(&run), "everything is logged");
    assert!(database.len() > 4096);
    for (what, secret) in &secrets {
        assert!(!log.contains(secret.as_str()), "{what} stands in the log: {}", around(&log, secret));
        assert!(!contains(&database, secret.as_bytes()), "{what} stands in the database");
        assert!(!shown.contains(secret.as_str()), "{what} is shown");
    }
    let mail: Vec<String> = scene.mail().into_iter().flat_map(|(subject, text)| [subject, text]).collect();
    let mail = mail.join("\n");
    for (what, secret) in secrets.iter().filter(|(_, secret)| !request.token.starts_with(secret.as_str())) {
        let allowed = *what == "the code";
        assert!(allowed || !mail.contains(secret.as_str()), "{what} stands in a message");
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

fn around(log: &str, secret: &str) -> String {
    log.lines().find(|line| line.contains(secret)).unwrap_or_default().to_owned()
}
