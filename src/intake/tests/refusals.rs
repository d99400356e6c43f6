//! Deliveries that are not taken: what the sender is told, and that nothing is left behind.

use std::sync::Arc;

use serde_json::json;

use super::desk::{ASK, Desk, alert, bearer, signed, sources};
use crate::engine::tests::harness::World;
use crate::intake::{Intake, RefusedKind};
use crate::store::{Commit, Guard, RUN_STATE_BYTES_MAX, ReadModel, Row, Writer, state_bytes};

fn nothing_is_there(desk: &Desk) {
    assert!(desk.incidents().is_empty() && desk.life.runs().is_empty() && desk.told().is_empty());
    assert!(desk.life.gate_allows("billing-bot"));
}

#[test]
fn a_sender_that_does_not_prove_itself_leaves_nothing_behind() {
    let world = World::new(&[ASK]);
    let desk = Desk::open(&world);
    let body = alert("a", "billing-bot").to_string();
    let receive = |source: &'static str, headers: Vec<(String, String)>| {
        desk.life.on(desk.intake.receive(source, &headers, body.as_bytes())).unwrap_err()
    };
    let wrong = receive("detector", vec![("authorization".into(), "Bearer guess".into())]);
    assert_eq!(wrong.kind, RefusedKind::Unauthenticated);
    assert!(!wrong.to_string().contains("guess") && !wrong.to_string().contains("s3cr3t"));
    assert_eq!(receive("signed", Vec::new()).kind, RefusedKind::Unauthenticated);
    assert_eq!(receive("nobody\r\n", bearer()).kind, RefusedKind::UnknownSource);
    let old = world.clock_now() - jiff::SignedDuration::from_mins(10);
    assert_eq!(receive("signed", signed("d-1", old, &body)).kind, RefusedKind::Unauthenticated, "too old");
    nothing_is_there(&desk);
    assert!(
        desk.life.on(desk.intake.engine().store().dead_letters(10)).unwrap().is_empty(),
        "nobody can fill the disk"
    );
}

#[test]
fn an_authenticated_body_that_can_not_be_used_is_kept_for_operators() {
    let world = World::new(&[ASK]);
    let desk = Desk::open(&world);
    for body in [&b"{\"id\": 1, \"id\": 2}"[..], b"\xff\xfe", b"", b"[]", br#"{"title": "no id"}"#] {
        let refused = desk.life.on(desk.intake.receive("detector", &bearer(), body)).unwrap_err();
        assert_eq!(refused.kind, RefusedKind::BadRequest, "{}", String::from_utf8_lossy(body));
    }
    assert_eq!(desk.life.on(desk.intake.engine().store().dead_letters(10)).unwrap().len(), 5);
    nothing_is_there(&desk);
}

#[test]
fn a_body_that_is_too_large_is_refused_before_it_is_read() {
    let world = World::new(&[ASK]);
    let desk = Desk::open(&world);
    let refused = desk.life.on(desk.intake.receive("detector", &bearer(), &vec![b' '; 1024 * 1024 + 1])).unwrap_err();
    assert_eq!((refused.kind, refused.code), (RefusedKind::TooLarge, "SD2002"));
}

#[test]
fn a_store_that_is_gone_means_try_again_later_and_leaves_nothing_behind() {
    let world = World::new(&[ASK]);
    let desk = Desk::open(&world);
    desk.life.on(desk.intake.engine().store().close());
    let batch = json!({ "alerts": [alert("a", "billing-bot"), { "title": "no id" }] });
    let refused = desk.send(&batch).unwrap_err();
    assert_eq!(refused.kind, RefusedKind::Unavailable);
    assert!(refused.hint.unwrap().contains("nothing was recorded"));
    assert!(desk.life.gate_allows("billing-bot"));
    desk.crash();
    let desk = Desk::open(&world);
    nothing_is_there(&desk);
    assert!(desk.life.on(desk.intake.engine().store().dead_letters(10)).unwrap().is_empty());
    desk.taken(&alert("a", "billing-bot"));
    assert_eq!(desk.life.runs().len(), 1);
}

#[test]
fn a_full_queue_refuses_at_once_and_what_was_refused_is_not_there() {
    let mut world = World::new(&[]);
    world.threads = true;
    world.store_options.queue_length_max = 1;
    world.store_options.batch_commits_max = 1;
    let desk = Desk::open(&world);
    let intake = Arc::new(Intake::new(desk.life.engine.clone(), sources()));
    let results = desk.life.on(async {
        let mut deliveries = tokio::task::JoinSet::new();
        for number in 0..400 {
            let intake = intake.clone();
            let body = alert(&format!("a-{number}"), &format!("stranger-{number}")).to_string();
            deliveries.spawn(async move { intake.receive("detector", &bearer(), body.as_bytes()).await });
        }
        deliveries.join_all().await
    });
    drop(intake);
    let taken = results.iter().filter(|result| result.is_ok()).count();
    let kinds = results.iter().filter_map(|result| result.as_ref().err()).map(|refused| refused.kind);
    assert!(kinds.clone().all(|kind| matches!(kind, RefusedKind::Overloaded { retry_after_seconds: 1.. })));
    assert!(kinds.count() > 0, "the queue was never full");
    assert_eq!(desk.incidents().len(), taken);
}

/// A playbook whose runs are larger than the store takes.
fn heavy() -> String {
    let steps: String = (0..60)
        .map(|index| format!("      - {{ step: s{index}, action: notify, with: {{ to: owner, subject: hi, text: \"{{{{json alert.resources}}}}\" }} }}\n"))
        .collect();
    format!(
        "playbook: heavy\nowner: user:sam\nmode: enforce\nmatch: {{ when: \"true\" }}\nstages:\n  - stage: one\n    steps:\n{steps}"
    )
}

#[test]
fn a_run_that_is_too_large_costs_neither_the_alert_nor_the_runs_of_other_playbooks() {
    let world = World::new(&[ASK, &heavy()]);
    let desk = Desk::open(&world);
    let body = super::desk::alert_with("a", "billing-bot", &json!({ "resources": vec!["x".repeat(1_000); 8] }));
    let answer = desk.taken(&body);
    assert_eq!(answer["outcome"], "accepted", "{answer}");
    assert!(!desk.life.gate_allows("billing-bot"), "the other playbook contains");
    assert_eq!(desk.life.runs().len(), 1);
    let line = answer["playbooks"].as_array().unwrap().iter().find(|line| line["name"] == "heavy").unwrap();
    assert!(line["why_not"].as_str().unwrap().contains("more than the 253952 with which one may begin"), "{line}");
    let told = desk.told();
    assert!(told.values().flatten().any(|subject| subject.contains("heavy")), "its owner is told: {told:?}");
}

#[test]
fn a_run_under_way_that_is_full_costs_no_further_alert_and_its_owner_is_told() {
    let world = World::new(&[ASK]);
    let desk = Desk::open(&world);
    let id = super::desk::run_of(&desk.taken(&alert("a", "billing-bot")));
    let mut run = desk.life.run(id);
    let guards = vec![Guard::RunVersion { run: id, expected: run.version }];
    run.version += 1;
    run.vars.values.insert("much".to_owned(), json!(""));
    let room = RUN_STATE_BYTES_MAX - state_bytes(&run);
    run.vars.values.insert("much".to_owned(), json!("x".repeat(room)));
    let rows = vec![Row::Run(Box::new(run))];
    desk.life.on(desk.intake.engine().store().commit(Commit { guards, rows })).unwrap();
    desk.crash();
    let desk = Desk::open(&world);
    // A source that the run has not heard of yet is one word more in its state.
    let receipt = desk.send_signed("d-1", &alert("b", "billing-bot")).unwrap();
    assert_eq!(receipt.answer["alerts"][0]["outcome"], "accepted", "{}", receipt.answer);
    assert_eq!((desk.life.run(id).joined, desk.incidents()[0].alerts), (0, 2));
    let told = desk.told();
    assert!(told["ana"].contains(&"Run is full: ask".to_owned()), "{told:?}");
}

#[test]
fn an_alert_that_is_too_large_to_be_kept_stands_among_the_refused_deliveries() {
    let world = World::new(&[ASK]);
    let desk = Desk::open(&world);
    // Every field is within its bounds, and there are as many as may be.
    let fields: serde_json::Map<_, _> = (0..64).map(|it| (format!("f{it}"), json!("x".repeat(4096)))).collect();
    let body = super::desk::alert_with("a", "billing-bot", &json!({ "fields": fields }));
    let refused = desk.send(&body).unwrap_err();
    assert_eq!((refused.kind, refused.code), (RefusedKind::TooLarge, "SD2052"), "{refused}");
    let letters = desk.life.on(desk.intake.engine().store().dead_letters(10)).unwrap();
    assert_eq!(letters.iter().map(|letter| letter.code.as_str()).collect::<Vec<_>>(), ["SD2052"]);
    assert!(letters[0].body.len() > 256 * 1024 && letters[0].body.contains("billing-bot"), "{}", letters[0].reason);
    nothing_is_there(&desk);
}

#[test]
fn an_alert_that_is_too_large_to_be_kept_takes_no_other_of_its_body_with_it() {
    let world = World::new(&[ASK]);
    let desk = Desk::open(&world);
    let fields: serde_json::Map<_, _> = (0..64).map(|it| (format!("f{it}"), json!("x".repeat(4096)))).collect();
    let large = |id: &str| super::desk::alert_with(id, "mail-bot", &json!({ "fields": fields }));
    let batch = json!({ "alerts": [large("a"), alert("b", "billing-bot"), large("c"), { "title": "no id" }] });
    let answer = desk.send(&batch).unwrap().answer;
    assert_eq!(answer["alerts"].as_array().unwrap().len(), 1, "{answer}");
    assert_eq!(answer["alerts"][0]["outcome"], "accepted", "{answer}");
    assert!(!desk.life.gate_allows("billing-bot"), "the other one is contained");
    assert!(desk.life.gate_allows("mail-bot"));
    let letters = desk.life.on(desk.intake.engine().store().dead_letters(10)).unwrap();
    let mut codes: Vec<_> = letters.iter().map(|letter| letter.code.as_str()).collect();
    codes.sort_unstable();
    assert_eq!((codes.len(), &codes[..2]), (3, ["SD2052"; 2].as_slice()), "{codes:?}");
    assert_eq!(letters.iter().filter(|letter| letter.body.contains("mail-bot")).count(), 2);
}

#[test]
fn a_delivery_that_failed_in_its_second_commit_says_how_much_of_it_was_recorded() {
    let world = World::new(&[ASK]);
    let desk = Desk::open(&world);
    let batch = json!({ "alerts": (0..200).map(|it| alert(&format!("a-{it}"), &format!("stranger-{it}"))).collect::<Vec<_>>() });
    let body = batch.to_string();
    let headers = bearer();
    let (refused, ()) = desk.life.on(async {
        let store = desk.intake.engine().store();
        let closed = async {
            while store.incidents(false, 1).await.is_ok_and(|all| all.is_empty()) {
                tokio::task::yield_now().await;
            }
            store.close().await;
        };
        tokio::join!(desk.intake.receive("detector", &headers, body.as_bytes()), closed)
    });
    let refused = refused.unwrap_err();
    assert_eq!((refused.kind, refused.recorded % 32), (RefusedKind::Unavailable, 0), "{refused:?}");
    assert!((32..200).contains(&refused.recorded), "{refused:?}");
    let hint = refused.hint.clone().unwrap();
    assert_eq!(hint, format!("send it again later; only its first {} alerts were recorded", refused.recorded));
    desk.crash();
    let desk = Desk::open(&world);
    assert_eq!(desk.incidents().len(), refused.recorded);
    assert_eq!(desk.send(&batch).unwrap().answer["alerts"].as_array().unwrap().len(), 200);
    assert_eq!(desk.incidents().len(), 200);
}
