//! `standdown demo`: the main job from beginning to end, on embedded parts, with nothing installed.
//!
//! The daemon is the real one, started over a real configuration in a temporary folder; the alert comes by HTTP, signed;
//! the decision goes through the page, or with `--yes` through the API. Only the world around it is small: an
//! authorization server, an inbox and an agent, each a few lines. The exit code is 0 only if the agent was seen working,
//! then stopped, then working again.

mod agent;
mod scene;
mod screen;
mod world;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::app::{Application, Surroundings};
use crate::config;
use crate::domain::{ApprovalId, RunId};
use crate::engine::Engine;

use agent::Agent;
use scene::Scene;
use screen::Screen;

/// How long each part may take before the demo gives up.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long a person may take to decide.
const DECISION: Duration = Duration::from_hours(1);
const GLANCE: Duration = Duration::from_millis(50);

/// Runs the demo. With `yes` it decides by itself, through the API.
pub async fn run(yes: bool) -> anyhow::Result<ExitCode> {
    let screen = Arc::new(Screen::new());
    let world = world::World::start().await?;
    let scene = Scene::build(&world)?;
    let configuration = match config::load(Some(&scene.configuration), &std::collections::BTreeMap::new()) {
        Ok(configuration) => configuration,
        Err(faults) => {
            bail!(
                "the demo's configuration: {}",
                crate::language::render_human(&faults, &config::excerpts(&faults), false)
            )
        }
    };
    let application = Application::build(configuration, Surroundings::default()).await?;
    let engine = application.engine().clone();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let address = application.local_addr();
    let daemon = tokio::task::JoinSet::from_iter([application.run_until_stopped(async {
        stopped.await.unwrap_or_default();
    })]);
    let story = Story { screen, world, scene, engine, base: format!("http://{address}"), yes };
    let told = tokio::select! {
        told = story.tell() => told,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    stop.send(()).unwrap_or_default();
    for ended in daemon.join_all().await {
        ended.context("the daemon")?;
    }
    match told {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            story.screen.fault(&format!("{error:#}"));
            Ok(ExitCode::FAILURE)
        }
    }
}

struct Story {
    screen: Arc<Screen>,
    world: world::World,
    scene: Scene,
    engine: Engine,
    base: String,
    yes: bool,
}

impl Story {
    async fn tell(&self) -> anyhow::Result<()> {
        Screen::title("Standdown demo: a rogue agent is stopped, and a person lets it go on");
        self.screen.line("daemon", &format!("serves at {} from {}", self.base, self.scene.folder().display()));
        let agent = Agent::start(&self.base, &self.scene, &self.world, self.screen.clone());
        agent.wait_for("working", PATIENCE, |seen| seen.worked >= 3).await?;

        let (run, answer) = self.alert().await?;
        let outcome = answer.pointer("/alerts/0/incident").and_then(Value::as_str).unwrap_or_default();
        self.screen.line("alert", &format!("taken and on disk: {run}, {outcome}"));

        let approval = self.follow(run, PATIENCE, true).await?.context("nobody was asked to decide")?;
        agent.wait_for("stopped", PATIENCE, |seen| seen.stopped).await?;
        self.show_containment(run).await?;
        self.decide(approval).await?;
        self.follow(run, DECISION, false).await?;
        agent.wait_for("working again", PATIENCE, |seen| seen.resumed).await?;

        let history = self.engine.history(run).await?;
        if !history.consistent {
            bail!("the history does not lead to the state");
        }
        self.screen.good("the agent was seen working, stopped by the gate, and working again");
        self.screen.line("history", "every event of it replays to the stored state");
        Ok(())
    }

    /// Posts a signed alert, as an alert system would.
    async fn alert(&self) -> anyhow::Result<(RunId, Value)> {
        let body = json!({
            "id": "billing-bot/token-from-nowhere",
            "rule": "token_anomalous_use",
            "title": "billing-bot's token is used from a network where it never runs",
            "severity": "critical",
            "agent": "billing-bot",
            "labels": { "source_ip": "203.0.113.7" },
        });
        let request = self.scene.signed_alert(&format!("{}/hooks/demo", self.base), &body)?;
        self.screen.line("alert", "posting: token_anomalous_use for billing-bot, signed (Standard Webhooks)");
        let response = request.send().await?;
        let status = response.status();
        let answer: Value = response.json().await?;
        let run = answer.pointer("/alerts/0/run").and_then(Value::as_str);
        let run = run.with_context(|| format!("the alert was answered {status} and started no run: {answer}"))?;
        Ok((run.parse()?, answer))
    }

    /// Shows the timeline as it grows: until people are asked, or until the run is over.
    async fn follow(&self, run: RunId, patience: Duration, until_asked: bool) -> anyhow::Result<Option<ApprovalId>> {
        let deadline = tokio::time::Instant::now() + patience;
        loop {
            let history = self.engine.history(run).await?;
            self.screen.timeline(&history);
            let asked = history.run.approvals.values().find(|approval| approval.decided_at.is_none());
            if until_asked && let Some(approval) = asked {
                return Ok(Some(approval.id));
            }
            if history.run.status.is_finished() {
                return Ok(None);
            }
            if tokio::time::Instant::now() > deadline {
                bail!("the run did not get on: it is {}", history.run.status);
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    async fn show_containment(&self, run: RunId) -> anyhow::Result<()> {
        let history = self.engine.history(run).await?;
        let Some((verdict, at)) = history.run.containment() else { bail!("nothing was contained") };
        let Some(at) = at else { bail!("containment: {verdict}") };
        let seconds = at.duration_since(history.run.alert.received_at).as_secs_f64();
        self.screen.good(&format!("{verdict}: {seconds:.3} s from the alert's arrival to the last flip that was seen"));
        Ok(())
    }

    /// Lets the person decide: on the page, or with `--yes` through the API.
    async fn decide(&self, approval: ApprovalId) -> anyhow::Result<()> {
        let mail = self.world.inbox.wait(PATIENCE, "apr_").await.context("the request never reached Ana's inbox")?;
        self.screen.mail(&mail.subject, &mail.text);
        if !self.yes {
            let code: String = mail.subject.chars().filter(char::is_ascii_digit).take(4).collect();
            self.screen.ask(mail.link().unwrap_or_default(), &code);
            return Ok(());
        }
        let client = reqwest::Client::new();
        let address = format!("{}/api/v1/approvals/{approval}", self.base);
        let shown: Value = client.get(&address).bearer_auth(&self.scene.api_token).send().await?.json().await?;
        let hash = shown.pointer("/plan/hash").or_else(|| shown.pointer("/approval/plan/hash")).and_then(Value::as_str);
        let hash = hash.with_context(|| format!("the request shows no plan: {shown}"))?;
        let response = client
            .post(format!("{address}/approve"))
            .bearer_auth(&self.scene.api_token)
            .header("If-Match", format!("\"{hash}\""))
            .json(&json!({ "reason": "the address is our new office; decided by --yes" }))
            .send()
            .await?;
        let status = response.status();
        if !status.is_success() {
            bail!("the decision was answered {status}: {}", response.text().await.unwrap_or_default());
        }
        self.screen.line("ana", "approved through the API (--yes)");
        Ok(())
    }
}
