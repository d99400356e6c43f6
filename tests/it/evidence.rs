//! What a run captured can be read afterwards, and a change of it shows.

use reqwest::Method;

use crate::harness::scene::{PATIENCE, Scene, assert_problem};

#[tokio::test]
async fn what_a_run_captured_is_shown_with_its_digest_in_the_run_by_the_api_and_on_the_command_line() {
    let scene = Scene::start(|setup| setup).await;
    let run = scene.misuse_run().await;
    let captured = |view: &serde_json::Value| {
        let steps = view["steps"].as_array()?;
        let step = steps.iter().find(|step| step["evidence"].is_object())?;
        Some((step["path"].as_str()?.to_owned(), step["evidence"]["sha256"].as_str()?.to_owned()))
    };
    let (step, digest) = scene.daemon.read_until(&format!("/runs/{run}"), PATIENCE, captured).await;
    let list = scene.daemon.read(&format!("/runs/{run}/evidence")).await;
    let one = &list["evidence"][0];
    assert_eq!((&one["step"], &one["mark"]["sha256"]), (&step.as_str().into(), &digest.as_str().into()), "{list:#}");
    assert_eq!(one["evidence"]["items"]["alert"]["agent"]["id"], Scene::AGENT, "{list:#}");
    assert_eq!(one["evidence"]["manifest"]["run"], run.as_str(), "{list:#}");
    assert!(one["fault"].is_null(), "{list:#}");

    let shown = scene.daemon.cli_text(&["evidence", "show", &run]).await;
    assert!(shown.contains(&digest) && shown.contains("\"manifest\""), "{shown}");
    let timeline = scene.daemon.cli_text(&["runs", "show", &run]).await;
    assert!(timeline.contains(&format!("SHA-256 {digest}")), "{timeline}");
    assert!(!shown.contains(Scene::AGENT_TOKEN) && !shown.contains(Scene::IDP_PASSWORD), "{shown}");

    let nowhere = scene.daemon.api(Method::GET, "/runs/run_00000000000000000000000000/evidence", None).await;
    assert_problem(&nowhere, 404, "SD3001");
    let stranger = scene.daemon.send(Method::GET, &format!("/api/v1/runs/{run}/evidence"), &[], None).await;
    assert_problem(&stranger, 401, "SD5003");
    scene.assert_serves().await;
}
