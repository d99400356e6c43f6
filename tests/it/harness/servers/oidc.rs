//! The OpenID provider `oidc-provider` (Node.js): opaque tokens, revocation (RFC 7009) and introspection (RFC 7662).

use serde_json::Value;
use tempfile::TempDir;

use super::process::{Process, installed_here, listening_port, script};

/// Whom the provider lets revoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// The client `orchestrator` may revoke tokens of other clients.
    Permissive,
    /// Out of the box: a confidential caller gets 400, and a public one a 200 that revokes nothing.
    Default,
}

pub struct OidcProvider {
    _process: Process,
    port: u16,
    client: reqwest::Client,
}

impl OidcProvider {
    /// The client that Standdown acts as.
    pub const ORCHESTRATOR: &str = "orchestrator";
    pub const ORCHESTRATOR_SECRET: &str = "orchestrator-secret";
    /// A client without a secret, whose revocations the default policy answers with 200 and ignores.
    pub const PUBLIC_ORCHESTRATOR: &str = "public-orchestrator";

    pub async fn start(policy: Policy) -> Self {
        let policy = match policy {
            Policy::Permissive => "permissive",
            Policy::Default => "default",
        };
        let mut process = Process::start(&installed_here("node"), TempDir::new().unwrap(), |command| {
            command.arg(script("oidc.mjs")).arg(policy);
        });
        let port = process.wait_for_line("on which port it listens", listening_port).await;
        Self { _process: process, port, client: reqwest::Client::new() }
    }

    pub fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn token_url(&self) -> String {
        format!("{}/token", self.issuer())
    }

    pub fn introspection_url(&self) -> String {
        format!("{}/token/introspection", self.issuer())
    }

    pub fn revocation_url(&self) -> String {
        format!("{}/token/revocation", self.issuer())
    }

    /// A fresh opaque token of the agent `agent-7` or `agent-8`, by its client credentials.
    pub async fn token_for(&self, agent: &str) -> String {
        let secret = format!("{agent}-secret");
        let form = [("grant_type", "client_credentials"), ("scope", "api:read")];
        let request = self.client.post(self.token_url()).basic_auth(agent, Some(secret)).form(&form);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        let token = answer["access_token"].as_str();
        token.unwrap_or_else(|| panic!("the provider gave no token for {agent}: {answer}")).to_owned()
    }

    /// Whether the provider calls the token active, asked as the orchestrator.
    pub async fn introspect(&self, token: &str) -> bool {
        let request = self.client.post(self.introspection_url()).form(&[("token", token)]);
        let request = request.basic_auth(Self::ORCHESTRATOR, Some(Self::ORCHESTRATOR_SECRET));
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        answer["active"].as_bool().unwrap_or_else(|| panic!("the provider did not introspect: {answer}"))
    }

    /// Asks for a revocation as the orchestrator and gives the HTTP status.
    pub async fn revoke(&self, token: &str) -> u16 {
        let request = self.client.post(self.revocation_url()).form(&[("token", token)]);
        let request = request.basic_auth(Self::ORCHESTRATOR, Some(Self::ORCHESTRATOR_SECRET));
        request.send().await.unwrap().status().as_u16()
    }

    /// Asks for a revocation as the public client and gives the HTTP status.
    pub async fn revoke_as_public(&self, token: &str) -> u16 {
        let form = [("token", token), ("client_id", Self::PUBLIC_ORCHESTRATOR)];
        self.client.post(self.revocation_url()).form(&form).send().await.unwrap().status().as_u16()
    }
}
