//! Every real server of the harness is started once and asked for one thing that only the real one does.
//!
//! When one of these fails, the fault is in the installation or in the harness, not in Standdown.

use std::fs;
use std::time::Duration;

use lettre::message::Message;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use thirtyfour::By;

use crate::harness::recorder::Recorder;
use crate::harness::servers::{Alertmanager, Chromium, Nginx, OidcProvider, Policy, Smtp};

const LIMIT: Duration = Duration::from_secs(30);

#[tokio::test]
async fn the_permissive_provider_revokes_a_token_of_another_client() {
    let provider = OidcProvider::start(Policy::Permissive).await;
    let token = provider.token_for("agent-7").await;
    assert!(provider.introspect(&token).await);
    assert_eq!(provider.revoke(&token).await, 200);
    assert!(!provider.introspect(&token).await);
}

#[tokio::test]
async fn the_default_provider_refuses_a_confidential_caller_and_lies_to_a_public_one() {
    let provider = OidcProvider::start(Policy::Default).await;
    let token = provider.token_for("agent-7").await;
    assert_eq!(provider.revoke(&token).await, 400);
    assert_eq!(provider.revoke_as_public(&token).await, 200);
    assert!(provider.introspect(&token).await, "a 200 that revoked nothing is what this provider is here for");
}

#[tokio::test]
async fn alertmanager_posts_a_firing_and_then_a_resolved_alert_with_the_bearer() {
    let receiver = Recorder::start("").await;
    let alertmanager = Alertmanager::start(&format!("{}/hooks/alertmanager", receiver.url()), "sensor-token").await;
    let labels = [("alertname", "AgentCallBurst"), ("agent_id", "agent-7")];
    alertmanager.fire(&labels, &[("summary", "agent-7 does 40 calls/s")]).await;
    let firing = receiver.wait_for("a firing alert", LIMIT, |request| request.json()["status"] == "firing").await;
    assert_eq!(firing.uri.path(), "/hooks/alertmanager");
    assert_eq!(firing.header("authorization"), "Bearer sensor-token");
    assert_eq!(firing.json()["alerts"][0]["labels"]["agent_id"], "agent-7");
    assert_eq!(firing.json()["alerts"][0]["annotations"]["summary"], "agent-7 does 40 calls/s");
    alertmanager.resolve(&labels).await;
    receiver.wait_for("a resolved alert", LIMIT, |request| request.json()["status"] == "resolved").await;
}

#[tokio::test]
async fn nginx_lets_an_agent_through_exactly_as_long_as_the_gate_does() {
    let gate = Recorder::start("").await;
    let target = Recorder::start("done").await;
    let nginx = Nginx::start(&gate.url(), "proxy-token", &target.url()).await;
    gate.answer(204, &[], "");
    assert_eq!(nginx.response_to("agent-7").await.text().await.unwrap(), "done");
    gate.answer(403, &[("x-standdown-reason", "paused")], "");
    let refused = nginx.response_to("agent-7").await;
    assert_eq!(refused.status().as_u16(), 403);
    assert_eq!(refused.headers()["x-standdown-reason"], "paused");
    assert_eq!(target.requests().len(), 1, "a refused call must not reach the target");
    let asked = gate.requests();
    assert!(asked.iter().all(|request| request.uri.path() == "/gate/agent-7"), "{asked:#?}");
    assert!(asked.iter().all(|request| request.header("authorization") == "Bearer proxy-token"), "{asked:#?}");
    assert_eq!(asked[0].header("x-original-uri"), "/work");
}

#[tokio::test]
async fn an_agent_that_names_itself_with_a_path_is_asked_about_as_unnamed() {
    let gate = Recorder::start("").await;
    let nginx = Nginx::start(&gate.url(), "proxy-token", &gate.url()).await;
    gate.answer(403, &[], "");
    assert_eq!(nginx.call_as("../agent-8").await, 403);
    assert_eq!(gate.requests()[0].uri.path(), "/gate/unnamed");
}

#[tokio::test]
async fn the_mail_server_demands_its_password_over_tls_and_keeps_what_it_takes() {
    let smtp = Smtp::start().await;
    let mail = message();
    let forgetful = mailer(&smtp, "wrong").send(mail.clone()).await.unwrap_err();
    assert!(forgetful.is_permanent(), "{forgetful}");
    mailer(&smtp, Smtp::PASSWORD).send(mail).await.unwrap();
    let taken = smtp.wait_for_mail("owner@example.test", LIMIT).await;
    assert_eq!(taken.from, "standdown@example.test");
    assert_eq!(taken.subject, "agent-7 is paused – decide");
    assert!(taken.text.contains("https://standdown.test/a/0123456789"), "{}", taken.text);
    assert_eq!(smtp.mails().len(), 1);
}

#[tokio::test]
async fn the_mail_server_refuses_as_it_is_told_and_then_takes_mail_again() {
    let smtp = Smtp::start().await;
    let mailer = mailer(&smtp, Smtp::PASSWORD);
    smtp.refuse("421 4.3.2 come back later");
    assert!(mailer.send(message()).await.unwrap_err().is_transient());
    smtp.refuse("550 5.1.1 no such mailbox");
    assert!(mailer.send(message()).await.unwrap_err().is_permanent());
    assert!(smtp.mails().is_empty());
    smtp.accept();
    mailer.send(message()).await.unwrap();
    assert_eq!(smtp.mails().len(), 1);
}

#[tokio::test]
async fn chromium_opens_a_page_at_the_size_of_a_phone_and_clicks_in_it() {
    let page = "<!doctype html><meta name=viewport content='width=device-width'><form method=post><button>Approve</button></form>";
    let site = Recorder::start(page).await;
    site.answer(200, &[("content-type", "text/html")], page);
    let chromium = Chromium::start().await;
    chromium.page().goto(format!("{}/a/token", site.url())).await.unwrap();
    let width = chromium.page().execute("return window.innerWidth", Vec::new()).await.unwrap();
    assert_eq!(width.json().as_u64(), Some(u64::from(Chromium::WIDTH)));
    chromium.page().find(By::Tag("button")).await.unwrap().click().await.unwrap();
    site.wait_for("the form", LIMIT, |request| request.method == "POST").await;
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("page.png");
    chromium.screenshot(&picture).await;
    assert!(fs::read(&picture).unwrap().starts_with(b"\x89PNG"));
    chromium.quit().await;
}

fn message() -> Message {
    Message::builder()
        .from("Standdown <standdown@example.test>".parse().unwrap())
        .to("owner@example.test".parse().unwrap())
        .subject("agent-7 is paused – decide")
        .body("Decide here: https://standdown.test/a/0123456789\n".to_owned())
        .unwrap()
}

fn mailer(smtp: &Smtp, password: &str) -> AsyncSmtpTransport<Tokio1Executor> {
    let authority = Certificate::from_pem(&fs::read(smtp.authority_file()).unwrap()).unwrap();
    let tls = TlsParameters::builder(Smtp::HOST.to_owned()).add_root_certificate(authority).build().unwrap();
    AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(Smtp::HOST)
        .port(smtp.port())
        .tls(Tls::Required(tls))
        .credentials(Credentials::new(Smtp::USER.to_owned(), password.to_owned()))
        .build()
}
