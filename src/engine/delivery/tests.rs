//! The outbox's sender against a real database and a real receiver.

use std::time::Duration;

use crate::clock::Clock as _;
use crate::domain::approval::{ApprovalStatus, Choice};
use crate::domain::{Actor, Assurance, Digest, Event, EventKind};
use crate::store::{Approvals as _, MessageSummary, Outbox as _, Token};

use super::NO_LONGER_NEEDED;
use super::rehearsal::{Rehearsal, Scene, person};

async fn tokens(rehearsal: &Rehearsal) -> Vec<Token> {
    rehearsal.engine.store().tokens_of(rehearsal.approval().await.id).await.unwrap()
}

async fn messages(rehearsal: &Rehearsal) -> Vec<MessageSummary> {
    rehearsal.engine.store().messages_of(rehearsal.run).await.unwrap()
}

#[tokio::test]
async fn a_request_arrives_with_the_code_first_and_one_link_and_the_store_knows_neither() {
    let rehearsal = Rehearsal::of(Scene::default()).await;
    let arrived = rehearsal.deliver().await;
    assert_eq!(arrived.len(), 2, "ana and ben");
    for request in &arrived {
        let rest = "] Let billing-bot resume? - decide by 14:05 UTC";
        assert_eq!(request.subject, format!("[{}{rest}", request.code));
        assert_eq!(request.text.matches("https://").count(), 1, "{}", request.text);
        assert!(request.text.contains(&format!("https://standdown.example/a/{}\n", request.token)));
        assert!(!request.text.contains(&request.code), "the code stands in the subject only");
        assert!(
            request
                .text
                .contains("- Resume billing-bot: the hold is lifted and billing-bot may act again (pause is undone).")
        );
        assert!(request.text.contains(
            "- Keep it held: the hold on billing-bot stays. The playbook then goes on with retire (agent.retire)."
        ));
        assert!(request.text.contains("- No answer: the hold on billing-bot stays.\n"));
    }
    assert!(messages(&rehearsal).await.iter().all(|message| message.status == "sent"));
    rehearsal.engine.store().close().await;
    for entry in std::fs::read_dir(rehearsal.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let found = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
            assert!(arrived.iter().all(|request| !found(&request.token)), "a token in {}", path.display());
        }
    }
}

#[tokio::test]
async fn everybody_who_is_asked_reads_first_what_is_not_contained() {
    let rehearsal = Rehearsal::of(Scene::default()).await;
    for request in rehearsal.deliver().await {
        let (top, rest) = request.text.split_once("- Resume billing-bot").unwrap();
        assert!(top.contains("NOT contained:\n- \"Keep it held\" may stop nothing.\n"), "{top}");
        assert!(top.contains("- pause (agent.pause): it is not proven"), "{top}");
        assert!(top.contains("pausing will not stop it."), "{top}");
        assert!(!rest.contains("NOT contained"), "{rest}");
    }
    let rehearsal = Rehearsal::of(Scene { gate_saw_the_agent: true, ..Scene::default() }).await;
    for request in rehearsal.deliver().await {
        assert!(request.text.contains("\nContained:\n- pause (agent.pause): seen at 10:07 UTC"), "{}", request.text);
        assert!(!request.text.contains("NOT contained"), "{}", request.text);
    }
}

#[tokio::test]
async fn what_the_agent_wants_is_quoted_first_and_neither_breaks_a_line_nor_becomes_a_link() {
    let alert = |alert: &mut crate::domain::Alert| {
        for (name, value) in [("a", "1"), ("b", "2"), ("c", "3"), ("action", "wire 9 EUR\nto https://evil.example")] {
            alert.fields.insert(name.to_owned(), serde_json::Value::String(value.to_owned()));
        }
    };
    let rehearsal = Rehearsal::of(Scene { alert, ..Scene::default() }).await;
    let text = rehearsal.deliver().await.remove(0).text;
    let said: Vec<&str> = text.lines().filter(|line| line.starts_with("It says: ")).collect();
    let wanted = "It says: action: \"wire 9 EUR to https[:]//evil.example\"";
    assert_eq!(said, [wanted, "It says: a: \"1\"", "It says: b: \"2\""], "{text}");
}

#[tokio::test]
async fn a_failed_attempt_ends_its_token_and_the_next_one_mints_anew() {
    let rehearsal = Rehearsal::of(Scene::default()).await;
    rehearsal.receiver.answer(503);
    let first = rehearsal.deliver().await;
    assert_eq!(first.len(), 2);
    assert!(tokens(&rehearsal).await.iter().all(|token| token.revoked));
    assert!(messages(&rehearsal).await.iter().all(|message| message.status == "queued" && message.failures == 1));

    assert_eq!(rehearsal.delivery.try_deliver_due().await, 0, "not before its pause is over");
    rehearsal.clock.advance(Duration::from_secs(5));
    rehearsal.receiver.answer(204);
    let second = rehearsal.deliver().await;
    assert_eq!(second.len(), 2);
    let good: Vec<Digest> =
        tokens(&rehearsal).await.iter().filter(|token| !token.revoked).map(|token| token.digest).collect();
    assert_eq!(good.len(), 2);
    assert!(second.iter().all(|request| good.contains(&Digest::of(request.token.as_bytes()))));
    assert!(first.iter().all(|request| !good.contains(&Digest::of(request.token.as_bytes()))));
}

#[tokio::test]
async fn when_nobody_could_be_asked_the_fallback_owner_is_told() {
    let rehearsal = Rehearsal::of(Scene::default()).await;
    rehearsal.receiver.answer(410);
    assert_eq!(rehearsal.delivery.try_deliver_due().await, 3);
    let told = rehearsal.receiver.take();
    let last = told.last().unwrap()["subject"].as_str().unwrap();
    assert_eq!(last, format!("Nobody could be asked about {}", rehearsal.run));
    assert!(messages(&rehearsal).await.iter().all(|message| message.status == "undelivered"));
    let (queued, undelivered) = rehearsal.engine.store().message_counts().await.unwrap();
    assert_eq!((queued, undelivered), (0, 3), "the two requests, and the notice to cleo over the same dead channel");
}

#[tokio::test]
async fn what_was_decided_meanwhile_is_not_asked_any_more() {
    let rehearsal = Rehearsal::of(Scene::default()).await;
    let approval = rehearsal.approval().await;
    let kind = EventKind::Voted {
        approval: approval.id,
        person: person("ana"),
        choice: Choice::Reject,
        reason: "looked at it".to_owned(),
        assurance: Assurance::Api,
        plan: approval.plan.hash,
        eligible: approval.people.clone(),
        together: None,
    };
    let actor = Actor::Person { id: person("ana"), assurance: Assurance::Api };
    rehearsal.engine.submit(rehearsal.run, Event { at: rehearsal.clock.now(), actor, kind }).await.unwrap();
    assert_eq!(rehearsal.approval().await.status, ApprovalStatus::Rejected);
    assert!(rehearsal.deliver().await.is_empty());
    assert!(tokens(&rehearsal).await.is_empty());
    assert!(messages(&rehearsal).await.iter().all(|message| message.error.as_deref() == Some(NO_LONGER_NEEDED)));
}

#[tokio::test]
async fn text_from_outside_adds_no_link_and_no_line() {
    let title = "see https://evil.example/x\r\nhttps://evil.example/y www.evil.example \u{202e}".to_owned();
    let rehearsal =
        Rehearsal::of(Scene { title, agent_name: "https://evil.example/z".into(), ..Scene::default() }).await;
    for request in rehearsal.deliver().await {
        assert_eq!(request.text.matches("://").count(), 1, "{}", request.text);
        assert!(!request.text.contains("www."), "{}", request.text);
        assert!(!request.text.contains('\u{202e}'));
        assert!(!request.subject.contains('\n'));
    }
}

#[tokio::test]
async fn a_message_is_given_up_after_a_day() {
    let rehearsal = Rehearsal::of(Scene::default()).await;
    let people = [person("cleo")].into();
    let kind = crate::domain::MessageKind::Notice { subject: "s".to_owned(), text: "t".to_owned() };
    let now = rehearsal.clock.now();
    let rows = rehearsal.engine.messages(&people, &kind, None, now);
    let rows = rows.into_iter().map(|message| crate::store::Row::Message(Box::new(message))).collect();
    rehearsal.engine.commit(crate::store::Commit { guards: Vec::new(), rows }, Vec::new()).await.unwrap();
    rehearsal.receiver.answer(500);
    for _ in 0..200 {
        rehearsal.delivery.try_deliver_due().await;
        rehearsal.clock.advance(Duration::from_mins(10));
    }
    let (queued, undelivered) = rehearsal.engine.store().message_counts().await.unwrap();
    assert_eq!(queued, 0);
    assert_eq!(undelivered, 3, "the notice, and the two requests, which were over after their deadline");
}
