//! A row that can't be understood: it is shown as what it is, and everything else goes on.

use serde_json::json;

use crate::harness::daemon::Setup;
use crate::harness::database;
use crate::harness::scene::{PATIENCE, Scene};

/// What a run's row may have become.
const STATES: [&str; 4] = [
    "'this is no JSON'",
    "'{}'",
    "json_set(state, '$.status', 'asleep')",
    // It can be read, but the machine knows no such stage and no way on from there.
    "json_set(state, '$.status', json('{\"running\": {\"stage\": 77}}'))",
];

#[tokio::test]
async fn a_run_whose_state_is_damaged_is_shown_and_the_others_go_on() {
    let entry = json!({ "id": "other-bot", "owner": "user:ana", "tier": "autonomous", "gated": true,
        "credentials": { "idp": { "ref": "file:@FOLDER@/secrets/token-billing-bot" } } });
    let mut scene = Scene::start(|setup| setup.agent(entry)).await;
    let damaged = scene.misuse_run().await;
    scene.until_asked(&damaged).await;
    assert!(scene.gate_allows("other-bot").await);
    let other = scene.take(&Scene::misuse("other", "other-bot")).await["run"].as_str().unwrap().to_owned();
    scene.until_asked(&other).await;
    scene.daemon.stop().await;
    let file = database::file(scene.daemon.folder());
    let good = std::fs::read(&file).unwrap();
    for state in STATES {
        std::fs::write(&file, &good).unwrap();
        // Its deadline has passed, so that the timers and recovery meet it, too.
        let change = format!("UPDATE runs SET state = {state}, wake_at = 1 WHERE agent = 'billing-bot'");
        database::change(&file, &change).await;
        scene.daemon.restart().await;
        let listed = scene.daemon.read("/runs").await;
        let ids: Vec<_> = listed["runs"].as_array().unwrap().iter().map(|run| run["id"].clone()).collect();
        assert!(ids.contains(&json!(damaged)) && ids.contains(&json!(other)), "{state}: {listed:#}");
        assert!(!scene.gate_allows(Scene::AGENT).await, "its hold does not depend on the row");
        let logged = crate::harness::patience::poll(PATIENCE, || async {
            scene.daemon.log().lines().any(|line| line.contains(&damaged)).then_some(())
        });
        logged.await.unwrap_or_else(|| panic!("{state}: nobody is told of {damaged}:\n{}", scene.daemon.log()));
        let shown = scene.daemon.api(reqwest::Method::GET, &format!("/runs/{damaged}"), None).await;
        // Who looks before it is quarantined sees the damage, who looks after it the quarantine.
        let quarantined = shown.status == 409 && shown.text.contains("it is quarantined");
        assert!(quarantined || [200, 500, 503].contains(&shown.status), "{state}: {shown:?}");
        let output = scene.daemon.cli(&["fsck"]).await;
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.code() == Some(1) && said.contains(&damaged), "{state}: {said}");
        let cancel = ["runs", "cancel", &other, "--reason", "x"];
        scene.daemon.cli_text(&cancel).await;
        scene.until_finished(&other).await;
        scene.assert_serves().await;
        scene.daemon.stop().await;
    }
}

#[tokio::test]
async fn a_damaged_hold_still_holds_its_agent_until_whoever_is_asked_about_it_lifts_it() {
    let mut scene = Scene::start(|setup| setup).await;
    let run = scene.misuse_run().await;
    scene.until_asked(&run).await;
    scene.daemon.stop().await;
    let file = database::file(scene.daemon.folder());
    database::change(&file, "UPDATE holds SET body = 'this is no JSON'").await;
    scene.daemon.restart().await;
    assert!(!scene.gate_allows(Scene::AGENT).await);
    let said = "a damaged hold stands";
    assert!(scene.daemon.log().lines().any(|line| line.contains(said) && line.contains(Scene::AGENT)));
    let shown = scene.daemon.cli_text(&["agents", "show", Scene::AGENT]).await;
    assert!(shown.contains("by nobody knows whom") && shown.contains("the record of this hold is damaged"), "{shown}");
    let resume = |token: &'static str| {
        let order = ["agents", "resume", Scene::AGENT, "--reason", "I looked into it", "--url"];
        scene.daemon.cli_as(token, order.iter().map(|word| (*word).to_owned()).chain([scene.daemon.url()]).collect())
    };
    let refused = resume(Setup::BEN_TOKEN).await;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("vote there (asked: ana)"), "{refused:?}");
    assert!(!scene.gate_allows(Scene::AGENT).await);
    let lifted = resume(Setup::ANA_TOKEN).await;
    assert!(lifted.status.success(), "{lifted:?}");
    assert!(scene.gate_allows(Scene::AGENT).await);
    scene.until_finished(&run).await;
    scene.assert_serves().await;
    // It is damaged no longer than it stands.
    scene.daemon.stop().await;
    scene.daemon.restart().await;
    assert!(scene.gate_allows(Scene::AGENT).await);
}
