//! A PostgreSQL of our own for as long as a measure lasts, with its defaults: fsync on, `synchronous_commit` on.
//!
//! Every daemon gets a database of its own in it, except for replicas, which share one.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;

use super::process::Process;

static NUMBER: AtomicU32 = AtomicU32::new(0);

pub struct Postgres {
    process: Process,
    _folder: TempDir,
    /// A database in which others can be made.
    pub url: String,
    binaries: PathBuf,
}

impl Postgres {
    /// Makes a cluster in a folder of its own and starts it; `None` where PostgreSQL is not installed.
    pub async fn start(directory: &Path) -> anyhow::Result<Option<Self>> {
        let Some(binaries) = binaries() else { return Ok(None) };
        let folder = TempDir::new_in(directory)?;
        let cluster = folder.path().join("cluster");
        let owner = if rustix::process::getuid().is_root() { Some(give_to_postgres(folder.path())?) } else { None };
        let mut command = as_owner(owner, &binaries.join("initdb"));
        command.args(["--auth=trust", "--username=bench", "--encoding=UTF8", "--pgdata"]).arg(&cluster);
        let made = command.current_dir(folder.path()).output()?;
        anyhow::ensure!(made.status.success(), "initdb failed: {}", String::from_utf8_lossy(&made.stderr));
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = as_owner(owner, &binaries.join("postgres"));
        command.arg("-D").arg(&cluster).args(["-h", "127.0.0.1", "-p", &address.port().to_string(), "-k", ""]);
        let log = folder.path().join("postgres.log");
        let process = Process::start(command.current_dir(folder.path()), Some(&log))?;
        let url = format!("postgres://bench@{address}/postgres");
        let began = Instant::now();
        while PgConnection::connect(&url).await.is_err() {
            anyhow::ensure!(began.elapsed() < Duration::from_secs(30), "PostgreSQL does not start");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(Some(Self { process, _folder: folder, url, binaries }))
    }

    /// Single-row inserts per second, each committed by itself, from 16 clients.
    pub async fn pgbench(&self, time: Duration) -> anyhow::Result<f64> {
        let database = fresh_database(&self.url).await?;
        let mut connection = PgConnection::connect(&database).await?;
        sqlx::raw_sql("CREATE TABLE pair (id bigserial PRIMARY KEY, body text NOT NULL)")
            .execute(&mut connection)
            .await?;
        let script = tempfile::NamedTempFile::new()?;
        std::fs::write(script.path(), format!("INSERT INTO pair (body) VALUES ('{}');\n", "x".repeat(1000)))?;
        let mut command = tokio::process::Command::new(self.binaries.join("pgbench"));
        command.args(["--no-vacuum", "--client=16", "--jobs=2", "--protocol=prepared"]);
        command.arg(format!("--time={}", time.as_secs())).arg("--file").arg(script.path()).arg(&database);
        let output = command.kill_on_drop(true).output().await?;
        let text = String::from_utf8_lossy(&output.stdout);
        let rate = text.lines().find_map(|line| line.strip_prefix("tps = "));
        let rate = rate.with_context(|| format!("pgbench failed: {}", String::from_utf8_lossy(&output.stderr)))?;
        Ok(rate.split(' ').next().unwrap_or_default().parse()?)
    }

    pub fn stop(self) -> anyhow::Result<()> {
        self.process.stop()
    }
}

/// An empty database beside the one that the URL names.
pub async fn fresh_database(url: &str) -> anyhow::Result<String> {
    let name = format!("standdown_bench_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let mut connection = PgConnection::connect(url).await?;
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await?;
    let mut fresh = url::Url::parse(url)?;
    fresh.set_path(&name);
    Ok(fresh.into())
}

/// The newest server that Debian's packages laid down, or whatever stands in the search path.
fn binaries() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    found.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    found.into_iter().rev().chain(std::env::split_paths(&path)).find(|folder| folder.join("initdb").is_file())
}

/// The server refuses to run as root: its folder goes to the user whom Debian made for it.
fn give_to_postgres(folder: &Path) -> anyhow::Result<u32> {
    let users = std::fs::read_to_string("/etc/passwd")?;
    let user = users.lines().find(|line| line.starts_with("postgres:")).context("there is no user `postgres`")?;
    let id = user.split(':').nth(2).context("the user `postgres` has no id")?.parse()?;
    std::os::unix::fs::chown(folder, Some(id), None)?;
    Ok(id)
}

fn as_owner(owner: Option<u32>, program: &Path) -> Command {
    let Some(id) = owner else { return Command::new(program) };
    let mut command = Command::new("setpriv");
    command.arg(format!("--reuid={id}")).args(["--clear-groups", "--"]).arg(program);
    command
}
