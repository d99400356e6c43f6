//! The files of a PostgreSQL server and the process over them. It speaks no SQL, so that the tests inside the library use
//! it as well as those outside.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

pub const USER: &str = "standdown";
pub const PASSWORD: &str = "password-of-the-store";
const INSTALL: &str = "run tests/servers/install";

/// A folder with a cluster of its own in `data`.
pub fn copy() -> TempDir {
    let template = template();
    let folder = folder();
    let copied = Command::new("cp").arg("-a").arg(template).arg(folder.path().join("data")).status().unwrap();
    assert!(copied.success(), "the cluster could not be copied");
    folder
}

/// Starts a server over the cluster in a folder; it may take a moment until it answers.
pub fn serve(folder: &Path, port: u16, settings: &[String]) -> Child {
    let log = fs::OpenOptions::new().create(true).append(true).open(folder.join("server.log")).unwrap();
    let mut command = as_owner(&program("postgres"));
    command.arg("-D").arg(folder.join("data"));
    let port = format!("port={port}");
    let ours = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=on", "logging_collector=off", &port];
    for setting in ours.into_iter().chain(settings.iter().map(String::as_str)) {
        command.arg("-c").arg(setting);
    }
    command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
    command.spawn().unwrap_or_else(|error| panic!("failed to start PostgreSQL: {error}; {INSTALL}"))
}

/// Where a cluster outlives the test that made it: `tmp` in the folder that Cargo builds into.
fn kept_in() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let target = program.ancestors().nth(3).expect("a test is built into target/PROFILE/deps");
    let place = target.join("tmp");
    fs::create_dir_all(&place).unwrap();
    place
}

/// A program of the search path.
fn installed(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| name.into())
}

/// The cluster that tests copy; made if it is not there.
fn template() -> PathBuf {
    let place = kept_in().join("postgres-15-cluster");
    if place.is_dir() {
        return place;
    }
    let folder = folder();
    let (data, password) = (folder.path().join("data"), folder.path().join("password"));
    fs::write(&password, PASSWORD).unwrap();
    fs::set_permissions(&password, fs::Permissions::from_mode(0o644)).unwrap();
    let mut initdb = as_owner(&program("initdb"));
    initdb.args(["--username", USER, "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"]);
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
pub fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    give_to_owner(folder.path());
    folder
}

pub fn give_to_owner(path: &Path) {
    if let Some(owner) = owner() {
        let done = Command::new("chown").arg(owner).arg(path).status().unwrap();
        assert!(done.success(), "{} could not be given to {owner}", path.display());
    }
}

/// Who runs the server, where it must not be who runs the tests.
fn owner() -> Option<&'static str> {
    rustix::process::getuid().is_root().then_some("postgres")
}

/// A program, run by whoever may, under the guard that ends it with the test.
pub fn as_owner(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if let Some(owner) = owner() {
        command.args(["--reuid", owner, "--regid", owner, "--clear-groups"]);
    }
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command.env("LC_ALL", "C").current_dir("/");
    command
}

pub fn run(mut command: Command, name: &str) {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{name}: {error}; {INSTALL}"));
    assert!(output.status.success(), "{name}: {}; {INSTALL}", String::from_utf8_lossy(&output.stderr));
}

/// A program of the package; Debian keeps it outside the search path.
pub fn program(name: &str) -> PathBuf {
    let here = Path::new("/usr/lib/postgresql/15/bin").join(name);
    if here.is_file() { here } else { installed(name) }
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
