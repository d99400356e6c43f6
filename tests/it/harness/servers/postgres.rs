//! A real PostgreSQL server with files of its own, and a standby of it.
//!
//! A cluster is made once and copied for every test, for making one takes longer than most tests. PostgreSQL does not run
//! as root: where the tests do, the server runs as `postgres`, which its package makes. It syncs as it does outside.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;

use crate::harness::patience::{START, poll};

const INSTALL: &str = "run tests/servers/install";
/// How long a server may take to end.
const STOP: Duration = Duration::from_secs(30);

/// How a server is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// In good order: connections are ended, everything is written.
    Fast,
    /// At once, as `kill -9` does; it recovers at its next start.
    Kill,
}

pub struct Postgres {
    child: Option<Child>,
    folder: TempDir,
    port: u16,
    settings: Vec<String>,
}

impl Postgres {
    pub const USER: &str = "standdown";
    pub const PASSWORD: &str = "password-of-the-store";

    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts a server with further settings, such as `max_connections=5`.
    pub async fn start_with(settings: &[&str]) -> Self {
        let template = template();
        let folder = folder();
        let copied = Command::new("cp").arg("-a").arg(template).arg(folder.path().join("data")).status().unwrap();
        assert!(copied.success(), "the cluster could not be copied");
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        let mut server = Self { child: None, folder, port: free_port(), settings };
        server.restart().await;
        server
    }

    /// A standby that follows this server; from then on a commit here waits until the standby has it too.
    pub async fn standby(&self) -> Self {
        let folder = folder();
        let mut backup = as_owner(&program("pg_basebackup"));
        backup.args(["--host", "127.0.0.1", "--username", Self::USER, "--wal-method", "stream", "--checkpoint", "fast"]);
        backup.args(["--write-recovery-conf", "--port"]).arg(self.port.to_string());
        backup.arg("--pgdata").arg(folder.path().join("data")).env("PGPASSWORD", Self::PASSWORD);
        run(backup, "pg_basebackup");
        let mut standby = Self { child: None, folder, port: free_port(), settings: self.settings.clone() };
        standby.restart().await;
        self.execute("ALTER SYSTEM SET synchronous_standby_names = '*'").await;
        self.execute("SELECT pg_reload_conf()").await;
        let follows = poll(START, || async {
            let mut connection = self.connection().await?;
            let text = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
            let count: i64 = sqlx::query_scalar(text).fetch_one(&mut connection).await.ok()?;
            (count == 1).then_some(())
        });
        follows.await.unwrap_or_else(|| panic!("the standby never followed. Its log:\n{}", standby.log()));
        standby
    }

    /// Makes a standby the server that takes writes; it waits for no other.
    pub async fn promote(&self) {
        self.execute("SELECT pg_promote()").await;
        self.execute("ALTER SYSTEM SET synchronous_standby_names = ''").await;
        self.execute("SELECT pg_reload_conf()").await;
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address of its one database, with user and password.
    pub fn url(&self) -> String {
        Self::url_of(&[self.port])
    }

    /// The address of a list of servers.
    pub fn url_of(ports: &[u16]) -> String {
        let hosts: Vec<String> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        format!("postgres://{}:{}@{}/postgres?sslmode=disable", Self::USER, Self::PASSWORD, hosts.join(","))
    }

    /// Does something as an administrator would.
    pub async fn execute(&self, text: &'static str) {
        let mut connection = self.connection().await.expect("the server answers");
        sqlx::raw_sql(text).execute(&mut connection).await.unwrap_or_else(|error| panic!("{text}: {error}"));
        connection.close().await.unwrap();
    }

    /// A connection of an administrator's.
    pub async fn connection(&self) -> Option<PgConnection> {
        let options = PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(self.port).username(Self::USER);
        options.password(Self::PASSWORD).database("postgres").connect().await.ok()
    }

    /// Ends the server.
    pub async fn stop(&mut self, ending: Ending) {
        let mut child = self.child.take().expect("the server runs");
        let id = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        kill_process(id, if ending == Ending::Fast { Signal::INT } else { Signal::KILL }).unwrap();
        let ended = poll(STOP, || {
            let ended = child.try_wait().unwrap();
            async move { ended }
        });
        ended.await.unwrap_or_else(|| panic!("the server did not end. Its log:\n{}", self.log()));
    }

    /// Starts it again on the same files and the same port.
    pub async fn restart(&mut self) {
        assert!(self.child.is_none(), "the server still runs");
        let log = fs::OpenOptions::new().create(true).append(true).open(self.folder.path().join("server.log")).unwrap();
        let mut command = as_owner(&program("postgres"));
        command.arg("-D").arg(self.folder.path().join("data"));
        let port = format!("port={}", self.port);
        let ours = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=on", "logging_collector=off", &port];
        let ours = ours.into_iter().chain(self.settings.iter().map(String::as_str));
        ours.for_each(|setting| drop(command.arg("-c").arg(setting)));
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        self.child = Some(command.spawn().unwrap_or_else(|error| panic!("failed to start PostgreSQL: {error}; {INSTALL}")));
        let ready = poll(START, || async {
            let connection = self.connection().await?;
            connection.close().await.ok()
        });
        ready.await.unwrap_or_else(|| panic!("PostgreSQL never answered. Its log:\n{}", self.log()));
    }

    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.path().join("server.log")).unwrap_or_default()).into_owned()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let Some(child) = &mut self.child else { return };
        // Its children see that it is gone and end by themselves.
        if child.kill().is_ok()
            && let Err(error) = child.wait()
        {
            eprintln!("failed to collect PostgreSQL: {error}");
        }
    }
}

/// The cluster that tests copy; made if it is not there.
fn template() -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("postgres-15-cluster");
    if place.is_dir() {
        return place;
    }
    let folder = folder();
    let (data, password) = (folder.path().join("data"), folder.path().join("password"));
    fs::write(&password, Postgres::PASSWORD).unwrap();
    fs::set_permissions(&password, fs::Permissions::from_mode(0o644)).unwrap();
    let mut initdb = as_owner(&program("initdb"));
    initdb.args(["--username", Postgres::USER, "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"]);
    initdb.args(["--wal-segsize", "1", "--no-sync", "--pgdata"]).arg(&data).arg("--pwfile").arg(&password);
    run(initdb, "initdb");
    let made = place.with_extension(std::process::id().to_string());
    let copied = Command::new("cp").arg("-a").arg(&data).arg(&made).status().unwrap();
    assert!(copied.success(), "the cluster could not be kept");
    // Two tests may have made one at the same time; the first stays.
    if fs::rename(&made, &place).is_err() {
        fs::remove_dir_all(&made).unwrap();
    }
    place
}

/// A folder that whoever runs the server may go through.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    if let Some(owner) = owner() {
        let done = Command::new("chown").arg(owner).arg(folder.path()).status().unwrap();
        assert!(done.success(), "the folder could not be given to {owner}");
    }
    folder
}

/// Who runs the server, where it must not be who runs the tests.
fn owner() -> Option<&'static str> {
    rustix::process::getuid().is_root().then_some("postgres")
}

/// A program, run by whoever may, under the guard that ends it with the test.
fn as_owner(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if let Some(owner) = owner() {
        command.args(["--reuid", owner, "--regid", owner, "--clear-groups"]);
    }
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command.env("LC_ALL", "C").current_dir("/");
    command
}

fn run(mut command: Command, name: &str) {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{name}: {error}; {INSTALL}"));
    assert!(output.status.success(), "{name}: {}; {INSTALL}", String::from_utf8_lossy(&output.stderr));
}

/// A program of the package; Debian keeps it outside the search path.
fn program(name: &str) -> PathBuf {
    let here = Path::new("/usr/lib/postgresql/15/bin").join(name);
    if here.is_file() { here } else { super::process::installed(name) }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
