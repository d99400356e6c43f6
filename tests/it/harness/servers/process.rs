//! One server process: started with a guard, watched through its log, ended by its id.
//!
//! The guard is `setpriv --pdeathsig`: when the test is killed and drops nothing, the kernel ends the server. What the
//! server prints goes to a file, because a pipe that nobody reads would stop it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::harness::patience::{START, poll};

const INSTALL: &str = "run tests/servers/install";

/// A running server and the folder that it works in.
pub struct Process {
    name: String,
    child: Child,
    folder: TempDir,
    log: PathBuf,
}

impl Process {
    /// Starts `program` in `folder`. `prepare` adds arguments and environment.
    pub fn start(program: &Path, folder: TempDir, prepare: impl FnOnce(&mut Command)) -> Self {
        let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let log = folder.path().join("server.log");
        let output = File::create(&log).unwrap();
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(program);
        prepare(&mut command);
        command.current_dir(folder.path()).stdin(Stdio::null());
        command.stdout(output.try_clone().unwrap()).stderr(output);
        let child = command.spawn().unwrap_or_else(|error| panic!("failed to start {name}: {error}; {INSTALL}"));
        Self { name, child, folder, log }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What the server printed so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Waits until a line of the log gives a value, for example the port; fails the test when the server ends before.
    pub async fn wait_for_line<T>(&mut self, what: &str, read: impl Fn(&str) -> Option<T>) -> T {
        let found = poll(START, || {
            let found = self.log().lines().find_map(&read);
            let ended = found.is_none() && self.has_ended();
            async move { if ended { Some(None) } else { found.map(Some) } }
        })
        .await;
        found.flatten().unwrap_or_else(|| self.fail(&format!("it never said {what}")))
    }

    /// Waits until `attempt` gives a value; fails the test when it does not in time, or when the server ends before.
    pub async fn wait_until<T, F: Future<Output = Option<T>>>(&mut self, what: &str, attempt: impl Fn() -> F) -> T {
        let found = poll(START, || {
            let ended = self.has_ended();
            let attempt = attempt();
            async move { if ended { Some(None) } else { attempt.await.map(Some) } }
        })
        .await;
        found.flatten().unwrap_or_else(|| self.fail(&format!("it never came to {what}")))
    }

    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    fn fail(&self, reason: &str) -> ! {
        panic!("failed to start {}: {reason}. Its log:\n{}\nIf it is missing, {INSTALL}.", self.name, self.log())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is collected, so that no zombie stays behind.
        if self.child.kill().is_ok()
            && let Err(error) = self.child.wait()
        {
            eprintln!("failed to collect {}: {error}", self.name);
        }
    }
}

/// The port in a line that ends with `MARK PORT`, as our own scripts print it.
pub fn listening_port(line: &str) -> Option<u16> {
    line.strip_prefix("listening on ")?.trim().parse().ok()
}

/// The full path of an installed program; fails the test when it is nowhere.
pub fn installed(name: &str) -> PathBuf {
    let search = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    let found =
        std::env::split_paths(&search).chain(system).map(|folder| folder.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("failed to find {name}: {INSTALL}"))
}

/// A file that `tests/servers/install` made under `tests/.servers`; fails the test when it is not there.
pub fn installed_here(path: &str) -> PathBuf {
    let full = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.servers").join(path);
    assert!(full.exists(), "failed to find tests/.servers/{path}: {INSTALL}");
    full
}

/// A script under `tests/servers`.
pub fn script(name: impl AsRef<OsStr>) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers").join(name.as_ref())
}
