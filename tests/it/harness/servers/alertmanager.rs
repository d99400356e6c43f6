//! Alertmanager of the Prometheus project: a real sender of webhooks, with grouping, retries and resolved messages.

use std::fs;
use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::process::{Process, installed};

pub struct Alertmanager {
    _process: Process,
    port: u16,
    client: reqwest::Client,
}

impl Alertmanager {
    /// Starts one that posts to `webhook_url` with `Authorization: Bearer BEARER`, within a second of an alert.
    pub async fn start(webhook_url: &str, bearer: &str) -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("alertmanager.yml"), configuration(webhook_url, bearer)).unwrap();
        let mut process = Process::start(&installed("prometheus-alertmanager"), folder, |command| {
            command.args(["--config.file=alertmanager.yml", "--storage.path=data", "--cluster.listen-address="]);
            command.args(["--web.listen-address=127.0.0.1:0", "--log.level=debug"]);
        });
        let port = process.wait_for_line("on which port it listens", listening).await;
        let client = reqwest::Client::new();
        let ready = format!("http://127.0.0.1:{port}/-/ready");
        process
            .wait_until("answer on /-/ready", || async {
                client.get(&ready).send().await.ok()?.error_for_status().ok().map(drop)
            })
            .await;
        Self { _process: process, port, client }
    }

    /// Hands over an alert that fires from now on until it is resolved (or an hour has passed).
    pub async fn fire(&self, labels: &[(&str, &str)], annotations: &[(&str, &str)]) {
        let now = now();
        self.post(labels, annotations, now, now + SignedDuration::from_hours(1)).await;
    }

    /// Says that the alert with these labels is over.
    pub async fn resolve(&self, labels: &[(&str, &str)]) {
        let now = now();
        self.post(labels, &[], now - SignedDuration::from_secs(1), now).await;
    }

    async fn post(&self, labels: &[(&str, &str)], annotations: &[(&str, &str)], from: Timestamp, until: Timestamp) {
        let alert = json!({
            "labels": object(labels), "annotations": object(annotations),
            "startsAt": from.to_string(), "endsAt": until.to_string(),
            "generatorURL": "http://127.0.0.1/graph",
        });
        let url = format!("http://127.0.0.1:{}/api/v2/alerts", self.port);
        let answer = self.client.post(url).json(&json!([alert])).send().await.unwrap();
        let status = answer.status();
        assert!(status.is_success(), "Alertmanager refused the alert with {status}: {}", answer.text().await.unwrap());
    }
}

fn configuration(webhook_url: &str, bearer: &str) -> String {
    let configuration = json!({
        "global": { "resolve_timeout": "1m" },
        "route": {
            "receiver": "standdown", "group_by": ["alertname", "agent_id"],
            "group_wait": "100ms", "group_interval": "1s", "repeat_interval": "1h",
        },
        "receivers": [{
            "name": "standdown",
            "webhook_configs": [{
                "url": webhook_url, "send_resolved": true, "max_alerts": 50,
                "http_config": { "authorization": { "type": "Bearer", "credentials": bearer } },
            }],
        }],
    });
    // JSON is YAML too, and it quotes what would need it.
    configuration.to_string()
}

/// The port in `... msg=Listening on address=127.0.0.1:9093`.
fn listening(line: &str) -> Option<u16> {
    if !line.contains("Listening on") {
        return None;
    }
    let port = line.split("127.0.0.1:").nth(1)?;
    port.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
}

fn object(pairs: &[(&str, &str)]) -> Map<String, Value> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect()
}

/// Alertmanager judges alerts by the real time, which no clock of a test can move.
#[expect(clippy::disallowed_methods, reason = "a real server compares this with its own clock")]
fn now() -> Timestamp {
    Timestamp::try_from(SystemTime::now()).unwrap()
}
