//! The mail channel against a mail server of a few lines, which says what each test wants.

use super::*;
use crate::client::{SecretReference, StaticSecrets};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

fn options(port: u16) -> SmtpOptions {
    SmtpOptions {
        host: "127.0.0.1".to_owned(),
        port: Some(port),
        tls: SmtpTls::None,
        username: None,
        password: None,
        from: "Standdown <standdown@example.com>".to_owned(),
        ca: None,
        timeout: Duration::from_secs(10),
    }
}

fn build(options: &SmtpOptions) -> Result<SmtpChannel, BuildError> {
    SmtpChannel::build("mail", options, Arc::new(StaticSecrets::parse([("env:MAIL", "hunter2-password")]).unwrap()))
}

fn message(to: &str) -> Message {
    Message {
        id: "apv_1".to_owned(),
        to: Address::Email(to.to_owned()),
        subject: "Approve".to_owned(),
        text: "Please decide.\r\n.\r\nThe end.".to_owned(),
        html: Some("<p>Please decide.</p>".to_owned()),
        at: "2026-11-23T06:00:00Z".parse().unwrap(),
    }
}

/// Serves one connection: each command is answered by the first reply whose key begins it, otherwise by `250 OK`.
async fn serve(listener: &TcpListener, replies: &[(&str, &str)]) -> String {
    let reply_to = |command: &str| {
        replies.iter().find(|(key, _)| command.starts_with(key)).map_or("250 OK", |(_, reply)| *reply).to_owned()
    };
    let (stream, _) = listener.accept().await.unwrap();
    let mut stream = BufReader::new(stream);
    let mut received = String::new();
    let mut in_data = false;
    stream.write_all(format!("{}\r\n", replies_greeting(replies)).as_bytes()).await.unwrap();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return received;
        }
        received.push_str(&line);
        if in_data && line != ".\r\n" {
            continue;
        }
        let reply = if in_data { reply_to("end of data") } else { reply_to(&line) };
        in_data = !in_data && line == "DATA\r\n" && reply.starts_with("354");
        if stream.write_all(format!("{reply}\r\n").as_bytes()).await.is_err() {
            return received;
        }
    }
}

fn replies_greeting<'a>(replies: &[(&str, &'a str)]) -> &'a str {
    replies.iter().find(|(key, _)| *key == "greeting").map_or("220 mail.example.com ready", |(_, reply)| *reply)
}

/// Sends a message through a server with these replies; returns the outcome and what the server received.
async fn deliver(
    adjust: impl FnOnce(&mut SmtpOptions),
    replies: &[(&str, &str)],
) -> (Result<(), DeliveryError>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut options = options(listener.local_addr().unwrap().port());
    adjust(&mut options);
    let replies = [replies, &[("DATA", "354 go on")]].concat();
    let send = async {
        // The channel and its connection end before the server is asked what it received.
        build(&options).unwrap().send(&message("ana@example.com")).await
    };
    tokio::join!(send, serve(&listener, &replies))
}

#[tokio::test]
async fn a_mail_is_handed_over_whole() {
    let (outcome, received) = deliver(|_| (), &[]).await;
    assert_eq!(outcome, Ok(()));
    assert!(received.contains("MAIL FROM:<standdown@example.com>"), "{received}");
    assert!(received.contains("RCPT TO:<ana@example.com>"), "{received}");
    assert!(received.contains("Message-ID: <apv_1@example.com>"), "{received}");
    assert!(received.contains("The end."), "a line with a single dot ended the mail: {received}");
    assert!(received.ends_with("QUIT\r\n"), "{received}");
}

#[tokio::test]
async fn a_4xx_reply_anywhere_may_pass() {
    for step in ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "end of data"] {
        let (outcome, _) = deliver(|_| (), &[(step, "451 4.3.0 try later")]).await;
        assert!(matches!(outcome, Err(DeliveryError::Transient(_))), "{step}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_5xx_reply_to_the_mail_is_final_and_says_why() {
    for step in ["MAIL", "RCPT", "DATA", "end of data"] {
        let (outcome, _) = deliver(|_| (), &[(step, "550 5.1.1 no such person")]).await;
        match outcome {
            Err(DeliveryError::Permanent(reason)) => assert!(reason.contains("no such person"), "{step}: {reason}"),
            other => panic!("{step}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_server_that_serves_nobody_or_wants_another_login_may_be_put_right() {
    let replies = [
        ("greeting", "554 5.3.2 no service"),
        ("EHLO", "550 5.7.1 who are you"),
        ("MAIL", "530 5.7.0 authentication required"),
        ("RCPT", "535 5.7.8 log in first"),
        ("MAIL", "538 5.7.11 encryption required"),
    ];
    for reply in replies {
        let (outcome, _) = deliver(|_| (), &[reply, ("HELO", "550 5.7.1 no")]).await;
        assert!(matches!(outcome, Err(DeliveryError::Transient(_))), "{reply:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_server_without_starttls_hears_neither_password_nor_mail() {
    let adjust = |options: &mut SmtpOptions| {
        options.tls = SmtpTls::Starttls;
        options.username = Some("standdown".to_owned());
        options.password = Some(SecretReference::parse("env:MAIL").unwrap());
    };
    let (outcome, received) = deliver(adjust, &[("EHLO", "250-mail\r\n250 AUTH PLAIN LOGIN")]).await;
    assert!(matches!(&outcome, Err(DeliveryError::Transient(reason)) if reason.contains("STARTTLS")), "{outcome:?}");
    assert!(!received.contains("AUTH") && !received.contains("MAIL"), "{received}");
}

#[tokio::test]
async fn a_refused_password_is_reported_without_it_and_loses_no_message() {
    let adjust = |options: &mut SmtpOptions| {
        options.username = Some("standdown".to_owned());
        options.password = Some(SecretReference::parse("env:MAIL").unwrap());
    };
    let replies = [("EHLO", "250-mail\r\n250 AUTH PLAIN"), ("AUTH", "535 5.7.8 hunter2-password is wrong")];
    let (outcome, received) = deliver(adjust, &replies).await;
    assert!(received.contains("AUTH PLAIN "), "{received}");
    match outcome {
        Err(DeliveryError::Transient(reason)) => {
            assert!(reason.contains("is wrong") && !reason.contains("hunter2"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_unreachable_or_silent_server_may_come_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut options = options(listener.local_addr().unwrap().port());
    options.timeout = Duration::from_millis(200);
    let outcome = build(&options).unwrap().send(&message("ana@example.com")).await;
    assert!(matches!(&outcome, Err(DeliveryError::Transient(reason)) if reason.contains("200 ms")), "{outcome:?}");
    drop(listener);
    let outcome = build(&options).unwrap().send(&message("ana@example.com")).await;
    assert!(matches!(outcome, Err(DeliveryError::Transient(_))), "{outcome:?}");
}

#[tokio::test]
async fn what_is_no_mail_address_is_refused_for_good() {
    for to in ["", "ana", "ana@", "ana@example.com\r\nRCPT TO:<eve@example.com>", "a@b.example, c@d.example"] {
        let outcome = build(&options(1)).unwrap().send(&message(to)).await;
        assert!(matches!(outcome, Err(DeliveryError::Permanent(_))), "{to:?}: {outcome:?}");
    }
}

#[test]
fn options_that_would_expose_a_mail_are_refused() {
    let elsewhere = SmtpOptions { host: "mail.example.com".to_owned(), ..options(25) };
    assert!(matches!(build(&elsewhere), Err(BuildError::Unencrypted { .. })));
    let half = SmtpOptions { username: Some("standdown".to_owned()), ..options(25) };
    assert!(matches!(build(&half), Err(BuildError::HalfCredentials { .. })));
    let from = SmtpOptions { from: "nobody".to_owned(), ..options(25) };
    assert!(matches!(build(&from), Err(BuildError::From { .. })));
}

#[test]
fn a_file_of_authorities_is_read_and_a_useless_one_refused() {
    let directory = tempfile::tempdir().unwrap();
    let ca = directory.path().join("ca.pem");
    let options = SmtpOptions { tls: SmtpTls::Implicit, ca: Some(ca.clone()), ..options(465) };
    assert!(matches!(build(&options), Err(BuildError::Authority { .. })));
    std::fs::write(&ca, "nothing\n").unwrap();
    assert!(matches!(build(&options), Err(BuildError::Authority { .. })));
    let identity = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(&ca, identity.cert.pem()).unwrap();
    assert!(build(&options).is_ok());
}
