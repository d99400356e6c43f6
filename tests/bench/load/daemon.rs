//! The daemon as a user runs it, in a folder of its own on a free port of loopback, with the configuration's defaults
//! except for what a measure needs.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::connection::{BEARER, Connection};
use super::postgres::fresh_database;
use super::process::Process;
use super::settings::Settings;
use super::{alert, playbooks};

/// Where the measured source takes alerts.
pub const HOOK: &str = "/hooks/bench";

/// How many agents one file of the inventory takes.
const AGENTS_PER_FILE: u64 = 4000;

/// What a daemon is started with.
pub struct Shape {
    /// How many agents the inventory has.
    pub agents: u64,
    /// Playbooks that match nothing that is sent.
    pub idle_playbooks: usize,
    /// Where runs call; without it there is no playbook that acts.
    pub target: Option<SocketAddr>,
    /// The database that replicas share; without it the daemon gets an empty one.
    pub store: Option<String>,
}

pub struct Daemon {
    process: Option<Process>,
    folder: TempDir,
    binary: PathBuf,
    pub address: SocketAddr,
    pub store: String,
}

impl Daemon {
    /// Writes the files and starts the daemon; it is ready when this returns.
    pub async fn start(settings: &Settings, shape: &Shape) -> anyhow::Result<Self> {
        let mut daemon = Self::prepare(settings, shape).await?;
        daemon.launch().await?;
        Ok(daemon)
    }

    /// Writes the files and starts nothing.
    pub async fn prepare(settings: &Settings, shape: &Shape) -> anyhow::Result<Self> {
        let folder = TempDir::new_in(&settings.directory)?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let store = match (&shape.store, &settings.store) {
            (Some(shared), _) => shared.clone(),
            (None, Some(server)) => fresh_database(server).await?,
            (None, None) => format!("sqlite:{}", folder.path().join("standdown.db").display()),
        };
        write_files(folder.path(), shape, address, &store)?;
        Ok(Self { process: None, folder, binary: settings.daemon.clone(), address, store })
    }

    /// Starts the process, and waits for nothing.
    pub fn spawn(&mut self) -> anyhow::Result<&mut Process> {
        let mut command = Command::new(&self.binary);
        command.args(["serve", "--config", "standdown.yaml"]).current_dir(self.folder.path()).env_remove("RUST_LOG");
        let process = Process::start(&command, Some(&self.log()))?;
        Ok(self.process.insert(process))
    }

    /// Starts the process and waits until it is ready; how long that took.
    pub async fn launch(&mut self) -> anyhow::Result<Duration> {
        let (began, log, address) = (Instant::now(), self.log(), self.address);
        let process = self.spawn()?;
        loop {
            if let Ok(mut connection) = Connection::open(address).await
                && connection.get("/readyz").await.is_ok_and(|answer| answer.status == 200)
            {
                return Ok(began.elapsed());
            }
            if process.has_ended() || began.elapsed() > Duration::from_secs(120) {
                anyhow::bail!("the daemon does not serve: {}", std::fs::read_to_string(log)?);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    pub fn process(&self) -> &Process {
        self.process.as_ref().unwrap()
    }

    /// Ends it in good order; the files stay as long as this lives.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        self.process.take().map_or(Ok(()), Process::stop)
    }

    /// Ends it as `kill -9` does.
    pub fn kill(&mut self) {
        self.process = None;
    }

    pub fn log(&self) -> PathBuf {
        self.folder.path().join("daemon.log")
    }
}

fn write_files(folder: &Path, shape: &Shape, address: SocketAddr, store: &str) -> anyhow::Result<()> {
    for name in ["playbooks", "agents"] {
        std::fs::create_dir(folder.join(name))?;
    }
    let bearer = folder.join("bearer");
    std::fs::write(&bearer, BEARER)?;
    let connections = shape.target.map_or_else(
        || "{}".to_owned(),
        |target| format!("{{ target: {{ connector: http, base_url: 'http://{target}', networks: [127.0.0.0/8] }} }}"),
    );
    let bearer = bearer.display();
    let text = format!(
        "listen: {address}\nstore: {store}\nagents: agents\nfallback_owner: ['user:ana']\n\
         people: {{ ana: {{ name: Ana Silva, email: ana@example.test }} }}\n\
         sources: {{ bench: {{ preset: generic, trust: contain, auth: {{ bearer: 'file:{bearer}' }} }} }}\n\
         connections: {connections}\n"
    );
    std::fs::write(folder.join("standdown.yaml"), text)?;
    for file in 0..shape.agents.div_ceil(AGENTS_PER_FILE) {
        let mut text = "agents:\n".to_owned();
        for number in (file * AGENTS_PER_FILE)..((file + 1) * AGENTS_PER_FILE).min(shape.agents) {
            writeln!(text, "  - {{ id: {}, owner: 'user:ana' }}", alert::agent(number))?;
        }
        std::fs::write(folder.join("agents").join(format!("{file:03}.yaml")), text)?;
    }
    playbooks::write(&folder.join("playbooks"), shape.target.is_some(), shape.idle_playbooks)
}
