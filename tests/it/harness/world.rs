//! The whole set-up around the daemon: a provider with the agent's token, a mail server, and nginx between the agent and
//! what it works on. The daemon is the real one, on the shipped playbook.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::daemon::{Answer, Daemon, Delivery, Setup};
use super::interposer::{Interposer, Rule};
use super::patience::poll;
use super::recorder::Recorder;
use super::request::Request;
use super::servers::{Nginx, OidcProvider, Policy, Smtp};

/// How long anything may take that is not a server's start.
pub const LIMIT: Duration = Duration::from_secs(40);
/// The agent.
pub const AGENT: &str = "agent-7";

pub struct World {
    pub provider: OidcProvider,
    pub interposer: Interposer,
    pub smtp: Smtp,
    /// What the agent works on.
    pub target: Recorder,
    pub nginx: Nginx,
    pub daemon: Daemon,
    /// The agent's token.
    pub token: String,
}

impl World {
    /// Starts everything; `adjust` may change what the daemon is started on.
    pub async fn start(policy: Policy, rule: Rule, adjust: impl FnOnce(Setup) -> Setup) -> Self {
        let provider = OidcProvider::start(policy).await;
        let interposer = Interposer::start(&provider.issuer(), rule).await;
        let smtp = Smtp::start().await;
        let target = Recorder::start("ledger entry").await;
        let token = provider.token_for(AGENT).await;
        let (name, password) = (OidcProvider::ORCHESTRATOR, OidcProvider::ORCHESTRATOR_SECRET);
        let setup = Setup::new()
            .oauth("corporate-idp", interposer.url(), name, password)
            .email(&smtp)
            .agent_with_token(AGENT, &token);
        let daemon = Daemon::start(&adjust(setup)).await;
        let nginx = Nginx::start(&daemon.url(), Setup::GATE_TOKEN, &target.url()).await;
        let world = Self { provider, interposer, smtp, target, nginx, daemon, token };
        assert!(world.token_is_active().await, "the token must be good before anything happens");
        assert_eq!(world.nginx.call_as(AGENT).await, 200, "the agent must be able to work before anything happens");
        world
    }

    pub async fn token_is_active(&self) -> bool {
        self.provider.introspect(&self.token).await
    }

    /// The alert that the shipped playbook waits for, as a delivery of the source `detector`.
    pub fn delivery() -> Delivery {
        let body = json!({
            "id": "agent-7/token-from-nowhere", "rule": "token_anomalous_use", "severity": "critical", "agent": AGENT,
            "title": "agent-7's token is used from a network where it never runs",
        });
        Delivery::new("msg_1", &body)
    }

    /// Posts that alert and gives the run that it started.
    pub async fn alert(&self) -> String {
        let answer = self.daemon.deliver(Setup::DETECTOR, &Self::delivery()).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        let run = answer.json()["alerts"][0]["run"].as_str().map(str::to_owned);
        run.unwrap_or_else(|| panic!("the alert started no run: {answer:?}"))
    }

    /// Waits for the request that Ana is mailed.
    pub async fn request(&self) -> Request {
        Request::of(&self.smtp.wait_for_mail_with(Setup::ANA, Request::MARK, LIMIT).await)
    }

    /// Decides as a browser without scripts would: opens the page, sends its form, and gives the receipt's page.
    pub async fn decide(&self, request: &Request, choice: &str, reason: &str) -> String {
        let page = self.daemon.send(Method::GET, &request.path(), &[], None).await;
        assert_eq!(page.status, 200, "{page:?}");
        let answer = self.post_form(request, Request::form(&page.text, choice, reason, &request.code)).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        let receipt = self.daemon.send(Method::GET, &answer.location(), &[], None).await;
        assert_eq!(receipt.status, 200, "{receipt:?}");
        receipt.text
    }

    pub async fn post_form(&self, request: &Request, form: Vec<u8>) -> Answer {
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        self.daemon.send(Method::POST, &request.path(), &kind, Some(form)).await
    }

    /// Waits until the agent's call through nginx is answered so.
    pub async fn agent_sees(&self, status: u16) {
        let seen = poll(LIMIT, || async { (self.nginx.call_as(AGENT).await == status).then_some(()) }).await;
        seen.unwrap_or_else(|| panic!("the agent's calls were never answered {status}:\n{}", self.daemon.log()));
    }

    /// The run as the API shows it, once it is in this status.
    pub async fn run_in(&self, run: &str, status: &str) -> Value {
        self.run_when(run, |view| view["status"] == status).await
    }

    /// The run as the API shows it, once it is as `wanted`.
    pub async fn run_when(&self, run: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let path = format!("/runs/{run}");
        self.daemon.read_until(&path, LIMIT, |view| wanted(view).then(|| view.clone())).await
    }

    /// Approves by the link, and sees the agent work, the run end contained, and the token stay dead.
    pub async fn approve_and_see_the_end(&self, run: &str, request: &Request) -> Value {
        let receipt = self.decide(request, "approve", "the owner moved offices").await;
        assert!(receipt.contains("the owner moved offices"), "{receipt}");
        self.agent_sees(200).await;
        let ended = self.run_in(run, "completed").await;
        assert_eq!(ended["verdict"], "contained", "{ended:#}");
        assert_eq!(ended["consistent"], true, "the history must lead to the state: {ended:#}");
        assert!(ended["contained_at"].is_string(), "{ended:#}");
        assert!(!self.token_is_active().await, "an approval must not give a token back");
        ended
    }
}

/// A step of a run as the API shows it.
pub fn step<'a>(run: &'a Value, path: &str) -> &'a Value {
    let found = run["steps"].as_array().unwrap().iter().find(|step| step["path"] == path);
    found.unwrap_or_else(|| panic!("no step {path} in {run:#}"))
}

/// What the timeline says, in one text.
pub fn timeline(run: &Value) -> String {
    let mut text = String::new();
    for entry in run["timeline"].as_array().unwrap() {
        text += entry["step"].as_str().unwrap_or("run");
        text += ": ";
        text += entry["text"].as_str().unwrap();
        text.push('\n');
    }
    text
}
