//! More at once than the store takes.

use std::time::Duration;

use serde_json::json;

use crate::harness::daemon::{Delivery, Setup};
use crate::harness::database;
use crate::harness::patience::poll;
use crate::harness::scene::{Scene, assert_problem};

/// How many are posted at the same moment.
const AT_ONCE: usize = 128;
/// The shortest queue that the configuration takes.
const QUEUE: u32 = 16;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_answered_503_with_retry_after_and_what_was_taken_is_there_and_only_that() {
    let scene = Scene::start(|setup| setup.set("/limits/queue", json!(QUEUE))).await;
    // Each about an agent of its own: alerts about one agent take turns before they reach the queue.
    let deliveries: Vec<(String, Delivery)> = (0..AT_ONCE)
        .map(|number| {
            let id = format!("flood-{number}");
            let alert = Scene::harmless(&id, &format!("agent-{number}"));
            (id.clone(), Delivery::new(&id, &alert))
        })
        .collect();
    // Nothing is written for a while, so that the queue fills whatever the disk's speed.
    let occupied = database::occupy(&database::file(scene.daemon.folder())).await;
    let release = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        sqlx::Connection::close(occupied).await.unwrap();
    };
    let sent = deliveries.iter().map(|(_, delivery)| scene.daemon.deliver(Setup::DETECTOR, delivery));
    let (answers, ()) = tokio::join!(futures_util::future::join_all(sent), release);
    let (mut taken, mut refused) = (Vec::new(), Vec::new());
    for ((id, delivery), answer) in deliveries.into_iter().zip(answers) {
        match answer.status {
            202 => taken.push((id, answer.json()["alerts"][0]["incident"].as_str().unwrap().to_owned())),
            503 => {
                assert_problem(&answer, 503, "SD2050");
                let seconds: u32 = answer.header("retry-after").parse().unwrap();
                assert!((1..=60).contains(&seconds), "{answer:?}");
                refused.push((id, delivery));
            }
            _ => panic!("a full queue is no reason for {answer:?}"),
        }
    }
    assert!(taken.len() >= QUEUE as usize, "what found room is taken: {} of {AT_ONCE}", taken.len());
    assert!(!refused.is_empty(), "the queue of {QUEUE} took {AT_ONCE}");
    for (id, incident) in &taken {
        let shown = scene.daemon.read(&format!("/incidents/{incident}")).await;
        let alerts = shown["alerts"].as_array().unwrap();
        assert!(alerts.len() == 1 && alerts[0]["alert"]["event_id"] == id.as_str(), "{id}: {shown:#}");
    }
    let all = scene.daemon.read("/incidents?limit=1000").await;
    let all = all["incidents"].as_array().unwrap();
    assert!(all.len() < 1000, "all that there is was looked at");
    assert_eq!(all.len(), taken.len(), "what was refused is not there");
    for (id, delivery) in refused.iter().take(10) {
        // What was taken makes writes of its own (messages above all), so the queue may be full for a while yet.
        let answer = poll(Duration::from_secs(30), || async {
            Some(scene.daemon.deliver(Setup::DETECTOR, delivery).await).filter(|answer| answer.status != 503)
        });
        let answer = answer.await.unwrap_or_else(|| panic!("{id} is refused for half a minute"));
        assert_eq!(answer.status, 202, "sent again later, {id} is taken: {answer:?}");
        assert_eq!(answer.json()["alerts"][0]["outcome"], "accepted", "{answer:?}");
    }
    scene.assert_serves().await;
}
