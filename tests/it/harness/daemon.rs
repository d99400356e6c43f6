//! The daemon itself, as a user runs it: the binary, with its files in a folder of its own, on a free loopback port.
//!
//! It is started under the same guard as the real servers, so that a killed test leaves none behind. The port is chosen
//! beforehand and kept across restarts, because links in messages that were sent must go on working. Nothing here knows
//! the library: what is asked of the daemon is asked from outside.

mod answer;
mod setup;
mod signature;

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tempfile::TempDir;

use super::patience::{START, poll};

pub use answer::Answer;
pub use setup::Setup;
pub use signature::Delivery;

const BINARY: &str = env!("CARGO_BIN_EXE_standdown");
/// How long a daemon may take to end in good order.
const STOP: Duration = Duration::from_secs(30);

/// A running (or killed) daemon and its folder.
pub struct Daemon {
    child: Option<Child>,
    folder: TempDir,
    port: u16,
    variables: BTreeMap<String, String>,
    under: Vec<String>,
    client: reqwest::Client,
}

impl Daemon {
    /// Writes the files and starts the daemon on them; it is ready when this returns.
    pub async fn start(setup: &Setup) -> Self {
        let mut daemon = Self::prepare(setup);
        daemon.launch();
        daemon.wait_ready().await;
        daemon
    }

    /// Writes the files and starts nothing; [`Daemon::restart`] does.
    pub fn prepare(setup: &Setup) -> Self {
        let folder = TempDir::new().unwrap();
        setup.write(folder.path());
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let (variables, under) = (setup.variables().clone(), setup.program(folder.path()));
        Self { child: None, folder, port: setup.port(), variables, under, client }
    }

    /// `http://127.0.0.1:PORT`, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where alerts of that source are posted.
    pub fn hook(&self, source: &str) -> String {
        format!("{}/hooks/{source}", self.url())
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn configuration(&self) -> PathBuf {
        self.folder().join(Setup::CONFIGURATION)
    }

    /// What all its processes wrote to standard error, the oldest first.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.log_file()).unwrap_or_default()).into_owned()
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.as_ref().expect("the daemon is not running").id()
    }

    /// Resident memory in KiB, as the kernel counts it.
    pub fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Waits until `/readyz` answers 200; fails the test when it does not in time, or when the daemon ends before.
    pub async fn wait_ready(&mut self) {
        let ready = format!("{}/readyz", self.url());
        let client = self.client.clone();
        let found = poll(START, || {
            let ended = self.has_ended();
            let request = client.get(&ready).send();
            async move {
                if let Some(status) = ended {
                    return Some(Err(status));
                }
                request.await.ok()?.error_for_status().ok().map(|_| Ok(()))
            }
        })
        .await;
        match found {
            Some(Ok(())) => {}
            Some(Err(status)) => panic!("the daemon ended with {status} before it was ready. Its log:\n{}", self.log()),
            None => panic!("the daemon did not become ready within {START:?}. Its log:\n{}", self.log()),
        }
    }

    /// Sends a request and gives the answer, whatever its status. The path begins with a slash.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<Vec<u8>>) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.url()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await;
        Answer::of(response.unwrap_or_else(|error| panic!("no answer to {path}: {error}. The log:\n{}", self.log())))
            .await
    }

    /// A request to the API with Ana's token; `path` stands below `/api/v1`.
    pub async fn api(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        self.api_with(method, path, &[], body).await
    }

    /// The same with further headers, such as `If-Match`.
    pub async fn api_with(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Answer {
        let bearer = format!("Bearer {}", Setup::ANA_TOKEN);
        let mut all = vec![("authorization", bearer.as_str()), ("content-type", "application/json")];
        all.extend(headers);
        self.send(method, &format!("/api/v1{path}"), &all, body.map(|body| body.to_string().into_bytes())).await
    }

    /// Reads from the API with Ana's token; fails the test unless the answer is 200.
    pub async fn read(&self, path: &str) -> Value {
        let answer = self.api(Method::GET, path, None).await;
        assert_eq!(answer.status, 200, "GET {path}: {answer:?}\n{}", self.log());
        answer.json()
    }

    /// Reads from the API again and again until `wanted` gives a value; fails the test with what was last read.
    pub async fn read_until<T>(&self, path: &str, limit: Duration, wanted: impl Fn(&Value) -> Option<T>) -> T {
        let last = std::cell::RefCell::new(Value::Null);
        let found = poll(limit, || async {
            let answer = self.read(path).await;
            let found = wanted(&answer);
            last.replace(answer);
            found
        })
        .await;
        found.unwrap_or_else(|| {
            panic!("GET {path} did not come to what was waited for: {:#}\n{}", last.borrow(), self.log())
        })
    }

    /// Posts an alert with these headers as they are.
    pub async fn post_alert(&self, source: &str, body: &[u8], headers: &[(&str, &str)]) -> Answer {
        self.send(Method::POST, &format!("/hooks/{source}"), headers, Some(body.to_vec())).await
    }

    /// Posts a signed delivery (Standard Webhooks).
    pub async fn deliver(&self, source: &str, delivery: &Delivery) -> Answer {
        let headers = delivery.headers();
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.post_alert(source, &delivery.body, &headers).await
    }

    /// Ends the daemon at once, as `kill -9` does, and collects it.
    pub fn kill9(&mut self) {
        let mut child = self.child.take().expect("the daemon is not running");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Starts the daemon again on the same folder and the same port.
    pub async fn restart(&mut self) {
        assert!(self.child.is_none(), "the daemon still runs: kill it or stop it first");
        self.launch();
        self.wait_ready().await;
    }

    /// Starts the daemon again and does not wait until it is ready.
    pub fn relaunch(&mut self) {
        assert!(self.child.is_none(), "the daemon still runs: kill it or stop it first");
        self.launch();
    }

    /// Sends it a signal, such as one that freezes it.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_raw(i32::try_from(self.id()).unwrap()).unwrap();
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// Starts the daemon where it can't start, and gives how it ended.
    pub async fn fail_to_start(&mut self) -> ExitStatus {
        self.launch();
        let ended = poll(START, || {
            let ended = self.has_ended();
            async move { ended }
        })
        .await;
        let status = ended.unwrap_or_else(|| panic!("the daemon started all the same:\n{}", self.log()));
        self.child = None;
        status
    }

    /// Asks the daemon to end (SIGTERM) and fails the test unless it does so with exit code 0.
    pub async fn stop(&mut self) {
        let status = self.terminate().await;
        assert!(status.success(), "the daemon ended with {status}. Its log:\n{}", self.log());
    }

    /// Asks the daemon to end (SIGTERM) and gives how it did.
    pub async fn terminate(&mut self) -> ExitStatus {
        let id = i32::try_from(self.id()).unwrap();
        let id = rustix::process::Pid::from_raw(id).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        let ended = poll(STOP, || {
            let ended = self.has_ended();
            async move { ended }
        })
        .await;
        let status =
            ended.unwrap_or_else(|| panic!("the daemon did not end within {STOP:?}. Its log:\n{}", self.log()));
        self.child = None;
        status
    }

    /// Runs the command line against this daemon, as its user would on the same machine.
    pub async fn cli(&self, arguments: &[&str]) -> Output {
        let mut command = tokio::process::Command::new(BINARY);
        command.args(arguments).arg("--config").arg(self.configuration());
        command.current_dir(self.folder()).stdin(Stdio::null()).kill_on_drop(true);
        command.output().await.unwrap()
    }

    /// Runs the command line as a person elsewhere does, with their token.
    pub async fn cli_as(&self, token: &str, arguments: Vec<String>) -> Output {
        let mut command = tokio::process::Command::new(BINARY);
        command.args(arguments).env("STANDDOWN_TOKEN", token);
        command.current_dir(self.folder()).stdin(Stdio::null()).kill_on_drop(true);
        command.output().await.unwrap()
    }

    /// What the command line printed; fails the test unless it exits with 0.
    pub async fn cli_text(&self, arguments: &[&str]) -> String {
        let output = self.cli(arguments).await;
        let (text, errors) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
        assert!(
            output.status.success(),
            "`standdown {}` ended with {}:\n{text}\n{errors}",
            arguments.join(" "),
            output.status
        );
        text
    }

    fn launch(&mut self) {
        let log = self.append_to_log();
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).args(&self.under);
        command.args([BINARY, "serve", "--config"]).arg(self.configuration());
        command.current_dir(self.folder()).stdin(Stdio::null()).env_remove("RUST_LOG").envs(&self.variables);
        command.stdout(log.try_clone().unwrap()).stderr(log);
        self.child = Some(command.spawn().unwrap_or_else(|error| panic!("failed to start the daemon: {error}")));
    }

    fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.as_mut()?.try_wait().unwrap()
    }

    fn log_file(&self) -> PathBuf {
        self.folder().join("daemon.log")
    }

    fn append_to_log(&self) -> File {
        OpenOptions::new().create(true).append(true).open(self.log_file()).unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let Some(child) = &mut self.child else { return };
        if child.kill().is_ok()
            && let Err(error) = child.wait()
        {
            eprintln!("failed to collect the daemon: {error}");
        }
        if std::thread::panicking() {
            eprintln!("the daemon's log:\n{}", self.log());
        }
    }
}
