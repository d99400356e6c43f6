//! The demo's files: a configuration, an inventory, secrets and a playbook, in a temporary folder that goes with it.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use serde_json::Value;

use crate::channel::sign_webhook;
use crate::clock::{Clock as _, SystemClock};
use crate::domain::Digest;

use super::world::World;

const PLAYBOOK: &str = include_str!("../../../playbooks/token-misuse.yaml");

/// The demo's files.
pub(super) struct Scene {
    folder: tempfile::TempDir,
    pub configuration: PathBuf,
    pub api_token: String,
    pub token_file: PathBuf,
    alert_secret: SecretString,
}

impl Scene {
    pub fn build(world: &World) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("standdown-demo-").tempdir()?;
        let at = |name: &str| folder.path().join(name);
        let (alert_secret, inbox_secret) = (signing_secret()?, signing_secret()?);
        let api_token = random_text()?;
        std::fs::write(at("alert-secret"), &alert_secret)?;
        std::fs::write(at("inbox-secret"), &inbox_secret)?;
        std::fs::write(at("idp-password"), random_text()?)?;
        std::fs::create_dir(at("playbooks"))?;
        std::fs::write(at("playbooks").join("token-misuse.yaml"), enforced(PLAYBOOK)?)?;
        std::fs::write(at("agents.yaml"), agents(folder.path()))?;
        let configuration = at("standdown.yaml");
        std::fs::write(&configuration, configured(folder.path(), &world.url, &api_token))?;
        let token_file = at("billing-bot-token");
        Ok(Self { configuration, api_token, token_file, alert_secret: alert_secret.into(), folder })
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A request that posts an alert as Standard Webhooks 1.0 wants it.
    pub fn signed_alert(&self, address: &str, body: &Value) -> anyhow::Result<reqwest::RequestBuilder> {
        let at = SystemClock.now();
        let id = format!("msg_{}", uuid::Uuid::now_v7().simple());
        let bytes = body.to_string().into_bytes();
        let signature = sign_webhook(&self.alert_secret, &id, at.as_second(), &bytes).map_err(anyhow::Error::msg)?;
        Ok(reqwest::Client::new()
            .post(address)
            .header("webhook-id", id)
            .header("webhook-timestamp", at.as_second())
            .header("webhook-signature", signature)
            .header("content-type", "application/json")
            .body(bytes))
    }
}

/// The shipped playbook, told to act: as shipped it only observes.
fn enforced(text: &str) -> anyhow::Result<String> {
    let acting = text.replacen("mode: observe", "mode: enforce", 1);
    if acting == text {
        anyhow::bail!("the shipped playbook is not in observe mode");
    }
    Ok(acting)
}

fn agents(folder: &Path) -> String {
    format!(
        "agents:\n  - id: billing-bot\n    name: Billing bot\n    owner: user:ana\n    tier: autonomous\n    \
         environment: demo\n    systems: [ledger]\n    gated: true\n    credentials:\n      idp: {{ ref: \"file:{}\" }}\n",
        folder.join("billing-bot-token").display(),
    )
}

fn configured(folder: &Path, world: &str, api_token: &str) -> String {
    let token = Digest::of(api_token.as_bytes());
    let uid = rustix::process::getuid().as_raw();
    let secret = |name: &str| folder.join(name).display().to_string();
    format!(
        r#"listen: 127.0.0.1:0
store: sqlite:standdown.db
socket: standdown.sock
playbooks: playbooks
agents: agents.yaml
people:
  ana: {{ name: Ana, webhook: inbox, token: "sha256:{token}", uid: {uid} }}
fallback_owner: [user:ana]
sources:
  demo:
    preset: generic
    auth: {{ hmac: {{ preset: standard-webhooks, secrets: ["file:{alert}"] }} }}
    trust: contain
connections:
  corporate-idp:
    connector: oauth
    base_url: {world}
    auth: {{ basic: {{ username: standdown, password: "file:{password}" }} }}
    networks: [127.0.0.0/8]
channels:
  webhooks:
    inbox: {{ url: "{world}/inbox", secret: "file:{inbox}", networks: [127.0.0.0/8] }}
"#,
        alert = secret("alert-secret"),
        password = secret("idp-password"),
        inbox = secret("inbox-secret"),
    )
}

fn signing_secret() -> anyhow::Result<String> {
    Ok(format!("whsec_{}", STANDARD.encode(random::<32>()?)))
}

fn random_text() -> anyhow::Result<String> {
    Ok(Digest::of(&random::<32>()?).to_string())
}

fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).ok().context("the system gives no randomness")?;
    Ok(bytes)
}
