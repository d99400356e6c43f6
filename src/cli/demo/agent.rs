//! The demo's agent: before every call it asks the gate, as a runtime would, and then works on the ledger.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use reqwest::StatusCode;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::scene::Scene;
use super::screen::Screen;
use super::world::World;

const PACE: Duration = Duration::from_millis(60);

/// What was seen of the agent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// Calls that worked before it was stopped.
    pub worked: u32,
    /// Whether the gate refused it after it had worked.
    pub stopped: bool,
    /// Whether it worked again after that.
    pub resumed: bool,
}

/// The agent; it ends when this is dropped.
pub(super) struct Agent {
    seen: watch::Receiver<Seen>,
    _task: JoinSet<()>,
}

impl Agent {
    pub fn start(base: &str, scene: &Scene, world: &World, screen: Arc<Screen>) -> Self {
        let (tell, seen) = watch::channel(Seen::default());
        let life = Life {
            client: reqwest::Client::new(),
            gate: format!("{base}/gate/billing-bot"),
            world: world.url.clone(),
            token_file: scene.token_file.clone(),
            screen,
            tell,
        };
        let mut task = JoinSet::new();
        task.spawn(life.live());
        Self { seen, _task: task }
    }

    /// Waits until something was seen of it.
    pub async fn wait_for(&self, what: &str, time: Duration, wanted: fn(&Seen) -> bool) -> anyhow::Result<()> {
        let mut seen = self.seen.clone();
        match tokio::time::timeout(time, seen.wait_for(wanted)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => bail!("the agent was not seen {what}"),
        }
    }
}

struct Life {
    client: reqwest::Client,
    gate: String,
    world: String,
    token_file: PathBuf,
    screen: Arc<Screen>,
    tell: watch::Sender<Seen>,
}

impl Life {
    async fn live(self) {
        let mut token = String::new();
        loop {
            if let Err(error) = self.act(&mut token).await {
                self.screen.line("billing-bot", &format!("could not act: {error:#}"));
            }
            tokio::time::sleep(PACE).await;
        }
    }

    /// One call: ask the gate, then work; with a token that is no longer good, fetch another.
    async fn act(&self, token: &mut String) -> anyhow::Result<()> {
        let gate = self.client.get(&self.gate).send().await?;
        if !gate.status().is_success() {
            let reason = gate.headers().get("x-standdown-reason").and_then(|value| value.to_str().ok());
            self.refused(gate.status(), reason.unwrap_or_default());
            return Ok(());
        }
        let ledger = format!("{}/ledger", self.world);
        let answer = self.client.get(ledger).bearer_auth(&token).send().await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            let issued: Value = self.client.post(format!("{}/token", self.world)).send().await?.json().await?;
            issued.get("access_token").and_then(Value::as_str).unwrap_or_default().clone_into(token);
            tokio::fs::write(&self.token_file, token.as_bytes()).await?;
            return Ok(());
        }
        self.worked();
        Ok(())
    }

    fn worked(&self) {
        let before = *self.tell.borrow();
        if before.worked == 0 {
            self.screen.good_line("billing-bot", "works: the gate lets it, the ledger answers 200");
        }
        if before.stopped && !before.resumed {
            self.screen
                .good_line("billing-bot", "works again: the gate lets it, with a new token the ledger answers 200");
        }
        self.tell.send_modify(|seen| {
            if seen.stopped {
                seen.resumed = true;
            } else {
                seen.worked += 1;
            }
        });
    }

    fn refused(&self, status: StatusCode, reason: &str) {
        let before = *self.tell.borrow();
        if before.worked > 0 && !before.stopped {
            let calls = before.worked;
            self.screen
                .bad_line("billing-bot", &format!("STOPPED after {calls} calls: gate {} ({reason})", status.as_u16()));
            self.tell.send_modify(|seen| seen.stopped = true);
        }
    }
}
