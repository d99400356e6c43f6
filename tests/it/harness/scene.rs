//! The usual surroundings of a daemon under bad input: an identity provider that can be told to misbehave, an inbox for
//! messages, one agent with a token, and the shipped playbooks, told to act.

use std::cell::Cell;
use std::path::Path;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::daemon::{Answer, Daemon, Delivery, Setup};
use super::lab::Provider;
use super::patience::poll;
use super::recorder::Recorder;

/// How long a test waits for the daemon to do something by itself.
pub const PATIENCE: Duration = Duration::from_secs(45);

/// What signs the messages to the inbox.
const INBOX_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A daemon with its surroundings.
pub struct Scene {
    pub daemon: Daemon,
    pub provider: Provider,
    pub inbox: Recorder,
    deliveries: Cell<u32>,
}

/// A request to decide as it reached an inbox.
#[derive(Clone, Debug)]
pub struct Request {
    pub subject: String,
    pub text: String,
    /// The token of its link.
    pub token: String,
    /// The code of its subject.
    pub code: String,
}

impl Scene {
    pub const AGENT: &str = "billing-bot";
    pub const AGENT_TOKEN: &str = "opaque-token-of-billing-bot-93f1";
    pub const IDP_PASSWORD: &str = "pa55word-at-the-provider-7c2e";
    pub const INBOX_SECRET: &str = INBOX_SECRET;

    /// The usual scene; `change` may alter its files.
    pub async fn start(change: impl FnOnce(Setup) -> Setup) -> Self {
        let (provider, inbox) = (Provider::start().await, Recorder::start("{}").await);
        let mut setup = Setup::new();
        let secret = setup.secret("inbox", INBOX_SECRET);
        let webhook = json!({ "url": format!("{}/inbox", inbox.url()), "secret": secret, "networks": ["127.0.0.0/8"] });
        let setup = setup
            .set("/channels/webhooks/inbox", webhook)
            .set("/people/ana/webhook", json!("inbox"))
            .set("/people/ben/webhook", json!("inbox"))
            .oauth("corporate-idp", &provider.url(), "standdown", Self::IDP_PASSWORD)
            .agent_with_token(Self::AGENT, Self::AGENT_TOKEN);
        let daemon = Daemon::start(&change(setup)).await;
        Self { daemon, provider, inbox, deliveries: Cell::new(0) }
    }

    /// An alert that starts the playbook of token misuse.
    pub fn misuse(id: &str, agent: &str) -> Value {
        json!({
            "id": id, "event_id": id, "rule": "token_anomalous_use", "title": "a token is used from nowhere",
            "severity": "critical", "agent": agent,
        })
    }

    /// An alert that matches no playbook.
    pub fn harmless(id: &str, agent: &str) -> Value {
        json!({ "id": id, "event_id": id, "rule": "nothing", "title": "nothing much", "severity": "low", "agent": agent })
    }

    /// A delivery id that was not used before.
    pub fn fresh_id(&self) -> String {
        self.deliveries.set(self.deliveries.get() + 1);
        format!("msg_{}", self.deliveries.get())
    }

    /// Delivers an alert, signed; fails the test unless it is taken.
    pub async fn take(&self, alert: &Value) -> Value {
        let answer = self.daemon.deliver(Setup::DETECTOR, &Delivery::new(&self.fresh_id(), alert)).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        answer.json()["alerts"][0].clone()
    }

    /// Whether the gate lets the agent act; it has seen the agent then.
    pub async fn gate_allows(&self, agent: &str) -> bool {
        let bearer = format!("Bearer {}", Setup::GATE_TOKEN);
        let path = format!("/gate/{agent}");
        let answer = self.daemon.send(Method::GET, &path, &[("authorization", &bearer)], None).await;
        match answer.status {
            200 | 204 => true,
            403 => false,
            _ => panic!("the gate answered {answer:?}"),
        }
    }

    /// Starts the playbook of token misuse for the agent; the run's id.
    pub async fn misuse_run(&self) -> String {
        assert!(self.gate_allows(Self::AGENT).await);
        let answer = self.take(&Self::misuse("misuse", Self::AGENT)).await;
        answer["run"].as_str().unwrap_or_else(|| panic!("no run was started: {answer}")).to_owned()
    }

    /// The run as the API shows it.
    pub async fn run(&self, run: &str) -> Value {
        self.daemon.read(&format!("/runs/{run}")).await
    }

    /// Waits until the run asks people by that step; the request as the API shows it.
    pub async fn until_asked(&self, run: &str) -> Value {
        self.daemon
            .read_until(&format!("/runs/{run}"), PATIENCE, |view| {
                let asked = view["approvals"].as_array()?.iter().find(|approval| approval["status"] == "pending");
                asked.cloned()
            })
            .await
    }

    /// Waits until a run is over.
    pub async fn until_finished(&self, run: &str) -> Value {
        let over = |view: &Value| view["ended_at"].as_str().map(|_| view.clone());
        let view = self.daemon.read_until(&format!("/runs/{run}"), PATIENCE, over).await;
        assert_eq!(view["consistent"], true, "{view:#}");
        view
    }

    /// Everything that reached the inbox: subject and text.
    pub fn mail(&self) -> Vec<(String, String)> {
        let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let bodies = self.inbox.requests().into_iter().map(|request| request.json());
        bodies.map(|body| (text(&body, "subject"), text(&body, "text"))).collect()
    }

    /// The requests to decide that reached the inbox, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        self.mail().into_iter().filter_map(|(subject, text)| Request::of(subject, text)).collect()
    }

    /// Waits for the request with that number, from 1.
    pub async fn request(&self, number: usize) -> Request {
        let found = poll(PATIENCE, || async { self.requests().get(number - 1).cloned() }).await;
        found.unwrap_or_else(|| panic!("request {number} did not come: {:#?}\n{}", self.mail(), self.daemon.log()))
    }

    /// Waits for a message whose subject begins like that.
    pub async fn mail_about(&self, subject: &str) -> String {
        let found = poll(PATIENCE, || async { self.mail().into_iter().find(|mail| mail.0.starts_with(subject)) }).await;
        found.unwrap_or_else(|| panic!("no message `{subject}...`: {:#?}", self.mail())).1
    }

    /// The page of a link.
    pub async fn page(&self, token: &str) -> Answer {
        self.daemon.send(Method::GET, &format!("/a/{token}"), &[], None).await
    }

    /// Posts a form to a link.
    pub async fn post_form(&self, token: &str, fields: &[(&str, &str)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let path = format!("/a/{token}/decision");
        self.daemon.send(Method::POST, &path, &headers, Some(body.into_bytes())).await
    }

    /// A decision through a link.
    pub async fn decide(&self, request: &Request, choice: &str, code: &str, plan: &str) -> Answer {
        let fields = [("choice", choice), ("reason", "I looked at the logs"), ("code", code), ("plan", plan)];
        self.post_form(&request.token, &fields).await
    }

    /// How much there is of everything, for comparing before and after.
    pub async fn everything(&self) -> Value {
        let mut all = serde_json::Map::new();
        for path in ["/incidents", "/runs", "/approvals", "/dead-letters", "/agents", "/playbooks"] {
            all.insert(path.to_owned(), self.daemon.read(path).await);
        }
        all.insert("counts".to_owned(), self.daemon.read("/status").await["counts"].clone());
        all.into()
    }

    /// The daemon is healthy, takes an alert, shows what came of it, and nothing in it panicked.
    pub async fn assert_serves(&self) {
        for path in ["/healthz", "/readyz"] {
            let answer = self.daemon.send(Method::GET, path, &[], None).await;
            assert_eq!(answer.status, 200, "{path}: {answer:?}");
        }
        let id = self.fresh_id();
        let answer = self.take(&Self::harmless(&format!("afterwards-{id}"), Self::AGENT)).await;
        let incident = answer["incident"].as_str().unwrap_or_else(|| panic!("no incident: {answer}"));
        let shown = self.daemon.read(&format!("/incidents/{incident}")).await;
        let wanted = format!("afterwards-{id}");
        let alerts = shown["alerts"].as_array().unwrap();
        assert!(alerts.iter().any(|alert| alert["alert"]["event_id"] == wanted.as_str()), "{shown:#}");
        let log = self.daemon.log();
        assert!(!log.contains("panicked"), "something panicked:\n{log}");
    }
}

impl Request {
    fn of(subject: String, text: String) -> Option<Self> {
        let code = subject.strip_prefix('[')?.split_once(']')?.0.to_owned();
        let link = text.split_whitespace().find(|word| word.contains("/a/apr_"))?;
        let token = link.rsplit('/').next()?.to_owned();
        Some(Self { subject, text, token, code })
    }

    /// A code that is not this one's.
    pub fn wrong_code(&self) -> String {
        format!("{:04}", (self.code.parse::<u32>().unwrap() + 1) % 10_000)
    }
}

/// Checks that an answer is a problem (RFC 9457) with this status and one of these codes, with a reason.
pub fn assert_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/problem+json", "{answer:?}");
    let body = answer.json();
    assert_eq!(body["code"], code, "{body:#}");
    assert_eq!(body["status"], status, "{body:#}");
    assert!(body["detail"].as_str().unwrap().starts_with("failed to "), "{body:#}");
    assert!(!body["request_id"].as_str().unwrap().is_empty(), "{body:#}");
}

/// Every byte of the database of a daemon, whatever file it stands in.
pub fn database_bytes(folder: &Path) -> Vec<u8> {
    let names = ["standdown.db", "standdown.db-wal", "standdown.db-shm"];
    names.iter().filter_map(|name| std::fs::read(folder.join(name)).ok()).flatten().collect()
}
