//! Messages on their way.

use standdown::domain::Message;
use standdown::store::Row;

use super::Backend;
use super::samples::*;

async fn queued(store: &impl Backend, message: &Message) {
    store.commit(rows([Row::Message(Box::new(message.clone()))])).await.unwrap();
}

pub async fn a_message_waits_until_it_is_sent(store: &impl Backend) {
    let run = lone_run(0);
    let (second, first) = (message(Some(run.id), 2), message(Some(run.id), 1));
    assert_eq!(store.next_message().await.unwrap(), None);
    queued(store, &second).await;
    queued(store, &first).await;
    assert_eq!(store.next_message().await.unwrap(), Some(at(1)));
    assert_eq!(store.messages_due(at(0), 10).await.unwrap(), []);
    let due: Vec<_> = store.messages_due(at(2), 10).await.unwrap().into_iter().map(|due| due.message).collect();
    assert_eq!(due, [first.clone(), second.clone()]);

    store.commit(rows([Row::MessageSent { message: first.id, at: at(3) }])).await.unwrap();
    let due: Vec<_> = store.messages_due(at(9), 10).await.unwrap().into_iter().map(|due| due.message).collect();
    assert_eq!(due, [second]);
    let summaries = store.messages_of(run.id).await.unwrap();
    assert_eq!((summaries[0].status.as_str(), summaries[0].ended_at), ("sent", Some(at(3))));
    assert_eq!((summaries[1].status.as_str(), summaries[1].kind.as_str()), ("queued", "notice"));
    assert_eq!(store.message_counts().await.unwrap(), (1, 0));
}

pub async fn a_message_that_failed_waits_longer_and_counts(store: &impl Backend) {
    let message = message(None, 0);
    queued(store, &message).await;
    let delayed =
        |seconds: i64| Row::MessageDelayed { message: message.id, next_at: at(seconds), error: "refused".into() };
    store.commit(rows([delayed(60), delayed(120)])).await.unwrap();
    store.commit(rows([delayed(240)])).await.unwrap();
    assert_eq!(store.messages_due(at(239), 10).await.unwrap(), []);
    let due = store.messages_due(at(240), 10).await.unwrap();
    assert_eq!((due.len(), due[0].failures), (1, 3));
    assert_eq!(store.next_message().await.unwrap(), Some(at(240)));
}

pub async fn a_message_that_was_given_up_is_counted(store: &impl Backend) {
    let run = lone_run(0);
    let message = message(Some(run.id), 0);
    queued(store, &message).await;
    let given_up = Row::MessageUndelivered { message: message.id, at: at(5), error: "no such mailbox".to_owned() };
    store.commit(rows([given_up])).await.unwrap();
    assert_eq!(store.message_counts().await.unwrap(), (0, 1));
    assert_eq!(store.messages_due(at(99), 10).await.unwrap(), []);
    let summaries = store.messages_of(run.id).await.unwrap();
    assert_eq!((summaries[0].status.as_str(), summaries[0].ended_at), ("undelivered", Some(at(5))));
    assert_eq!((summaries[0].error.as_deref(), summaries[0].failures), (Some("no such mailbox"), 1));
}
