//! Holds, sightings, budgets and switches.

use serde_json::json;
use standdown::domain::Hold;
use standdown::store::{ContainmentRecord, GateSighting, Row};

use super::Backend;
use super::samples::*;

fn hold_row(hold: &Hold) -> Row {
    Row::Hold(Box::new(hold.clone()))
}

pub async fn holds_stand_until_they_are_lifted(store: &impl Backend) {
    let (one, two) = (hold("billing-bot", None, 0), hold("billing-bot", Some(60), 1));
    store.commit(rows([hold_row(&one), hold_row(&two)])).await.unwrap();
    assert_eq!(store.holds().await.unwrap(), [one.clone(), two.clone()]);
    let lifted = Row::HoldLifted { hold: one.id, at: at(5), by: by_hand(), reason: "false alarm".to_owned() };
    store.commit(rows([lifted])).await.unwrap();
    assert_eq!(store.holds().await.unwrap(), [two]);
}

pub async fn an_end_is_asked_about_once(store: &impl Backend) {
    let (ends, stays) = (hold("billing-bot", Some(60), 0), hold("billing-bot", None, 1));
    let mut silent = hold("billing-bot", Some(60), 2);
    silent.ask_at_end = false;
    store.commit(rows([&ends, &stays, &silent].map(hold_row))).await.unwrap();
    assert_eq!(store.holds_ended(at(59)).await.unwrap(), []);
    assert_eq!(store.holds_ended(at(60)).await.unwrap(), std::slice::from_ref(&ends));
    store.commit(rows([Row::HoldEndHandled { hold: ends.id }])).await.unwrap();
    assert_eq!(store.holds_ended(at(99)).await.unwrap(), []);
    assert_eq!(store.holds().await.unwrap().len(), 3);
}

pub async fn sightings_keep_the_latest_of_each(store: &impl Backend) {
    let seen = |seconds, refused: Option<i64>| Row::GateSight {
        agent: agent("billing-bot"),
        seen_at: at(seconds),
        refused_at: refused.map(at),
    };
    let sighting = |seconds, refused: Option<i64>| {
        [GateSighting { agent: agent("billing-bot"), seen_at: at(seconds), refused_at: refused.map(at) }]
    };
    store.commit(rows([seen(5, None)])).await.unwrap();
    assert_eq!(store.gate_sightings().await.unwrap(), sighting(5, None));
    store.commit(rows([seen(7, Some(7)), seen(6, None)])).await.unwrap();
    assert_eq!(store.gate_sightings().await.unwrap(), sighting(7, Some(7)));
    store.commit(rows([seen(8, Some(3))])).await.unwrap();
    assert_eq!(store.gate_sightings().await.unwrap(), sighting(8, Some(7)));
}

pub async fn containments_count_since_a_time(store: &impl Backend) {
    let run = lone_run(0).id;
    let record =
        |seconds| ContainmentRecord { agent: agent("billing-bot"), run, playbook: playbook(), at: at(seconds) };
    let row = |seconds| Row::Containment { agent: agent("billing-bot"), run, playbook: playbook(), at: at(seconds) };
    store.commit(rows([row(1), row(2), row(3)])).await.unwrap();
    assert_eq!(store.containments(at(2)).await.unwrap(), [record(2), record(3)]);
}

pub async fn a_switch_has_the_last_value(store: &impl Backend) {
    assert_eq!(store.setting("frozen").await.unwrap(), None);
    for value in [json!(true), json!({"by": "ana"})] {
        store.commit(rows([Row::Setting { key: "frozen".into(), value: value.clone() }])).await.unwrap();
        assert_eq!(store.setting("frozen").await.unwrap(), Some(value));
    }
}
