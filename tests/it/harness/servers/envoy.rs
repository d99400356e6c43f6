//! Envoy in front of an agent's target, asking the gate about every request (`ext_authz` over HTTP).
//!
//! The agent names itself by the header `X-Agent-Id`, as with nginx beside it.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::process::Process;

pub struct Envoy {
    _process: Process,
    port: u16,
    client: reqwest::Client,
}

impl Envoy {
    /// Asks below `GATE_URL/gate/envoy` with `Authorization: Bearer TOKEN`, and passes what is allowed to `upstream`.
    pub async fn start(gate_url: &str, token: &str, upstream: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let configuration = include_str!("../../../servers/envoy.yaml")
            .replace("@PORT@", &port.to_string())
            .replace("@GATE@", gate_url)
            .replace("@GATE_PORT@", port_of(gate_url))
            .replace("@TOKEN@", token)
            .replace("@UPSTREAM_PORT@", port_of(upstream));
        fs::write(folder.path().join("envoy.yaml"), configuration).unwrap();
        let mut process = Process::start(&program(), folder, |command| {
            // Without these two it shares memory with other Envoys, and has a thread for every core.
            command.args(["-c", "envoy.yaml", "--disable-hot-restart", "--concurrency", "1", "-l", "warning"]);
        });
        let client = reqwest::Client::new();
        let alive = format!("http://127.0.0.1:{port}/alive-without-the-gate");
        process
            .wait_until("answer", || async { client.get(&alive).send().await.ok()?.error_for_status().ok().map(drop) })
            .await;
        Self { _process: process, port, client }
    }

    /// One call of an agent through the gate, with further headers.
    pub async fn call(&self, method: reqwest::Method, path: &str, headers: &[(&str, &str)]) -> reqwest::Response {
        let mut request = self.client.request(method, format!("http://127.0.0.1:{}{path}", self.port));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }
}

/// Where the package puts it, whatever the version of Python.
fn program() -> PathBuf {
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.servers/python/lib");
    let pythons = fs::read_dir(&library).into_iter().flatten().flatten();
    let mut programs = pythons.map(|python| python.path().join("site-packages/envoy/_bin/envoy"));
    programs.find(|program| program.is_file()).expect("envoy is missing; run tests/servers/install")
}

fn port_of(url: &str) -> &str {
    url.trim_end_matches('/').rsplit(':').next().unwrap()
}
