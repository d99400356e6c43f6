//! What a sender is told.

use super::*;

fn alert() -> Value {
    json!({ "id": "a", "title": "odd", "rule": "misuse", "agent": "billing-bot" })
}

#[tokio::test]
async fn a_delivery_is_answered_when_everything_in_it_is_on_disk() {
    let world = World::new().await;
    let run = world.alert().await;
    let shown = world.get(&format!("/api/v1/runs/{run}")).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    assert_eq!(shown.json()["agent"], "billing-bot");
}

#[tokio::test]
async fn each_refusal_has_the_status_that_makes_the_sender_do_the_right_thing() {
    let world = World::new().await;
    let post = |path: &str, token: Option<&str>, body: Value| request(Method::POST, path, token, Some(body));
    let unknown = world.send(post("/hooks/nobody", Some(SENDER), alert())).await;
    assert_eq!(unknown.status, 404);
    let unauthenticated = world.send(post("/hooks/detector", None, alert())).await;
    assert_eq!(unauthenticated.status, 401);
    assert_eq!(world.send(post("/hooks/detector", Some(ANA), alert())).await.status, 401, "a person is no sender");
    let large = world.send(post("/hooks/detector", Some(SENDER), json!({ "title": "x".repeat(5_000) }))).await;
    assert_eq!(large.problem().0, 413);
    let mut broken = request(Method::POST, "/hooks/detector", Some(SENDER), None);
    *broken.body_mut() = Body::from("{\"id\": 1, \"id\": 2}");
    let broken = world.send(broken).await;
    assert_eq!(broken.status, 400);
    assert!(broken.json()["code"].as_str().unwrap().starts_with("SD2"), "{}", broken.text);
    assert_eq!(
        world.send(request(Method::GET, "/hooks/detector", None, None)).await.problem(),
        (405, "SD5002".to_owned())
    );
}

#[tokio::test]
async fn a_refused_delivery_that_was_authenticated_is_shown_to_operators() {
    let world = World::new().await;
    let mut broken = request(Method::POST, "/hooks/detector", Some(SENDER), None);
    *broken.body_mut() = Body::from("not JSON");
    world.send(broken).await;
    let letters = world.get("/api/v1/dead-letters").await.json();
    assert_eq!(letters["dead_letters"][0]["source"], "detector", "{letters}");
    assert_eq!(letters["dead_letters"][0]["body"], "not JSON");
}

#[tokio::test]
async fn deliveries_are_counted_by_source_and_strangers_do_not_make_labels() {
    let world = World::new().await;
    world.alert().await;
    for name in ["x1", "x2", "x3"] {
        world.send(request(Method::POST, &format!("/hooks/{name}"), None, Some(alert()))).await;
    }
    let metrics = world.get("/metrics").await.text;
    assert!(metrics.contains("standdown_deliveries_total{source=\"detector\",outcome=\"taken\"} 1"), "{metrics}");
    assert!(
        metrics.contains("standdown_deliveries_total{source=\"unknown\",outcome=\"unknown_source\"} 3"),
        "{metrics}"
    );
    assert!(!metrics.contains("x1"), "{metrics}");
}
