//! The webhook channel against a real socket.

use super::*;
use crate::client::StaticSecrets;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

fn message() -> Message {
    Message {
        id: "msg_1".to_owned(),
        to: Address::Webhook { name: "ops".to_owned() },
        subject: "Approve".to_owned(),
        text: "Please decide.".to_owned(),
        html: None,
        at: "2026-11-23T06:00:00Z".parse().unwrap(),
    }
}

fn channel(url: &str, secret: &str) -> WebhookChannel {
    let options = WebhookOptions {
        url: Url::parse(url).unwrap(),
        secret: SecretReference::parse("env:HOOK").unwrap(),
        timeout: Duration::from_secs(10),
        ca: None,
        networks: vec!["127.0.0.0/8".parse().unwrap()],
    };
    WebhookChannel::build("ops", &options, Arc::new(StaticSecrets::parse([("env:HOOK", secret)]).unwrap())).unwrap()
}

/// Sends the message to a server that answers with `status`; returns the outcome, the head and the body received.
async fn deliver(status: u16, now: Timestamp) -> (Result<(), DeliveryError>, String, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let channel = channel(&format!("http://{}/hook", listener.local_addr().unwrap()), SECRET);
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut received = String::new();
        while !received.ends_with('}') {
            let mut part = [0; 1024];
            let length = stream.read(&mut part).await.unwrap();
            assert!(length > 0, "the request broke off: {received}");
            received.push_str(std::str::from_utf8(&part[..length]).unwrap());
        }
        stream.write_all(format!("HTTP/1.1 {status} X\r\nContent-Length: 4\r\n\r\ntext").as_bytes()).await.unwrap();
        let (head, body) = received.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    };
    let message = message();
    let (outcome, (head, body)) = tokio::join!(channel.send(&message, now), serve);
    (outcome, head, body)
}

#[tokio::test]
async fn a_message_is_signed_as_of_the_attempt_and_keeps_its_identity() {
    let later: Timestamp = "2026-11-23T06:30:00Z".parse().unwrap();
    let (outcome, head, body) = deliver(202, later).await;
    assert_eq!(outcome, Ok(()));
    assert!(head.starts_with("POST /hook HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("webhook-id: msg_1\r\n"), "{head}");
    assert!(head.contains(&format!("webhook-timestamp: {}\r\n", later.as_second())), "{head}");
    let signature = signature::sign(&SecretString::from(SECRET), "msg_1", later.as_second(), body.as_bytes()).unwrap();
    assert!(head.contains(&format!("webhook-signature: {signature}\r\n")), "{head}");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        body,
        json!({"id": "msg_1", "at": "2026-11-23T06:00:00Z", "subject": "Approve", "text": "Please decide."})
    );
}

#[tokio::test]
async fn a_busy_receiver_is_tried_again_and_a_refusal_is_final() {
    for status in [408, 429, 500, 503] {
        let (outcome, ..) = deliver(status, message().at).await;
        assert!(matches!(outcome, Err(DeliveryError::Transient(_))), "{status}: {outcome:?}");
    }
    for status in [302, 400, 401, 404, 410] {
        let (outcome, ..) = deliver(status, message().at).await;
        assert!(matches!(outcome, Err(DeliveryError::Permanent(_))), "{status}: {outcome:?}");
    }
}

#[tokio::test]
async fn an_unreachable_receiver_or_an_unusable_secret_waits() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hunter2", listener.local_addr().unwrap());
    drop(listener);
    for secret in [SECRET, "whsec_hunter2"] {
        let message = message();
        match channel(&url, secret).send(&message, message.at).await {
            Err(DeliveryError::Transient(reason)) => assert!(!reason.contains("hunter2"), "{reason}"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_message_for_someone_else_is_not_sent() {
    for to in [Address::Webhook { name: "other".to_owned() }, Address::Email("ana@example.com".to_owned())] {
        let message = Message { to, ..message() };
        let outcome = channel("http://127.0.0.1:1/", SECRET).send(&message, message.at).await;
        assert!(matches!(outcome, Err(DeliveryError::Permanent(_))), "{outcome:?}");
    }
}
