//! Histories: numbered, chained, and telling when they were tampered with.

use futures_util::future::join_all;
use serde_json::json;
use standdown::domain::{Digest, RunId};
use standdown::store::{ChainError, Guard, StoredEvent, Subject, verify_chain};

use super::Backend;
use super::samples::*;

async fn three_facts(store: &impl Backend) -> (Subject, Vec<StoredEvent>) {
    let run = lone_run(0);
    let subject = Subject::Run(run.id);
    let started = [run_row(&run), event(&subject, "run_started", json!({"stage": 0}), 0)];
    store.commit(guarded(Guard::RunVersion { run: run.id, expected: 0 }, started)).await.unwrap();
    let more =
        [event(&subject, "step_began", json!({"step": "pause"}), 1), event(&subject, "step_ended", json!({}), 2)];
    store.commit(rows(more)).await.unwrap();
    let events = store.events(&subject).await.unwrap();
    (subject, events)
}

pub async fn a_history_is_numbered_and_chained(store: &impl Backend) {
    let (subject, events) = three_facts(store).await;
    assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(events[0].prev_hash, Digest::ZERO);
    assert_eq!(events[1].prev_hash, events[0].hash);
    assert_eq!(events[2].kind, "step_ended");
    assert_eq!(events[2].at, at(2));
    assert_eq!(verify_chain(&events, &subject), Ok(()));
}

pub async fn a_changed_event_is_detected(store: &impl Backend) {
    let (subject, events) = three_facts(store).await;
    let changed = |change: fn(&mut StoredEvent)| {
        let mut events = events.clone();
        change(&mut events[1]);
        verify_chain(&events, &subject)
    };
    assert_eq!(changed(|event| event.body = json!({"step": "revoke"})), Err(ChainError::Content { seq: 2 }));
    assert_eq!(changed(|event| event.at = at(9)), Err(ChainError::Content { seq: 2 }));
    assert_eq!(changed(|event| event.actor = by_hand()), Err(ChainError::Content { seq: 2 }));
    assert_eq!(changed(|event| event.kind.push('!')), Err(ChainError::Content { seq: 2 }));
    let other = Subject::Run(RunId::generate(at(0)));
    assert_eq!(verify_chain(&events, &other), Err(ChainError::Content { seq: 1 }));
}

pub async fn a_removed_or_swapped_event_is_detected(store: &impl Backend) {
    let (subject, events) = three_facts(store).await;
    let mut removed = events.clone();
    removed.remove(1);
    assert_eq!(verify_chain(&removed, &subject), Err(ChainError::Numbering { expected: 2, found: 3 }));
    let mut renumbered = removed;
    renumbered[1].seq = 2;
    assert_eq!(verify_chain(&renumbered, &subject), Err(ChainError::Link { seq: 2 }));
}

pub async fn fractions_and_sorted_keys_survive_verification(store: &impl Backend) {
    let body =
        json!({"z": 0.1, "a": 1.0e-7, "rate": 117.300_000_000_000_01, "big": u64::MAX, "n": -3, "t": "é\u{202e}\n"});
    let odd = [5e-324, 1.797_693_134_862_315_7e308, 0.123_456_789_012_345_67, 7.038_531e-26];
    store
        .commit(rows([
            event(&Subject::Daemon, "frozen", body, 0),
            event(&Subject::Daemon, "thawed", json!(odd), 1),
            // More precise than what is kept.
            standdown::store::Row::Event {
                subject: Subject::Daemon,
                at: at(2) + jiff::SignedDuration::from_nanos(789),
                actor: by_hand(),
                kind: "reloaded",
                body: json!(null),
            },
        ]))
        .await
        .unwrap();
    let events = store.events(&Subject::Daemon).await.unwrap();
    assert_eq!(events.len(), 3);
    assert_eq!(verify_chain(&events, &Subject::Daemon), Ok(()));
}

pub async fn histories_of_subjects_do_not_mix(store: &impl Backend) {
    let billing = Subject::Agent(agent("billing-bot"));
    let billing_two = Subject::Agent(agent("billing-bot-2"));
    let facts = [&billing, &billing_two, &billing].map(|subject| event(subject, "hold_placed", json!({}), 0));
    store.commit(rows(facts)).await.unwrap();
    for (subject, expected) in [(&billing, 2), (&billing_two, 1), (&Subject::Daemon, 0)] {
        let events = store.events(subject).await.unwrap();
        assert_eq!(events.len(), expected);
        assert_eq!(verify_chain(&events, subject), Ok(()));
    }
}

pub async fn concurrent_facts_of_one_subject_make_one_chain(store: &impl Backend) {
    let subject = Subject::Agent(agent("billing-bot"));
    let fact = |number: i64| store.commit(rows([event(&subject, "gate_refused", json!({"call": number}), number)]));
    for verdict in join_all((0..300).map(fact)).await {
        verdict.unwrap();
    }
    let events = store.events(&subject).await.unwrap();
    assert_eq!(events.len(), 300);
    assert_eq!(verify_chain(&events, &subject), Ok(()));
}
