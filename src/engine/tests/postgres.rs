//! A real PostgreSQL server for the engine's tests. It is asked through its own client: SQL libraries stay in the store.

#[path = "../../../tests/it/harness/servers/postgres/cluster.rs"]
mod cluster;

use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a server may take until it answers.
const START: Duration = Duration::from_mins(1);

/// A running server with files of its own, ended when this is dropped.
pub struct Server {
    child: Child,
    folder: TempDir,
    port: u16,
}

impl Server {
    pub fn start() -> Self {
        let (folder, port) = (cluster::copy(), cluster::free_port());
        // Proving a password costs an unoptimised client a tenth of a second a connection, and these tests make hundreds.
        std::fs::write(folder.path().join("data/pg_hba.conf"), "host all all 127.0.0.1/32 trust\n").unwrap();
        let server = Self { child: cluster::serve(folder.path(), port, &[]), folder, port };
        let began = Instant::now();
        while !server.client("SELECT 1").status.success() {
            assert!(began.elapsed() < START, "PostgreSQL never answered. Its log:\n{}", server.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    /// The address of one of its databases, with user and password.
    pub fn url(&self, database: &str) -> String {
        let (user, password, port) = (cluster::USER, cluster::PASSWORD, self.port);
        format!("postgres://{user}:{password}@127.0.0.1:{port}/{database}?sslmode=disable")
    }

    /// Asks something as an administrator would, and gives the answer.
    pub fn ask(&self, text: &str) -> String {
        let output = self.client(text);
        assert!(output.status.success(), "{text}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn client(&self, text: &str) -> Output {
        let mut client = Command::new(cluster::program("psql"));
        client.args(["--no-psqlrc", "--tuples-only", "--no-align", "--command", text]).arg(self.url("postgres"));
        client.output().unwrap_or_else(|error| panic!("failed to run psql: {error}; run tests/servers/install"))
    }

    fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.folder.path().join("server.log")).unwrap_or_default()).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its children see that it is gone and end by themselves.
        if self.child.kill().is_ok() {
            drop(self.child.wait());
        }
    }
}
