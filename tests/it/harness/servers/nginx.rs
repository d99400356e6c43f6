//! nginx in front of an agent's target, asking the gate about every request (`auth_request`).
//!
//! The agent names itself by the header `X-Agent-Id`. That serves a test; outside, the name has to come from something the
//! agent cannot choose, such as its client certificate.

use std::fs;
use std::net::TcpListener;

use tempfile::TempDir;

use super::process::{Process, installed};

pub struct Nginx {
    _process: Process,
    port: u16,
    client: reqwest::Client,
}

impl Nginx {
    /// Asks `GATE_URL/gate/<agent>` with `Authorization: Bearer TOKEN`, and passes what is allowed to `upstream`.
    pub async fn start(gate_url: &str, token: &str, upstream: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let port = free_port();
        let template = include_str!("../../../servers/nginx.conf");
        let configuration = template
            .replace("@PORT@", &port.to_string())
            .replace("@GATE@", gate_url.trim_end_matches('/'))
            .replace("@TOKEN@", token)
            .replace("@UPSTREAM@", upstream.trim_end_matches('/'));
        fs::write(folder.path().join("nginx.conf"), configuration).unwrap();
        let mut process = Process::start(&installed("nginx"), folder, |command| {
            command.args(["-p", ".", "-c", "nginx.conf", "-e", "stderr"]);
        });
        let client = reqwest::Client::new();
        let alive = format!("http://127.0.0.1:{port}/alive-without-the-gate");
        process
            .wait_until("answer", || async { client.get(&alive).send().await.ok()?.error_for_status().ok().map(drop) })
            .await;
        Self { _process: process, port, client }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// One call of an agent through the gate: the status that the agent sees.
    pub async fn call_as(&self, agent: &str) -> u16 {
        self.response_to(agent).await.status().as_u16()
    }

    /// The same call with all that came back.
    pub async fn response_to(&self, agent: &str) -> reqwest::Response {
        self.client.get(format!("{}/work", self.url())).header("X-Agent-Id", agent).send().await.unwrap()
    }
}

/// nginx cannot say which port it got, so it is chosen for it: asked of the kernel, and free until nginx takes it.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
