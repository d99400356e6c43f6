//! A real PostgreSQL server with files of its own, and a standby of it.
//!
//! A cluster is made once and copied for every test, for making one takes longer than most tests. PostgreSQL does not run
//! as root: where the tests do, the server runs as `postgres`, which its package makes. It syncs as it does outside.

mod cluster;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Child;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;

use crate::harness::authority::Authority;
use crate::harness::patience::{START, poll};

use cluster::{as_owner, copy, folder, free_port, give_to_owner, program, run, serve};

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
    pub const USER: &str = cluster::USER;
    pub const PASSWORD: &str = cluster::PASSWORD;

    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts a server with further settings, such as `max_connections=5`.
    pub async fn start_with(settings: &[&str]) -> Self {
        let mut server = Self::prepare(settings);
        server.restart().await;
        server
    }

    /// Starts a server that speaks TLS, as `localhost`, with a certificate of its own authority.
    pub async fn start_encrypted() -> Self {
        let mut server = Self::prepare(&["ssl=on", "ssl_cert_file=leaf.pem", "ssl_key_file=leaf.key"]);
        let authority = Authority::new();
        let leaf = authority.leaf(&["localhost"]);
        fs::write(server.authority_file(), authority.certificate_pem()).unwrap();
        for (name, text) in [("leaf.pem", leaf.certificate_pem), ("leaf.key", leaf.key_pem)] {
            let file = server.folder.path().join("data").join(name);
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
            give_to_owner(&file);
        }
        server.restart().await;
        server
    }

    /// The file with the certificate that a client has to trust.
    pub fn authority_file(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    fn prepare(settings: &[&str]) -> Self {
        let folder = copy();
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        Self { child: None, folder, port: free_port(), settings }
    }

    /// A standby that follows this server; from then on a commit here waits until the standby has it too.
    pub async fn standby(&self) -> Self {
        let folder = folder();
        let mut backup = as_owner(&program("pg_basebackup"));
        backup.args([
            "--host",
            "127.0.0.1",
            "--username",
            Self::USER,
            "--wal-method",
            "stream",
            "--checkpoint",
            "fast",
        ]);
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
        self.child = Some(serve(self.folder.path(), self.port, &self.settings));
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
